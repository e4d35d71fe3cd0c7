package normal

import (
	"strings"
	"testing"
)

func TestText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, want string }{
		{"clean", "Olá, Ana!\n\tsaúde 👩‍👩‍👧 日本", "Olá, Ana!\n\tsaúde 👩‍👩‍👧 日本"},
		{"empty", "", ""},
		{"NUL", "a\x00b", "ab"},
		{"controls", "a\x01\x1b[31mb\x7f\u0085c", "a[31mbc"},
		{"line ends", "a\r\nb\rc\n", "a\nb\nc\n"},
		{"invalid", "a\xffb\xc3", "a\ufffdb\ufffd"},
		{"lone surrogate", "a\xed\xa0\x80b", "a\ufffdb"},
		{"surrogate pair in bytes", "\xed\xa0\xbd\xed\xb8\x80", "\ufffd\ufffd"},
		{"overrides", "a\u202etxt.exe\u202c\u2066b\u2069", "atxt.exeb"},
		{"marks stay", "שלום\u200f!", "שלום\u200f!"},
		{"byte order mark", "\ufeffa", "a"},
		{"replacement stays", "a\ufffdb", "a\ufffdb"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := Text(c.in); got != c.want {
				t.Errorf("Text(%q) = %q, want %q", c.in, got, c.want)
			}
		})
	}
}

func TestTextOfCleanTextDoesNotAllocate(t *testing.T) {
	s := strings.Repeat("Olá, wir hätten gern 12 Fenster.\n", 50)
	if n := testing.AllocsPerRun(10, func() { Text(s) }); n != 0 {
		t.Errorf("Text of clean text allocates %v times", n)
	}
}

func TestLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, in string
		max      int
		want     string
	}{
		{"plain", "Ana Belo", 10, "Ana Belo"},
		{"folded", " Ana \r\n\t Belo\u00a0 ", 20, "Ana Belo"},
		{"cut", "Ana Belo", 3, "Ana"},
		{"cut at a blank", "Ana Belo", 4, "Ana"},
		{"none", "Ana", 0, ""},
		{"accent stays on its letter", "Jose\u0301", 4, "Jos"},
		{"family stays together", "ab👩‍👩‍👧", 4, "ab"},
		{"flag stays together", "a🇵🇹🇫🇷", 4, "a🇵🇹"},
		{"skin tone stays", "a👍🏽", 2, "a"},
		{"nothing but accents", strings.Repeat("\u0301", 50), 20, strings.Repeat("\u0301", 20)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := Line(c.in, c.max); got != c.want {
				t.Errorf("Line(%q, %d) = %q, want %q", c.in, c.max, got, c.want)
			}
		})
	}
}

func TestSearch(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Ana Belo":          "ana belo",
		"JOSÉ GARCÍA-LÓPEZ": "jose garcia-lopez",
		"Groß":              "gross",
		"Søren Kjær":        "soren kjaer",
		"Łódź":              "lodz",
		"Щербаков":          "shcherbakov",
		"Юлія":              "yuliya",
		"Йосиф":             "yosif",
		"Παπαδόπουλος":      "papadopoulos",
		"Ἀθῆναι":            "athinai",
		"Ευάγγελος":         "evangelos",
		"ΕΥΘΎΜΙΟΣ Παύλου":   "efthymios pavlou",
		"Ταϋγέτη":           "taygeti",
		"Μπάμπης Ντίνος":    "bampis dinos",
		"Γκίκας":            "gikas",
		"Σαράντης":          "sarantis",
		"Кънчев":            "kanchev",
		"Подъячев":          "podyachev",
		"Ђоковић":           "djokovic",
		"Шайтанаў":          "shaytanau",
		"Ґудзь":             "gudz",
		"Ægir Þór":          "aegir thor",
		"Đặng":              "dang",
		"Əliyev":            "aliyev",
		"İstanbul ılık":     "istanbul ilik",
		"ＡＢＣ１２３":            "abc123",
		"ﬁn":                "fin",
		"서울":                "서울",
		"東京":                "東京",
		"ありがとう":             "ありがとう",
		"O’Neil":            "o'neil",
		"":                  "",
	} {
		t.Run(in, func(t *testing.T) {
			t.Parallel()
			if got := Search(in); got != want {
				t.Errorf("Search(%q) = %q, want %q", in, got, want)
			}
		})
	}
}

func TestURL(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in, want string
		ok       bool
	}{
		{"https://shop.example.com/windows", "https://shop.example.com/windows", true},
		{"HTTPS://Shop.Example.COM", "https://shop.example.com/", true},
		{"http://example.com:80/a?b=c#d", "http://example.com/a?b=c#d", true},
		{"https://example.com:443", "https://example.com/", true},
		{"https://example.com:8443?x", "https://example.com:8443/?x", true},
		{"https://example.com:", "https://example.com/", true},
		{"https://user:secret@example.com/", "https://example.com/", true},
		{"https://münchen.example/ä b", "https://xn--mnchen-3ya.example/%C3%A4%20b", true},
		{"https://пример.рф", "https://xn--e1afmkfd.xn--p1ai/", true},
		{"https://example.com./", "https://example.com/", true},
		{"https://[2001:DB8::1]:443/x", "https://[2001:db8::1]/x", true},
		{"https://192.0.2.1/", "https://192.0.2.1/", true},
		{"https://my_shop.example.com/", "https://my_shop.example.com/", true},
		{"https://example.com/a%2Fb%zz", "https://example.com/a%2Fb%zz", true},
		{`https://good.example\@evil.example/`, "https://good.example/@evil.example/", true},
		{" https://example.com/ \n", "https://example.com/", true},
		{"javascript:alert(1)", "", false},
		{"javascript://example.com/%0aalert(1)", "", false},
		{"ftp://example.com/", "", false},
		{"//example.com/", "", false},
		{"/windows", "", false},
		{"https://", "", false},
		{"https:///x", "", false},
		{"https://a..b/", "", false},
		{"https://-a.example/", "", false},
		{"https://exa mple.com/", "", false},
		{"https://example.com:99999/", "", false},
		{"https://example.com:0/", "", false},
		{"https://[::1", "", false},
		{"https://example.com/" + strings.Repeat("x", maxURL), "", false},
	} {
		t.Run(c.in[:min(len(c.in), 40)], func(t *testing.T) {
			t.Parallel()
			if got, ok := URL(c.in); got != c.want || ok != c.ok {
				t.Errorf("URL(%q) = %q %v, want %q %v", c.in, got, ok, c.want, c.ok)
			}
		})
	}
}

func TestURLKey(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://shop.example.com/windows":                        "shop.example.com/windows",
		"http://www.Shop.example.com:80/windows/":                 "shop.example.com/windows",
		"https://user:pw@example.com:443":                         "example.com",
		"https://example.com:8443/?a=1":                           "example.com:8443?a=1",
		"example.com":                                             "example.com",
		"www.example.com/a?b=c":                                   "example.com/a?b=c",
		"//example.com/a":                                         "",
		"https://example.com/a?utm_source=x&b=c&gclid=1#top":      "example.com/a?b=c",
		"https://example.com/?utm_source=x&UTM_Medium=y&fbclid=z": "example.com",
		"https://example.com/#/offer":                             "example.com#/offer",
		"https://münchen.example/ä":                               "xn--mnchen-3ya.example/%C3%A4",
		"example.com/?u=http://other.example/":                    "example.com?u=http://other.example/",
		"http://[2001:db8::1]:80/x":                               "[2001:db8::1]/x",
		"ana@example.com":                                         "",
		"mailto:ana@example.com":                                  "",
		"javascript:alert(1)":                                     "",
		"ftp://example.com/":                                      "",
		"just words":                                              "",
		"localhost/x":                                             "",
		"":                                                        "",
	} {
		got := URLKey(in)
		if got != want || URLKey(got) != got {
			t.Errorf("URLKey(%q) = %q, then %q, want %q", in, got, URLKey(got), want)
		}
	}
}
