package store

import (
	"errors"
	"testing"
	"time"

	"leadgate/lead"
)

// A reason belongs to the state it closed; a lead that is open again has none.
func TestPatchKeepsReasonsTrue(t *testing.T) {
	t.Parallel()
	stages := []lead.Stage{{ID: "new", Meaning: lead.Open}, {ID: "done", Meaning: lead.Won}, {ID: "junk", Meaning: lead.Lost, Ask: true}, {ID: "gone", Meaning: lead.Lost}}
	for _, c := range []struct {
		from         string
		status       lead.Status
		had          string
		to           string
		given        *string
		want, refuse string
	}{
		{"junk", lead.Lost, "spam", "new", nil, "", ""},
		{"junk", lead.Lost, "spam", "new", new("late"), "", ""},
		{"junk", lead.Lost, "spam", "done", nil, "", ""},
		{"junk", lead.Lost, "spam", "done", new("paid"), "paid", ""},
		{"junk", lead.Lost, "spam", "gone", nil, "spam", ""},
		{"new", lead.Open, "said before", "junk", nil, "said before", ""},
		{"new", lead.Open, "", "junk", new("spam"), "spam", ""},
		{"new", lead.Open, "", "junk", nil, "", "close_reason"},
		{"done", lead.Won, "paid", "junk", nil, "", "close_reason"},
		{"new", lead.Open, "", "nowhere", nil, "", "stage"},
	} {
		l := lead.Lead{Stage: c.from, Status: c.status, CloseReason: c.had}
		_, err := (&Patch{Stage: &c.to, Reason: c.given}).Apply(&l, stages, time.Unix(0, 0))
		if c.refuse != "" {
			if r, ok := errors.AsType[*lead.Refusal](err); !ok || r.Field != c.refuse || !errors.Is(err, lead.ErrInvalid) {
				t.Errorf("%s → %s: %v", c.from, c.to, err)
			}
			continue
		}
		if err != nil || l.CloseReason != c.want {
			t.Errorf("%s → %s: reason %q, %v", c.from, c.to, l.CloseReason, err)
		}
	}
}
