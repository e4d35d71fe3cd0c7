package dedupe

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"leadgate/lead"
	"leadgate/lead/normal"
)

// anyProfile draws a profile of few possible values, each often missing.
func anyProfile() *rapid.Generator[lead.Profile] {
	return rapid.Custom(func(t *rapid.T) lead.Profile {
		one := func(what string, of ...string) string { return rapid.SampledFrom(append(of, "", "")).Draw(t, what) }
		p := lead.Profile{Given: one("given", "Ana", "Anna", "Igor", "A."), Family: one("family", "Belo", "Bello", "Petrov"), Born: one("born", "1985-03-12", "1985-12-03", "1970-01-02", "1985-19-45"),
			Street: one("street", "lilas str", "quai sud"), Number: one("number", "12", "3"), Premises: one("premises", "lilas str", "villa rosa"), City: one("city", "lyon", "lille"), Postcode: one("postcode", "69003", "69004", "59000")}
		if v := one("mail", "ana@example.org", "igor@example.net"); v != "" {
			p.Emails = []string{v}
		}
		p.Phones = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"+33612345678", "+33612345679", "+33698765432", "123456"}), 0, 2, rapid.ID).Draw(t, "phones")
		if len(p.Phones) == 0 {
			p.Phones = nil
		}
		return p
	})
}

func TestProfileOf(t *testing.T) {
	t.Parallel()
	q := form("Ana Maria Belo", "mail Ana+shop@Example.org", "mail info@example.org", mobile, "call 0000000000", "call 06 12 34 56 7", "customer 7", "born 12.03.1985", home, lyon, p69003)
	normal.Inquiry(&q, "FR")
	got := ProfileOf(&q)
	want := lead.Profile{Given: "Ana", Middle: "Maria", Family: "Belo", Emails: []string{"ana@example.org"}, Phones: []string{"+33612345678", "061234567"}, Born: "1985-03-12", Street: "lilas str", Number: "12", City: "lyon", Postcode: "69003"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := ProfileOf(&lead.Inquiry{}); !cmp.Equal(got, lead.Profile{}) {
		t.Errorf("of nothing: %+v", got)
	}
}

// TestAddProfile holds what a person is compared by.
func TestAddProfile(t *testing.T) {
	t.Parallel()
	name, whole := lead.Profile{Given: "Ana"}, lead.Profile{Given: "Ana", Family: "Belo"}
	at := lead.Profile{Family: "Belo", City: "lyon"}
	all := lead.Profile{Given: "Ana", Family: "Belo", City: "lyon"}
	for _, c := range []struct {
		adds, want []lead.Profile
	}{
		{[]lead.Profile{{}}, nil},
		{[]lead.Profile{name, name}, []lead.Profile{name}},
		{[]lead.Profile{name, whole}, []lead.Profile{whole}},
		{[]lead.Profile{whole, name}, []lead.Profile{whole}},
		{[]lead.Profile{whole, at}, []lead.Profile{whole, at}},
		{[]lead.Profile{whole, at, all}, []lead.Profile{all}},
		{[]lead.Profile{whole, {}}, []lead.Profile{whole}},
	} {
		var list []lead.Profile
		for _, p := range c.adds {
			list, _ = AddProfile(list, p)
		}
		if diff := cmp.Diff(c.want, list); diff != "" {
			t.Errorf("%+v:\n%s", c.adds, diff)
		}
	}
	var many []lead.Profile
	for i := range 2 * maxProfiles {
		many, _ = AddProfile(many, lead.Profile{Born: fmt.Sprintf("1985-03-%02d", i+1)})
	}
	if len(many) != maxProfiles || many[0].Born != "1985-03-01" {
		t.Errorf("%d profiles from %q on, want the first %d", len(many), many[0].Born, maxProfiles)
	}
	if full, told := AddProfile(many, lead.Profile{Born: "1985-03-01", City: "lyon"}); !told || len(full) != maxProfiles || full[0].City != "lyon" {
		t.Errorf("a full list takes no profile that tells more: %+v", full)
	}
}

// TestAddProfileLaws holds that a profile added twice changes nothing, that none
// of a list tells all that another does, and that the order makes no difference
// while there is room.
func TestAddProfileLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		adds := rapid.SliceOfN(anyProfile(), 0, 6).Draw(t, "profiles")
		add := func(all []lead.Profile) []lead.Profile {
			var list []lead.Profile
			for _, p := range all {
				before := slices.Clone(list)
				next, told := AddProfile(list, p)
				if diff := cmp.Diff(before, list); diff != "" {
					t.Fatalf("adding changes what was there:\n%s", diff)
				}
				if told == cmp.Equal(before, next) {
					t.Fatalf("told %v, and %+v becomes %+v", told, before, next)
				}
				list = next
				if again, told := AddProfile(list, p); told || !cmp.Equal(again, list) {
					t.Fatalf("%+v added twice: %+v, then %+v", p, list, again)
				}
			}
			return list
		}
		list := add(adds)
		for i := range list {
			for j := range list {
				if i != j && tells(&list[i], &list[j]) {
					t.Fatalf("%+v tells all of %+v", list[i], list[j])
				}
			}
		}
		other := add(rapid.Permutation(adds).Draw(t, "order"))
		if len(list) != len(other) {
			t.Fatalf("%+v, in another order %+v", list, other)
		}
		for i := range list {
			if !slices.ContainsFunc(other, func(p lead.Profile) bool { return tells(&p, &list[i]) && tells(&list[i], &p) }) {
				t.Fatalf("%+v is not among %+v", list[i], other)
			}
		}
	})
}
