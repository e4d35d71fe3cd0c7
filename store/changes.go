package store

import (
	"slices"
	"time"

	"leadgate/lead"
)

// Changes is what a batch comes to. An engine writes it as it stands.
type Changes struct {
	Snapshot   *Snapshot
	Deliveries []DeliveryRow
	Entries    []EntryRow
	Merges     []MergeRow
	Rebased    []*MergeState // merges that are undone or changed by an undo
	Marks      []Mark
	Decided    []DecidedRow
	Reviews    []ReviewRow
	Blocks     []BlockRow
	Grown      []int64         // known persons of whom something new was told, for the nightly look
	Areas      map[int64]int64 // by key of dedupe.Areas, differences
	Waits      []WaitRow       // in this order
	Jobs       []Job
	Touched    []int64              // leads to be brought into the search index, in order, each once
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
	Score                     float64 // 0 when no score decided
	By                        string  // who merged them by hand; "" for the rules
	Before                    Before
}

// Before is what survived a merge, as it was, and what the merge took back.
type Before struct {
	Name     lead.Name      `json:"name,omitzero"`
	Company  string         `json:"company,omitzero"`
	Holds    []string       `json:"holds,omitempty"`
	Profiles []lead.Profile `json:"profiles,omitempty"`
	Last     int64          `json:"last,omitzero"`   // the newest lead
	Lead     *lead.Lead     `json:"lead,omitzero"`   // nil when no lead was merged into another
	Lifted   [][2]int64     `json:"lifted,omitzero"` // persons that were said to be different before
}

// Mark says that two persons are not the same, or that this is taken back.
type Mark struct {
	At   time.Time
	A, B int64
	By   string
	Drop bool
}

// DecidedRow says what became of the reviews of any person of A with any of B.
type DecidedRow struct {
	At   time.Time
	A, B []int64
	By   string
	How  string // DecidedMerged or DecidedNotSame
}

// What a human made of a pair.
const (
	DecidedMerged  = "merged"
	DecidedNotSame = "not-same"
)

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
	Score  float64 // 0 when no score proposed them
}

// Names of counters.
const (
	CountLeads   = "leads."   // + status
	CountVerdict = "verdict." // + verdict
	CountLast    = "last."    // + source: the time of its newest delivery, not a count
	CountParked  = "parked"
	CountHeld    = "quarantine"
	CountTaken   = "deliveries"

	CountLooked = "looked" // the person up to whom the nightly look has come, not a count

	CountKept     = "names.kept."     // + source: see lead.NameCount
	CountReplaced = "names.replaced." // + source

	CountUnindexed = "unindexed" // a lead counts as often as it waits
)

// Count adds to a counter.
func (c *Changes) Count(name string, n int64) { c.Counts[name] += n }

// Touch says that leads are to be brought into the search index.
func (c *Changes) Touch(numbers []int64) {
	slices.Sort(numbers)
	c.Touched = slices.Compact(numbers)
	c.Count(CountUnindexed, int64(len(c.Touched)))
}
