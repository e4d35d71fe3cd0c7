package store

import (
	"fmt"
	"time"

	"leadgate/lead"
)

// PlanRelease decides what releasing a quarantined inquiry changes: it is placed
// as if it had never been suspected, with its own time.
func PlanRelease(s *Snapshot, id lead.ID, by string, now time.Time) (*Changes, Outcome, error) {
	p := planner{s: s, now: now, c: &Changes{Snapshot: s, Counts: map[string]int64{}, Areas: map[int64]int64{}, Last: map[string]time.Time{}}}
	st := s.Inquiries[id]
	if st == nil {
		return nil, Outcome{}, lead.ErrNotFound
	}
	if st.Touch.Verdict != lead.Quarantined {
		return nil, Outcome{}, fmt.Errorf("%w: it is not in quarantine", lead.ErrConflict)
	}
	why := st.Reason
	st.Changed = true
	from := senderOf(&st.Touch.Inquiry)
	p.unmark(from.keys)
	o := p.place(st, from, lead.LaneLead, false)
	p.c.Count(CountHeld, -1)
	p.c.Count(CountVerdict+string(lead.Quarantined), -1)
	p.c.Count(CountVerdict+string(o.Verdict), 1)
	p.c.Entries = append(p.c.Entries, EntryRow{Lead: st.Lead, Entry: lead.Entry{ID: lead.NewID(), Kind: "release", At: now, By: by, Text: why}})
	p.retell(st)
	p.c.Touch(p.touched)
	return p.c, o, nil
}
