package storetest

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"leadgate/lead"
	"leadgate/store"
)

// Whoever writes where, in whatever batches: no lead holds two people, all that
// came with one value is in one lead, and what is counted is what is there.
func testIdentityLaws(t *testing.T, b *bench) {
	round := 0
	checkSample(t, func(r *rapid.T) {
		round++
		checkRound(t, b, r, round)
	})
}

// world is what a round of testIdentityLaws has said so far.
type world struct {
	round  int
	values map[string][]string // value → keys of the inquiries that came with it
	who    map[string]int      // key of an inquiry → who wrote it
}

func checkRound(t *testing.T, b *bench, r *rapid.T, round int) {
	w := world{round: round, values: map[string][]string{}, who: map[string]int{}}
	first := int64(0) // of the leads of this round
	if newest := b.newest(t, 1); len(newest) > 0 {
		first = newest[0].Number
	}
	var batch []store.Item
	for i := range rapid.IntRange(1, 12).Draw(r, "inquiries") {
		q := w.inquiry(r, i)
		batch = append(batch, b.item(q.Key, q))
		if rapid.Bool().Draw(r, "commit") {
			b.apply(t, batch...)
			batch = nil
			b.now = b.now.Add(time.Minute)
		}
	}
	if len(batch) > 0 {
		b.apply(t, batch...)
	}
	leadOf := map[string]lead.ID{}
	people := map[lead.ID]int{}
	touches := 0
	for _, l := range b.newest(t, 20) {
		if l.Number <= first {
			break
		}
		mine := 0
		for _, touch := range b.touches(t, l.ID) {
			mine++
			who, ok := w.who[touch.Key]
			if !ok {
				continue
			}
			leadOf[touch.Key] = l.ID
			if other, ok := people[l.ID]; ok && other != who {
				r.Fatalf("lead %d holds persons %d and %d", l.Number, other, who)
			}
			people[l.ID] = who
			touches++
		}
		if mine != l.Touches {
			r.Fatalf("lead %d counts %d touches and has %d", l.Number, l.Touches, mine)
		}
	}
	if touches != len(w.who) {
		r.Fatalf("%d touches of %d inquiries", touches, len(w.who))
	}
	for value, keys := range w.values {
		for _, k := range keys {
			if leadOf[k] != leadOf[keys[0]] {
				r.Fatalf("%s is in lead %v and in lead %v", value, leadOf[keys[0]], leadOf[k])
			}
		}
	}
}

// newest returns the n newest leads.
func (b *bench) newest(t *testing.T, n int) []lead.Lead {
	t.Helper()
	l, _, err := b.List(b.ctx, store.Query{Page: store.Page{Limit: n}})
	if err != nil {
		t.Fatalf("List: %v", err)
	}
	return l
}

// inquiry draws one of four people with some of their values, alone, in a
// conversation of their own, or in a group where everybody has an id.
func (w *world) inquiry(r *rapid.T, i int) lead.Inquiry {
	names := []string{"Ana Belo", "Igor Petrov", "Omar Haddad", "Mei Tanaka"}
	n := rapid.IntRange(0, len(names)-1).Draw(r, "who")
	thread := rapid.SampledFrom([]string{"", "own", "group"}).Draw(r, "thread")
	all := []lead.Identity{user(key("%d-%d", w.round, n)), mail(key("p%d.%d@example.org", w.round, n)), call(key("+3361%d%06d", n, w.round))}
	q := said("", names[n], key("text %d", i))
	for j, id := range all {
		if rapid.Bool().Draw(r, "value") || j == 0 && thread == "group" {
			q.Identities = append(q.Identities, id)
		}
	}
	if len(q.Identities) == 0 {
		q.Identities = all[1:2]
	}
	if q.Identities[0].Kind == "tg_user" && rapid.Bool().Draw(r, "nameless") {
		q.Name = lead.Name{}
	}
	switch thread {
	case "own":
		q.Thread = key("own-%d-%d", w.round, n)
	case "group":
		q.Thread = key("group-%d", w.round)
	}
	q.Key = key("r%d-%d", w.round, i)
	w.who[q.Key] = n
	for _, id := range q.Identities {
		w.values[id.Value] = append(w.values[id.Value], q.Key)
	}
	return q
}
