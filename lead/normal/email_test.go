package normal

import (
	"errors"
	"strings"
	"testing"

	"leadgate/lead"
)

func TestEmail(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, address, key, weak string }{
		{"ana.belo@example.org", "ana.belo@example.org", "", ""},
		{"Ana.Belo@Example.ORG", "ana.belo@example.org", "", ""},
		{"pr.17@example.com", "pr.17@example.com", "", ""},
		{"a@example.com", "a@example.com", "", ""},
		{" ana@belo.pt. ", "ana@belo.pt", "", ""},
		{"ana@belo.pt,", "ana@belo.pt", "", ""},
		{"<ana@belo.pt>", "ana@belo.pt", "", ""},
		{`"Belo, Ana" <ana@belo.pt>`, "ana@belo.pt", "", ""},
		{`"info@shop.pt" <ana@belo.pt>`, "ana@belo.pt", "", ""},
		{"Ana Belo <ana@belo.pt> (work)", "ana@belo.pt", "", ""},
		{"mailto:ana@belo.pt?subject=Hi", "ana@belo.pt", "", ""},
		{"mailto:ana%2Bx@belo.pt", "ana+x@belo.pt", "ana@belo.pt", ""},
		{"ana@belo.pt; rui@belo.pt", "ana@belo.pt", "", ""},
		{"my address is ana@belo.pt", "ana@belo.pt", "", ""},
		{"ana @ belo.pt", "ana@belo.pt", "", ""},
		{"'ana@belo.pt'", "ana@belo.pt", "", ""},
		{"“ana@belo.pt”", "ana@belo.pt", "", ""},
		{"ana＠belo.pt", "ana@belo.pt", "", ""},
		{`"ana.belo"@belo.pt`, "ana.belo@belo.pt", "", ""},
		{`"ana belo"@belo.pt`, `"ana belo"@belo.pt`, "", ""},
		{"ana..belo.@docomo.ne.jp", "ana..belo.@docomo.ne.jp", "", ""},
		{"o'neil@belo.ie", "o'neil@belo.ie", "", ""},
		{"ana@bücher.example", "ana@xn--bcher-kva.example", "", ""},
		{"ана@почта.рф", "ана@xn--80a1acny.xn--p1ai", "", ""},
		{"ANA@BÜCHER.EXAMPLE", "ana@xn--bcher-kva.example", "", ""},
		{"ana@XN--BCHER-KVA.example", "ana@xn--bcher-kva.example", "", ""},
		{"ИВАН@ПОЧТА.РФ", "иван@xn--80a1acny.xn--p1ai", "", ""},
		{"ａｎａ@belo.pt", "ana@belo.pt", "", ""},
		{"ana﹫belo․pt", "ana@belo.pt", "", ""},
		{"\u200bana@belo.pt", "ana@belo.pt", "", ""},
		{"ana\u00ad@belo.pt", "ana@belo.pt", "", ""},
		{"ana\u00a0@belo.pt", "ana@belo.pt", "", ""},
		{"<ana@belo.pt>, <rui@belo.pt>", "ana@belo.pt", "", ""},
		{`"Belo <x@y.pt>" <ana@belo.pt>`, "ana@belo.pt", "", ""},
		{"ana@belo.pt/rui@belo.pt", "ana@belo.pt", "", ""},
		{"ana@belo.pt or rui@belo.pt", "ana@belo.pt", "", ""},
		{"ana(work)@belo.pt", "ana@belo.pt", "", ""},
		{"ana@(work)belo.pt", "ana@belo.pt", "", ""},
		{"ana@belo.pt (Ana Belo)", "ana@belo.pt", "", ""},
		{"Ana (ana@belo.pt)", "ana@belo.pt", "", ""},
		{"E-Mail:ana@belo.pt", "ana@belo.pt", "", ""},
		{`"mailto:ana@belo.pt"`, "ana@belo.pt", "", ""},
		{"mailto://ana@belo.pt", "ana@belo.pt", "", ""},
		{`<a href="mailto:ana@belo.pt">ana@belo.pt</a>`, "ana@belo.pt", "", ""},
		{"&lt;ana@belo.pt&gt;", "ana@belo.pt", "", ""},
		{"ana&#64;belo.pt", "ana@belo.pt", "", ""},
		{"ana%40belo.pt", "ana@belo.pt", "", ""},
		{"ana[at]belo.pt", "ana@belo.pt", "", ""},
		{"ana (at) belo (dot) pt", "ana@belo.pt", "", ""},
		{"ana at belo dot pt", "ana@belo.pt", "", ""},
		{"ana@@belo.pt", "ana@belo.pt", "", ""},
		{"ana@belo..pt", "ana@belo.pt", "", ""},
		{"ana@belo,pt", "ana@belo.pt", "", ""},
		{"ana@belo. pt", "ana@belo.pt", "", ""},
		{"ana@gmail com", "ana@gmail.com", "", ""},
		{"ana@www.gmail.com", "ana@gmail.com", "", ""},
		{"https://ana@belo.pt/", "ana@belo.pt", "", ""},
		{"ana@belo.pt!", "ana@belo.pt", "", ""},
		{"_ana@belo.pt_", "_ana@belo.pt", "", ""},
		{"Ana.Belo+leads@gmail.com", "ana.belo+leads@gmail.com", "anabelo@gmail.com", ""},
		{"a.n.a@googlemail.com", "a.n.a@googlemail.com", "ana@gmail.com", ""},
		{"ana+x+y@belo.pt", "ana+x+y@belo.pt", "ana@belo.pt", ""},
		{"+ana@belo.pt", "+ana@belo.pt", "", ""},
		{"abc123@privaterelay.appleid.com", "abc123@privaterelay.appleid.com", "", ""},
		{"martin.test@belo.pt", "martin.test@belo.pt", "", ""},
		{"test@belo.pt", "test@belo.pt", "", ""},

		{"ana.belo@yandex.com", "ana.belo@yandex.com", "ana-belo@yandex.ru", ""},
		{"Ana-Belo+x@ya.ru", "ana-belo+x@ya.ru", "ana-belo@yandex.ru", ""},
		{"ana_b.e-lo@pm.me", "ana_b.e-lo@pm.me", "anabelo@proton.me", ""},
		{"anabelo@protonmail.com", "anabelo@protonmail.com", "anabelo@proton.me", ""},
		{"-@pm.me", "-@pm.me", "-@proton.me", ""},
		{"ana.belo@me.com", "ana.belo@me.com", "ana.belo@icloud.com", ""},
		{"ana.belo@hotmail.com", "ana.belo@hotmail.com", "", ""},
		{"ana.belo@outlook.com", "ana.belo@outlook.com", "", ""},
		{"shop@ana.fastmail.com", "shop@ana.fastmail.com", "ana@fastmail.com", ""},
		{`"ana.belo+x y"@gmail.com`, `"ana.belo+x y"@gmail.com`, "", ""},
		{"ola@belo.pl", "ola@belo.pl", "", ""},
		{"contact4711@belo.pt", "contact4711@belo.pt", "", ""},
		{"customer.17@belo.pt", "customer.17@belo.pt", "", ""},
		{"sales-4711@belo.pt", "sales-4711@belo.pt", "", ""},
		{"nada@yahoo.com", "nada@yahoo.com", "", ""},
		{"it.smith@belo.pt", "it.smith@belo.pt", "", ""},
		{"info.belo@gmail.com", "info.belo@gmail.com", "infobelo@gmail.com", ""},

		{"info2@belo.pt", "info2@belo.pt", "", weakRole},
		{"info.lisboa@belo.pt", "info.lisboa@belo.pt", "", weakRole},
		{"sales-team@belo.pt", "sales-team@belo.pt", "", weakRole},
		{"büro@belo.de", "büro@belo.de", "", weakRole},
		{"инфо@belo.ru", "инфо@belo.ru", "", weakRole},
		{"atendimento@belo.br", "atendimento@belo.br", "", weakRole},
		{"obchod@belo.cz", "obchod@belo.cz", "", weakRole},
		{"info@belo.pt", "info@belo.pt", "", weakRole},
		{"Info+web@belo.pt", "info+web@belo.pt", "info@belo.pt", weakRole},
		{"sales@belo.pt", "sales@belo.pt", "", weakRole},
		{"kunden-service@belo.de", "kunden-service@belo.de", "", weakRole},
		{"kontakt@belo.de", "kontakt@belo.de", "", weakRole},
		{"zakaz@belo.ru", "zakaz@belo.ru", "", weakRole},
		{"no-reply@belo.pt", "no-reply@belo.pt", "", weakMachine},
		{"noreply-42@belo.pt", "noreply-42@belo.pt", "", weakMachine},
		{"MAILER-DAEMON@belo.pt", "mailer-daemon@belo.pt", "", weakMachine},
		{"test@test.com", "test@test.com", "", weakPlaceholder},
		{"test@example.com", "test@example.com", "", weakPlaceholder},
		{"example@belo.pt", "example@belo.pt", "", weakPlaceholder},
		{"asdf@gmail.com", "asdf@gmail.com", "", weakPlaceholder},
		{"none@none.com", "none@none.com", "", weakPlaceholder},
		{"no.email@belo.pt", "no.email@belo.pt", "", weakPlaceholder},
		{"aaa@aaa.com", "aaa@aaa.com", "", weakPlaceholder},
		{"a@a.com", "a@a.com", "", weakPlaceholder},
		{"anonymous@anonymous.invalid", "anonymous@anonymous.invalid", "", weakPlaceholder},
		{"none@gmail.com", "none@gmail.com", "", weakPlaceholder},
		{"no@mail.ru", "no@mail.ru", "", weakPlaceholder},
		{"123@mail.ru", "123@mail.ru", "", weakPlaceholder},
		{"1@mail.ru", "1@mail.ru", "", weakPlaceholder},
		{"xxx@yahoo.com", "xxx@yahoo.com", "", weakPlaceholder},
		{"test@gmail.com", "test@gmail.com", "", weakPlaceholder},
		{"test1234@gmail.com", "test1234@gmail.com", "", weakPlaceholder},
		{"qwerty@ya.ru", "qwerty@ya.ru", "qwerty@yandex.ru", weakPlaceholder},
		{"me@me.com", "me@me.com", "me@icloud.com", weakPlaceholder},
		{"srs0=abc=de=x.com=ana@relay.com", "srs0=abc=de=x.com=ana@relay.com", "", weakRelay},
		{"prvs=12345abcde=ana@belo.pt", "prvs=12345abcde=ana@belo.pt", "", weakRelay},
		{"x7f3k@reply.portal.com", "x7f3k@reply.portal.com", "", weakRelay},
		{"x7f3k@messages.homeaway.com", "x7f3k@messages.homeaway.com", "", weakRelay},
		{"ana.4711@guest.booking.com", "ana.4711@guest.booking.com", "", weakRelay},
		{"reply+1a2b3c4d@portal.com", "reply+1a2b3c4d@portal.com", "reply@portal.com", weakRelay},
		{"q8w@marketplace.amazon.de", "q8w@marketplace.amazon.de", "", weakRelay},
	} {
		t.Run(c.in, func(t *testing.T) {
			t.Parallel()
			e, err := Email(c.in)
			if err != nil {
				t.Fatalf("Email(%q): %v", c.in, err)
			}
			if c.key == "" {
				c.key = c.address
			}
			if e.Address != c.address || e.Key != c.key || e.Weak != c.weak {
				t.Errorf("Email(%q) = %+v, want %q key %q weak %q", c.in, e, c.address, c.key, c.weak)
			}
		})
	}
}

func TestEmailRefuses(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"", "@", "ana", "ana@", "@belo.pt", "ana@belo", "ana@127.0.0.1", "ana@[127.0.0.1]", "ana@be lo", "ana@-belo.pt", "ana@belo, call me", "ana at work", "look at belo.pt",
		"a b@", "...@belo.pt", "ana\x00@", "ana@bel_o.pt", "\xff@belo.pt", "+33612345678",
		strings.Repeat("a", 65) + "@belo.pt", "ana@" + strings.Repeat("a", 64) + ".pt", strings.Repeat("ana@belo.pt ", 100),
	} {
		if e, err := Email(in); err == nil {
			t.Errorf("Email(%q) = %+v, want an error", in, e)
		} else if !errors.Is(err, lead.ErrInvalid) || len(in) > 5 && strings.Contains(err.Error(), in) {
			t.Errorf("Email(%q): error %q is of the wrong class or repeats the input", in, err)
		}
	}
}

func TestEmailDomain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		domain, suggest  string
		free, disposable bool
	}{
		{"gmail.com", "", true, false},
		{"GMX.de", "", true, false},
		{"yahoo.co.jp", "", true, false},
		{"ukr.net", "", true, false},
		{"mailinator.com", "", false, true},
		{"x7.mailinator.com", "", false, true},
		{"guerrillamail.com", "", false, true},
		{"belo.pt", "", false, false},
		{"example.com", "", false, false},
		{"cloudmail.com", "", false, false},
		{"mai.ru", "", false, false},
		{"life.com", "", false, false},
		{"orange.fi", "", false, false},
		{"comcast.com", "", false, false},
		{"belo.co", "", false, false},

		{"gmial.com", "gmail.com", false, false},
		{"gamil.com", "gmail.com", false, false},
		{"gmai.com", "gmail.com", false, false},
		{"gmaill.com", "gmail.com", false, false},
		{"gnail.com", "gmail.com", false, false},
		{"gmail.con", "gmail.com", false, false},
		{"gmail.co", "gmail.com", false, false},
		{"gmail.cm", "gmail.com", false, false},
		{"gmail.comm", "gmail.com", false, false},
		{"gmail.fr", "gmail.com", false, false},
		{"gmail.co.uk", "gmail.com", false, false},
		{"gmial.con", "gmail.com", false, false},
		{"googlemial.com", "googlemail.com", false, false},
		{"hotmial.com", "hotmail.com", false, false},
		{"hotmai.com", "hotmail.com", false, false},
		{"hotmail.con", "hotmail.com", false, false},
		{"hotmial.fr", "hotmail.fr", false, false},
		{"yaho.com", "yahoo.com", false, false},
		{"yahoo.co", "yahoo.com", false, false},
		{"yahho.com", "yahoo.com", false, false},
		{"outlok.com", "outlook.com", false, false},
		{"outloook.com", "outlook.com", false, false},
		{"iclod.com", "icloud.com", false, false},
		{"yandx.ru", "yandex.ru", false, false},
		{"mial.ru", "mail.ru", false, false},
		{"t-onlin.de", "t-online.de", false, false},
		{"libero.con", "libero.com", false, false},
		{"gmx.con", "gmx.com", false, false},
		{"belo.con", "belo.com", false, false},
		{"belo.ogr", "belo.org", false, false},
	} {
		e, err := Email("ana@" + c.domain)
		if err != nil || e.Suggest != c.suggest || e.Free != c.free || e.Disposable != c.disposable {
			t.Errorf("Email at %s = %+v %v, want %+v", c.domain, e, err, c)
		}
	}
}

// TestEmailLists holds the data files to what the code makes of them.
func TestEmailLists(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{"free-mail": freeMailFile, "disposable": disposableFile, "roles": rolesFile} {
		if !strings.HasPrefix(file, "# ") || !strings.Contains(file, "# Origin: ") {
			t.Errorf("%s does not say what it is and where it is from", name)
		}
		seen := map[string]bool{}
		for line := range strings.Lines(file) {
			if strings.HasPrefix(line, "#") {
				continue
			}
			for w := range strings.FieldsSeq(line) {
				if seen[w] {
					t.Errorf("%s holds %q twice", name, w)
				}
				seen[w] = true
				if d, ok := mailDomain(w); name != "roles" && (!ok || d != w) {
					t.Errorf("%s holds %q, which is no domain", name, w)
				}
				if name == "roles" && (lowerStable(w) != w || strings.ContainsAny(w, ".-_@+")) {
					t.Errorf("%s holds %q, which no name is compared with", name, w)
				}
				if name == "disposable" && freeDomain(w) {
					t.Errorf("%q is in both lists of domains", w)
				}
			}
		}
	}
}

func TestSuggestionIsKnownAndFinal(t *testing.T) {
	t.Parallel()
	for domain := range freeMail() {
		if e, err := Email("ana@" + domain); err != nil || e.Suggest != "" || !e.Free || e.Disposable {
			t.Errorf("Email at %s = %+v %v", domain, e, err)
		}
	}
	for _, p := range strings.Fields("gmail.com hotmail.com yahoo.com outlook.com icloud.com yandex.ru") {
		for i := range len(p) - 4 {
			for _, typo := range []string{p[:i] + p[i+1:], p[:i] + p[i:i+1] + p[i:], p[:i] + p[i+1:i+2] + p[i:i+1] + p[i+2:]} {
				e, err := Email("ana@" + typo)
				if err == nil && !e.Free && e.Suggest != p {
					t.Errorf("%s suggests %q, want %q", typo, e.Suggest, p)
				}
				if err == nil && e.Suggest != "" {
					if next, _ := Email("ana@" + e.Suggest); next.Suggest != "" {
						t.Errorf("%s suggests %s, which suggests %s", typo, e.Suggest, next.Suggest)
					}
				}
			}
		}
	}
}
