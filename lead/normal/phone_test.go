package normal

import (
	"cmp"
	"strings"
	"testing"

	"leadgate/lead"
)

func TestPhone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, raw, region, e164, ext, weak string }{
		{"canonical", "+33612345678", "", "+33612345678", "", ""},
		{"international", "+33 6 12 34 56 78", "", "+33612345678", "", ""},
		{"load test", "+33600000001", "", "+33600000001", "", ""},
		{"load test, other", "+33650000017", "", "+33650000017", "", ""},
		{"national", "06 12 34 56 78", "FR", "+33612345678", "", ""},
		{"national, region in lower case", "06.12.34.56.78", "fr", "+33612345678", "", ""},
		{"national without region", "06 12 34 56 78", "", "", "", weakNoCountry},
		{"00", "0033 6 12 34 56 78", "", "+33612345678", "", ""},
		{"00 of another country", "0049 170 1234567", "FR", "+491701234567", "", ""},
		{"011", "011 33 6 12 34 56 78", "US", "+33612345678", "", ""},
		{"zero in parentheses", "+44 (0)20 7946 0958", "", "+442079460958", "", ""},
		{"zero left in", "+33 06 12 34 56 78", "", "+33612345678", "", ""},
		{"plus before national", "+06 12 34 56 78", "FR", "+33612345678", "", ""},
		{"parentheses around all", "(+33) 6 12 34 56 78", "", "+33612345678", "", ""},
		{"Italy keeps its zero", "06 6982 0000", "IT", "+390669820000", "", ""},
		{"Russia, 8", "8 (912) 345-67-89", "RU", "+79123456789", "", ""},
		{"Russia, 7", "7 912 345 67 89", "RU", "+79123456789", "", ""},
		{"Mexico, old mobile 1", "+52 1 55 1234 5678", "", "+525512345678", "", ""},
		{"Brazil, without the 9", "whatsapp:551187654321", "", "+5511987654321", "", ""},
		{"Argentina, 15", "011 15 2345-6789", "AR", "+5491123456789", "", ""},
		{"Germany with slash", "030/1234567", "DE", "+49301234567", "", ""},
		{"no plus, region", "33612345678", "US", "+33612345678", "", ""},
		{"no plus, no region, long", "491701234567", "", "+491701234567", "", ""},
		{"no plus, no region, could be national", "13012345678", "", "", "", weakNoCountry},
		{"tel", "tel:+1-415-867-5309", "", "+14158675309", "", ""},
		{"whatsapp", "whatsapp:+14155550100", "", "+14155550100", "", ""},
		{"whatsapp digits", "whatsapp:33612345678", "", "+33612345678", "", ""},
		{"sip", "sip:+14158675309@sip.example.com", "", "+14158675309", "", ""},
		{"extension", "+1 415 867 5309 ext. 12", "", "+14158675309", "12", ""},
		{"extension x", "415-867-5309 x12", "US", "+14158675309", "12", ""},
		{"extension in tel", "tel:+14158675309;ext=7", "", "+14158675309", "7", ""},
		{"extension, Russian", "+7 912 345-67-89 доб. 105", "", "+79123456789", "105", ""},
		{"vanity", "1-415-FLOWERS", "US", "+14153569377", "", ""},
		{"words around", "Tel.: 06 12 34 56 78 (after 6pm)", "FR", "+33612345678", "", ""},
		{"two numbers", "+33612345678 / +33698765432", "", "+33612345678", "", ""},
		{"full width", "＋３３ ６ １２ ３４ ５６ ７８", "", "+33612345678", "", ""},
		{"Arabic-Indic", "+٩٦٦ ٥٠ ١٢٣ ٤٥٦٧", "", "+966501234567", "", ""},
		{"Persian", "۰۹۱۲۳۴۵۶۷۸۹", "IR", "+989123456789", "", ""},
		{"thin spaces and odd hyphens", "+33\u202f6\u201112\u00a034\u201356\u221278", "", "+33612345678", "", ""},
		{"direction marks", "\u202a+33 6 12 34 56 78\u202c", "", "+33612345678", "", ""},

		{"zero in parentheses, UK mobile", "+44(0)7911123456", "", "+447911123456", "", ""},
		{"zero in parentheses behind 00", "0049 (0)170 1234567", "", "+491701234567", "", ""},
		{"one zero lost of 00", "044 20 7946 0958", "GB", "+442079460958", "", ""},
		{"India, 091", "091 98201 23456", "IN", "+919820123456", "", ""},
		{"Hungary, 06", "06 30 123 4567", "HU", "+36301234567", "", ""},
		{"Hungary, 06 left in", "+36 06 30 123 4567", "", "+36301234567", "", ""},
		{"Kazakhstan, 8", "8 701 234 56 78", "KZ", "+77012345678", "", ""},
		{"Russia, 8 behind a plus", "+8 912 345-67-89", "", "+79123456789", "", ""},
		{"Russia, both", "+7 8 912 345 67 89", "", "+79123456789", "", ""},
		{"Russia, 810", "8~10 49 170 1234567", "RU", "+491701234567", "", ""},
		{"Ukraine, 8", "8 050 123 45 67", "UA", "+380501234567", "", ""},
		{"Belarus, 8 0", "8 029 123 45 67", "BY", "+375291234567", "", ""},
		{"Lithuania, 8", "8 612 34567", "LT", "+37061234567", "", ""},
		{"Italy, zero before a mobile", "+39 0347 123 4567", "", "+393471234567", "", ""},
		{"Italy, zero before a mobile, national", "0347 1234567", "IT", "+393471234567", "", ""},
		{"Italy, zero lost", "+39 6 6982 0000", "", "+390669820000", "", ""},
		{"Mexico, 044", "044 55 1234 5678", "MX", "+525512345678", "", ""},
		{"Mexico, 01", "01 55 1234 5678", "MX", "+525512345678", "", ""},
		{"Mexico, 1", "1 55 1234 5678", "MX", "+525512345678", "", ""},
		{"Brazil, without the 9, national", "(11) 8765-4321", "BR", "+5511987654321", "", ""},
		{"Brazil, any carrier", "0xx11 98765-4321", "BR", "+5511987654321", "", ""},
		{"Germany, own code without plus", "49 170 1234567", "DE", "+491701234567", "", ""},
		{"vanity, parentheses", "(415) FLO-WERS", "US", "+14153569377", "", ""},
		{"vanity, half", "1-415-555-HELP", "US", "+14155554357", "", ""},
		{"extension behind a slash", "415-867-5309/12", "US", "+14158675309", "12", ""},
		{"extension in parentheses", "415 867 5309 (12)", "US", "+14158675309", "12", ""},
		{"extension behind a blank", "+1 415 867 5309 123", "", "+14158675309", "123", ""},
		{"extension, option", "415-867-5309 option 2", "US", "+14158675309", "2", ""},
		{"extension, German", "030/1234567 App. 12", "DE", "+49301234567", "12", ""},
		{"a remark behind", "415-867-5309 ask for Ana", "US", "+14158675309", "", ""},
		{"cell of a table", "4158675309.0", "US", "+14158675309", "", ""},
		{"cell of a table, scientific", "3.3612345678E+10", "FR", "+33612345678", "", ""},
		{"apostrophe of a table", "'+14158675309", "", "+14158675309", "", ""},
		{"formula", "=+14158675309", "", "+14158675309", "", ""},
		{"header with a name", `"Ana" <sip:+14158675309@example.com>`, "", "+14158675309", "", ""},
		{"WhatsApp id", "14158675309@s.whatsapp.net", "", "+14158675309", "", ""},
		{"WhatsApp link", "https://wa.me/14158675309", "", "+14158675309", "", ""},
		{"WhatsApp link, long", "https://api.whatsapp.com/send?phone=14158675309&text=hi", "", "+14158675309", "", ""},
		{"hide my number", "*67 415 867 5309", "US", "+14158675309", "", ""},
		{"hide my number, GSM", "#31#+33612345678", "", "+33612345678", "", ""},

		{"withheld, two words", "Unknown Caller", "", "", "", weakWithheld},
		{"withheld, hyphen", "No Caller-ID", "", "", "", weakWithheld},
		{"withheld, German", "Unbekannte Nummer", "", "", "", weakWithheld},
		{"withheld, German, hidden", "unterdrückt", "", "", "", weakWithheld},
		{"withheld, French", "numéro masqué", "", "", "", weakWithheld},
		{"withheld, Spanish", "Número privado", "", "", "", weakWithheld},
		{"withheld, Russian", "Номер скрыт", "", "", "", weakWithheld},
		{"withheld, header", `"Anonymous" <sip:anonymous@anonymous.invalid>`, "", "", "", weakWithheld},
		{"withheld, all masked", "XXXXXXXXXX", "", "", "", weakWithheld},
		{"withheld, keypad behind 00", "00266696687", "", "", "", weakWithheld},
		{"masked, one digit", "06 1X 34 56 78", "FR", "", "", weakMasked},
		{"masked, bullets", "+1 202 555 ••••", "", "", "", weakMasked},
		{"masked, ellipsis", "+1 202 …12", "", "", "", weakMasked},
		{"withheld", "anonymous", "US", "", "", weakWithheld},
		{"withheld, case", " Private ", "", "", "", weakWithheld},
		{"withheld, words", "No Caller ID", "", "", "", weakWithheld},
		{"withheld, sip", "sip:anonymous@anonymous.invalid", "", "", "", weakWithheld},
		{"withheld, plus", "+anonymous", "", "", "", weakWithheld},
		{"withheld, brackets", "<unknown>", "", "", "", weakWithheld},
		{"withheld, -1", "-1", "", "", "", weakWithheld},
		{"withheld, keypad", "+266696687", "", "+266696687", "", weakWithheld},
		{"withheld, keypad as Russia", "+7378742833", "", "+7378742833", "", weakWithheld},
		{"withheld, keypad as China", "+86282452253", "", "+86282452253", "", weakWithheld},
		{"zeros", "0000000", "FR", "", "", weakWithheld},
		{"masked", "+1202555XXXX", "", "", "", weakMasked},
		{"run", "1234567890", "US", "", "", weakPlaceholder},
		{"run, France", "01 23 45 67 89", "FR", "+33123456789", "", weakPlaceholder},
		{"one digit", "5555555555", "US", "", "", weakPlaceholder},
		{"one digit, international", "+1 555 555 5555", "", "+15555555555", "", weakPlaceholder},
		{"short", "112", "FR", "", "", weakShort},
		{"extension number", "101", "", "", "", weakShort},
		{"toll-free", "+1 800-555-1212", "", "+18005551212", "", weakRate},
		{"France, shared cost", "0820 12 34 56", "FR", "+33820123456", "", weakRate},
		{"not in the plan", "+1 200 555 0123", "", "+12005550123", "", weakNotANumber},
		{"no such country", "+999 123 456 789", "", "+999123456789", "", weakNotANumber},
		{"too short for the plan", "+33 6 12 34", "", "+3361234", "", weakNotANumber},
		{"national, not in the plan", "0199", "US", "", "", weakShort},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n, err := Phone(c.raw, c.region)
			if err != nil {
				t.Fatalf("Phone(%q, %q): %v", c.raw, c.region, err)
			}
			if n.E164 != c.e164 || n.Ext != c.ext || n.Weak != c.weak {
				t.Errorf("Phone(%q, %q) = %+v, want %q ext %q weak %q", c.raw, c.region, n, c.e164, c.ext, c.weak)
			}
		})
	}
}

// TestPhoneMobile tells mobiles from landlines where the plan does.
func TestPhoneMobile(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]bool{
		"+33612345678": true, "+33142685300": false, "+491701234567": true, "+49301234567": false, "+447911123456": true, "+442079460958": false,
		"+79123456789": true, "+74951234567": false, "+393471234567": true, "+390669820000": false, "+380501234567": true, "+380441234567": false,
		"+36301234567": true, "+3612345679": false, "+5511987654321": true, "+551132345678": false, "+5491123456789": true, "+541123456789": false,
		"+919820123456": true, "+912223456789": false, "+8613812345678": true, "+861012345678": false, "+61412345678": true, "+61291234567": false,
		"+14158675309": true, // a plan that does not tell
	} {
		if n, err := Phone(number, ""); err != nil || n.Mobile != want || n.E164 != number {
			t.Errorf("Phone(%q) = %+v %v, want mobile %v", number, n, err, want)
		}
	}
}

func TestPhones(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, region, want string }{
		{"M: 415 867 5309 / H: 415 555 1234", "US", "+14158675309 +14155551234"},
		{"415 867 5309 - 415 555 1234", "US", "+14158675309 +14155551234"},
		{"4158675309 4155551234", "US", "+14158675309 +14155551234"},
		{"415-867-5309 or 415-555-1234", "US", "+14158675309 +14155551234"},
		{"+33 6 12 34 56 78\n01 42 68 53 00", "FR", "+33612345678 +33142685300"},
		{"06 12 34 56 78 06 12 34 56 78", "FR", "+33612345678"},
		{"06 12 34 56 78, 12", "FR", "+33612345678"},
		{"030/1234567", "DE", "+49301234567"},
		{"415 867 5309 and 415", "US", "+14158675309"},
		{"06 12 34 56 78 9", "FR", "06123456789"},
		{"not a number", "FR", ""},
		{"ana@belo.pt", "FR", ""},
		{"3.36123E+10", "FR", ""},
	} {
		got := ""
		for _, n := range Phones(c.in, c.region) {
			got = strings.TrimSpace(got + " " + cmp.Or(n.E164, n.National))
		}
		if got != c.want {
			t.Errorf("Phones(%q, %q) = %q, want %q", c.in, c.region, got, c.want)
		}
	}
}

// TestUnreadablePhoneKeepsItsDigits holds the form in which a number is kept that
// no plan knows, since its digits still say something about whose it is.
func TestUnreadablePhoneKeepsItsDigits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, region, value, weak string }{
		{"(0199) 12-34 56", "US", "0199123456", weakNotANumber},
		{"0199.123.456", "US", "0199123456", weakNotANumber},
		{"06 12 34 56 7", "FR", "061234567", weakNotANumber},
		{"06 12 34 56 78", "", "0612345678", weakNoCountry},
		{"+1 200 555-0123", "FR", "+12005550123", weakNotANumber},
		{"001 200 555 0123", "FR", "0012005550123", weakNotANumber},
		{"+999 (0) 123-456-789", "", "+999123456789", weakNotANumber},
		{"٠٦١٢٣٤٥٦٧", "FR", "061234567", weakNotANumber},
		{"+1 202 555 XXXX", "", "1202555xxxx", weakMasked},
		{"06 ** ** ** 12", "FR", "06xxxxxx12", weakMasked},
		{"101", "FR", "101", weakShort},
	} {
		q := lead.Inquiry{Identities: []lead.Identity{{Kind: lead.IdentityPhone, Value: c.in}}}
		Inquiry(&q, c.region)
		if len(q.Identities) != 1 || q.Identities[0].Value != c.value || q.Identities[0].Weak != c.weak {
			t.Errorf("%q in %q is kept as %+v, want %q, %s", c.in, c.region, q.Identities, c.value, c.weak)
		}
	}
}
