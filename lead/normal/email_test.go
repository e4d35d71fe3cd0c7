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
		{"Ana.Belo+leads@gmail.com", "ana.belo+leads@gmail.com", "anabelo@gmail.com", ""},
		{"a.n.a@googlemail.com", "a.n.a@googlemail.com", "ana@gmail.com", ""},
		{"ana+x+y@belo.pt", "ana+x+y@belo.pt", "ana@belo.pt", ""},
		{"+ana@belo.pt", "+ana@belo.pt", "", ""},
		{"abc123@privaterelay.appleid.com", "abc123@privaterelay.appleid.com", "", ""},
		{"martin.test@belo.pt", "martin.test@belo.pt", "", ""},
		{"test@belo.pt", "test@belo.pt", "", ""},

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
		"", "@", "ana", "ana@", "@belo.pt", "ana@belo", "ana@127.0.0.1", "ana@[127.0.0.1]", "ana@be lo", "ana@belo..pt", "ana@-belo.pt",
		"ana@belo.pt@", "a b@", "...@belo.pt", "ana\x00@", "ana@bel_o.pt", "\xff@belo.pt", "+33612345678",
		strings.Repeat("a", 65) + "@belo.pt", "ana@" + strings.Repeat("a", 64) + ".pt", strings.Repeat("ana@belo.pt ", 100),
	} {
		if e, err := Email(in); err == nil {
			t.Errorf("Email(%q) = %+v, want an error", in, e)
		} else if !errors.Is(err, lead.ErrInvalid) || len(in) > 5 && strings.Contains(err.Error(), in) {
			t.Errorf("Email(%q): error %q is of the wrong class or repeats the input", in, err)
		}
	}
}
