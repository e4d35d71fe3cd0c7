package normal

import (
	"strings"
	"testing"
	"unicode/utf8"

	"leadgate/lead"
)

func FuzzEmail(f *testing.F) {
	for _, s := range []string{"ana.belo+x@gmail.com", `"Belo, Ana" <ana@belo.pt>`, `"a b"@belo.pt`, "mailto:a%40b@belo.pt?x", "ana@bücher.example", "＠", "@", "a@b.c;d@e.f"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkEmail(t, s) })
}

func FuzzPhone(f *testing.F) {
	for _, s := range []string{"+33 6 12 34 56 78", "06 12 34 56 78 / 01 42 68 53 00", "tel:+14158675309;ext=7", "1-415-FLOWERS", "+1202555XXXX", "anonymous", "٠١٢٣٤٥٦٧٨٩", "030/1234567", "a0xx7", "A*0", "0xx11 98765-4321"} {
		for _, region := range someRegions {
			f.Add(s, region)
		}
	}
	f.Fuzz(func(t *testing.T, s, region string) { checkPhone(t, s, region) })
}

func FuzzParseName(f *testing.F) {
	for _, s := range []string{"Ana Belo", "Belo, Dr. Ana Maria", "DUPONT Jean", "Иванов Иван Иванович", "Müller & Co", `"a" 'b'`, "Jr., Sr.", "(", "van"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkName(t, s) })
}

func FuzzText(f *testing.F) {
	for _, s := range scraps {
		f.Add(s, 5)
	}
	f.Fuzz(func(t *testing.T, s string, max int) {
		text := Text(s)
		if Text(text) != text || !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			t.Fatalf("Text(%q) = %q", s, text)
		}
		line := Line(s, max)
		if Line(line, max) != line || strings.ContainsAny(line, "\n\t\r") || utf8.RuneCountInString(line) > max && max >= 0 {
			t.Fatalf("Line(%q, %d) = %q", s, max, line)
		}
		if folded := Search(s); Search(folded) != folded {
			t.Fatalf("Search(%q) = %q, then %q", s, folded, Search(folded))
		}
	})
}

func FuzzURL(f *testing.F) {
	for _, s := range []string{"https://user:pw@Example.COM:443/a b?c#d", "http://[::1]:80", "https://münchen.example", `https://a\@b/`, "javascript:alert(1)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if key := URLKey(s); URLKey(key) != key || !isASCII(key) {
			t.Fatalf("URLKey(%q) = %q, then %q", s, key, URLKey(key))
		}
		u, ok := URL(s)
		if !ok {
			return
		}
		again, ok := URL(u)
		if again != u || !ok || !isASCII(u) || strings.ContainsAny(u, " \"<>\\") || len(u) > maxURL {
			t.Fatalf("URL(%q) = %q, again %q %v", s, u, again, ok)
		}
	})
}

func FuzzInquiry(f *testing.F) {
	f.Add("Ana Belo", "ana@belo.pt", "06 12 34 56 78", "Hello", "https://example.com", "FR")
	f.Add("BELO, Ana", "info@belo.pt, b@c.de", "anonymous", "\x00\xff", "javascript:alert(1)", "")
	f.Fuzz(func(t *testing.T, name, email, phone, text, page, region string) {
		checkInquiry(t, lead.Inquiry{
			Key: text, Name: lead.Name{Display: name}, Subject: text, Text: text, HTML: page,
			Identities: []lead.Identity{
				{Kind: lead.IdentityEmail, Value: email}, {Kind: lead.IdentityPhone, Value: phone}, {Kind: lead.IdentityPhone, Value: text},
				{Kind: "tg_user", Value: name, Scope: page},
			},
			Fields:      []lead.Field{{Key: name, Value: text}},
			Attribution: lead.Attribution{Page: page, Source: name, Clicks: map[string]string{text: page, name: email}},
			Call:        &lead.Call{From: phone, To: text, CallerName: name},
		}, region)
	})
}
