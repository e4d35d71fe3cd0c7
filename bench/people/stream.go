package people

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"time"
)

// Streams need dice that no other use of a seed has.
const (
	streamDice  = 1
	recordsDice = 2
	pairsDice   = 3
	townDice    = 4
	crowdDice   = 5
)

// event is one time that somebody asks.
type event struct {
	at      time.Time
	person  *person
	channel string
	tablet  string // visitor id of a device that is not theirs
	order   int    // in which it was thought of
}

// Stream makes n inquiries of a year, in order of time, that come to a business
// in a region: US, GB, AU, DE, ES, FR or UA.
func Stream(seed uint64, n int, region string) (*Set, error) {
	w, err := newWorld(seed, streamDice, region)
	if err != nil {
		return nil, err
	}
	var events []event
	for len(events) < n {
		for _, p := range w.settle() {
			events = w.asks(events, p)
		}
	}
	events = w.tablets(events)
	for i := range events {
		events[i].order = i
	}
	slices.SortFunc(events, func(a, b event) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.order, b.order)) })
	s := &Set{Columns: Columns(), people: map[string]ties{}}
	s.write(w, events, n)
	for _, p := range w.all {
		s.people[p.key()] = p.ties
	}
	return s, nil
}

// asks adds the times somebody asks. Half of the people ask once.
func (w *world) asks(events []event, p *person) []event {
	end := w.start.Add(year)
	from := w.start
	if !p.from.IsZero() {
		from = p.from
	}
	span := end.Sub(from)
	if !p.change.IsZero() {
		span = p.change.Sub(from)
	}
	t := from.Add(time.Duration(w.Float64() * float64(span)))
	n := 1
	for n < 12 && w.chance(0.52) {
		n++
	}
	if (p.apart || !p.change.IsZero()) && n < 2 {
		n = 2
	}
	for range n {
		if t.After(end) {
			break
		}
		events = append(events, event{at: t, person: p, channel: w.channel(p)})
		gap := w.wait(45 * 24 * time.Hour)
		if w.chance(0.25) {
			gap = time.Minute + w.wait(2*time.Hour)
		}
		t = t.Add(gap)
	}
	return events
}

// channel picks the way of one inquiry.
func (w *world) channel(p *person) string {
	switch {
	case p.apart:
		return pick(w.dice, []string{"form", "form", "ad", "import"})
	case p.portal && w.chance(0.6):
		return pick(w.dice, []string{"portal", "portal", "portal ad"})
	}
	return p.channels.draw(w.dice)
}

// tablets lets some people ask once more on a device in a shop or at a fair,
// one after the other within minutes.
func (w *world) tablets(events []event) []event {
	var alone []*person
	for _, p := range w.all {
		if p.household == 0 && p.office == 0 && p.recycled == 0 && !p.apart {
			alone = append(alone, p)
		}
	}
	w.Shuffle(len(alone), func(i, j int) { alone[i], alone[j] = alone[j], alone[i] })
	for left := len(alone) / 20; left > 0 && len(alone) > 0; {
		n := min(w.between(6, 25), len(alone))
		id, visitor := w.group(), "t-"+w.hex(16)
		t := w.start.Add(time.Duration(w.Float64() * float64(year-24*time.Hour)))
		for _, p := range alone[:n] {
			p.tablet = id
			events = append(events, event{at: t, person: p, channel: "form", tablet: visitor})
			t = t.Add(time.Minute + w.wait(6*time.Minute))
		}
		alone, left = alone[n:], left-n
	}
	return events
}

// write writes the first n inquiries, those that come twice included.
func (s *Set) write(w *world, events []event, n int) {
	type row struct {
		at    time.Time
		order int
		Record
		Label
	}
	rows := make([]*row, 0, len(events)+len(events)/20)
	add := func(at time.Time, r Record, l Label) {
		r[At] = at.UTC().Format(time.RFC3339)
		rows = append(rows, &row{at, len(rows), r, l})
	}
	for _, e := range events {
		q := w.inquiry(e)
		at := e.at.Truncate(time.Second)
		add(at, q.Record, q.Label)
		if late, why := w.again(e, q); why != "" {
			q.Noise = append(slices.Clone(q.Noise), why)
			add(at.Add(late), q.Record, q.Label)
		}
	}
	slices.SortFunc(rows, func(a, b *row) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.order, b.order)) })
	for i, r := range rows[:min(n, len(rows))] {
		r.Record[ID] = fmt.Sprintf("r%06d", i+1)
		s.Records, s.Labels = append(s.Records, r.Record), append(s.Labels, r.Label)
	}
}

// again says whether and how much later an inquiry comes a second time, and why.
// One that tells nothing about its sender comes again at once only: nobody could
// know it later.
func (w *world) again(e event, q *draft) (late time.Duration, why string) {
	mute := len(q.Keys) == 0
	switch {
	case e.channel == "form" && w.chance(0.02):
		return time.Duration(w.between(0, 8)) * time.Second, "double click"
	case mute || e.channel == "import" || !w.chance(0.025):
		return 0, ""
	case w.chance(0.6):
		return time.Duration(w.between(1, 300)) * time.Second, "redelivery"
	case w.chance(0.5):
		return time.Duration(w.between(1, 20)) * time.Hour, "redelivery"
	}
	return time.Duration(w.between(2, 20)) * 24 * time.Hour, "redelivery"
}

// Crowd gives one inquiry of each of people who come to a business in a region,
// without end: whoever lives or works together comes one after the other, and nobody
// twice. A seed that was a Stream's makes other people here.
func Crowd(seed uint64, region string) (iter.Seq[Record], error) {
	if _, err := newWorld(seed, crowdDice, region); err != nil {
		return nil, err
	}
	return func(yield func(Record) bool) {
		w, err := newWorld(seed, crowdDice, region)
		for n := 0; err == nil; {
			for _, p := range w.settle() {
				at := w.start.Add(time.Duration(w.Float64() * float64(year))).Truncate(time.Second)
				q := w.inquiry(event{at: at, person: p, channel: w.channel(p)})
				n++
				q.Record[ID], q.Record[At] = fmt.Sprintf("c%07d", n), at.Format(time.RFC3339)
				if !yield(q.Record) {
					return
				}
			}
		}
	}, nil
}
