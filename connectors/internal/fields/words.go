package fields

// word is a set of what words mean in the names of fields. A name is read word
// by word; what the words mean together decides what the field is.
type word uint64

const (
	wNoise word = 1 << iota // says nothing: your, field, contact …
	wOther                  // says that the value belongs to somebody else, or is no contact at all
	wEmail
	wPhone
	wName
	wGiven
	wFamily
	wMiddle
	wFull
	wPrefix
	wTitle
	wCompany
	wPosition
	wSubject
	wMessage
	wAddress
	wStreet
	wNumber
	wHouse
	wLine
	wUnit
	wCity
	wPostcode
	wState
	wCountry
	wPage
	wLanding
	wReferrer
	wLocale
	wTimezone
	wConsent // asks for a permission
	wOptIn   // does so only when the value is a tick
	wVisitor
	wCustomer
	wID
	wAmount
	wCurrency
	wTags
	wURL
	wTest
	wFile
	wUser
	wAnd
)

// wordOf returns what a folded word (lower case, no diacritics) means in English,
// German, French, Spanish, Italian, Portuguese, Russian, Ukrainian, Polish, Dutch
// or Turkish; 0 when it is not known.
func wordOf(w string) word {
	switch w {
	case "your", "you", "my", "the", "a", "an", "of", "for", "to", "us", "we", "our", "or", "in", "is", "are", "what", "how", "can", "help", "please", "enter",
		"contact", "contacts", "person", "lead", "form", "fields", "field", "data", "payload", "body", "input", "txt", "q", "answers", "values", "value", "submission", "request",
		"applicant", "properties", "attributes", "main", "primary", "default", "personal", "private", "work", "info", "details", "required",
		"ihr", "ihre", "ihren", "ihrer", "dein", "deine", "der", "die", "das", "oder", "kontakt", "votre", "vos", "le", "la", "les", "de", "du", "des", "d", "l", "ou",
		"su", "tu", "sus", "el", "los", "o", "il", "lo", "tuo", "tua", "suo", "di", "seu", "sua", "do", "da", "contacto", "contatto", "contato",
		"ваш", "ваше", "ваша", "ваши", "вашего", "ваші", "или", "або", "для", "контакт", "контактный", "контактнии",
		"twoj", "twoja", "twoje", "lub", "uw", "je", "jouw", "het", "van", "sizin", "я", "code", "this", "with":
		return wNoise
	case "and", "und", "et", "y", "e", "и", "i", "en", "та", "ve", "oraz":
		return wAnd | wNoise
	case "full":
		return wFull
	case "friend", "friends", "manager", "agent", "owner", "assigned", "assignee", "seller", "sales", "recipient", "cc", "bcc", "notify", "notification", "admin", "staff",
		"emergency", "partner", "spouse", "referred", "referral", "fax", "telefax", "operator", "site", "support", "product", "freund", "ami", "amigo", "друг", "менеджер", "факс":
		return wOther
	case "email", "mail", "emails", "correo", "courriel", "correoelectronico", "электронная", "емейл", "имейл", "мейл", "мэйл", "почта", "почты", "пошта", "пошти", "eposta", "posta", "emailaddress", "emailadresse", "mailadresse", "mailadres":
		return wEmail
	case "phone", "phones", "tel", "telephone", "mobile", "cell", "cellphone", "cellular", "phonenumber", "telefon", "telefonnummer", "handy", "handynummer", "mobil", "mobilnummer", "rufnummer", "mobiltelefon",
		"portable", "telefono", "movil", "celular", "cellulare", "telefone", "telemovel", "whatsapp", "msisdn",
		"телефон", "телефона", "телефону", "тел", "мобильный", "мобильныи", "мобильного", "моб", "сотовый", "сотовыи", "мобільний", "мобільнии", "komorka", "komorkowy", "telefoon", "telefoonnummer", "mobiel", "gsm", "cep", "telefonu":
		return wPhone
	case "name", "names", "nom", "nombre", "nome", "имя", "ім", "імя", "зовут", "imie", "naam", "isim", "adi", "adiniz", "fio", "фио", "піб", "пиб":
		return wName
	case "first", "given", "fname", "firstname", "givenname", "forename", "vorname", "prenom", "voornaam", "имени":
		return wGiven
	case "last", "family", "lname", "lastname", "familyname", "surname", "sur", "nachname", "familienname", "apellido", "apellidos", "cognome", "sobrenome", "apelido", "фамилия", "прізвище", "nazwisko", "achternaam", "soyad", "soyadi", "soyisim", "famille":
		return wFamily
	case "middle", "middlename", "patronymic", "отчество", "побатькові":
		return wMiddle
	case "fullname", "displayname", "vollstandiger", "ganzer", "vollername", "complet", "completo", "полное":
		return wFull | wName
	case "title":
		return wTitle
	case "salutation", "anrede", "civilite", "honorific", "обращение":
		return wPrefix
	case "company", "companyname", "organization", "organisation", "org", "business", "employer", "firm", "firma", "firmenname", "unternehmen", "societe", "entreprise", "empresa", "compania", "azienda", "societa", "ragione",
		"компания", "компании", "организация", "фирма", "компанія", "організація", "przedsiebiorstwo", "bedrijf", "bedrijfsnaam", "sirket":
		return wCompany
	case "position", "job", "jobtitle", "role", "profession", "occupation", "beruf", "poste", "fonction", "cargo", "puesto", "ruolo", "должность", "посада", "stanowisko", "functie", "unvan":
		return wPosition
	case "subject", "topic", "betreff", "thema", "sujet", "objet", "asunto", "oggetto", "assunto", "тема", "temat", "onderwerp", "konu":
		return wSubject
	case "message", "messages", "comment", "comments", "msg", "inquiry", "enquiry", "question", "questions", "note", "notes", "description", "text", "textarea", "query",
		"nachricht", "mitteilung", "anfrage", "kommentar", "bemerkung", "frage", "commentaire", "commentaires", "mensaje", "comentario", "comentarios", "consulta", "messaggio", "commento", "mensagem",
		"сообщение", "комментарий", "комментарии", "вопрос", "текст", "повідомлення", "коментар", "питання", "wiadomosc", "komentarz", "tresc", "bericht", "opmerking", "vraag", "mesaj", "mesajiniz", "yorum":
		return wMessage
	case "address", "addr", "adresse", "anschrift", "direccion", "indirizzo", "endereco", "morada", "адрес", "адреса", "adres", "location", "shipping", "billing":
		return wAddress
	case "street", "strasse", "str", "rue", "calle", "via", "rua", "улица", "вулиця", "ulica", "straat", "sokak", "streetaddress":
		return wStreet
	case "number", "no", "nr", "num", "numero", "nummer", "nro", "номер", "numer", "numarasi", "numara":
		return wNumber
	case "house", "hausnummer", "huisnummer", "дом":
		return wHouse
	case "line", "addressline":
		return wLine
	case "apartment", "apt", "suite", "unit", "квартира":
		return wUnit
	case "city", "town", "stadt", "ort", "ville", "ciudad", "citta", "cidade", "город", "місто", "miasto", "stad", "sehir", "wohnort":
		return wCity
	case "zip", "postcode", "postal", "postalcode", "zipcode", "plz", "postleitzahl", "cap", "индекс", "індекс", "kod", "pocztowy":
		return wPostcode
	case "state", "province", "region", "bundesland", "provincia", "estado", "область", "регион", "wojewodztwo", "provincie", "county":
		return wState
	case "country", "countrycode", "land", "pays", "pais", "paese", "страна", "країна", "kraj", "ulke":
		return wCountry
	case "page", "seite", "страница":
		return wPage
	case "landing", "landingpage":
		return wLanding
	case "referrer", "referer":
		return wReferrer
	case "locale", "language", "lang", "sprache", "langue", "idioma", "lingua", "язык", "мова", "jezyk", "taal", "dil":
		return wLocale
	case "timezone", "tz", "zeitzone":
		return wTimezone
	case "consent", "consents", "gdpr", "dsgvo", "rgpd", "consentement", "einwilligung", "zustimmung", "consentimiento", "consenso", "consentimento", "согласие", "згода", "zgoda", "toestemming", "onay", "acceptance", "agree", "agreement":
		return wConsent
	case "newsletter", "marketing", "terms", "privacy", "optin", "opt", "subscribe", "datenschutz", "accept", "agb", "рассылка", "policy", "conditions":
		return wOptIn
	case "visitor", "visitorid":
		return wVisitor
	case "customer", "client", "kunde", "kunden", "klant", "клиент", "cliente":
		return wCustomer
	case "id", "uid", "kennung":
		return wID
	case "amount", "budget", "price", "total", "betrag", "summe", "montant", "importe", "importo", "сумма", "бюджет", "сума", "kwota", "bedrag", "tutar":
		return wAmount
	case "currency", "wahrung", "waehrung", "devise", "moneda", "valuta", "moeda", "валюта", "waluta":
		return wCurrency
	case "tags", "tag", "labels":
		return wTags
	case "url", "uri", "link", "href":
		return wURL
	case "test", "istest":
		return wTest
	case "file", "files", "attachment", "attachments", "upload", "uploads", "document", "photo", "photos", "image", "cv", "resume",
		"datei", "anhang", "fichier", "archivo", "adjunto", "allegato", "arquivo", "anexo", "файл", "файлы", "plik", "zalacznik", "bestand", "bijlage", "dosya":
		return wFile
	case "user", "usuario", "utilisateur", "benutzer":
		return wUser
	}
	return 0
}
