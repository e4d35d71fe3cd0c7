package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"leadgate/internal/services"
	"leadgate/lead"
	"leadgate/lead/normal"
	"leadgate/store"
)

// What nodes do at once to the same few people keeps every promise, whatever they do.
func TestNodesAtOnce(t *testing.T) {
	template := migrated(t)
	rounds := 6
	if os.Getenv("LEADGATE_CHAOS") != "" {
		rounds = 200
	}
	done := 0
	rapid.Check(t, func(r *rapid.T) {
		if done++; done > rounds {
			return
		}
		plans := make([][]deed, 6)
		for i := range plans {
			plans[i] = rapid.SliceOfN(deeds(), 5, 25).Draw(r, fmt.Sprintf("worker %d", i))
		}
		w := &world{db: template.Copy(t)}
		for range 2 {
			s, err := Open(t.Context(), Options{DSN: w.db.DSN(), Writers: 4, Readers: 3})
			if err != nil {
				r.Fatal(err)
			}
			defer s.Close()
			w.nodes = append(w.nodes, s)
		}
		w.play(t.Context(), plans)
		for _, broken := range w.check(t) {
			r.Errorf("%s", broken)
		}
	})
}

// deed is one thing a worker does.
type deed struct {
	what      int
	a, b, c   int // people, values or leads, by what
	spam      bool
	conflicts bool
}

const kinds = 12

func deeds() *rapid.Generator[deed] {
	return rapid.Custom(func(r *rapid.T) deed {
		n := rapid.IntRange(0, 1<<20)
		return deed{what: rapid.IntRange(0, kinds-1).Draw(r, "what"), a: n.Draw(r, "a"), b: n.Draw(r, "b"), c: n.Draw(r, "c"),
			spam: rapid.IntRange(0, 5).Draw(r, "spam") == 0, conflicts: rapid.IntRange(0, 9).Draw(r, "name") == 0}
	})
}

// world is what the workers of a round share.
type world struct {
	db    *services.Database
	nodes []*Store

	mu     sync.Mutex
	leads  []lead.ID
	held   []lead.ID
	keys   map[string]bool
	errors []string
}

func (w *world) play(ctx context.Context, plans [][]deed) {
	w.keys = map[string]bool{}
	var wg sync.WaitGroup
	for i, plan := range plans {
		wg.Go(func() {
			for n, d := range plan {
				err := w.do(ctx, w.nodes[i%len(w.nodes)], fmt.Sprintf("%d-%d", i, n), d)
				if err != nil && !errors.Is(err, lead.ErrConflict) && !errors.Is(err, lead.ErrNotFound) {
					w.mu.Lock()
					w.errors = append(w.errors, fmt.Sprintf("deed %+v: %v", d, err))
					w.mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
}

func (w *world) pick(list *[]lead.ID, n int) (id lead.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(*list) > 0 {
		id = (*list)[n%len(*list)]
	}
	return id
}

func (w *world) do(ctx context.Context, s *Store, key string, d deed) error {
	by := "tester"
	switch d.what {
	case 0:
		_, err := s.Merge(ctx, w.pick(&w.leads, d.a), w.pick(&w.leads, d.b), by)
		return err
	case 1:
		_, err := s.Unmerge(ctx, w.pick(&w.leads, d.a), by)
		return err
	case 2:
		return s.NotSame(ctx, w.pick(&w.leads, d.a), w.pick(&w.leads, d.b), by)
	case 3:
		_, err := s.Release(ctx, w.pick(&w.held, d.a), by)
		return err
	case 4, 5:
		stage, reason := lead.DefaultStages()[d.b%5].ID, "because"
		_, err := s.Patch(ctx, w.pick(&w.leads, d.a), store.Patch{Stage: &stage, Reason: &reason, By: by})
		return err
	case 6:
		if d.a%2 == 0 {
			_, err := s.Propose(ctx, 5)
			return err
		}
		_, err := s.Index(ctx, 5)
		return err
	default:
		return w.apply(ctx, s, key, d)
	}
}

// apply sends a batch of one to three inquiries, some of which others send too.
func (w *world) apply(ctx context.Context, s *Store, key string, d deed) error {
	var items []store.Item
	for i := range 1 + d.c%3 {
		k := fmt.Sprintf("%s-%d", key, i)
		if (d.a+i)%4 == 0 {
			k = fmt.Sprintf("same-%d", (d.a+d.b)%5)
		}
		items = append(items, peopleItem(k, d.a+i, d.b+i*7, d.spam && i == 0, d.conflicts))
	}
	receipts, err := s.Apply(ctx, items)
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, r := range receipts {
		w.keys[items[i].Delivery.Key] = true
		if !r.Lead.IsZero() {
			w.leads = append(w.leads, r.Lead)
		}
		for _, o := range r.Inquiries {
			if o.Verdict == lead.Quarantined {
				w.held = append(w.held, lead.DeriveID("src", o.Key))
			}
		}
	}
	return err
}

// peopleItem is an inquiry by one of few people, with values some of them share. What
// it says depends on its key alone when others send it too.
func peopleItem(key string, a, b int, spam, conflicts bool) store.Item {
	if strings.HasPrefix(key, "same") {
		a, b, spam, conflicts = int(key[5]), int(key[5]), false, false
	}
	names := []string{"Ana Belo", "Igor Petrov", "", "Mara Lund", "Ana Belo"}
	d := lead.Delivery{ID: lead.DeriveID("src", key), Source: "src", Key: key, At: time.Now().UTC()}
	raw, _ := d.AppendBinary(nil)
	q := lead.Inquiry{Key: key, Scope: "src", Source: "src", Kind: lead.KindForm, Channel: "form", Received: d.At, Text: key, Name: lead.Name{Display: names[a%5]}}
	if conflicts {
		q.Name.Display = "Zoltan Kovacs"
	}
	if a%3 != 0 {
		q.Identities = append(q.Identities, lead.Identity{Kind: lead.IdentityEmail, Value: fmt.Sprintf("p%d@example.org", a%4), Proof: lead.ProofForm})
	}
	if b%3 != 0 {
		q.Identities = append(q.Identities, lead.Identity{Kind: lead.IdentityPhone, Value: fmt.Sprintf("+3361234567%d", b%4), Proof: lead.ProofForm})
	}
	if spam {
		q.Lane, q.Reason = lead.LaneQuarantine, "spam"
	}
	normal.Inquiry(&q, "FR")
	return store.Item{Delivery: d, Raw: raw, Inquiries: []lead.Inquiry{q}}
}

// tops selects every person with the one that stands for them.
const tops = `WITH RECURSIVE up(one, here, next) AS (SELECT id, id, merged_into FROM persons UNION ALL SELECT u.one, p.id, p.merged_into FROM up u JOIN persons p ON p.id = u.next),
	top AS (SELECT one, here FROM up WHERE next IS NULL),
	rise(one, here, next) AS (SELECT number, number, merged_into FROM leads UNION ALL SELECT u.one, l.number, l.merged_into FROM rise u JOIN leads l ON l.number = u.next),
	stands AS (SELECT one, here FROM rise WHERE next IS NULL) `

// laws are queries that find nothing.
var laws = [...]struct{ what, query string }{
	{"persons with two open leads", tops + `SELECT here, count(*) FROM leads JOIN top ON one = person WHERE status = 'open' AND merged_into IS NULL GROUP BY here HAVING count(*) > 1`},
	{"standing open leads of merged persons", tops + `SELECT number, person, here FROM leads JOIN top ON one = person WHERE status = 'open' AND leads.merged_into IS NULL AND person <> here`},
	{"merged leads that lead nowhere", tops + `SELECT number FROM leads WHERE number NOT IN (SELECT one FROM stands)`},
	{"merged persons that lead nowhere", tops + `SELECT id FROM persons WHERE id NOT IN (SELECT one FROM top)`},
	{"leads whose touches are not what was said on them", tops + `SELECT l.number, l.touches, count(q.id) FROM leads l LEFT JOIN stands s ON s.here = l.number LEFT JOIN inquiries q ON q.lead = s.one AND q.lead > 0
		WHERE l.merged_into IS NULL GROUP BY l.number, l.touches HAVING l.touches <> count(q.id)`},
	{"inquiries without a lead", `SELECT id, verdict FROM inquiries WHERE lead = 0 AND verdict NOT IN ('quarantined', 'ignored')`},
	{"inquiries on leads that are not there", `SELECT id FROM inquiries WHERE lead > 0 AND lead NOT IN (SELECT number FROM leads)`},
	{"inquiries of other persons than their lead's", tops + `SELECT q.id, q.person, l.person FROM inquiries q JOIN stands s ON s.one = q.lead JOIN leads l ON l.number = s.here JOIN top a ON a.one = q.person JOIN top b ON b.one = l.person
		WHERE q.lead > 0 AND q.person > 0 AND a.here <> b.here`},
	{"persons merged though they are not the same", tops + `SELECT person, other FROM not_same JOIN top a ON a.one = person JOIN top b ON b.one = other WHERE a.here = b.here`},
	{"one-sided marks", `SELECT a.person, a.other FROM not_same a LEFT JOIN not_same b ON b.person = a.other AND b.other = a.person WHERE b.person IS NULL`},
	{"merges that do not show", `SELECT m.n FROM merges m JOIN persons p ON p.id = m.person WHERE m.undone IS NULL AND m.person > 0 AND p.merged_into IS DISTINCT FROM m.into_person`},
	{"persons merged by no merge", `SELECT id FROM persons p WHERE merged_into IS NOT NULL AND NOT EXISTS (SELECT 1 FROM merges m WHERE m.undone IS NULL AND m.person = p.id AND m.into_person = p.merged_into)`},
	{"holders that are nobody", `SELECT key, person FROM holders WHERE person <> 0 AND person NOT IN (SELECT id FROM persons)`},
	{"persons that hold a value twice", `SELECT key, person FROM holders GROUP BY key, person HAVING count(*) > 1`},
	{"last leads that are not theirs", tops + `SELECT p.id, p.last_lead FROM persons p WHERE p.merged_into IS NULL AND p.last_lead > 0 AND NOT EXISTS (
		SELECT 1 FROM stands s JOIN leads l ON l.number = s.here JOIN top t ON t.one = l.person WHERE s.one = p.last_lead AND t.here = p.id)`},
	{"counts that are wrong", `WITH is_(name, value) AS (SELECT 'leads.' || status, count(*) FROM leads WHERE merged_into IS NULL GROUP BY status
			UNION ALL SELECT 'deliveries', count(*) FROM deliveries UNION ALL SELECT 'quarantine', count(*) FROM inquiries WHERE verdict = 'quarantined'
			UNION ALL SELECT 'unindexed', coalesce(sum(cardinality(leads)), 0) FROM unindexed),
		said(name, value) AS (SELECT name, sum(value) FROM (SELECT * FROM counters UNION ALL SELECT * FROM counts) c
			WHERE name LIKE 'leads.%' OR name IN ('deliveries', 'quarantine', 'unindexed') GROUP BY name)
		SELECT * FROM is_ FULL JOIN said USING (name) WHERE coalesce(is_.value, 0) <> coalesce(said.value, 0)`},
}

// check returns what of the promises is broken.
func (w *world) check(t *testing.T) []string {
	broken := w.errors
	for _, law := range laws {
		if found := strings.TrimSpace(w.db.SQL(t, law.query)); found != "" {
			broken = append(broken, law.what+": "+found)
		}
	}
	var keys []string
	for k := range w.keys {
		keys = append(keys, k)
	}
	want := fmt.Sprint(len(keys))
	if got := strings.TrimSpace(w.db.SQL(t, `SELECT count(*) FROM inquiries WHERE key IN ('`+strings.Join(keys, "','")+`')`)); got != want {
		broken = append(broken, got+" inquiries, want "+want)
	}
	return broken
}
