package store

import (
	"testing"
	"time"

	"leadgate/lead"
)

// somebody is a person of whom one thing was told.
func somebody(s *Snapshot, name lead.Name, born, postcode string) *PersonState {
	ps := &PersonState{Person: lead.Person{ID: int64(len(s.Persons) + 1), Name: name,
		Profiles: []lead.Profile{{Given: name.Given, Family: name.Family, Born: born, Postcode: postcode}}}}
	s.Persons[ps.ID] = ps
	p := byHand(s, "", time.Time{})
	p.block(p.ask(profiled(&lead.Inquiry{Name: name}, ps.Profiles[0]), time.Time{}), ps)
	return ps
}

func TestPlanProposals(t *testing.T) {
	t.Parallel()
	ana, anna := lead.Name{Given: "Annalena", Family: "Belofsky"}, lead.Name{Given: "Annalenna", Family: "Belofsky"}
	for name, c := range map[string]struct {
		other  lead.Name
		born   string
		differ bool
		want   int
	}{
		"one slip":           {other: anna, born: "1980-02-03", want: 1},
		"a human knows":      {other: anna, born: "1980-02-03", differ: true},
		"another given name": {other: lead.Name{Given: "Igor", Family: "Belofsky"}, born: "1961-12-30"},
		"nothing alike":      {other: lead.Name{Given: "Omar", Family: "Haddad"}, born: "1980-02-03"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &Snapshot{Persons: map[int64]*PersonState{}, Areas: map[int64]int64{}, NotSame: NotSame{}}
			a, b := somebody(s, ana, "1980-02-03", "10115"), somebody(s, c.other, c.born, "10115")
			if c.differ {
				s.NotSame.Add(a.ID, b.ID)
			}
			changes := PlanProposals(s, []int64{a.ID, b.ID}, time.Time{})
			if len(changes.Reviews) != c.want || len(changes.Merges) != 0 {
				t.Fatalf("reviews %+v, merges %+v, want %d pairs", changes.Reviews, changes.Merges, c.want)
			}
			for _, r := range changes.Reviews {
				if r.A != a.ID || r.B != b.ID || r.Score <= 0 || r.Reason == "" {
					t.Errorf("review %+v", r)
				}
			}
		})
	}
}
