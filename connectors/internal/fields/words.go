package fields

import (
	"strings"
	"sync"
	"unicode"
)

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
	wInfix    // what stands between a given and a family name, and belongs to the latter
	wHelp     // asks what somebody wants
	wTime     // a moment or a span
	wSum      // an amount only where money is spoken of
	wDial     // a calling code
	wShip     // where something is sent, and not who asks
	wBill     // who pays: says nothing else
	wShortAd  // name in Turkish, and an advertisement
	wWhole    // says by itself what takes two words in English
	wNegation // turns a consent round
	wBirth    // when somebody was born
)

// vocabulary says what words mean, in the languages most websites are written in:
// English, German, French, Spanish, Portuguese, Italian, Dutch, Swedish, Danish,
// Norwegian, Finnish, Polish, Czech, Slovak, Hungarian, Romanian, Russian,
// Ukrainian, Bulgarian, Greek, Turkish, Croatian, Indonesian, Vietnamese, Arabic,
// Hebrew, Japanese, Chinese and Korean. A star stands for any ending: inflection and
// composition change the end of a word in nearly all of them. The longest match counts.
func vocabulary() []struct {
	means word
	words string
} {
	return []struct {
		means word
		words string
	}{
		{wNoise, `nazwa название назва název nazov naziv denumire* sociale social tău tău ta tale dvs dumneavoastră your you my me i the a an of for to us we our or in is are be what which how can could may would like do does please enter provide tell
 contact contacts kontakt* contacto* contatto* contato* контакт* person persons lead leads form forms formular* field fields data payload body input txt q s t m n c j ll re ve answers values value
 submission* request requests applicant properties attributes main primary default personal private work info information details required optional
 http www here below at on by with this code codigo codice cod about know let from ihr ihre ihren ihrem ihrer dein deine deiner der die das den dem ein eine oder an uns wir mit von zu zum zur bitte wie lautet
 votre vos le la les de du des d l un une ou au aux nous vous quel quelle est su tu tus sus el los las o al del nuestro il lo gli tuo tua suo di un uno un' seu sua teu do da dos das em na no um uma
 uw je jouw het van een wij ons din ditt dina ditt ert er vår din deres dit vores sinun teidän twój twoja twoje lub do w na pan pana pani váš vaše vasa vasi pro a nebo ваш* вам вас мы мне наш* или для на по о от або у в с к із з від я
 vase vaš sizin senin ve-ya lütfen το τη το τον την η ο σας σου του της vom az ön neve-je anda kamu`},
		{wAnd | wNoise, `and und et y e и i en та ve oraz och og ja a-také és și si και ili dan và`},
		{wFull, `full vollständig* ganz* complet* полное полн* teljes plně celé volledig* fullständig* täydellinen tam lengkap`},
		{wOther, `friend friends manager* agent owner assigned assignee seller sales recipient cc bcc notify notification* admin staff emergency partner spouse referred referral fax telefax
 operator site support product freund* ami amis amigo* друг* менеджер* факс* batch vendor supplier webmaster host organizer organiser creator employee colleague
 ansprechpartner-intern kollege* notfall* collègue* parrain* amico* znajom* przyjaciel* vän kollega* faks*`},
		{wEmail, `email* mail mails mailadress* mailadres correo* courriel* электронн* емейл* имейл* мейл* мэйл* почт* пошт* эл posta eposta* epost* сайлт mejl* sähköposti* spost* e-mailov* имеил* email- ηλεκτρονικ* ταχυδρομ* μειλ
 البريد بريد إيميل ايميل אימייל מייל דואל דוא`},
		{wPhone, `phone* tel telephon* mobile* cell cellphone* cellular* cellul* telefon* tlf tlfnr handy* mobil* rufnummer* portable telef* movil* celular* whatsapp msisdn telemóv* mobitel* телефон* тел моб мобил* мобіл* сотов*
 komork* gsm puhelin* puh matkapuhelin* komór* τηλεφων* τηλ κινητ* téléphon* telpon telepon điện-thoại thoại الهاتف هاتف جوال الجوال موبايل טלפון נייד фон fon contactnumber callback`},
		{wName, `name names nom nombre* nome имя ім імя зовут имени імени ime jméno jména jmeno meno imię imienia naam namn navn nimi név neve nev nume numele isim isminiz adi adiniz adınız fio фио піб пиб όνομα ονομα
 nama namen tên họ-tên الاسم اسم שם ansprechpartner* navnet namnet sukunimi-etunimi contactname customername nimesi ονοματεπωνυμο ονοματεπώνυμο`},
		{wGiven, `first given fname firstname* givenname* forename* vor krstn* křestní forname roepnaam primer-nombre`},
		{wFamily, `last family lname lastname* familyname* surname* sur nachname* familienname* zuname* apellido* cognome* sobrenome* apelido* фамили* прізвищ* фамілі* nazwisk* achterna* familienaam* soyad* soyisim* famille příjmení* přijmení prijmeni* priezvisk*
 prezime* efternamn* efternavn* etternavn* sukunimi* vezetékn* επώνυμο* επωνυμ* επιθετ* familiyas`},
		{wMiddle, `middle second middlename* patronymic* отчеств* побатьков* батькові mellannamn* mellemnavn* mellomnavn* zweitname* segundo`},
		{wInfix, `tussenvoegsel* infix`},
		{wFull | wName, `fullname* displayname* vollername* nomcomplet* ονοματεπ* celéjméno`},
		{wTitle, `title titel titul titre-civil`},
		{wPrefix, `salutation* anrede* civilit* honorific* обращени* zwrot aanhef tratamiento trattamento titulek oslovení tilltal* hitap`},
		{wCompany, `company* compani* organization* organisation* organiza* organizz* org business* employer* firm firma firmen* firmy firme firmu unternehmen unternehmens unternehmensname* sociét* societ* entreprise* empres* compañ* aziend* ditta ragion* raison razón компани* организаци* организаці* фирм* фірм* компані*
 przedsiębior* bedrijf bedrijfsnaam* şirket* sirket* företag företaget företagets företagsnamn* foretag virksomhed virksomhedens virksomhedsnavn* bedrift bedriftsnavn* firmanavn* yritys* yrityksen spoločnos* společnos* spolecnos* cég* ceg cegnev compani* εταιρ* επιχειρ* perusahaan công-ty الشركة شركة חברה tvrtk* poduzeć* kurum* betrieb betriebsname*`},
		{wPosition, `position* job jobtitle* role profession* occupation* beruf berufsbezeichnung* poste fonction* cargo* puesto* ruolo* funçã* должност* посад* stanowisk* functie* unvan* befattning* stilling* pozic* beosztás* funcți* θεσ* ιδιοτητ* jabatan titel-beruf pozici* görev*`},
		{wSubject, `subject* topic betreff* thema* sujet* objet* asunto* oggett* assunto* тема темы теми тему temat* onderwerp* konu* ämne* emne* aihe předmět* predmet* tárgy* subiect* θεμα* subjek tiêu-đề الموضوع موضوع נושא naslov*`},
		{wMessage, `message* comment* msg inquir* enquir* question questions note notes remark* description* text textarea query queries feedback nachricht* mitteilung* anfrage anfragen anfragetext* kommentar* bemerkung* anmerkung* frage fragen anliegen* wunsch wünsche
 commentair* demande* mensaje* coment* consult* messagg* comment* richiest* domand* mensag* observaç* observac* pedido-de dúvida* duvida* сообщени* комментари* вопрос* текст* повідомлен* коментар* питанн* запитанн* обращен* пожелани* побажан* примечан* описани* съобщени* порук*
 wiadomoś* wiadomosc* komentarz* treść* tresc* treści zapytani* uwagi pytani* opis bericht* opmerking* vraag vragen boodschap toelichting mesaj* yorum* açıklama* soru sorunuz meddeland* fråg* kommentti* besked* melding* spørgsm* henvendels* viesti* kysymy* zpráv* zprav* správa správy vzkaz* dotaz* poznám*
 üzenet* uzenet* megjegyz* kérdés* mesaj* întreb* observați* μηνυμα* σχολι* ερωτη* poruk* pitanj* upit* pesan* tin-nhắn nội-dung الرسالة رسالة رسالتك הודעה`},
		{wHelp, `help* helfen* aider aidons ayud* ajud* aiut* помоч* помощ* допомог* pomóc* pomoc* pomoci* hjälp* hjælp* hjelp* helpen yardım* auttaa`},
		{wAddress, `почтов* поштов* address addresses addr adress adresse* anschrift* dirección* direccion* indirizz* endereç* enderec* morada* адрес* adres* cím* cime διευθυνσ* osoite* alamat địa-chỉ العنوان عنوان כתובת`},
		{wShip, `shipping* delivery* shipto liefer* livraison* envío* envio* consegna* entrega* доставк* dostaw* bezorg* leverans* levering* doruč* szállít* teslimat*`},
		{wBill, `billing* invoice* billto rechnung* facturation* facturación* fatturazion* fatura* faktur* factuur*`},
		{wStreet, `street* strasse* str rue calle* via rua улиц* вулиц* ulica* ulice* ulicy straat* sokak* gata gatu* gade vej gate katu* utca* strada* οδος οδό* jalan cadde* улица`},
		{wNumber, `number numbers no nr num numer* numero* numér* nummer* nro номер* numar* numara* číslo* cislo* szám* αριθμ* nomor hao số رقم מספר`},
		{wHouse, `house hausnummer* hausnr huisnummer* huisnr дом дома будинок будинку husnummer* popisn*`},
		{wLine, `line addressline*`},
		{wUnit, `apartment* apt suite unit flat квартир* lägenhet* bus toevoeging* complemento* complément* adresszusatz* interno`},
		{wCity, `city cities town stadt* ort ville ciudad* città* cidad* citta город* місто міста miast* miejscowo* stad stadt* stads* postort* şehir* sehir* wohnort* woonplaats* plaats* município* municipi* localit* localid* comune poststed* kaupunki* město mesto město* město* obec városi* város* oraș* oras πολη* πόλη kota thành-phố المدينة مدينة עיר grad град* commune`},
		{wPostcode, `zip zipcode* postcode* postal* plz postleitzahl* cap индекс* індекс* kod kodu pocztow* postnummer* postnr postinumero* psč psc irányítószám* irányító* ταχ* τκ cp códigopostal cep`},
		{wState, `state province* region* bundesland* provinci* estado* областЬ област* регион* wojewódz* województ* county kanton* départ* departement* regio okres kraj-region il-bolge νομος landskap fylke län`},
		{wCountry, `country* land pays pais país* paese* nazione* стран* країн* kraj kraju ülke* ulke* maa země zeme krajina ország* orszag* țar* tara χωρα* χώρα negara quốc-gia الدولة البلد ארץ država* държав*`},
		{wDial, `dial dialcode* calling dialling dialing callingcode* vorwahl* landesvorwahl* indicatif* prefijo* prefisso* prefix phonecode*`},
		{wPage, `page pages seite seiten страниц* página* pagina* сторінк* strona strony sayfa sida`},
		{wLanding, `landing landingpage*`},
		{wReferrer, `referrer* referer*`},
		{wLocale, `locale language* lang sprache* langue* idioma* lingua* língua* язык* мова język* jezyk* taal dil språk* sprog* kieli jazyk nyelv limb* γλωσσα*`},
		{wTimezone, `timezone* tz zeitzone*`},
		{wConsent, `consent* gdpr dsgvo rgpd rodo kvkk lgpd einwillig* zustimm* einverst* akzept* consens* acconsent* accett* согласи* соглас* згод* згід* погодж* zgod* akceptuj* wyrażam toestemming* akkoord* instem* onay* onaylı* kabul* acceptanc* accept accepts accepted accepte acceptez accepter aceit* acept* autoriz* agree* concord*
 godkänn* godkjen* godkend* samtyck* samtykk* accepter* hyväksy* suostu* souhlas* súhlas* elfogad* hozzájár* accept- acord* συμφων* αποδεχ* συγκατ* suglas* pristaj* setuju đồng-ý أوافق موافقة מסכים`},
		{wOptIn, `newsletter* marketing* terms privacy* optin opt subscrib* datenschutz* agb рассылк* розсилк* policy policies condition* conditii regulamin* polityk* politik* politic* polític* politiq* персональн* обработк* privatliv* integritetspol* personvern* privacid* confidentialit* tietosuoj* gizlilik* aydınlatma* προσωπικ* osobn* podmín* términos terminos condicion* condiç* condizion* voorwaarden villkor* vilkår* nieuwsbrief* nyhetsbrev* nyhedsbrev* boletín* hírlev* bülten* adatkezel* adatvéd* πολιτικ* ορους opråbning`},
		{wVisitor, `visitor visitorid*`},
		{wCustomer, `customer* client* kunde* kunden* klant* клиент* cliente* клієнт* klient* kund asiakas müşteri* ügyfél* zákazník*`},
		{wID, `id ids uid uuid guid kennung* identifier`},
		{wAmount, `amount* budget* price* betrag* summe* montant* import importe importo prezzo prix preis precio preço сумма суммы бюджет* сума kwota kwoty bedrag tutar* belopp* beløb* částka* castka összeg* sum ποσο* orçament* presupuest* цена`},
		{wSum, `total totals gesamt subtotal* totaal`},
		{wCurrency, `currenc* währung* waehrung* devise* moneda* valuta* moeda* валют* walut* měna para-birimi`},
		{wTags, `tags tag labels`},
		{wURL, `url urls uri link links href`},
		{wTest, `test istest`},
		{wFile, `file files attachment* upload* document documents photo photos image images picture cv resume datei* anhang* fichier* pièce* archiv* adjunt* allegat* arquivo* anexo* файл* вложени* plik* załącz* zalacz* bestand* bijlage* dosya* fil bifog* liite* soubor* příloh* fájl* csatol* fișier* αρχειο*`},
		{wUser, `registrant* attendee* invitee* buyer* participant* teilnehm* user users usuario* utilisateur* benutzer* пользовател*`},
		{wTime, `time times date day days hour hours when zeit* uhrzeit* datum* dato fecha* heure* hora horario* orario* время времени дата даты час години czas* godzin* tijd* tid tidpunkt čas zaman* saat* tarih* ώρα ημερ* appointment* schedule* availab* tanggal ngày dátum* день`},
		{wTime | wBirth, `birth* bday dob geburt* naissance* anniversaire* nacimiento* cumpleaños* nascita* nascimento* geboorte* födelse* fødsel* syntymä* urodz* narozen* naroden* születés* nașter*
 рожден* рождени* народжен* роден* γέννησ* γενέθλι* doğum* rođen* lahir sinh الميلاد ميلاد לידה`},
		{wShortAd, `ad`},
		{wNegation, `not no dont nicht kein keine non ne pas não nao нет не nie niet inte ikke ei ne nem nu δεν değil`},
		{wCustomer | wNumber, `kundennummer* kundennr kundnummer* kundenummer* klantnummer* customernumber customerno`},
		{wGiven | wWhole, `vorname* prénom* prenom* voorna* förnamn* fornavn* etunimi* keresztn* prenume*`},
		{wPhone | wNumber, `telefonnr telefoonnr mobilnr telnr phoneno mobileno`},
	}
}

// unspaced are the words of scripts that write no space between words; they are
// looked for anywhere in a name.
func unspaced() []struct {
	means word
	words string
} {
	return []struct {
		means word
		words string
	}{
		{wEmail, `メール 邮箱 邮件 電子郵件 信箱 이메일 อีเมล`},
		{wPhone, `電話 电话 手机 手機 携帯 전화 휴대폰 연락처 โทร เบอร์`},
		{wCompany, `会社 公司 企業 企业 御社 法人 회사 업체 บริษัท`},
		{wName, `名前 氏名 姓名 称呼 이름 성함 성명 ชื่อ`},
		{wSubject, `件名 主题 主旨 標題 标题 題名 제목`},
		{wMessage, `内容 お問い合わせ お問合せ 留言 消息 备注 備考 メッセージ ご質問 ご要望 메시지 문의 내용 ข้อความ`},
		{wAddress, `住所 地址 주소 ที่อยู่`},
		{wPostcode, `郵便番号 邮编 우편번호`},
		{wConsent, `同意 동의 ยอมรับ`},
		{wTime | wBirth, `生年月日 誕生日 出生日期 出生 生日 생년월일 생일 วันเกิด`},
		{wPosition, `役職 职位 職稱 직책`},
	}
}

// lexicon is the vocabulary, ready to look words up in.
type lexicon struct {
	whole, stems map[string]word
	unspaced     []struct {
		text  string
		means word
	}
}

var lexemes = sync.OnceValue(func() *lexicon {
	l := &lexicon{whole: map[string]word{}, stems: map[string]word{}}
	for _, row := range vocabulary() {
		for text := range strings.FieldsSeq(row.words) {
			key := folded(text)
			if strings.HasSuffix(text, "*") {
				l.stems[key] |= row.means
			} else {
				l.whole[key] |= row.means
			}
		}
	}
	for _, row := range unspaced() {
		for text := range strings.FieldsSeq(row.words) {
			l.unspaced = append(l.unspaced, struct {
				text  string
				means word
			}{folded(text), row.means})
		}
	}
	return l
})

// folded is a word of the vocabulary as names are read.
func folded(text string) string {
	var b []byte
	for _, c := range text {
		if unicode.IsLetter(c) {
			b = appendFolded(b, c)
		}
	}
	return string(b)
}

// shortestStem is the shortest begin of a word that tells what it means, in bytes.
const shortestStem = 3

// wordOf returns what a folded word (lower case, no diacritics) means; 0 when it is not known.
func wordOf(w []byte) word {
	l := lexemes()
	if known, ok := l.whole[string(w)]; ok {
		return known
	}
	for n := len(w); n >= shortestStem; n-- {
		if known, ok := l.stems[string(w[:n])]; ok {
			return known
		}
	}
	if w[0] < 0xe0 { // no script above does without spaces
		return 0
	}
	var known word
	text := string(w)
	for _, u := range l.unspaced {
		if strings.Contains(text, u.text) {
			known |= u.means
		}
	}
	return known
}
