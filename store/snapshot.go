package store

import (
	"slices"
	"time"

	"leadgate/dedupe"
	"leadgate/lead"
)

// Snapshot is what an engine loaded for a batch. Plan changes it as it decides,
// so that later items of a batch see what earlier ones did.
type Snapshot struct {
	Known     map[lead.ID]bool
	Inquiries map[lead.ID]*InquiryState
	Holders   map[string][]*Holder   // by key, one a row; persons resolved to their survivors
	Persons   map[int64]*PersonState // standing persons that hold any of the keys, and those of known inquiries
	Leads     map[int64]*LeadState   // their open leads, else their last ones, and the standing leads of known inquiries
	Waiting   map[string][]lead.ID   // by key; inquiries that wait for a lead, which are among Inquiries
	Receipts  map[lead.ID]*ReceiptState
	Blocks    map[int64][]BlockRow      // by key; persons resolved to their survivors
	Names     map[string]lead.NameCount // by source
	Areas     map[int64]int64           // how many persons live there, by key of dedupe.Areas
	People    int64                     // about how many persons are known
	Rules     dedupe.Rules              // All, but for whoever asks what the rest is good for
	NotSame   NotSame                   // among Persons
	Stages    []lead.Stage
	// NextPerson and NextLead hand out numbers that were never used.
	NextPerson, NextLead func() int64
}

// Holder is one person holding one key.
type Holder struct {
	Key    string
	Person int64
	Row    int64 // whom the stored row names: Person, or somebody merged into them; it stays theirs, so that a merge can be undone
	Heard  time.Time
	Drop   bool // to be removed: a conversation that left quarantine
	state
}

// BlockRow is one person found under one key of [dedupe.Blocks].
type BlockRow struct{ Key, Person int64 }

// Crowded reports whether so many are found under a key that it says nothing: nobody
// needs to be loaded for it. Of one person there may be several rows, of those merged
// into them.
func Crowded(rows []BlockRow) bool { return len(rows) >= 2*dedupe.BlockCrowd }

// distinct counts the standing persons of a block.
func (s *Snapshot) distinct(rows []BlockRow) int {
	n := 0
	for i, r := range rows {
		id := s.stands(r.Person)
		if !slices.ContainsFunc(rows[:i], func(o BlockRow) bool { return s.stands(o.Person) == id }) {
			n++
		}
	}
	return n
}

// stands follows the merges of this snapshot. Those that were stored before are
// followed by the engine.
func (s *Snapshot) stands(person int64) int64 {
	for p := s.Persons[person]; p != nil && p.MergedInto != 0; p = s.Persons[person] {
		person = p.MergedInto
	}
	return person
}

// PersonState is a person and the numbers of their leads, 0 for none.
type PersonState struct {
	lead.Person
	OpenLead int64
	LastLead int64 // the newest they ever had
	state
}

// LeadState is a lead with what was said on it when the batch was taken.
type LeadState struct {
	lead.Lead
	Recent map[uint64][]time.Time // content hash → when
	state
}

// ReceiptState is a stored receipt that may have to be told anew.
type ReceiptState struct {
	Receipt
	Changed bool
}

// InquiryState is an inquiry with all its rows. One plain row is kept in the touch;
// further ones, and those that folding changes, are rows of their own.
type InquiryState struct {
	ID      lead.ID
	Key     string
	N       int64 // its place in the order they were stored; only in a Family
	Lead    int64 // 0 in quarantine, and while it waits
	Person  int64 // 0 too when only its conversation led to the lead
	Touch   lead.Touch
	Waiting bool // only updates are there yet
	Reason  string
	Score   float64
	Content uint64 // of one without a key; 0 for none
	Rows    []lead.Row
	stored  int   // how many of Rows the engine has as rows of their own
	row     int64 // the lead its stored row names, when that was merged into
	stands  int64 // this one
	state
}

// Follow tells the inquiry that its lead was merged into another one.
func (st *InquiryState) Follow(number int64) {
	if number != st.Lead {
		st.row, st.stands, st.Lead = st.Lead, number, number
	}
}

// Row returns the lead the stored row names. An inquiry stays where it was put when
// its lead is merged, so that the merge can be undone.
func (st *InquiryState) Row() int64 {
	if st.stands != 0 && st.Lead == st.stands {
		return st.row
	}
	return st.Lead
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
	if len(st.Rows) == 1 && !st.Waiting && st.Rows[0].Plain() {
		return nil
	}
	return st.Rows[st.stored:]
}

// When is the time an inquiry counts with.
func (st *InquiryState) When() time.Time {
	if at := st.Touch.At; !at.IsZero() {
		return at
	}
	return st.Touch.Received
}

// waits reports whether the inquiry waits for a lead that it may not make.
func (st *InquiryState) waits() bool {
	return st.Lead == 0 && !st.Waiting && st.Touch.Verdict == lead.Ignored
}

// state says what must be written of an object.
type state struct{ New, Changed bool }
