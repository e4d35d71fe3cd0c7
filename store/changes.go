package store

import (
	"encoding/binary"
	"time"

	"leadgate/lead"
)

// Changes is what a batch comes to. An engine writes it as it stands.
type Changes struct {
	Snapshot   *Snapshot
	Deliveries []DeliveryRow
	Entries    []EntryRow
	Merges     []MergeRow
	Reviews    []ReviewRow
	Waits      []WaitRow // in this order
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

// MergeRow is what undoing a merge needs. The merged person and lead keep what is
// theirs; of the surviving ones it has what they were before. Whose a closed lead
// was, its inquiries tell.
type MergeRow struct {
	At                        time.Time
	Person, Into              int64
	Lead, LeadInto, MovedLead int64 // the lead merged into another; or the one that only changed its person
	Reason                    string
	Before                    Before
}

// Before is what survived a merge, as it was.
type Before struct {
	Name    lead.Name  `json:"name,omitzero"`
	Company string     `json:"company,omitzero"`
	Holds   []string   `json:"holds,omitempty"`
	Lead    *lead.Lead `json:"lead,omitzero"` // nil when no lead was merged into another
}

// WaitRow says that an inquiry waits for a lead on a key, or waits no longer.
type WaitRow struct {
	Key     string
	Inquiry lead.ID
	Drop    bool
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
