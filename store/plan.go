package store

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"leadgate/dedupe"
	"leadgate/lead"
)

// Wanted is what must be loaded, under lock, before a batch can be decided.
type Wanted struct {
	Deliveries []lead.ID
	Inquiries  []lead.ID
	Keys       []string
}

// Want collects what a batch needs. Engines lock keys in the order given, which
// is sorted and free of repeats, so that batches cannot wait for each other in a circle.
func Want(items []Item) Wanted {
	var w Wanted
	for i := range items {
		it := &items[i]
		w.Deliveries = append(w.Deliveries, it.Delivery.ID)
		for n := range it.Inquiries {
			q := &it.Inquiries[n]
			w.Inquiries = append(w.Inquiries, inquiryID(it, n))
			w.Keys = append(w.Keys, KeysOf(q)...)
		}
		for _, u := range it.Updates {
			w.Inquiries = append(w.Inquiries, lead.DeriveID(u.Scope, u.About))
			w.Keys = append(w.Keys, KeysOf(&u.Patch)...)
		}
	}
	byBytes := func(a, b lead.ID) int { return slices.Compare(a[:], b[:]) }
	slices.SortFunc(w.Deliveries, byBytes)
	slices.SortFunc(w.Inquiries, byBytes)
	slices.Sort(w.Keys)
	w.Deliveries, w.Inquiries, w.Keys = slices.Compact(w.Deliveries), slices.Compact(w.Inquiries), slices.Compact(w.Keys)
	return w
}

// KeysOf returns the keys an inquiry's persons are looked up by.
func KeysOf(q *lead.Inquiry) []string {
	var out []string
	for _, k := range dedupe.Keys(q) {
		out = append(out, k.Value)
	}
	return out
}

// inquiryKey returns the key of an inquiry, which is its place in its delivery
// when the provider gives it no name.
func inquiryKey(it *Item, n int) string {
	if k := it.Inquiries[n].Key; k != "" {
		return k
	}
	return fmt.Sprintf("%s#%d", it.Delivery.ID, n)
}

func inquiryID(it *Item, n int) lead.ID {
	return lead.DeriveID(it.Inquiries[n].Scope, inquiryKey(it, n))
}

// Snapshot is what an engine loaded for a batch. Plan changes it as it decides,
// so that later items of a batch see what earlier ones did.
type Snapshot struct {
	Known     map[lead.ID]bool
	Inquiries map[lead.ID]*InquiryState
	Holders   map[string][]*Holder   // by key; persons resolved to their survivors
	Persons   map[int64]*PersonState // standing persons that hold any of the keys, and those of known inquiries
	Leads     map[int64]*LeadState   // their open leads, and the standing leads of known inquiries
	Stages    []lead.Stage
	// NextPerson and NextLead hand out numbers that were never used.
	NextPerson, NextLead func() int64
}

// Holder is one person holding one key.
type Holder struct {
	Key    string
	Person int64
	Heard  time.Time
	Drop   bool // to be removed: a conversation that left quarantine
	state
}

// PersonState is a person and the number of their open lead, 0 for none.
type PersonState struct {
	lead.Person
	OpenLead int64
	Leads    int // how many leads they ever had
	state
}

// LeadState is a lead with what was said on it lately.
type LeadState struct {
	lead.Lead
	Recent map[uint64]time.Time // content hash → when, of the last seconds
	state
}

// InquiryState is an inquiry with all its rows. An inquiry with one row keeps it
// in its touch; only further ones are rows of their own.
type InquiryState struct {
	ID      lead.ID
	Key     string
	Lead    int64 // 0 in quarantine, or while only updates are there
	Person  int64
	Touch   lead.Touch
	Waiting bool // only updates are there yet
	Reason  string
	Content uint64
	Rows    []lead.Row
	stored  int // how many of Rows the engine has as rows of their own
	state
}

// Stored tells the inquiry that all its further rows are loaded. One without any
// has a single row: its touch.
func (st *InquiryState) Stored() {
	st.stored = len(st.Rows)
	if len(st.Rows) == 0 {
		st.Rows = []lead.Row{lead.InquiryRow(st.Touch.Inquiry, st.Touch.DeliveryID)}
	}
}

// Unstored returns the rows an engine must add: none while the touch says it all.
func (st *InquiryState) Unstored() []lead.Row {
	if len(st.Rows) == 1 && !st.Waiting {
		return nil
	}
	return st.Rows[st.stored:]
}

// state says what must be written of an object.
type state struct{ New, Changed bool }

// Changes is what a batch comes to. An engine writes it as it stands.
type Changes struct {
	Snapshot   *Snapshot
	Deliveries []DeliveryRow
	Entries    []EntryRow
	Merges     []MergeRow
	Reviews    []ReviewRow
	Jobs       []Job
	Counts     map[string]int64     // by counter name, differences
	Last       map[string]time.Time // by source
}

// DeliveryRow is a delivery with its outcome.
type DeliveryRow struct {
	Item    *Item
	Receipt Receipt
	Reason  string // why it is parked; "" when it is not
	Again   bool   // the row is there; only its outcome changes
}

// EntryRow is a line of a lead's timeline.
type EntryRow struct {
	Lead int64
	lead.Entry
}

// MergeRow is what undoing a merge needs.
type MergeRow struct {
	At                        time.Time
	Person, Into              int64
	Lead, LeadInto, MovedLead int64 // the lead merged into another; or the one that only changed its person
	Reason                    string
}

// ReviewRow is a pair of persons for a human to decide.
type ReviewRow struct {
	At     time.Time
	A, B   int64
	Reason string
}

// Names of counters.
const (
	CountLeads   = "leads."   // + status
	CountVerdict = "verdict." // + verdict
	CountLast    = "last."    // + source: the time of its newest delivery, not a count
	CountParked  = "parked"
	CountHeld    = "quarantine"
	CountTaken   = "deliveries"
)

// Count adds to a counter.
func (c *Changes) Count(name string, n int64) { c.Counts[name] += n }

// sameContent is how long equal words of one person without a key are one inquiry.
const sameContent = 10 * time.Second

// Plan decides what a batch changes. It is the same for every engine and touches
// nothing but the snapshot. now is the time of the transaction.
func Plan(s *Snapshot, items []Item, now time.Time) (*Changes, []Receipt) {
	p := planner{s: s, now: now, c: &Changes{Snapshot: s, Counts: map[string]int64{}, Last: map[string]time.Time{}}}
	receipts := make([]Receipt, len(items))
	for i := range items {
		receipts[i] = p.item(&items[i])
	}
	if len(p.touched) > 0 {
		slices.Sort(p.touched)
		p.c.Jobs = append(p.c.Jobs, IndexJob(slices.Compact(p.touched)))
	}
	return p.c, receipts
}

// JobIndex is the kind of the job that brings leads into the search index.
const JobIndex = "index"

// IndexJob makes the job for some leads.
func IndexJob(numbers []int64) Job {
	payload := make([]byte, 0, 8*len(numbers))
	for _, n := range numbers {
		payload = binary.AppendVarint(payload, n)
	}
	return Job{Kind: JobIndex, Payload: payload}
}

// IndexNumbers reads the payload of an index job.
func IndexNumbers(payload []byte) []int64 {
	var out []int64
	for len(payload) > 0 {
		n, size := binary.Varint(payload)
		if size <= 0 {
			break
		}
		out, payload = append(out, n), payload[size:]
	}
	return out
}

type planner struct {
	s       *Snapshot
	c       *Changes
	now     time.Time
	touched []int64 // leads to be indexed
}

func (p *planner) item(it *Item) Receipt {
	r := Receipt{ID: it.Delivery.ID, State: StateStored, Inquiries: []Outcome{}}
	if p.s.Known[it.Delivery.ID] && !it.Replay {
		r.Verdict = lead.Duplicate
		return r
	}
	for n := range it.Inquiries {
		o := p.inquiry(it, n)
		p.c.Count(CountVerdict+string(o.Verdict), 1)
		r.Inquiries = append(r.Inquiries, o)
	}
	for _, u := range it.Updates {
		r.Inquiries = append(r.Inquiries, p.update(it, u))
	}
	for _, f := range it.Failures {
		r.Inquiries = append(r.Inquiries, Outcome{Key: f.Key, Verdict: lead.Parked, Reason: f.Reason})
	}
	r.summarise()
	row := DeliveryRow{Item: it, Receipt: r, Again: p.s.Known[it.Delivery.ID]}
	if len(it.Failures) > 0 {
		row.Reason = fmt.Sprintf("%d of its items: %s", len(it.Failures), it.Failures[0].Reason)
	}
	p.s.Known[it.Delivery.ID] = true
	p.c.Deliveries = append(p.c.Deliveries, row)
	if at := it.Delivery.At; at.After(p.c.Last[it.Delivery.Source]) {
		p.c.Last[it.Delivery.Source] = at
	}
	return r
}

// summarise gives the receipt the verdict that matters most to the sender.
func (r *Receipt) summarise() {
	order := []lead.Verdict{lead.Parked, lead.Created, lead.Attached, lead.Updated, lead.Quarantined, lead.Duplicate, lead.Ignored}
	r.Verdict = lead.Ignored
	best := len(order)
	for _, o := range r.Inquiries {
		if i := slices.Index(order, o.Verdict); i >= 0 && i < best {
			best, r.Verdict = i, o.Verdict
		}
		if r.Lead.IsZero() {
			r.Lead = o.Lead
		}
	}
}

// inquiry places one inquiry of a delivery.
func (p *planner) inquiry(it *Item, n int) Outcome {
	q := it.Inquiries[n]
	id := inquiryID(it, n)
	row := lead.InquiryRow(q, it.Delivery.ID)
	if st := p.s.Inquiries[id]; st != nil {
		return p.addRow(st, row)
	}
	st := &InquiryState{ID: id, Key: inquiryKey(it, n), Rows: []lead.Row{row}, state: state{New: true}}
	st.Content = contentHash(&q)
	st.Touch, _ = lead.Fold(st.Rows)
	o := p.place(st, q.Key == "")
	p.s.Inquiries[id] = st
	if o.Verdict == lead.Duplicate {
		delete(p.s.Inquiries, id)
	}
	return o
}

// place finds the lead of a new inquiry. keyless says that the sender gave no
// name to it, so that equal words within seconds are taken as a double click.
func (p *planner) place(st *InquiryState, keyless bool) Outcome {
	q := &st.Touch.Inquiry
	keys := dedupe.Keys(q)
	if p.held(q, keys) {
		q.Lane, q.Reason = lead.LaneQuarantine, cmp.Or(q.Reason, "its conversation is in quarantine")
	}
	if q.Lane == lead.LaneTimeline && len(p.candidates(keys)) == 0 {
		q.Lane, q.Reason = lead.LaneQuarantine, cmp.Or(q.Reason, "belongs to a conversation, and none is known")
	}
	if q.Lane == lead.LaneQuarantine {
		return p.quarantine(st, keys)
	}
	d := dedupe.Decide(q, p.candidates(keys))
	person := p.person(d, q)
	l := p.s.Leads[person.OpenLead]
	if l != nil && keyless && p.again(l, st) {
		return Outcome{Key: st.Key, Verdict: lead.Duplicate, Lead: l.ID, Reason: "the same words within seconds"}
	}
	p.hold(keys, person, st.When())
	st.Person = person.ID
	if l == nil {
		l = p.open(person, st, len(keys) == 0)
		st.Touch.Verdict = lead.Created
	} else {
		st.Touch.Verdict = lead.Attached
	}
	st.Lead, st.Reason = l.Number, d.Reason
	p.join(l, st)
	for _, other := range d.Review {
		p.c.Reviews = append(p.c.Reviews, ReviewRow{At: p.now, A: min(other, person.ID), B: max(other, person.ID), Reason: d.Reason})
	}
	return Outcome{Key: st.Key, Verdict: st.Touch.Verdict, Lead: l.ID, Reason: d.Reason}
}

// When is the time an inquiry counts with.
func (st *InquiryState) When() time.Time {
	if at := st.Touch.At; !at.IsZero() {
		return at
	}
	return st.Touch.Received
}

// held reports whether the conversation of an inquiry is in quarantine.
func (p *planner) held(q *lead.Inquiry, keys []dedupe.Key) bool {
	if q.Lane == lead.LaneQuarantine || q.Thread == "" {
		return false
	}
	hs := p.s.Holders[keys[len(keys)-1].Value]
	return len(hs) == 1 && hs[0].Person == 0 && !hs[0].Drop
}

// quarantine keeps an inquiry out: no person, no identity, no lead. Only its
// conversation is remembered, with nobody as its holder.
func (p *planner) quarantine(st *InquiryState, keys []dedupe.Key) Outcome {
	st.Touch.Verdict, st.Reason = lead.Quarantined, st.Touch.Reason
	p.c.Count(CountHeld, 1)
	if q := &st.Touch.Inquiry; q.Thread != "" {
		if key := keys[len(keys)-1].Value; len(p.s.Holders[key]) == 0 {
			p.s.Holders[key] = []*Holder{{Key: key, Heard: st.When(), state: state{New: true}}}
		}
	}
	return Outcome{Key: st.Key, Verdict: lead.Quarantined, Reason: st.Reason}
}

// candidates are the standing persons that hold any of the keys.
func (p *planner) candidates(keys []dedupe.Key) []dedupe.Candidate {
	var out []dedupe.Candidate
	for _, k := range keys {
		holders := p.s.Holders[k.Value]
		for _, h := range holders {
			person := p.s.Persons[h.Person]
			if person == nil { // person 0: a conversation in quarantine
				continue
			}
			i := slices.IndexFunc(out, func(c dedupe.Candidate) bool { return c.Person.ID == person.ID })
			if i < 0 {
				i = len(out)
				out = append(out, dedupe.Candidate{Person: person.Person})
			}
			out[i].Held = append(out[i].Held, dedupe.Holding{Key: k, Holders: people(holders), Heard: h.Heard})
		}
	}
	return out
}

// people counts the different persons among holders.
func people(holders []*Holder) int {
	seen := map[int64]bool{}
	for _, h := range holders {
		if h.Person != 0 {
			seen[h.Person] = true
		}
	}
	return len(seen)
}

// person returns the person of a decision: a new one, or a known one after the
// merges the decision asks for.
func (p *planner) person(d lead.Decision, q *lead.Inquiry) *PersonState {
	if d.Person == 0 {
		ps := &PersonState{Person: lead.Person{ID: p.s.NextPerson(), Name: q.Name, Company: q.Company}, state: state{New: true}}
		p.s.Persons[ps.ID] = ps
		return ps
	}
	ps := p.s.Persons[d.Person]
	for _, id := range d.Merge {
		p.merge(ps, p.s.Persons[id], d.Reason)
	}
	if better(q.Name, ps.Name) {
		ps.Name, ps.Changed = q.Name, true
	}
	if ps.Company == "" && q.Company != "" {
		ps.Company, ps.Changed = q.Company, true
	}
	return ps
}

// better reports whether a name says more than the one that is kept.
func better(a, b lead.Name) bool {
	score := func(n lead.Name) int {
		switch {
		case n.Given != "" && n.Family != "":
			return 3
		case n.Given != "" || n.Family != "":
			return 2
		case n.Display != "":
			return 1
		}
		return 0
	}
	return score(a) > score(b)
}

// merge joins loser into winner by pointer, with their open leads.
func (p *planner) merge(winner, loser *PersonState, reason string) {
	row := MergeRow{At: p.now, Person: loser.ID, Into: winner.ID, Reason: reason}
	loser.MergedInto, loser.Changed = winner.ID, true
	if better(loser.Name, winner.Name) {
		winner.Name = loser.Name
	}
	winner.Leads += loser.Leads
	winner.Changed = true
	if from := p.s.Leads[loser.OpenLead]; from != nil {
		if into := p.s.Leads[winner.OpenLead]; into != nil {
			row.Lead, row.LeadInto = from.Number, into.Number
			p.mergeLeads(into, from, reason)
		} else {
			row.MovedLead = from.Number
			from.Person, from.Changed = winner.ID, true
			winner.OpenLead = from.Number
		}
	}
	for key, holders := range p.s.Holders {
		p.s.Holders[key] = followed(holders, loser.ID, winner.ID)
	}
	p.c.Merges = append(p.c.Merges, row)
}

// followed replaces a merged person among holders by the survivor. The rows of
// the merged one stay in the store, so that a merge can be undone.
func followed(holders []*Holder, loser, winner int64) []*Holder {
	i := slices.IndexFunc(holders, func(h *Holder) bool { return h.Person == loser })
	if i < 0 {
		return holders
	}
	if slices.ContainsFunc(holders, func(h *Holder) bool { return h.Person == winner }) {
		if holders[i].New { // not stored yet: keep it for the engine to write
			return holders
		}
		return slices.Delete(slices.Clone(holders), i, i+1)
	}
	if holders[i].New {
		return append(slices.Clone(holders), &Holder{Key: holders[i].Key, Person: winner, Heard: holders[i].Heard, state: state{New: true}})
	}
	out := slices.Clone(holders)
	out[i] = &Holder{Key: holders[i].Key, Person: winner, Heard: holders[i].Heard}
	return out
}

func (p *planner) mergeLeads(into, from *LeadState, reason string) {
	from.MergedInto, from.Changed = into.Number, true
	into.Changed = true
	into.MergedFrom = append(into.MergedFrom, from.ID)
	into.Touches += from.Touches
	absorb(&into.Lead, &from.Lead)
	p.c.Count(CountLeads+string(from.Status), -1)
	p.c.Entries = append(p.c.Entries, EntryRow{Lead: into.Number, Entry: lead.Entry{ID: lead.NewID(), Kind: "merge", At: p.now,
		Text: fmt.Sprintf("lead %d was merged into this one: %s", from.Number, reason)}})
	p.touched = append(p.touched, into.Number, from.Number)
}

// again reports whether the same words were said on the lead within seconds.
func (p *planner) again(l *LeadState, st *InquiryState) bool {
	at, ok := l.Recent[st.Content]
	return ok && st.Touch.Received.Sub(at).Abs() <= sameContent
}

// hold makes the person a holder of the keys.
func (p *planner) hold(keys []dedupe.Key, person *PersonState, at time.Time) {
	for _, k := range keys {
		holders := p.s.Holders[k.Value]
		for _, h := range holders {
			h.Drop = h.Drop || h.Person == 0
		}
		i := slices.IndexFunc(holders, func(h *Holder) bool { return h.Person == person.ID })
		switch {
		case i < 0:
			p.s.Holders[k.Value] = append(holders, &Holder{Key: k.Value, Person: person.ID, Heard: at, state: state{New: true}})
		case people(holders) > 1 && at.After(holders[i].Heard): // only a shared value asks who was heard last
			holders[i].Heard, holders[i].Changed = at, true
		}
	}
}

// open makes a new lead for a person.
func (p *planner) open(person *PersonState, st *InquiryState, anonymous bool) *LeadState {
	q := &st.Touch.Inquiry
	l := &LeadState{Lead: lead.Lead{ID: lead.NewID(), Number: p.s.NextLead(), Status: lead.Open, Stage: p.s.Stages[0].ID, Person: person.ID,
		Source: q.Source, Origin: cmp.Or(q.Origin, "OTHER"), Returning: person.Leads > 0, Anonymous: anonymous, IsTest: q.IsTest,
		CreatedAt: st.Touch.Received, Emails: []string{}, Phones: []string{}}, state: state{New: true}}
	l.Attribution.First = q.Attribution
	person.OpenLead = l.Number
	person.Leads++
	person.Changed = true
	p.s.Leads[l.Number] = l
	p.c.Count(CountLeads+string(lead.Open), 1)
	return l
}

// join brings a touch into its lead.
func (p *planner) join(l *LeadState, st *InquiryState) {
	l.Touches++
	l.Changed = true
	if l.Recent == nil {
		l.Recent = map[uint64]time.Time{}
	}
	l.Recent[st.Content] = st.Touch.Received
	enrich(&l.Lead, &st.Touch.Inquiry)
	p.touched = append(p.touched, l.Number)
}

// addRow brings one more row to a known inquiry and folds it anew.
func (p *planner) addRow(st *InquiryState, row lead.Row) Outcome {
	o := Outcome{Key: st.Key, Verdict: lead.Duplicate, Reason: "known"}
	if l := p.s.Leads[st.Lead]; l != nil {
		o.Lead = l.ID
	}
	if slices.ContainsFunc(st.Rows, func(r lead.Row) bool { return r.Event == row.Event }) {
		return o
	}
	waited := st.Waiting
	st.Rows = append(st.Rows, row)
	st.Changed = true
	touch, ok := lead.Fold(st.Rows)
	touch.ID, touch.Lead, touch.Verdict, touch.Lane, touch.Reason = st.Touch.ID, st.Touch.Lead, st.Touch.Verdict, st.Touch.Lane, st.Touch.Reason
	if !ok {
		return Outcome{Key: st.Key, Verdict: lead.Updated, Reason: "waits for its inquiry"}
	}
	if waited { // the inquiry itself has come now
		st.Waiting = false
		touch.Lane, touch.Reason = row.Says.Lane, row.Says.Reason
		st.Touch, st.Content = touch, contentHash(&row.Says)
		return p.place(st, false)
	}
	st.Touch = touch
	o.Verdict, o.Reason = lead.Updated, ""
	if l := p.s.Leads[st.Lead]; l != nil {
		o.Lead = p.identify(l, st).ID
	}
	return o
}

// identify lets identities that an update brought find the person, by the same
// rules as at intake, and brings the touch into the lead.
func (p *planner) identify(l *LeadState, st *InquiryState) *LeadState {
	keys := dedupe.Keys(&st.Touch.Inquiry)
	if self := p.s.Persons[l.Person]; self != nil && len(keys) > 0 {
		d := dedupe.Decide(&st.Touch.Inquiry, p.withSelf(p.candidates(keys), self))
		p.hold(keys, p.person(d, &st.Touch.Inquiry), st.When())
		l.Anonymous = false
	}
	if into := p.s.Leads[l.MergedInto]; into != nil {
		l = into
	}
	l.Changed = true
	enrich(&l.Lead, &st.Touch.Inquiry)
	p.touched = append(p.touched, l.Number)
	return l
}

// withSelf makes sure that the person an inquiry belongs to is a candidate: the
// inquiry itself points at them as firmly as an id of a messenger would.
func (p *planner) withSelf(list []dedupe.Candidate, self *PersonState) []dedupe.Candidate {
	own := dedupe.Holding{Key: dedupe.Key{Kind: "inquiry", Value: "inquiry"}, Holders: 1}
	if i := slices.IndexFunc(list, func(c dedupe.Candidate) bool { return c.Person.ID == self.ID }); i >= 0 {
		list[i].Held = append(list[i].Held, own)
		return list
	}
	return append(list, dedupe.Candidate{Person: self.Person, Held: []dedupe.Holding{own}})
}

// update brings an update to its inquiry, or lets it wait for it.
func (p *planner) update(it *Item, u lead.Update) Outcome {
	id := lead.DeriveID(u.Scope, u.About)
	row := lead.UpdateRow(u, it.Delivery.ID)
	if st := p.s.Inquiries[id]; st != nil {
		return p.addRow(st, row)
	}
	p.s.Inquiries[id] = &InquiryState{ID: id, Key: u.About, Waiting: true, Rows: []lead.Row{row}, state: state{New: true}}
	return Outcome{Key: u.About, Verdict: lead.Updated, Reason: "waits for its inquiry"}
}

// PlanRelease decides what releasing a quarantined inquiry changes: it is placed
// as if it had never been suspected, with its own time.
func PlanRelease(s *Snapshot, id lead.ID, by string, now time.Time) (*Changes, Outcome, error) {
	p := planner{s: s, now: now, c: &Changes{Snapshot: s, Counts: map[string]int64{}, Last: map[string]time.Time{}}}
	st := s.Inquiries[id]
	if st == nil {
		return nil, Outcome{}, lead.ErrNotFound
	}
	if st.Touch.Verdict != lead.Quarantined {
		return nil, Outcome{}, fmt.Errorf("%w: it is not in quarantine", lead.ErrConflict)
	}
	why := st.Reason
	st.Changed = true
	st.Touch.Lane, st.Touch.Reason = lead.LaneLead, ""
	for _, k := range dedupe.Keys(&st.Touch.Inquiry) {
		for _, h := range s.Holders[k.Value] {
			h.Drop = h.Drop || h.Person == 0
		}
	}
	o := p.place(st, false)
	p.c.Count(CountHeld, -1)
	p.c.Count(CountVerdict+string(lead.Quarantined), -1)
	p.c.Count(CountVerdict+string(o.Verdict), 1)
	p.c.Entries = append(p.c.Entries, EntryRow{Lead: st.Lead, Entry: lead.Entry{ID: lead.NewID(), Kind: "release", At: now, By: by, Text: why}})
	p.c.Jobs = append(p.c.Jobs, IndexJob(p.touched))
	return p.c, o, nil
}

// contentHash tells equal words apart from different ones.
func contentHash(q *lead.Inquiry) uint64 {
	h := fnv.New64a()
	for _, s := range [...]string{q.Source, string(q.Kind), q.Subject, q.Text} {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	if len(q.Fields) > 0 {
		b, err := json.Marshal(q.Fields)
		if err == nil {
			h.Write(b)
		}
	}
	return h.Sum64()
}
