package storetest

import (
	"crypto/sha256"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"leadgate/lead"
	"leadgate/lead/normal"
	"leadgate/store"
)

// at is an inquiry of somebody who tells where they live and when they were born.
func at(name, email, phone, born, street, city, postcode string) lead.Inquiry {
	q := from(name, email, phone, "")
	q.BirthDate = born
	if street+city+postcode != "" {
		q.Address = &lead.Address{Street: street, City: city, Postcode: postcode}
	}
	return q
}

// Who brings no known value is known by what they tell, a slip in every part or
// not, in one batch or another; and the reason says so, with its score.
func testResemblance(t *testing.T, b *bench) {
	first := b.post(t, "1", at("Charlotte Schmidt", "ch@example.org", "", "1985-03-12", "12 rue des Lilas", "Lyon", "69003"))
	for i, q := range []lead.Inquiry{
		at("Charlotte Schmidt", "", "", "1985-03-12", "12 rue des Lilas", "Lyon", "69003"),
		at("Charlote Schmitd", "", "", "1985-03-13", "12 rue des Lillas", "Lyonn", "69004"),
		at("Schmidt Charlotte", "", "+33612345678", "1985-03-12", "12, rue des Lilas", "LYON", "69003"),
	} {
		o := b.post(t, key("like-%d", i), q)
		wantLead(t, q.Name.Display, o, first.Lead)
		touch := b.one(t, first.Lead, key("like-%d", i))
		if !strings.HasPrefix(o.Reason, "much agrees: ") || o.Score < 16 || touch.Reason != o.Reason {
			t.Errorf("%s: %q with score %v, the touch says %q", q.Name.Display, o.Reason, o.Score, touch.Reason)
		}
	}
	wantLead(t, "a number that only one who resembles told", b.post(t, "number", from("", "", "+33612345678", "hello")), first.Lead)
	for i, q := range []lead.Inquiry{
		at("Igor Schmidt", "", "", "1988-11-30", "12 rue des Lilas", "Lyon", "69003"),
		at("Igor Petrov", "", "", "1970-01-02", "3 quai Sud", "Lille", "59000"),
	} {
		wantVerdict(t, b.post(t, key("other-%d", i), q), lead.Created)
	}
	wantCount(t, "leads", len(b.leads(t)), 3)
	var batch []store.Item
	for i, q := range []lead.Inquiry{at("Omar Haddad", "", "", "1999-09-09", "40 avenue Foch", "Nice", "06000"), at("Omar Hadad", "", "", "1999-09-09", "40 avenue Foch", "Nice", "06000")} {
		q.Key = key("batch-%d", i)
		batch = append(batch, b.item(q.Key, q))
	}
	r := b.apply(t, batch...)
	wantVerdict(t, r[0].Inquiries[0], lead.Created)
	wantLead(t, "the second of a batch", r[1].Inquiries[0], r[0].Lead)
}

// What an update tells later finds the person as well as it does at intake, and a
// merged person is found by what they told before.
func testResemblanceLater(t *testing.T, b *bench) {
	first := b.post(t, "1", at("Ana Belo", "ana@example.org", "", "1985-03-12", "12 rue des Lilas", "Lyon", "69003"))
	b.now = b.now.Add(time.Minute)
	bare := b.post(t, "2", from("Ana Belo", "", "+33612345678", "call me"))
	wantVerdict(t, bare, lead.Created)
	it := b.item("complete")
	it.Updates = []lead.Update{{About: "2", Event: "c", Scope: "src", Kind: lead.UpdateComplete, Patch: b.item("x", at("Ana Belo", "", "", "1985-03-12", "12 rue des Lilas", "Lyon", "69003")).Inquiries[0]}}
	b.apply(t, it)
	if got := b.lead(t, bare.Lead); got.ID != first.Lead {
		t.Fatalf("the lead whose address came later is %v, want the survivor %v", got.ID, first.Lead)
	}
	wantCount(t, "leads", len(b.leads(t)), 1)
	wantLead(t, "the number", b.post(t, "3", from("", "", "+33612345678", "again")), first.Lead)
	wantLead(t, "what the survivor told", b.post(t, "4", at("Anna Belo", "", "", "1985-03-12", "12 rue des Lilas", "Lyon", "69003")), first.Lead)

	mail := b.post(t, "5", from("Omar Haddad", "omar@example.com", "", "by mail"))
	b.now = b.now.Add(time.Minute)
	home := b.post(t, "6", at("Omar Haddad", "", "+33677889900", "1999-09-09", "40 avenue Foch", "Nice", "06000"))
	wantVerdict(t, home, lead.Created)
	wantLead(t, "both", b.post(t, "7", from("Omar Haddad", "omar@example.com", "+33677889900", "both")), mail.Lead)
	wantLead(t, "what the merged person told", b.post(t, "8", at("Omar Hadad", "", "", "1999-09-09", "40 avenue Foch", "Nice", "06000")), mail.Lead)
}

// A name and a home that very many have keep people apart, find each again by what
// is their own, and cost no more with every further one.
func testCrowdedBlocks(t *testing.T, b *bench) {
	const many = 130
	who := func(i int) lead.Inquiry {
		return at("Ana Belo", key("ana%d@example.org", i), "", key("%d-%02d-%02d", 1890+i, 1+i%12, 1+i%28), "", "Lyon", "69003")
	}
	var items []store.Item
	for i := range many {
		q := who(i)
		q.Key = key("k%d", i)
		items = append(items, b.item(q.Key, q))
	}
	ids := make([]lead.ID, many)
	for i := 0; i < many; i += 13 {
		for j, r := range b.apply(t, items[i:i+13]...) {
			ids[i+j] = r.Lead
		}
	}
	unique := slices.Clone(ids)
	slices.SortFunc(unique, func(x, y lead.ID) int { return slices.Compare(x[:], y[:]) })
	wantCount(t, "leads of as many people", len(slices.Compact(unique)), many)
	for _, i := range []int{0, 7, 8, 9, 99, 100, 101, many - 1} {
		q := who(i)
		q.Identities = nil
		wantLead(t, key("namesake %d by birth date and home", i), b.post(t, key("again-%d", i), q), ids[i])
	}
}

// What is counted of names and of where people live is there for the next batch.
func testCounted(t *testing.T, b *bench) {
	for i := range 12 {
		q := at("Ana "+surname(i), key("a%d@example.org", i), "", "", "", "Lyon", "69003")
		b.post(t, key("k%d", i), q)
	}
	plain := b.post(t, "plain", at("Igor Petrov", "igor@example.org", "", "1985-03-12", "", "Lyon", "69003"))
	same := b.post(t, "same", at("Igor Petrov", "", "", "1985-03-12", "", "Lyon", "69003"))
	rare := b.post(t, "rare", at("Omar Haddad", "omar@example.org", "", "1999-09-09", "", "Nice", "06000"))
	again := b.post(t, "again", at("Omar Haddad", "", "", "1999-09-09", "", "Nice", "06000"))
	wantLead(t, "in a town of many", same, plain.Lead)
	wantLead(t, "in a town of one", again, rare.Lead)
	if same.Score >= again.Score {
		t.Errorf("%v bits in a town of many, %v in one of few", same.Score, again.Score)
	}
}

// One person at once through a form, by phone, in a messenger and by mail, each of
// which shares a value with another: one person, one open lead, nothing lost.
func testChannelsAtOnce(t *testing.T, b *bench) {
	const address, number, id = "ana@example.org", "+33612345678", "7"
	form := from("Ana Belo", address, "", "form")
	phone := lead.Inquiry{Kind: lead.KindForm, Channel: "phone", Text: "call", Identities: []lead.Identity{call(number)}}
	chat := said("", "Ana Belo", "chat", user(id), call(number))
	post := said("", "Ana Belo", "mail", mail(address), user(id))
	ways := [...]lead.Inquiry{form, phone, chat, post}
	items := make([]store.Item, 64)
	for i := range items {
		q := ways[i%len(ways)]
		q.Identities = slices.Clone(q.Identities)
		q.Key = key("k%d", i)
		items[i] = b.item(q.Key, q)
	}
	parallel(t, func(i int) error {
		_, err := b.Apply(b.ctx, items[i:i+1])
		return err
	})
	wantCount(t, "leads", len(b.leads(t)), 1)
	wantCount(t, "touches", b.leads(t)[0].Touches, 64)
	all := from("", address, number, "")
	all.Identities = append(all.Identities, user(id))
	wantCount(t, "persons", len(b.persons(t, all)), 1)
}

// Whatever order the inquiries of some people come in, and however they are cut
// into batches: no lead holds two names that conflict or two customers, nothing
// gets lost, and hearing it all again changes nothing.
func testAnyOrder(t *testing.T, b *bench) {
	said := []lead.Inquiry{
		at("Ana Belo", "ana.belo@example.org", "+33612345678", "1985-03-12", "12 rue des Lilas", "Lyon", "69003"),
		at("Anna Belo", "", "+33142685300", "1985-03-12", "12 rue des Lilas", "Lyon", "69003"),
		at("Ana Bello", "ana.belo@example.org", "", "", "", "", ""),
		at("Igor Belo", "", "+33142685300", "1982-11-30", "12 rue des Lilas", "Lyon", "69003"),
		at("Igor Belo", "igor@example.net", "", "", "12 rue des Lilas", "Lyon", "69003"),
		at("", "", "+33142685300", "", "", "", ""),
		at("Igor", "", "+33142685300", "", "", "", ""),
		at("Charlotte Schmidt", "", "+33142685300", "1990-07-21", "8 place Ney", "Lyon", "69003"),
		at("Omar Haddad", "ana.belo@example.org", "", "1999-09-09", "40 avenue Foch", "Nice", "06000"),
		at("Ana Belo", "belo77@example.net", "+33698765432", "1970-05-02", "3 quai Sud", "Lille", "59000"),
		at("Belo Ana", "", "+33698765432", "", "3 quai Sud", "Lille", ""),
	}
	for i, id := range map[int]string{0: "A7", 3: "B8", 9: "C9"} {
		said[i].Identities = append(said[i].Identities, lead.Identity{Kind: lead.IdentityCustomer, Value: id})
	}
	round := 0
	checkSample(t, func(r *rapid.T) {
		s := newRound(b, said, &round)
		s.play(t, r)
		s.check(t, r)
		before := s.outcome(t)
		for _, it := range s.items {
			it.Replay = false
			b.apply(t, it)
		}
		if after := s.outcome(t); !slices.Equal(before, after) {
			r.Fatalf("after the same again %v, before %v", after, before)
		}
	})
}

// peopleRound is one playing of testAnyOrder: the same inquiries, of people that
// earlier rounds do not know.
type peopleRound struct {
	*bench
	first int64 // the number of the last lead before
	items []store.Item
	says  map[string]lead.Inquiry
}

func newRound(b *bench, said []lead.Inquiry, round *int) *peopleRound {
	*round++
	s := &peopleRound{bench: b, says: map[string]lead.Inquiry{}}
	sum := sha256.Sum256([]byte(key("round %d", *round))) // so that nobody resembles those of another round
	digits, letters := "", ""
	for _, c := range sum[:6] {
		digits += string(rune('0' + c%10))
		letters += string("bdfgklmnprstvz"[c%14]) + string("aeiou"[c%5])
	}
	moved := func(v string) string { // a value of this round only
		if strings.HasPrefix(v, "+33") {
			return v[:4] + digits + v[10:]
		}
		return letters + v
	}
	for i, q := range said {
		ids := slices.Clone(q.Identities)
		for j := range ids {
			ids[j].Value = moved(ids[j].Value)
		}
		q.Identities = ids
		if q.Address != nil {
			a := *q.Address
			number, _, _ := strings.Cut(a.Street, " ")
			a.Street, a.City, a.Postcode = number+" rue "+letters, a.City+letters, ""
			q.Address = &a
		}
		if q.BirthDate != "" {
			q.BirthDate = key("%d", 1900+int(sum[7])%100) + q.BirthDate[4:]
		}
		q.Name.Display = strings.NewReplacer("Bello", letters+"bello", "Belo", letters+"belo", "Schmidt", letters+"schmidt", "Haddad", letters+"haddad").Replace(q.Name.Display)
		q.Key = key("r%d-%d", *round, i)
		it := s.item(q.Key, q)
		s.items = append(s.items, it)
		s.says[q.Key] = it.Inquiries[0]
	}
	return s
}

func (s *peopleRound) play(t *testing.T, r *rapid.T) {
	if newest := s.newest(t, 1); len(newest) > 0 {
		s.first = newest[0].Number
	}
	var batch []store.Item
	for _, it := range rapid.Permutation(s.items).Draw(r, "order") {
		batch = append(batch, it)
		if rapid.Bool().Draw(r, "commit") {
			s.apply(t, batch...)
			batch = nil
			s.now = s.now.Add(time.Minute)
		}
	}
	if len(batch) > 0 {
		s.apply(t, batch...)
	}
}

func (s *peopleRound) check(t *testing.T, r *rapid.T) {
	seen := 0
	for _, l := range s.newest(t, len(s.items)) {
		if l.Number <= s.first {
			break
		}
		var here []lead.Inquiry
		for _, touch := range s.touches(t, l.ID) {
			if q, ok := s.says[touch.Key]; ok {
				here = append(here, q)
			}
		}
		seen += len(here)
		for i, q := range here {
			for _, other := range here[:i] {
				if conflict, why := normal.NamesConflict(q.Name, other.Name); conflict {
					r.Fatalf("lead %d holds %q and %q: %s", l.Number, q.Name.Display, other.Name.Display, why)
				}
				if x, y := customer(q), customer(other); x != "" && y != "" && x != y {
					r.Fatalf("lead %d holds the customers %s and %s", l.Number, x, y)
				}
			}
		}
	}
	if seen != len(s.items) {
		r.Fatalf("%d of %d inquiries are in a lead", seen, len(s.items))
	}
}

// outcome is what is kept of the round: its leads with their touches.
func (s *peopleRound) outcome(t *testing.T) []string {
	var out []string
	for _, l := range s.newest(t, len(s.items)) {
		if l.Number > s.first {
			for _, touch := range s.touches(t, l.ID) {
				out = append(out, key("%d %s %s", l.Number, touch.Key, touch.Verdict))
			}
		}
	}
	return append(out, key("%d merges", len(s.merges(t))))
}

func customer(q lead.Inquiry) string {
	for _, id := range q.Identities {
		if id.Kind == lead.IdentityCustomer {
			return id.Value
		}
	}
	return ""
}
