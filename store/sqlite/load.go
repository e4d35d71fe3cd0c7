package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"leadgate/lead"
	"leadgate/store"
)

// Apply stores a batch in one transaction.
func (s *Store) Apply(ctx context.Context, items []store.Item) ([]store.Receipt, error) {
	var receipts []store.Receipt
	err := s.update(ctx, "storing inquiries", func(ctx context.Context) error {
		snap, err := s.load(ctx, items, store.Want(items))
		if err != nil {
			return err
		}
		var changes *store.Changes
		changes, receipts = store.Plan(snap, items, s.now().UTC())
		return s.writeChanges(ctx, changes)
	})
	if err != nil {
		return nil, err
	}
	return receipts, nil
}

// load fills a snapshot. One writer at a time makes further locks needless.
func (s *Store) load(ctx context.Context, items []store.Item, w store.Wanted) (*store.Snapshot, error) {
	snap := s.snapshot()
	for _, step := range [...]struct {
		doing string
		do    func() error
	}{
		{"looking up deliveries", func() error { return s.loadKnown(ctx, snap, w.Deliveries) }},
		{"looking up inquiries", func() error { return s.loadInquiries(ctx, snap, w.Inquiries) }},
		{"looking up identities", func() error { return s.loadKeys(ctx, snap, items, w.Keys) }},
		{"looking up who resembles the senders", func() error { return s.loadBlocks(ctx, snap, items, w) }},
		{"looking up persons", func() error { return s.loadPersons(ctx, snap) }},
		{"looking up who is not the same", func() error { return s.loadNotSame(ctx, snap) }},
		{"looking up leads", func() error { return s.loadRecent(ctx, snap, w) }},
		{"looking up receipts", func() error { return s.loadReceipts(ctx, snap, snap.Retold(items)) }},
	} {
		if err := step.do(); err != nil {
			return nil, fmt.Errorf("%s: %w", step.doing, err)
		}
	}
	return snap, nil
}

// snapshot is one with nothing in it.
func (s *Store) snapshot() *store.Snapshot {
	return &store.Snapshot{Known: map[lead.ID]bool{}, Inquiries: map[lead.ID]*store.InquiryState{}, Holders: map[string][]*store.Holder{},
		Persons: map[int64]*store.PersonState{}, Leads: map[int64]*store.LeadState{}, Waiting: map[string][]lead.ID{},
		Receipts: map[lead.ID]*store.ReceiptState{}, NotSame: store.NotSame{}, Stages: s.stages,
		Blocks: map[int64][]store.BlockRow{}, Names: map[string]lead.NameCount{}, Areas: map[int64]int64{}, People: s.person,
		NextPerson: func() int64 { s.person++; return s.person }, NextLead: func() int64 { s.lead++; return s.lead }}
}

func (s *Store) loadKnown(ctx context.Context, snap *store.Snapshot, ids []lead.ID) error {
	return s.each(ctx, `SELECT id FROM deliveries WHERE id IN (%s)`, blobs(ids), func(r *sql.Rows) error {
		var id []byte
		err := r.Scan(&id)
		snap.Known[blobID(id)] = true
		return err
	})
}

// loadKeys loads who holds what and what waits for it, until nothing that was
// loaded asks for more.
func (s *Store) loadKeys(ctx context.Context, snap *store.Snapshot, items []store.Item, keys []string) error {
	asked := slices.Clone(keys)
	for {
		if err := s.loadHolders(ctx, snap, keys); err != nil {
			return err
		}
		if err := s.loadWaiting(ctx, snap, keys); err != nil {
			return err
		}
		if keys = snap.Missing(items, asked); len(keys) == 0 {
			return nil
		}
		asked = append(asked, keys...)
		slices.Sort(asked)
	}
}

// loadWaiting loads the inquiries that wait for one of the keys.
func (s *Store) loadWaiting(ctx context.Context, snap *store.Snapshot, keys []string) error {
	if !s.waits {
		return nil
	}
	var more []lead.ID
	err := s.each(ctx, `SELECT key, inquiry FROM waiting WHERE key IN (%s)`, texts(keys), func(r *sql.Rows) error {
		var key string
		var id []byte
		err := r.Scan(&key, &id)
		inquiry := blobID(id)
		snap.Waiting[key] = append(snap.Waiting[key], inquiry)
		if snap.Inquiries[inquiry] == nil && !slices.Contains(more, inquiry) {
			more = append(more, inquiry)
		}
		return err
	})
	if err != nil || len(more) == 0 {
		return err
	}
	return s.loadInquiries(ctx, snap, more)
}

func (s *Store) loadReceipts(ctx context.Context, snap *store.Snapshot, ids []lead.ID) error {
	return s.each(ctx, `SELECT id, receipt FROM deliveries WHERE id IN (%s)`, blobs(ids), func(r *sql.Rows) error {
		var id, body []byte
		if err := r.Scan(&id, &body); err != nil {
			return err
		}
		var rs store.ReceiptState
		snap.Receipts[blobID(id)] = &rs
		return store.Decode("receipt", body, &rs.Receipt)
	})
}

func (s *Store) loadInquiries(ctx context.Context, snap *store.Snapshot, ids []lead.ID) error {
	var known []any
	var loaded []*store.InquiryState
	err := s.each(ctx, `SELECT id, key, lead, person, delivery, verdict, reason, score, content, touch FROM inquiries WHERE id IN (%s)`, blobs(ids), func(r *sql.Rows) error {
		st, err := scanInquiry(r)
		if err != nil {
			return err
		}
		snap.Inquiries[st.ID] = st
		known, loaded = append(known, st.ID[:]), append(loaded, st)
		return nil
	})
	if err != nil || len(known) == 0 {
		return err
	}
	err = s.each(ctx, `SELECT inquiry, row FROM rows WHERE inquiry IN (%s)`, known, func(r *sql.Rows) error {
		var id, body []byte
		if err := r.Scan(&id, &body); err != nil {
			return err
		}
		var row lead.Row
		if err := store.Decode("row", body, &row); err != nil {
			return err
		}
		st := snap.Inquiries[blobID(id)]
		st.Rows = append(st.Rows, row)
		return nil
	})
	for _, st := range loaded {
		st.Stored()
	}
	return err
}

// scanInquiry reads the columns of an inquiry, and those that follow them into more.
func scanInquiry(r *sql.Rows, more ...any) (*store.InquiryState, error) {
	var st store.InquiryState
	var id, delivery, touch []byte
	var content int64
	if err := r.Scan(append([]any{&id, &st.Key, &st.Lead, &st.Person, &delivery, &st.Touch.Verdict, &st.Reason, &st.Score, &content, &touch}, more...)...); err != nil {
		return nil, err
	}
	verdict := st.Touch.Verdict
	if err := store.Decode("touch", touch, &st.Touch); err != nil {
		return nil, err
	}
	st.ID, st.Content, st.Waiting = blobID(id), uint64(content), verdict == ""
	st.Touch.ID, st.Touch.DeliveryID, st.Touch.Verdict, st.Touch.Lead = st.ID, blobID(delivery), verdict, st.Lead
	return &st, nil
}

func (s *Store) loadHolders(ctx context.Context, snap *store.Snapshot, keys []string) error {
	return s.each(ctx, `SELECT h.key, h.person, h.heard, p.merged_into FROM holders h LEFT JOIN persons p ON p.id = h.person WHERE h.key IN (%s)`, texts(keys), func(r *sql.Rows) error {
		var h store.Holder
		var heard int64
		var merged sql.NullInt64
		if err := r.Scan(&h.Key, &h.Person, &heard, &merged); err != nil {
			return err
		}
		h.Heard, h.Row = fromMicros(heard), h.Person
		if merged.Valid { // resolved to the survivor below
			h.Person = -h.Person
		}
		snap.Holders[h.Key] = append(snap.Holders[h.Key], &h)
		return nil
	})
}

// loadPersons resolves merged holders to their survivors and loads the persons
// and open leads a batch can touch.
func (s *Store) loadPersons(ctx context.Context, snap *store.Snapshot) error {
	persons := map[int64]bool{}
	for _, holders := range snap.Holders {
		for _, h := range holders {
			if h.Person < 0 {
				survivor, err := s.survivor(ctx, -h.Person)
				if err != nil {
					return err
				}
				h.Person = survivor
			}
			persons[h.Person] = h.Person > 0
		}
	}
	if err := s.resolveBlocks(ctx, snap, persons); err != nil {
		return err
	}
	if err := s.loadKnownLeads(ctx, snap, persons); err != nil {
		return err
	}
	var ids []any
	for id, real := range persons {
		if real {
			ids = append(ids, id)
		}
	}
	if err := s.eachPerson(ctx, snap, ids); err != nil {
		return err
	}
	err := s.each(ctx, `SELECT `+leadColumns+` FROM leads WHERE status = 'open' AND merged_into IS NULL AND person IN (%s)`, ids, func(r *sql.Rows) error {
		return addLead(snap, r)
	})
	if err != nil {
		return err
	}
	return s.loadLastLeads(ctx, snap)
}

func (s *Store) eachPerson(ctx context.Context, snap *store.Snapshot, ids []any) error {
	return s.readPersons(ctx, snap, `SELECT `+personColumns+` FROM persons WHERE merged_into IS NULL AND id IN (%s)`, ids)
}

// personColumns are what readPersons reads.
const personColumns = `id, name, company, holds, profiles, last_lead, merged_into`

// readPersons brings the persons of a query into a snapshot.
func (s *Store) readPersons(ctx context.Context, snap *store.Snapshot, text string, ids []any) error {
	return s.each(ctx, text, ids, func(r *sql.Rows) error {
		var p store.PersonState
		var name, profiles []byte
		var holds string
		var merged sql.NullInt64
		if err := r.Scan(&p.ID, &name, &p.Company, &holds, &profiles, &p.LastLead, &merged); err != nil {
			return err
		}
		p.Holds, p.MergedInto = lines(holds), merged.Int64
		snap.Persons[p.ID] = &p
		if err := store.Decode("profiles", profiles, &p.Profiles); err != nil {
			return err
		}
		return store.Decode("name", name, &p.Name)
	})
}

// loadLastLeads loads the last lead of persons that have no open one.
func (s *Store) loadLastLeads(ctx context.Context, snap *store.Snapshot) error {
	for _, l := range snap.Leads {
		if p := snap.Persons[l.Person]; p != nil && l.Status == lead.Open {
			p.OpenLead = l.Number
		}
	}
	var last []any
	for _, p := range snap.Persons {
		if p.OpenLead == 0 && p.LastLead != 0 {
			last = append(last, p.LastLead)
		}
	}
	return s.each(ctx, `SELECT `+leadColumns+` FROM leads WHERE merged_into IS NULL AND number IN (%s)`, last, func(r *sql.Rows) error { return addLead(snap, r) })
}

// loadKnownLeads loads the standing leads of known inquiries, so that an update
// reaches them.
func (s *Store) loadKnownLeads(ctx context.Context, snap *store.Snapshot, persons map[int64]bool) error {
	for _, st := range snap.Inquiries {
		if st.Lead == 0 {
			continue
		}
		number, err := s.standing(ctx, st.Lead)
		if err != nil {
			return err
		}
		st.Follow(number)
		if snap.Leads[number] != nil {
			continue
		}
		err = s.each(ctx, `SELECT `+leadColumns+` FROM leads WHERE number IN (%s)`, []any{number}, func(r *sql.Rows) error { return addLead(snap, r) })
		if err != nil {
			return err
		}
		l := snap.Leads[number]
		if l.Person, err = s.survivor(ctx, l.Person); err != nil {
			return err
		}
		persons[l.Person] = true
	}
	return nil
}

func addLead(snap *store.Snapshot, r *sql.Rows) error {
	l, err := scanLead(r)
	if err != nil || snap.Leads[l.Number] != nil {
		return err
	}
	snap.Leads[l.Number] = &store.LeadState{Lead: l}
	if p := snap.Persons[l.Person]; p != nil && l.Status == lead.Open {
		p.OpenLead = l.Number
	}
	return nil
}

// loadRecent loads what was said on the leads around the times the batch was taken.
func (s *Store) loadRecent(ctx context.Context, snap *store.Snapshot, w store.Wanted) error {
	if w.To.IsZero() {
		return nil
	}
	var numbers []any
	for n := range snap.Leads {
		numbers = append(numbers, n)
	}
	return s.each(ctx, `SELECT lead, content, taken FROM inquiries WHERE lead > 0 AND lead IN (%s) AND content <> 0 AND taken BETWEEN ? AND ?`, numbers, func(r *sql.Rows) error {
		var number, content, taken int64
		if err := r.Scan(&number, &content, &taken); err != nil {
			return err
		}
		l := snap.Leads[number]
		if l.Recent == nil {
			l.Recent = map[uint64][]time.Time{}
		}
		l.Recent[uint64(content)] = append(l.Recent[uint64(content)], fromMicros(taken))
		return nil
	}, micros(w.From), micros(w.To))
}

// survivor follows the pointers of merged persons.
func (s *Store) survivor(ctx context.Context, person int64) (int64, error) {
	return s.follow(ctx, `SELECT merged_into FROM persons WHERE id = ?`, person)
}

// standing follows the pointers of merged leads.
func (s *Store) standing(ctx context.Context, number int64) (int64, error) {
	return s.follow(ctx, `SELECT merged_into FROM leads WHERE number = ?`, number)
}

func (s *Store) follow(ctx context.Context, text string, n int64) (int64, error) {
	st, err := s.stmt(ctx, text)
	if err != nil {
		return 0, err
	}
	for {
		var next sql.NullInt64
		if err := st.QueryRowContext(ctx, n).Scan(&next); err != nil {
			return 0, err
		}
		if !next.Valid {
			return n, nil
		}
		n = next.Int64
	}
}
