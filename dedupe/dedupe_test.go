package dedupe

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"leadgate/lead"
	"leadgate/lead/normal"
)

func name(given, family string) lead.Name { return lead.Name{Given: given, Family: family} }

// keysOf makes keys of a few identities and a conversation.
func keysOf(thread string, ids ...lead.Identity) []Key {
	return Keys(&lead.Inquiry{Scope: "s", Thread: thread, Identities: ids})
}

func TestKeys(t *testing.T) {
	t.Parallel()
	keys := keysOf("t", lead.Identity{Kind: lead.IdentityPhone, Value: "+33612345678"}, lead.Identity{Kind: lead.IdentityEmail, Value: "Ana@example.org"},
		lead.Identity{Kind: "tg_user", Value: "1:2", Scope: "a:b"}, lead.Identity{Kind: lead.IdentityVisitor, Value: "v"},
		lead.Identity{Kind: lead.IdentityEmail, Value: "info@example.org", Weak: "role"}, lead.Identity{Kind: lead.IdentityCustomer, Value: "7"})
	var groups []string
	for _, k := range keys {
		groups = append(groups, k.Group())
	}
	want := []string{"customer:", "tg_user:a%3Ab", "email", "phone", "visitor:", "thread:s"}
	if diff := cmp.Diff(want, groups); diff != "" {
		t.Errorf("groups:\n%s", diff)
	}
	if got := Strong(keys); len(got) != 4 {
		t.Errorf("%d strong keys, want 4", len(got))
	}
	if got := Strong(keysOf("")); len(got) != 0 {
		t.Errorf("strong keys of nothing: %v", got)
	}
}

func TestNameKey(t *testing.T) {
	t.Parallel()
	phone := Key{Kind: lead.IdentityPhone, Value: "phone:+1"}
	a, ok := NameKey(phone, name("Jörg", "Müller-Groß"))
	b, _ := NameKey(phone, name("muller-gross", "JORG"))
	if !ok || a != b || a == phone.Value {
		t.Errorf("%q and %q, want one key", a, b)
	}
	for _, n := range []lead.Name{{}, {Given: "Ana"}, {Display: "Ana Belo"}, name(".", "-")} {
		if k, ok := NameKey(phone, n); ok {
			t.Errorf("%+v gives %q", n, k)
		}
	}
	if _, ok := NameKey(Key{Kind: "tg_user", Value: "tg_user:s:1"}, name("Ana", "Belo")); ok {
		t.Error("names do not tell the holders of a messenger id apart")
	}
}

// drawn is a random question: a name, keys, and persons that hold some of them.
func drawn(t *rapid.T) (lead.Name, []Key, []Candidate) {
	names := rapid.SampledFrom([]lead.Name{{}, {Given: "Ana"}, name("Ana", "Belo"), name("Igor", "Petrov"), name("Omar", "Haddad")})
	all := keysOf("t", lead.Identity{Kind: lead.IdentityEmail, Value: "ana@example.org"}, lead.Identity{Kind: lead.IdentityPhone, Value: "+33612345678"},
		lead.Identity{Kind: "tg_user", Value: "1", Scope: "bot"})
	var keys []Key
	for _, k := range all {
		if rapid.Bool().Draw(t, "has "+string(k.Kind)) {
			keys = append(keys, k)
		}
	}
	holders := map[string]int{}
	var list []Candidate
	for i := range rapid.IntRange(0, 5).Draw(t, "persons") {
		c := Candidate{Person: lead.Person{ID: int64(i + 1), Name: names.Draw(t, "name")}}
		for _, k := range keys {
			if rapid.Bool().Draw(t, "holds") {
				c.Held = append(c.Held, Holding{Key: k, Heard: time.Unix(rapid.Int64Range(0, 2).Draw(t, "heard"), 0)})
				holders[k.Value]++
				if k.Kind != KindThread {
					c.Person.Holds = append(c.Person.Holds, k.Group())
				}
			}
		}
		for _, g := range []string{"email", "phone", "tg_user:bot"} {
			if !slices.Contains(c.Person.Holds, g) && rapid.Bool().Draw(t, "other "+g) {
				c.Person.Holds = append(c.Person.Holds, g)
			}
		}
		if len(c.Held) > 0 {
			list = append(list, c)
		}
	}
	for i := range list {
		for j := range list[i].Held {
			list[i].Held[j].Holders = holders[list[i].Held[j].Key.Value]
		}
	}
	return names.Draw(t, "who"), keys, list
}

func never(a, b int64) bool { return false }

func TestDecideLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		who, keys, list := drawn(t)
		q := &Question{Name: who, Keys: keys}
		d := Decide(q, list, never)
		if diff := cmp.Diff(d, Decide(q, rapid.Permutation(list).Draw(t, "order"), never)); diff != "" {
			t.Fatalf("the order of candidates decides:\n%s", diff)
		}
		byID := map[int64]Candidate{}
		for _, c := range list {
			byID[c.Person.ID] = c
		}
		group := []int64{d.Person}
		group = append(group, d.Merge...)
		for i, a := range group {
			if _, ok := byID[a]; !ok && a != 0 {
				t.Fatalf("person %d is no candidate", a)
			}
			for _, b := range group[:i] {
				if conflict, why := normal.NamesConflict(byID[a].Person.Name, byID[b].Person.Name); conflict {
					t.Fatalf("%d and %d are merged: %s", a, b, why)
				}
			}
			if i > 0 && a <= d.Person {
				t.Fatalf("%d is merged into the younger %d", a, d.Person)
			}
		}
		if d.Person == 0 && len(d.Merge) > 0 || d.Foreign && len(d.Merge) > 0 || len(d.Review) > maxReview {
			t.Fatalf("decision %+v", d)
		}
		for _, r := range d.Review {
			if slices.Contains(group, r.Person) {
				t.Fatalf("%d is decided and to be reviewed: %+v", r.Person, d)
			}
		}
		if d.Person != 0 && len(d.Merge) == 0 {
			checkTaken(t, who, keys, byID[d.Person], d)
		}
	})
}

// checkTaken holds what must be true of a person that was taken.
func checkTaken(t *rapid.T, who lead.Name, keys []Key, c Candidate, d lead.Decision) {
	conflict, _ := normal.NamesConflict(who, c.Person.Name)
	alone := true // only the conversation leads to them
	for _, h := range c.Held {
		alone = alone && h.Key.Kind == KindThread
		if !named(h.Key.Kind) && h.Key.Kind != KindThread {
			conflict = false // a messenger says who it is, whatever the name
		}
	}
	own := Strong(keys)
	if conflict && len(own) > 0 {
		t.Fatalf("taken against the name: %+v", d)
	}
	if d.Foreign && (!alone || len(own) == 0) {
		t.Fatalf("foreign without a value of its own, or although a value is known: %+v", d)
	}
	for _, k := range own {
		if alone && slices.Contains(c.Person.Holds, k.Group()) && !d.Foreign && !(named(k.Kind) && whole(who) && whole(c.Person.Name)) {
			t.Fatalf("a conversation gives %q to somebody who has another: %+v", k.Value, d)
		}
	}
}
