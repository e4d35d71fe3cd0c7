package normal

import "testing"

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
