package normal

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"leadgate/lead"
)

// The words hostile and ordinary input is made of.
var scraps = []string{
	"a", "B", "7", "0", "00", "+", "+33", "612345678", "06", "(0)", " ", "  ", "\t", "\n", "\r\n", "-", "/", ",", ";", ".", ":", "@", "<", ">", "\"", "'",
	"ana", "Belo", "BELO", "example.org", "gmail.com", "+tag", "info", "mailto:", "tel:", "whatsapp:", "sip:", "http://", "https://", "xn--", "ß", "É", "e\u0301",
	"Ж", "й", "и\u0306", "ού", "İ", "ı", "ﬁ", "＠", "１", "٣", "東", "👩‍👩‍👧", "🇵🇹", "\u202e", "\ufeff", "\u200b", "\x00", "\x7f", "\xff", "\xed\xa0\x80", "\u0301",
	"ext", "x12", "#", "xx", "**", "anonymous", "GmbH", "Dr.", "van", "Jr.", "&", "%", "%00", "\\", "?", "[", "]", "(", ")", "«", "»", "null",
}

func scrapText() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		if rapid.IntRange(0, 4).Draw(t, "wild") == 0 {
			return string(rapid.SliceOfN(rapid.Byte(), 0, 30).Draw(t, "bytes"))
		}
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(scraps), 0, 10).Draw(t, "scraps"), "")
	})
}

var someRegions = []string{"", "FR", "DE", "US", "GB", "IT", "RU", "AR", "MX", "BR", "KZ", "CN", "IN", "XX", "fr"}

// TestStringsAreIdempotent holds every function from text to text to doing nothing twice.
func TestStringsAreIdempotent(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(string) string{
		"Text":   Text,
		"Line":   func(s string) string { return Line(s, 12) },
		"Search": Search,
		"URL":    urlOf,
		"Email":  func(s string) string { e, _ := Email(s); return e.Address },
		"URLKey": URLKey,
		"page":   pageURL,
		"key":    key,
		"name":   displayName,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				for range chaos() {
					once := f(scrapText().Draw(t, "s"))
					if twice := f(once); twice != once {
						t.Fatalf("%q becomes %q", once, twice)
					}
					if !utf8.ValidString(once) || strings.ContainsRune(once, 0) && name != "Search" {
						t.Fatalf("%q cannot be stored", once)
					}
				}
			})
		})
	}
}

// urlOf is URL for texts that are mostly no URL.
func urlOf(s string) string {
	u, ok := URL(s)
	if !ok {
		u, _ = URL("https://" + s)
	}
	return u
}

func TestEmailLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		checkEmail(t, scrapText().Draw(t, "local")+"@"+scrapText().Draw(t, "domain")+rapid.SampledFrom([]string{"", ".org", "gmail.com"}).Draw(t, "end"))
	})
}

// checkEmail holds what must be true of every address that is read.
func checkEmail(t interface{ Fatalf(string, ...any) }, s string) {
	e, err := Email(s)
	if err != nil {
		return
	}
	again, err := Email(e.Address)
	if err != nil || again != e {
		t.Fatalf("Email(%q) = %+v, and of its address %+v, %v", s, e, again, err)
	}
	byKey, err := Email(e.Key)
	if err != nil || byKey.Key != e.Key {
		t.Fatalf("the key of key %q is %q, %v", e.Key, byKey.Key, err)
	}
	if !isASCII(e.Domain) || !strings.HasSuffix(e.Address, "@"+e.Domain) || len(e.Address) > 254 {
		t.Fatalf("Email(%q) = %+v", s, e)
	}
}

func TestPhoneLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		region := rapid.SampledFrom(someRegions).Draw(t, "region")
		checkPhone(t, scrapText().Draw(t, "s"), region)
		checkPhone(t, rapid.StringMatching(`(\+|00|011|0)?[0-9 ()/-]{3,18}`).Draw(t, "n"), region)
	})
}

// checkPhone holds what must be true of every number that is read.
func checkPhone(t interface{ Fatalf(string, ...any) }, s, region string) {
	for _, n := range Phones(s, region) {
		if n.E164 == "" {
			if n.Weak == "" {
				t.Fatalf("Phones(%q, %q) gave %+v: neither E.164 nor weak", s, region, n)
			}
			if again := Phones(n.National, region); strings.Trim(n.National, "0") != "" && (len(again) != 1 || again[0].E164 != "" || again[0].National != n.National) {
				t.Fatalf("Phones(%q, %q) gave %+v, and of its digits %+v", s, region, n, again)
			}
			continue
		}
		for _, r := range [...]string{region, "", "US", "DE"} {
			again, err := Phone(n.E164, r)
			again.Ext = n.Ext
			if err != nil || again != n {
				t.Fatalf("Phones(%q, %q) gave %+v, and read again in %q %+v, %v", s, region, n, r, again, err)
			}
		}
	}
}

func TestParseNameLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { checkName(t, scrapText().Draw(t, "s")) })
}

// TestSimpleNamesAreReadAlike holds the fast way to the long one.
func TestSimpleNamesAreReadAlike(t *testing.T) {
	t.Parallel()
	var listed []string
	for w := range specialWords() {
		listed = append(listed, w)
	}
	slices.Sort(listed)
	word := rapid.OneOf(rapid.StringMatching(`[A-Z][a-z]{2,9}(ovich|evna|son)?`), rapid.Custom(func(t *rapid.T) string {
		w := rapid.SampledFrom(listed).Draw(t, "w")
		return strings.ToUpper(w[:1]) + w[1:]
	}))
	rapid.Check(t, func(t *rapid.T) {
		for range 20 * chaos() {
			line := word.Draw(t, "given") + " " + word.Draw(t, "family")
			n := lead.Name{Display: displayName(line)}
			if long, fast := readName(n), ParseName(line); fast != long {
				t.Fatalf("%q is read as %+v, the long way %+v", line, fast, long)
			}
		}
	})
}

// checkName holds what must be true of every name that is read.
func checkName(t interface{ Fatalf(string, ...any) }, s string) {
	n := ParseName(s)
	if again := ParseName(n.Display); again != n {
		t.Fatalf("ParseName(%q) = %+v, and of its display %+v", s, n, again)
	}
	if conflict, _ := NamesConflict(n, n); conflict {
		t.Fatalf("%+v conflicts with itself", n)
	}
}

func TestNamesConflictIsSymmetric(t *testing.T) {
	t.Parallel()
	word := rapid.SampledFrom(strings.Fields("Ana A. Anna Hanna Belo Belov Belova Bello Maria M. Саша Александр Alex Müller Mueller Dupont Dupont-Durand Durand van der Berg Vanderberg 太郎 山田 O'Neil ONeil Wei Zhang x"))
	part := rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(word, 0, 2).Draw(t, "words"), " ") })
	name := rapid.Custom(func(t *rapid.T) lead.Name {
		return lead.Name{Given: part.Draw(t, "given"), Middle: part.Draw(t, "middle"), Family: part.Draw(t, "family")}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := name.Draw(t, "a"), name.Draw(t, "b")
		ab, why := NamesConflict(a, b)
		ba, whyBack := NamesConflict(b, a)
		if ab != ba || why != whyBack {
			t.Fatalf("%+v against %+v: %v %q, the other way %v %q", a, b, ab, why, ba, whyBack)
		}
		if self, _ := NamesConflict(a, a); self {
			t.Fatalf("%+v conflicts with itself", a)
		}
	})
}

func TestInquiryLaws(t *testing.T) {
	t.Parallel()
	text := scrapText()
	kinds := rapid.SampledFrom([]lead.IdentityKind{lead.IdentityEmail, lead.IdentityPhone, lead.IdentityVisitor, lead.IdentityCustomer, "tg_user"})
	rapid.Check(t, func(t *rapid.T) {
		q := lead.Inquiry{
			Key: text.Draw(t, "key"), Name: lead.Name{Display: text.Draw(t, "display"), Given: text.Draw(t, "given")}, Subject: text.Draw(t, "subject"),
			Text: text.Draw(t, "text"), Company: text.Draw(t, "company"), Country: text.Draw(t, "country"), Avatar: text.Draw(t, "avatar"),
			At:     time.Unix(rapid.Int64Range(-1<<40, 1<<40).Draw(t, "s"), rapid.Int64Range(0, 1e9).Draw(t, "ns")),
			Fields: []lead.Field{{Key: text.Draw(t, "fk"), Value: text.Draw(t, "fv")}},
			Tags:   rapid.SliceOfN(text, 0, 4).Draw(t, "tags"),
			Attribution: lead.Attribution{
				Page: text.Draw(t, "page"), Referrer: "https://" + text.Draw(t, "referrer"),
				Clicks: rapid.MapOfN(text, text, 0, 3).Draw(t, "clicks"),
			},
			Call:     &lead.Call{From: text.Draw(t, "from"), TalkS: rapid.Float64().Draw(t, "talk")},
			Location: &lead.Location{Lat: rapid.Float64().Draw(t, "lat")},
			Cards:    []lead.Card{{Name: text.Draw(t, "card"), Phones: rapid.SliceOfN(text, 0, 2).Draw(t, "phones"), Emails: rapid.SliceOfN(text, 0, 2).Draw(t, "emails")}},
		}
		for range rapid.IntRange(0, 6).Draw(t, "n") {
			q.Identities = append(q.Identities, lead.Identity{Kind: kinds.Draw(t, "kind"), Value: text.Draw(t, "value"), Scope: text.Draw(t, "scope"), Raw: text.Draw(t, "raw")})
		}
		checkInquiry(t, q, rapid.SampledFrom(someRegions).Draw(t, "region"))
	})
}
