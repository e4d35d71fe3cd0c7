package lead

import (
	"slices"
	"time"
)

// Verdict is what became of an inquiry.
type Verdict string

// The verdicts.
const (
	Created     Verdict = "created"     // it opened a lead
	Attached    Verdict = "attached"    // it is one more touch of an open lead
	Updated     Verdict = "updated"     // it changed an inquiry that was there
	Duplicate   Verdict = "duplicate"   // it was there already; nothing changed
	Quarantined Verdict = "quarantined" // kept out of the leads until released
	Ignored     Verdict = "ignored"     // read, and holds nothing for the leads
	Parked      Verdict = "parked"      // could not be read or stored; kept whole
)

// Status is the meaning of a stage.
type Status string

// The meanings a stage can have.
const (
	Open Status = "open"
	Won  Status = "won"
	Lost Status = "lost"
)

// Stage is one step of the way a lead goes.
type Stage struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Meaning Status `json:"meaning"`
	Ask     bool   `json:"ask_reason,omitzero"` // closing here asks for a reason
}

// DefaultStages returns the stages of a new installation.
func DefaultStages() []Stage {
	return []Stage{
		{ID: "new", Title: "New", Meaning: Open},
		{ID: "in-progress", Title: "In progress", Meaning: Open},
		{ID: "processed", Title: "Processed", Meaning: Open},
		{ID: "converted", Title: "Converted", Meaning: Won},
		{ID: "junk", Title: "Junk", Meaning: Lost, Ask: true},
	}
}

// Origins are the codes a lead's origin can have.
func Origins() []string {
	return []string{"CALL", "EMAIL", "WEB", "ADVERTISING", "PARTNER", "RECOMMENDATION", "TRADE_SHOW",
		"WEBFORM", "CALLBACK", "RC_GENERATOR", "STORE", "OTHER"}
}

// ValidOrigin reports whether a code is one of Origins.
func ValidOrigin(code string) bool { return slices.Contains(Origins(), code) }

// Handle is a messenger or customer id as a lead shows it.
type Handle struct {
	Type  string `json:"type"`
	Value string `json:"value"`
	Scope string `json:"scope,omitzero"`
}

// FirstLast holds the attribution of the first and of the newest touch.
type FirstLast struct {
	First Attribution `json:"first,omitzero"`
	Last  Attribution `json:"last,omitzero"`
}

// Lead is one open question of a person to the business, as it is stored and
// as the API shows it. A list of a lead is never null in JSON.
type Lead struct {
	ID          ID                `json:"id"`
	Number      int64             `json:"number"`
	Title       string            `json:"title"`
	Status      Status            `json:"status"`
	Stage       string            `json:"stage"`
	Source      string            `json:"source"` // of the first touch
	Origin      string            `json:"origin"`
	Name        string            `json:"name"`
	Company     string            `json:"company,omitzero"`
	Emails      []string          `json:"emails"`
	Phones      []string          `json:"phones"`
	Handles     []Handle          `json:"handles,omitzero"`
	Fields      map[string]string `json:"fields,omitzero"`
	Tags        []string          `json:"tags,omitzero"`
	Amount      string            `json:"amount,omitzero"`
	Currency    string            `json:"currency,omitzero"`
	Owner       string            `json:"owner,omitzero"`
	Returning   bool              `json:"returning,omitzero"` // the person had a lead before
	Anonymous   bool              `json:"anonymous,omitzero"` // no identity is known
	IsTest      bool              `json:"is_test,omitzero"`
	CloseReason string            `json:"close_reason,omitzero"`
	Touches     int               `json:"touches"`
	CreatedAt   time.Time         `json:"created_at"`
	UpdatedAt   time.Time         `json:"updated_at"`
	Attribution FirstLast         `json:"attribution,omitzero"`
	MergedFrom  []ID              `json:"merged_from,omitzero"`
	Person      int64             `json:"-"` // the person whose question it is
	MergedInto  int64             `json:"-"` // number of the surviving lead; 0 when it stands itself
}

// Touch is an inquiry as it stands in a lead's timeline: its rows, folded.
type Touch struct {
	ID         ID        `json:"id"`
	Inquiry              // what the rows say together
	Verdict    Verdict   `json:"verdict,omitzero"`
	DeliveryID ID        `json:"delivery_id,omitzero"`
	Lead       int64     `json:"-"`
	State      string    `json:"state,omitzero"` // of a sent message
	Note       string    `json:"note,omitzero"`
	EditedAt   time.Time `json:"edited_at,omitzero"`
	By         string    `json:"by,omitzero"`      // who entered it by hand, or had its delivery read again
	Deleted    bool      `json:"deleted,omitzero"` // the provider asked us to remove its content
}

// Entry is one line of a timeline that is not a touch: a stage change, a note, a merge.
type Entry struct {
	ID   ID        `json:"id"`
	Kind string    `json:"kind"` // stage, edit, note, merge, unmerge, not-same, release
	At   time.Time `json:"at"`
	By   string    `json:"by,omitzero"` // who did it; "" for leadgate itself
	Text string    `json:"text,omitzero"`
}
