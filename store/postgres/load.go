package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"leadgate/lead"
	"leadgate/store"
)

// loading fills a snapshot in few round trips: what a batch asks for in one, and then
// only what was found asks for more.
type loading struct {
	*tx
	snap   *store.Snapshot
	leads  *supply
	people *supply
	places map[string]int32 // by key, the first place that is free; 0 when nobody holds it
	was    map[int64]row    // of leads, as they stand in the database
	looked int64            // the person up to whom Propose has come
}

// row is what a unique index sees of a lead.
type row struct {
	person, merged int64
	status         lead.Status
}

func (s *Store) loading(t *tx) *loading {
	l := &loading{tx: t, places: map[string]int32{}, was: map[int64]row{}}
	l.snap = &store.Snapshot{Known: map[lead.ID]bool{}, Inquiries: map[lead.ID]*store.InquiryState{}, Holders: map[string][]*store.Holder{},
		Persons: map[int64]*store.PersonState{}, Leads: map[int64]*store.LeadState{}, Waiting: map[string][]lead.ID{},
		Receipts: map[lead.ID]*store.ReceiptState{}, NotSame: store.NotSame{},
		Blocks: map[int64][]store.BlockRow{}, Names: map[string]lead.NameCount{}, Areas: map[int64]int64{}}
	return l
}

// base asks for what every plan needs: stages, about how many persons there are, and
// numbers for up to n new persons and leads.
func (l *loading) base(b *batch, s *Store, n int) {
	var fetch int
	l.people, fetch = s.persons.take(n)
	l.people.fetch(b, fetch)
	l.leads, fetch = s.leads.take(n)
	l.leads.fetch(b, fetch)
	l.snap.NextPerson, l.snap.NextLead = l.people.next, l.leads.next
	b.query(`SELECT last_value, coalesce((SELECT value FROM counters WHERE name = $1), 0) FROM person_ids`, func(r pgx.Rows) error { return r.Scan(&l.snap.People, &l.looked) }, store.CountLooked)
	b.query(selectStages, l.addStage)
}

func (l *loading) addStage(r pgx.Rows) error {
	x, err := scanStage(r)
	l.snap.Stages = append(l.snap.Stages, x)
	return err
}

// leave gives back the numbers that were not used.
func (l *loading) leave() {
	for _, u := range []*supply{l.people, l.leads} {
		if u != nil {
			u.leave()
		}
	}
}

// short reports whether more numbers were asked for than there were.
func (l *loading) short() bool { return l.people.short || l.leads.short }

// load fills the snapshot for a batch.
func (l *loading) load(ctx context.Context, s *Store, items []store.Item, w store.Wanted, numbers int) error {
	var b batch
	l.base(&b, s, numbers)
	l.known(&b, w.Deliveries)
	fold := l.inquiries(&b, w.Inquiries)
	l.keys(&b, w.Keys)
	l.blocks(&b, w.Blocks)
	l.areas(&b, w.Areas)
	l.names(&b, w.Sources)
	if err := l.send(ctx, &b); err != nil {
		return fmt.Errorf("looking up what is known: %w", err)
	}
	fold()
	for _, step := range [...]struct {
		doing string
		do    func() error
	}{
		{"looking up identities", func() error { return l.moreKeys(ctx, items, w.Keys) }},
		{"looking up who resembles the senders", func() error { return l.moreBlocks(ctx, items, w) }},
		{"looking up persons", func() error { return l.everybody(ctx) }},
		{"looking up leads", func() error { return l.rest(ctx, items, w) }},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.doing, err)
		}
	}
	return nil
}

func (l *loading) known(b *batch, ids []lead.ID) {
	if len(ids) == 0 {
		return
	}
	b.query(`SELECT id FROM deliveries WHERE id = ANY($1)`, func(r pgx.Rows) error {
		var x lead.ID
		err := r.Scan(id(&x))
		l.snap.Known[x] = true
		return err
	}, uuids(ids))
}

// inquiryColumns are what scanInquiry reads.
const inquiryColumns = `id, key, lead, person, delivery, verdict, reason, score, content, touch`

// inquiries asks for inquiries with their rows. What it returns is called when they
// were read.
func (l *loading) inquiries(b *batch, ids []lead.ID) (fold func()) {
	if len(ids) == 0 {
		return func() {}
	}
	var loaded []*store.InquiryState
	b.query(`SELECT `+inquiryColumns+` FROM inquiries WHERE id = ANY($1)`, func(r pgx.Rows) error {
		st, err := scanInquiry(r)
		if err != nil {
			return err
		}
		l.snap.Inquiries[st.ID] = st
		loaded = append(loaded, st)
		return nil
	}, uuids(ids))
	b.query(`SELECT inquiry, row FROM rows WHERE inquiry = ANY($1)`, func(r pgx.Rows) error {
		var x lead.ID
		var body []byte
		if err := r.Scan(id(&x), &body); err != nil {
			return err
		}
		var row lead.Row
		if err := store.Decode("row", body, &row); err != nil {
			return err
		}
		if st := l.snap.Inquiries[x]; st != nil {
			st.Rows = append(st.Rows, row)
		}
		return nil
	}, uuids(ids))
	return func() {
		for _, st := range loaded {
			st.Stored()
		}
	}
}

// scanInquiry reads the columns of an inquiry, and those that follow them into more.
func scanInquiry(r pgx.Rows, more ...any) (*store.InquiryState, error) {
	var st store.InquiryState
	var delivery lead.ID
	var touch []byte
	var content int64
	var verdict string
	if err := r.Scan(append([]any{id(&st.ID), &st.Key, &st.Lead, &st.Person, id(&delivery), &verdict, &st.Reason, &st.Score, &content, &touch}, more...)...); err != nil {
		return nil, err
	}
	if err := store.Decode("touch", touch, &st.Touch); err != nil {
		return nil, err
	}
	st.Content, st.Waiting = uint64(content), verdict == ""
	st.Touch.ID, st.Touch.DeliveryID, st.Touch.Verdict, st.Touch.Lead = st.ID, delivery, lead.Verdict(verdict), st.Lead
	return &st, nil
}

// keys asks who holds what, and what waits for it.
func (l *loading) keys(b *batch, keys []string) {
	if len(keys) == 0 {
		return
	}
	l.holders(b, keys)
	b.query(`SELECT key, inquiry FROM waiting WHERE key = ANY($1)`, func(r pgx.Rows) error {
		var key string
		var x lead.ID
		err := r.Scan(&key, id(&x))
		l.snap.Waiting[key] = append(l.snap.Waiting[key], x)
		return err
	}, keys)
}

// holders asks who holds the keys, in the order they were first heard. A person that
// was merged is negative until resolve.
func (l *loading) holders(b *batch, keys []string) {
	b.query(`SELECT h.key, h.place, h.person, h.heard, p.merged_into IS NOT NULL FROM holders h LEFT JOIN persons p ON p.id = h.person
		WHERE h.key = ANY($1) ORDER BY h.key, h.person`, func(r pgx.Rows) error {
		var h store.Holder
		var place int32
		var heard int64
		var merged bool
		if err := r.Scan(&h.Key, &place, &h.Person, &heard, &merged); err != nil {
			return err
		}
		h.Heard, h.Row = fromMicros(heard), h.Person
		if merged {
			h.Person = -h.Person
		}
		l.places[h.Key] = max(l.places[h.Key], place+1)
		l.snap.Holders[h.Key] = append(l.snap.Holders[h.Key], &h)
		return nil
	}, keys)
}

// moreKeys loads what was found makes necessary, until nothing that was loaded asks
// for more.
func (l *loading) moreKeys(ctx context.Context, items []store.Item, keys []string) error {
	asked := slices.Clone(keys)
	for {
		var b batch
		fold := l.inquiries(&b, l.unread())
		more := l.snap.Missing(items, asked)
		l.keys(&b, more)
		if len(b.reads) == 0 {
			return nil
		}
		if err := l.send(ctx, &b); err != nil {
			return err
		}
		fold()
		asked = append(asked, more...)
		slices.Sort(asked)
	}
}

// unread returns the inquiries that wait for one of the keys and are not loaded.
func (l *loading) unread() []lead.ID {
	var ids []lead.ID
	for _, list := range l.snap.Waiting {
		for _, x := range list {
			if l.snap.Inquiries[x] == nil && !slices.Contains(ids, x) {
				ids = append(ids, x)
			}
		}
	}
	return ids
}

// rest loads what was said on the leads around the times the batch was taken, who is
// not the same, and receipts that may be told anew.
func (l *loading) rest(ctx context.Context, items []store.Item, w store.Wanted) error {
	var b batch
	l.recent(&b, w)
	marks := l.marks(&b)
	l.receipts(&b, l.snap.Retold(items))
	if err := l.send(ctx, &b); err != nil {
		return err
	}
	return l.notSame(ctx, *marks)
}

func (l *loading) recent(b *batch, w store.Wanted) {
	if w.To.IsZero() || len(l.snap.Leads) == 0 {
		return
	}
	numbers := make([]int64, 0, len(l.snap.Leads))
	for n := range l.snap.Leads {
		numbers = append(numbers, n)
	}
	b.query(`SELECT lead, content, taken FROM inquiries WHERE lead > 0 AND lead = ANY($1) AND content <> 0 AND taken BETWEEN $2 AND $3`, func(r pgx.Rows) error {
		var number, content, taken int64
		if err := r.Scan(&number, &content, &taken); err != nil {
			return err
		}
		on := l.snap.Leads[number]
		if on.Recent == nil {
			on.Recent = map[uint64][]time.Time{}
		}
		on.Recent[uint64(content)] = append(on.Recent[uint64(content)], fromMicros(taken))
		return nil
	}, numbers, micros(w.From), micros(w.To))
}

func (l *loading) receipts(b *batch, ids []lead.ID) {
	if len(ids) == 0 {
		return
	}
	b.query(`SELECT id, receipt FROM deliveries WHERE id = ANY($1)`, func(r pgx.Rows) error {
		var x lead.ID
		var body []byte
		if err := r.Scan(id(&x), &body); err != nil {
			return err
		}
		var rs store.ReceiptState
		l.snap.Receipts[x] = &rs
		return store.Decode("receipt", body, &rs.Receipt)
	}, uuids(ids))
}

// marks asks which persons were said not to be the same as one of those that are
// loaded, or as somebody merged into one.
func (l *loading) marks(b *batch) *[][2]int64 {
	var marks [][2]int64
	if len(l.snap.Persons) < 2 {
		return &marks
	}
	b.query(`WITH RECURSIVE tree(one, top) AS (SELECT id, id FROM persons WHERE id = ANY($1) AND EXISTS (SELECT 1 FROM not_same)
			UNION ALL SELECT p.id, t.top FROM persons p JOIN tree t ON p.merged_into = t.one WHERE p.merged_into IS NOT NULL)
		SELECT top, other FROM tree JOIN not_same ON person = one`, func(r pgx.Rows) error {
		var m [2]int64
		err := r.Scan(&m[0], &m[1])
		marks = append(marks, m)
		return err
	}, l.personIDs())
	return &marks
}

func (l *loading) personIDs() []int64 {
	ids := make([]int64, 0, len(l.snap.Persons))
	for n := range l.snap.Persons {
		ids = append(ids, n)
	}
	return ids
}

// notSame brings the marks into the snapshot, for those who stand.
func (l *loading) notSame(ctx context.Context, marks [][2]int64) error {
	if len(marks) == 0 {
		return nil
	}
	others := make([]int64, len(marks))
	for i, m := range marks {
		others[i] = m[1]
	}
	stands, err := l.survivors(ctx, others)
	if err != nil {
		return err
	}
	for _, m := range marks {
		if other := stands[m[1]]; l.snap.Persons[other] != nil {
			l.snap.NotSame.Add(m[0], other)
		}
	}
	return nil
}
