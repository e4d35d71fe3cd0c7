package store

import (
	"time"

	"leadgate/lead"
)

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

// When is the time an inquiry counts with.
func (st *InquiryState) When() time.Time {
	if at := st.Touch.At; !at.IsZero() {
		return at
	}
	return st.Touch.Received
}

// state says what must be written of an object.
type state struct{ New, Changed bool }
