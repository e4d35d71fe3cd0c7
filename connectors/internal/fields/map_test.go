package fields_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"leadgate/connectors/internal/fields"
	"leadgate/lead"
)

const (
	jsonType = "application/json"
	formType = "application/x-www-form-urlencoded"
)

func email(v string) lead.Identity {
	return lead.Identity{Kind: lead.IdentityEmail, Value: v, Proof: lead.ProofForm}
}

func phone(v string) lead.Identity {
	return lead.Identity{Kind: lead.IdentityPhone, Value: v, Proof: lead.ProofForm}
}

func TestMap(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, kind, body string
		want             lead.Inquiry
	}{
		{
			"flat", jsonType, `{"id":"r-1","name":"Ann Lee","email":"ann@example.com","phone":"+14155550100","company":"Acme","message":"Price?","utm_source":"google","utmMedium":"cpc","page":"https://shop.example/x","gclid":"g1","amount":12.50,"currency":"EUR","tags":["a","b, c"]}`,
			lead.Inquiry{
				Key: "r-1", Name: lead.Name{Display: "Ann Lee"}, Identities: []lead.Identity{email("ann@example.com"), phone("+14155550100")}, Company: "Acme", Text: "Price?",
				Attribution: lead.Attribution{Source: "google", Medium: "cpc", Page: "https://shop.example/x", Clicks: map[string]string{"gclid": "g1"}},
				Amount:      "12.50", Currency: "EUR", Tags: []string{"a", "b", "c"},
			},
		},
		{
			"spellings", jsonType, `{"First Name":"Ann","LAST-NAME":"Lee","E-Mail Address":"ann@example.com","phoneNumber":"415 555 0100","companyName":"Acme","jobTitle":"CEO","Your Message":"Hi"}`,
			lead.Inquiry{Name: lead.Name{Given: "Ann", Family: "Lee"}, Identities: []lead.Identity{email("ann@example.com"), phone("415 555 0100")}, Company: "Acme", Position: "CEO", Text: "Hi"},
		},
		{
			"german", jsonType, `{"Vorname":"Jörg","Nachname":"Groß","E-Mail-Adresse":"j@example.de","Telefonnummer":"030 1234567","Firma":"Groß GmbH","Ihre Nachricht":"Hallo","Straße und Hausnummer":"Weg 1","PLZ":"10115","Ort":"Berlin","Land":"DE"}`,
			lead.Inquiry{
				Name: lead.Name{Given: "Jörg", Family: "Groß"}, Identities: []lead.Identity{email("j@example.de"), {Kind: lead.IdentityPhone, Value: "+49301234567", Raw: "030 1234567", Proof: lead.ProofForm}}, Company: "Groß GmbH", Text: "Hallo",
				Address: &lead.Address{Street: "Weg 1", Postcode: "10115", City: "Berlin", Country: "DE"}, Country: "DE",
			},
		},
		{
			"french", jsonType, `{"Nom de famille":"Léger","Prénom":"Zoé","Courriel":"z@example.fr","Téléphone portable":"06 12 34 56 78","Société":"SARL","Objet":"Devis","Votre message":"Bonjour"}`,
			lead.Inquiry{Name: lead.Name{Given: "Zoé", Family: "Léger"}, Identities: []lead.Identity{email("z@example.fr"), phone("06 12 34 56 78")}, Company: "SARL", Subject: "Devis", Text: "Bonjour"},
		},
		{
			"russian", jsonType, `{"Ваше имя":"Анна","Фамилия":"Ли","Электронная почта":"a@example.ru","Номер телефона":"8 912 345-67-89","Компания":"ООО","Комментарий":"Цена?"}`,
			lead.Inquiry{Name: lead.Name{Given: "Анна", Family: "Ли"}, Identities: []lead.Identity{email("a@example.ru"), phone("8 912 345-67-89")}, Company: "ООО", Text: "Цена?"},
		},
		{
			"spanish and italian", jsonType, `{"Nombre y apellidos":"Eva Ruiz","Correo electrónico":"e@example.es","Móvil":"612345678","Empresa":"SL","Messaggio":"Ciao"}`,
			lead.Inquiry{Name: lead.Name{Display: "Eva Ruiz"}, Identities: []lead.Identity{email("e@example.es"), phone("612345678")}, Company: "SL", Text: "Ciao"},
		},
		{
			"polish turkish portuguese dutch ukrainian", jsonType, `{"Imię i nazwisko":"Łukasz Żak","Telefon komórkowy":"601234567","E-posta":"l@example.pl","Şirket":"AŞ","Assunto":"X","Bericht":"Y","Місто":"Київ"}`,
			lead.Inquiry{Name: lead.Name{Display: "Łukasz Żak"}, Identities: []lead.Identity{phone("601234567"), email("l@example.pl")}, Company: "AŞ", Subject: "X", Text: "Y", Address: &lead.Address{City: "Київ"}},
		},
		{
			"names in full", jsonType, `{"a":{"Name, Vorname":"Lee, Ann"},"Adresse postale":"1 Rue","Unternehmensgröße":"10-50","Anfrageart":"Preis"}`,
			lead.Inquiry{Address: &lead.Address{Street: "1 Rue"}, Name: lead.Name{Display: "Lee, Ann"}, Fields: []lead.Field{{Key: "Unternehmensgröße", Value: "10-50"}, {Key: "Anfrageart", Value: "Preis"}}},
		},
		{
			"for- och efternamn", jsonType, `{"För- och efternamn":"Åsa Ek"}`, lead.Inquiry{Name: lead.Name{Display: "Åsa Ek"}},
		},
		{
			"nom et prénom", jsonType, `{"Nom et prénom":"Léger Zoé","Kundennummer":"K-12"}`,
			lead.Inquiry{Name: lead.Name{Display: "Léger Zoé"}, Identities: []lead.Identity{{Kind: lead.IdentityCustomer, Value: "K-12", Proof: lead.ProofForm}}},
		},
		{
			"nested", jsonType, `{"contact":{"email":"a@example.com","name":{"first":"Ann","last":"Lee"},"address":{"line1":"Road 1","line2":"Flat 2","city":"York","state":"NY"}},"company":{"name":"Acme"}}`,
			lead.Inquiry{Name: lead.Name{Given: "Ann", Family: "Lee"}, Identities: []lead.Identity{email("a@example.com")}, Company: "Acme", Address: &lead.Address{Street: "Road 1", Line2: "Flat 2", City: "York", State: "NY"}},
		},
		{
			"not a person's", jsonType, `{"form_name":"Contact","product name":"Pump","company_email":"info@acme.com","manager_email":"boss@us.example","ad_name":"Spring","email_subject":"Hello","fax":"+4930123456","state":"open","date":"2026-05-01","user_id":"77"}`,
			lead.Inquiry{Identities: []lead.Identity{email("info@acme.com")}, Fields: []lead.Field{
				{Key: "form_name", Value: "Contact"},
				{Key: "product name", Value: "Pump"},
				{Key: "manager_email", Value: "boss@us.example"},
				{Key: "ad_name", Value: "Spring"},
				{Key: "email_subject", Value: "Hello"},
				{Key: "fax", Value: "+4930123456"},
				{Key: "date", Value: "2026-05-01"},
				{Key: "user_id", Value: "77"},
				{Key: "state", Value: "open"},
			}},
		},
		{
			"elementor simple", formType, `Name=Ann+Lee&Email=ann%40example.com&Message=Price%3F&form_id=abc123&form_name=Contact`,
			lead.Inquiry{Name: lead.Name{Display: "Ann Lee"}, Identities: []lead.Identity{email("ann@example.com")}, Text: "Price?", Fields: []lead.Field{{Key: "form_id", Value: "abc123"}, {Key: "form_name", Value: "Contact"}}},
		},
		{
			"elementor advanced", formType, `form%5Bid%5D=abc123&form%5Bname%5D=Contact&fields%5Bemail%5D%5Bid%5D=email&fields%5Bemail%5D%5Btype%5D=email&fields%5Bemail%5D%5Btitle%5D=E-mail&fields%5Bemail%5D%5Bvalue%5D=ann%40example.com&fields%5Bemail%5D%5Braw_value%5D=ann%40example.com&fields%5Bemail%5D%5Brequired%5D=1&meta%5Bpage_url%5D%5Btitle%5D=Page+URL&meta%5Bpage_url%5D%5Bvalue%5D=https%3A%2F%2Fshop.example%2F%3Futm_source%3Dgoogle&meta%5Bremote_ip%5D%5Bvalue%5D=203.0.113.7`,
			lead.Inquiry{
				Identities:  []lead.Identity{email("ann@example.com")},
				Attribution: lead.Attribution{Source: "google", Page: "https://shop.example/?utm_source=google"},
				Fields:      []lead.Field{{Key: "form.id", Value: "abc123"}, {Key: "form.name", Value: "Contact"}, {Key: "meta.remote_ip", Value: "203.0.113.7"}},
			},
		},
		{
			"contact form 7", jsonType, `{"your-name":"Ann Lee","your-email":"ann@example.com","your-tel":"+14155550100","your-message":"Price?","services":["A","B"],"your-file":"https://shop.example/wp-content/uploads/cf7/1.pdf"}`,
			lead.Inquiry{
				Name: lead.Name{Display: "Ann Lee"}, Identities: []lead.Identity{email("ann@example.com"), phone("+14155550100")}, Text: "Price?", Fields: []lead.Field{{Key: "services", Value: "A, B"}, {Key: "your-file", Type: "file", Value: "1.pdf"}},
				Attachments: []lead.Attachment{{Kind: "file", Name: "1.pdf", URL: "https://shop.example/wp-content/uploads/cf7/1.pdf"}},
			},
		},
		{
			"numbered", jsonType, `{"id":"321","form_id":"5","2":"ann@example.com","3":"+14155550100","4":"Price?"}`,
			lead.Inquiry{
				Key: "321", Identities: []lead.Identity{email("ann@example.com"), phone("+14155550100")},
				Fields: []lead.Field{{Key: "form_id", Value: "5"}, {Key: "2", Value: "ann@example.com"}, {Key: "3", Value: "+14155550100"}, {Key: "4", Value: "Price?"}},
			},
		},
		{
			"pairs", jsonType, `[{"name":"email","value":"ann@example.com"},{"name":"telefon","value":"+49 30 123456"},{"name":"q7","label":"Colour?","type":"choice","value":["red","blue"]}]`,
			lead.Inquiry{Identities: []lead.Identity{email("ann@example.com"), phone("+49 30 123456")}, Fields: []lead.Field{{Key: "q7", Label: "Colour?", Type: "choice", Value: "red, blue"}}},
		},
		{
			"typed answers", jsonType, `{"fields":[{"key":"question_mVGEg3","label":"Wie erreichen wir Sie?","type":"INPUT_PHONE_NUMBER","value":"+4930123456"},{"key":"question_x","label":"Bild","type":"FILE_UPLOAD","value":[{"url":"https://t.example/f.png","name":"f.png","mimeType":"image/png","size":12}]}]}`,
			lead.Inquiry{
				Identities: []lead.Identity{phone("+4930123456")}, Attachments: []lead.Attachment{{Kind: "image", Name: "f.png", Type: "image/png", Size: 12, URL: "https://t.example/f.png"}},
				Fields: []lead.Field{{Key: "fields.question_x", Label: "Bild", Type: "file", Value: "f.png"}}},
		},
		{
			"no choice of guesses", jsonType, `{"assigned":"a@example.com","x":"b@example.com","y":"c@example.com"}`,
			lead.Inquiry{Fields: []lead.Field{{Key: "assigned", Value: "a@example.com"}, {Key: "x", Value: "b@example.com"}, {Key: "y", Value: "c@example.com"}}},
		},
		{
			"consents", formType, `email=a%40example.com&gdpr_consent=on&newsletter=0&marketing_channel=tv&privacy=I+agree`,
			lead.Inquiry{
				Identities: []lead.Identity{email("a@example.com")}, Consents: []lead.Consent{{Key: "gdpr_consent", Checked: true}, {Key: "newsletter"}, {Key: "privacy", Label: "I agree", Checked: true}},
				Fields: []lead.Field{{Key: "marketing_channel", Value: "tv"}},
			},
		},
		{
			"second of a place stays a field", jsonType, `{"name":"A","full_name":"B","message":"1","comment":"2","title":"Dr."}`,
			lead.Inquiry{Name: lead.Name{Display: "A", Prefix: "Dr."}, Text: "1", Fields: []lead.Field{{Key: "full_name", Value: "B"}, {Key: "comment", Value: "2"}}},
		},
		{
			"exact numbers and ids", jsonType, `{"lead_id":4912661846655238145,"visitor":"v1","customer_id":9007199254740993,"budget":"5-10k","x":1.10}`,
			lead.Inquiry{
				Key: "4912661846655238145", Identities: []lead.Identity{{Kind: lead.IdentityVisitor, Value: "v1", Proof: lead.ProofForm}, {Kind: lead.IdentityCustomer, Value: "9007199254740993", Proof: lead.ProofForm}},
				Fields: []lead.Field{{Key: "budget", Value: "5-10k"}, {Key: "x", Value: "1.10"}},
			},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			tree, err := fields.Decode(tc.kind, []byte(tc.body), "", fields.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, fields.Map(tree), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}
