package dedupe

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"leadgate/lead"
)

const (
	home   = "street 12 rue des Lilas"
	lyon   = "city Lyon"
	p69003 = "postcode 69003"
	born   = "born 1985-03-12"
)

// TestResemblance holds whom somebody without a known value is taken for.
func TestResemblance(t *testing.T) {
	t.Parallel()
	ana := form("Ana Belo", "mail ana@example.org", born, home, lyon, p69003)
	for name, c := range map[string]struct {
		known  []lead.Inquiry
		asks   lead.Inquiry
		person int64
		review bool
	}{
		"the same in all":                        {[]lead.Inquiry{ana}, form("Ana Belo", born, home, lyon, p69003), 1, false},
		"a slip in every part":                   {[]lead.Inquiry{ana}, form("Anna Bello", "born 1985-03-13", "street 12 rue des Lilaz", "city Lyom", "postcode 69004"), 1, false},
		"names in the other order":               {[]lead.Inquiry{ana}, form("Belo Ana", born, home, lyon, p69003), 1, false},
		"the name alone":                         {[]lead.Inquiry{ana}, form("Ana Belo"), 0, true},
		"the home alone":                         {[]lead.Inquiry{ana}, form("", home, lyon, p69003), 0, false},
		"the name and the town":                  {[]lead.Inquiry{ana}, form("Ana Belo", lyon), 0, true},
		"a brother":                              {[]lead.Inquiry{ana}, form("Igor Belo", "born 1988-11-30", home, lyon, p69003), 0, false},
		"a brother without a birth date":         {[]lead.Inquiry{ana}, form("Igor Belo", home, lyon, p69003), 0, false},
		"somebody else altogether":               {[]lead.Inquiry{ana}, form("Igor Petrov", "born 1970-01-02", "street 3 quai Sud", "city Lille", "postcode 59000"), 0, false},
		"a new family name":                      {[]lead.Inquiry{ana}, form("Ana Petrova", born, home, lyon, p69003), 1, false},
		"another customer id":                    {[]lead.Inquiry{form("Ana Belo", "customer 7", born, home, lyon, p69003)}, form("Ana Belo", "customer 8", born, home, lyon, p69003), 0, true},
		"name and born, and nothing against":     {[]lead.Inquiry{ana}, form("Ana Belo", born), 1, false},
		"a namesake with another number and box": {[]lead.Inquiry{form("Ana Belo", mobile, "mail ana@example.org", lyon, p69003)}, form("Ana Belo", "call +33698765432", "mail zoe@example.net", lyon, p69003), 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, b := asked(t, 0, append(c.known, c.asks)...)
			if d.Person != c.person || len(d.Review) > 0 != c.review {
				t.Errorf("%+v, want person %d, review %v\nknown: %+v", d, c.person, c.review, b.persons)
			}
			if c.person != 0 && (!strings.HasPrefix(d.Reason, "much agrees: ") || d.Score < threshold(0)) {
				t.Errorf("reason %q with score %v", d.Reason, d.Score)
			}
		})
	}
}

// TestMerging holds which persons one inquiry makes one.
func TestMerging(t *testing.T) {
	t.Parallel()
	byMail, byPhone := form("Ana Belo", "mail ana@example.org"), form("", mobile)
	both := form("Ana Belo", "mail ana@example.org", mobile)
	many := []lead.Inquiry{}
	for i := range maxValues + 1 {
		many = append(many, form("Ana Belo", "chat 7", fmt.Sprintf("mail ana%c@example.org", 'a'+i)))
	}
	for name, c := range map[string]struct {
		forms []lead.Inquiry
		want  string // persons, the first is who the last inquiry is from
	}{
		"two values of one":                      {[]lead.Inquiry{byMail, byPhone, both}, "1 2"},
		"two names":                              {[]lead.Inquiry{byMail, form("Igor Petrov", mobile), both}, "1"},
		"two customers":                          {[]lead.Inquiry{form("", "customer 7", "mail ana@example.org"), form("", "customer 8", mobile), form("", "mail ana@example.org", mobile)}, "1"},
		"two customers of one messenger":         {[]lead.Inquiry{form("", "customer 7", "mail ana@example.org"), form("", "chat 8", mobile), form("", "mail ana@example.org", mobile)}, "1 2"},
		"a shared number":                        {[]lead.Inquiry{form("Igor Petrov", mobile), form("Omar Haddad", mobile), byMail, both}, "3"},
		"a conversation of nobody":               {[]lead.Inquiry{byMail, form("", "thread t"), form("Ana Belo", "mail ana@example.org", "thread t")}, "1 2"},
		"a conversation of somebody":             {[]lead.Inquiry{byMail, form("Igor Petrov", "mail igor@example.net", "thread t"), form("Ana Belo", "mail ana@example.org", "thread t")}, "1"},
		"a browser of nobody":                    {[]lead.Inquiry{byMail, form("", "visitor v"), form("Ana Belo", "mail ana@example.org", "visitor v")}, "1 2"},
		"a browser of somebody":                  {[]lead.Inquiry{byMail, form("Igor Petrov", "mail igor@example.net", "visitor v"), form("Ana Belo", "mail ana@example.org", "visitor v")}, "1"},
		"too many addresses":                     {append(slices.Clip(many), byPhone, form("", "chat 7", mobile)), "1"},
		"much alike beside a value":              {[]lead.Inquiry{form("Ana Belo", "mail ana@example.org"), form("Ana Belo", "chat 7", born, home, lyon, p69003), form("Ana Belo", "mail ana@example.org", born, home, lyon, p69003)}, "1 2"},
		"a family's other member beside a value": {[]lead.Inquiry{form("Ana Belo", "mail ana@example.org"), form("Igor Belo", born, home, lyon, p69003), form("Ana Belo", "mail ana@example.org", born, home, lyon, p69003)}, "1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, b := asked(t, 0, c.forms...)
			if got := strings.Trim(fmt.Sprint(append([]int64{d.Person}, d.Merge...)), "[]"); got != c.want {
				t.Errorf("%s, want %s: %+v\nknown: %+v", got, c.want, d, b.persons)
			}
		})
	}
}

// TestColleague holds that who only resembles a colleague does not take their mail
// out of the conversation.
func TestColleague(t *testing.T) {
	t.Parallel()
	for name, known := range map[string]lead.Inquiry{"nobody else": form("", "chat 9"), "a namesake": form("Igor Petrov", "mail petrov@example.com", "born 1970-01-02", "street 3 quai Sud", "city Lille")} {
		d, b := asked(t, 0, form("Ana Belo", "mail ana@example.org", "thread t"), known, form("Igor", "mail igor@example.net", "thread t"))
		if d.Person != 1 || !d.Foreign {
			t.Errorf("%s: %+v, want the conversation of person 1\nknown: %+v", name, d, b.persons)
		}
	}
}

// TestNotTheSame holds that what a human said is never overruled.
func TestNotTheSame(t *testing.T) {
	t.Parallel()
	b := newBook()
	for _, q := range []lead.Inquiry{form("Ana Belo", "mail ana@example.org"), form("Ana Belo", mobile)} {
		b.take(b.question(q, day0))
	}
	b.differ = func(x, y int64) bool { return x+y == 3 }
	d := b.ask(b.question(form("Ana Belo", "mail ana@example.org", mobile), day0))
	if d.Person != 1 || len(d.Merge) > 0 || len(d.Review) > 0 {
		t.Errorf("%+v, want person 1 and nothing else", d)
	}
}

// TestChain holds that those who resemble the same third person are no one person
// when nothing makes them one.
func TestChain(t *testing.T) {
	t.Parallel()
	b := newBook()
	a := form("Ana Belo", "chat 1", born, "street 3 quai Sud", "city Lille", "postcode 59000")
	c := form("Ana Belo", "chat 2", "born 1970-01-02", home, lyon, p69003)
	b.take(b.question(a, day0))
	b.take(b.question(c, day0))
	if len(b.persons) != 2 {
		t.Fatalf("known: %+v", b.persons)
	}
	between := form("Ana Belo", born, home, lyon, p69003) // the birth date of one and the home of the other
	if d := b.ask(b.question(between, day0)); len(d.Merge) > 0 {
		t.Errorf("%+v: merges what only a third one holds together", d)
	}
	apart := form("Ana", "born 1985-03-12", home, lyon, p69003) // could be either of two who cannot be one
	b = newBook()
	b.take(b.question(form("Ana Belo", "chat 1", born, home, lyon, p69003, mobile, "mail ana@example.org"), day0))
	b.persons = append(b.persons, lead.Person{ID: 2, Name: lead.Name{Given: "Ana"}, Holds: []string{"chat:bot"},
		Profiles: []lead.Profile{b.question(form("Ana", home, lyon, p69003, "call +33698765432", "mail zoe@example.net"), day0).Profile}})
	if d := b.ask(b.question(apart, day0)); len(d.Merge) > 0 {
		t.Errorf("%+v: merges two who are apart", d)
	}
}

// TestUnreliableNames holds when another given name does not mean another person.
func TestUnreliableNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		n    lead.NameCount
		want bool
	}{{lead.NameCount{}, false}, {lead.NameCount{Replaced: 4}, false}, {lead.NameCount{Replaced: 5}, true}, {lead.NameCount{Kept: 240, Replaced: 10}, true}, {lead.NameCount{Kept: 241, Replaced: 10}, false}} {
		if (&Question{Import: true, Names: c.n}).unreliable() != c.want {
			t.Errorf("%+v: %v, want %v", c.n, !c.want, c.want)
		}
	}
	b := newBook()
	b.take(b.question(form("Ana Belo", mobile, home, lyon, p69003), day0))
	other := form("Igor Petrov", mobile, home, lyon, p69003)
	if d := b.ask(b.question(other, day0)); d.Person != 0 {
		t.Errorf("%+v, want nobody: names say that they are two", d)
	}
	b.names = lead.NameCount{Kept: 50, Replaced: 50}
	if d := b.ask(b.question(other, day0)); d.Person != 0 {
		t.Errorf("%+v, want nobody: what anybody can post is taken at its word", d)
	}
	imported := b.question(other, day0)
	imported.Import = true
	if d := b.ask(imported); d.Person != 1 {
		t.Errorf("%+v, want person 1: names say nothing here", d)
	}
}

// TestCountingNames holds what is learned of names on the way.
func TestCountingNames(t *testing.T) {
	t.Parallel()
	ana := form("Ana Belo", born, home, lyon, p69003)
	for name, c := range map[string]struct {
		asks lead.Inquiry
		want lead.NameCount
	}{
		"kept":                       {ana, lead.NameCount{Kept: 1}},
		"replaced":                   {form("Ana Petrov", born, home, lyon, p69003), lead.NameCount{Replaced: 1}},
		"a family's other member":    {form("Igor Belo", born, home, lyon, p69003), lead.NameCount{}},
		"no value of one's own":      {form("Ana Petrov", home, lyon, p69003), lead.NameCount{}},
		"another home":               {form("Ana Petrov", born, "street 3 quai Sud", "city Lille", "postcode 59000"), lead.NameCount{}},
		"no family name":             {form("Ana", born, home, lyon, p69003), lead.NameCount{}},
		"names in the other order":   {form("Belo Ana", born, home, lyon, p69003), lead.NameCount{}},
		"somebody else's whole name": {form("Igor Petrov", born, home, lyon, p69003), lead.NameCount{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBook()
			b.take(b.question(ana, day0))
			q := b.question(c.asks, day0)
			q.Import = true
			d := b.ask(q)
			if diff := cmp.Diff(c.want, d.Names); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestArea holds that a home says the less the more people live there, and a name
// the less the more people bear it.
func TestArea(t *testing.T) {
	t.Parallel()
	b := newBook()
	b.take(b.question(form("Ana Belo", born, lyon, p69003), day0))
	ask := func(area Shares, namesakes int) lead.Decision {
		q := b.question(form("Ana Belo", lyon, p69003, mobile), day0)
		q.Area, q.Namesakes = area, namesakes
		return b.ask(q)
	}
	score := func(d lead.Decision) float64 {
		if d.Person != 0 {
			return d.Score
		}
		if len(d.Review) == 0 {
			return 0
		}
		return d.Review[0].Score
	}
	far := score(ask(Shares{Postcode: 1, City: 1, All: 10_000}, 1))
	if near := score(ask(Shares{Postcode: 9_000, City: 9_500, All: 10_000}, 1)); near >= far {
		t.Errorf("%v bits where everybody lives, %v where few do", near, far)
	}
	if common := score(ask(Shares{Postcode: 1, City: 1, All: 10_000}, 64)); common >= far {
		t.Errorf("%v bits for a name of many, %v for a rare one", common, far)
	}
	w := standard()
	if got := w.in(Shares{}); got.postcode[other] != w.postcode[other] || got.city[other] != w.city[other] {
		t.Error("another home says less in a known area")
	}
	if w.among(1).namesakes != 0 || w.among(0).namesakes != 0 || w.among(8).namesakes != 3 {
		t.Errorf("namesakes take %v, %v, %v bits", w.among(0).namesakes, w.among(1).namesakes, w.among(8).namesakes)
	}
}

func TestThreshold(t *testing.T) {
	t.Parallel()
	last := threshold(0)
	if last < 16 || last > 17 {
		t.Errorf("a small book asks for %v bits", last)
	}
	for _, n := range []int64{1, 10_000, 20_000, 1_000_000, 1 << 40} {
		if now := threshold(n); now < last {
			t.Errorf("%d people: %v bits, fewer ask for %v", n, now, last)
		} else {
			last = now
		}
	}
	if d := threshold(2_000_000) - threshold(1_000_000); d < 0.99 || d > 1.01 {
		t.Errorf("twice as many people ask for %v bits more, want 1", d)
	}
}
