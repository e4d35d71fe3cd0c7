package lead

import (
	"cmp"
	"slices"
	"time"
)

// CallState is where a call stands.
type CallState string

// The states of a call, in the order of a call's life. Ended is «over, outcome
// not told»; Fold resolves it once all rows are there.
const (
	CallInitiated CallState = "initiated"
	CallRinging   CallState = "ringing"
	CallInMenu    CallState = "in_menu"
	CallAnswered  CallState = "answered"
	CallEnded     CallState = "ended"
	CallMissed    CallState = "missed"
	CallCanceled  CallState = "canceled"
	CallFailed    CallState = "failed"
	CallRejected  CallState = "rejected"
	CallBusy      CallState = "busy"
	CallCompleted CallState = "completed"
	CallVoicemail CallState = "voicemail"
)

// Call is what is known of a phone call. Times are the provider's, durations in seconds.
type Call struct {
	State       CallState   `json:"state,omitzero"`
	Leg         string      `json:"leg,omitzero"`
	ParentLeg   string      `json:"parent_leg,omitzero"`
	From        string      `json:"from,omitzero"` // E.164, or as given
	To          string      `json:"to,omitzero"`
	Withheld    string      `json:"withheld,omitzero"` // anonymous, restricted, unavailable …
	Tracking    string      `json:"tracking,omitzero"` // the number the caller dialled
	CallerName  string      `json:"caller_name,omitzero"`
	City        string      `json:"city,omitzero"`
	AgentID     string      `json:"agent_id,omitzero"`
	AgentExt    string      `json:"agent_ext,omitzero"`
	AgentName   string      `json:"agent_name,omitzero"`
	AgentEmail  string      `json:"agent_email,omitzero"`
	Queue       string      `json:"queue,omitzero"`
	Menu        []string    `json:"menu,omitzero"`
	Started     time.Time   `json:"started,omitzero"`
	Answered    time.Time   `json:"answered,omitzero"` // by a person
	Ended       time.Time   `json:"ended,omitzero"`
	RingS       float64     `json:"ring_s,omitzero"`
	TalkS       float64     `json:"talk_s,omitzero"`
	BilledS     float64     `json:"billed_s,omitzero"`
	TotalS      float64     `json:"total_s,omitzero"`
	Cause       string      `json:"cause,omitzero"`
	HangupBy    string      `json:"hangup_by,omitzero"`
	Transcript  string      `json:"transcript,omitzero"`
	Recordings  []Recording `json:"recordings,omitzero"`
	Transfers   []Transfer  `json:"transfers,omitzero"`
	AgentLeg    bool        `json:"agent_leg,omitzero"`  // this row tells of a single agent's leg, which decides nothing alone
	PersonAns   bool        `json:"person,omitzero"`     // a person answered, not a menu
	OnHold      bool        `json:"on_hold,omitzero"`    // the last toggle wins
	HoldToggled bool        `json:"hold_event,omitzero"` // this row toggles hold
	Linked      string      `json:"linked,omitzero"`     // key of the same call at another system
	Internal    bool        `json:"internal,omitzero"`   // between extensions
}

// Recording is a recorded part of a call.
type Recording struct {
	ID        string    `json:"id,omitzero"`
	URL       string    `json:"url,omitzero"`
	Blob      string    `json:"blob,omitzero"`
	Seconds   float64   `json:"seconds,omitzero"`
	Channels  int       `json:"channels,omitzero"`
	Format    string    `json:"format,omitzero"`
	Auth      bool      `json:"auth,omitzero"`
	Expires   time.Time `json:"expires,omitzero"`
	Voicemail bool      `json:"voicemail,omitzero"`
}

// Transfer is one hand-over of a call.
type Transfer struct {
	Kind string `json:"kind,omitzero"` // blind, attended, external
	From string `json:"from,omitzero"`
	To   string `json:"to,omitzero"`
}

// rank orders the states of a call; a terminal outranks everything that is not,
// and among terminals the more telling one wins, whatever came last.
func (s CallState) rank() int {
	return slices.Index([]CallState{"", CallInitiated, CallRinging, CallInMenu, CallAnswered,
		CallEnded, CallMissed, CallCanceled, CallFailed, CallRejected, CallBusy, CallCompleted, CallVoicemail}, s)
}

// Over reports whether the state ends a call.
func (s CallState) Over() bool { return s.rank() >= CallEnded.rank() }

// foldCall brings next, a later row, into c. Rows come in the order of Fold.
func foldCall(c, next *Call) {
	// Answered tells of a person; a connector reports a menu that picked up as in_menu.
	c.PersonAns = c.PersonAns || next.PersonAns || next.State == CallAnswered || next.State == CallCompleted && next.TalkS > 0
	if (!next.AgentLeg || !next.State.Over()) && next.State.rank() > c.State.rank() {
		c.State = next.State
	}
	c.Started = earlier(c.Started, next.Started)
	c.Answered = earlier(c.Answered, next.Answered)
	c.Ended = later(c.Ended, next.Ended)
	for _, p := range [...]struct {
		to   *string
		from string
	}{
		{&c.From, next.From}, {&c.To, next.To}, {&c.Withheld, next.Withheld}, {&c.Tracking, next.Tracking}, {&c.CallerName, next.CallerName},
		{&c.City, next.City}, {&c.AgentID, next.AgentID}, {&c.AgentExt, next.AgentExt}, {&c.AgentName, next.AgentName}, {&c.AgentEmail, next.AgentEmail},
		{&c.Queue, next.Queue}, {&c.Cause, next.Cause}, {&c.HangupBy, next.HangupBy}, {&c.Transcript, next.Transcript}, {&c.Linked, next.Linked},
		{&c.Leg, next.Leg}, {&c.ParentLeg, next.ParentLeg},
	} {
		take(p.to, p.from)
	}
	c.RingS, c.TalkS = max(c.RingS, next.RingS), max(c.TalkS, next.TalkS)
	c.BilledS, c.TotalS = max(c.BilledS, next.BilledS), max(c.TotalS, next.TotalS)
	c.Menu = union(c.Menu, next.Menu, func(s string) string { return s })
	c.Transfers = union(c.Transfers, next.Transfers, func(t Transfer) Transfer { return t })
	c.Recordings = unionRecordings(c.Recordings, next.Recordings)
	if next.HoldToggled {
		c.OnHold = next.OnHold
	}
	c.AgentLeg = c.AgentLeg && next.AgentLeg
	c.Internal = c.Internal || next.Internal
}

// resolveCall settles what only all rows together can tell: how a call that just
// «ended» went, and the durations nobody named.
func resolveCall(c *Call, d Direction) {
	voicemail := slices.ContainsFunc(c.Recordings, func(r Recording) bool { return r.Voicemail })
	switch {
	case c.State == CallMissed && voicemail:
		c.State = CallVoicemail
	case c.State == CallMissed && c.PersonAns:
		c.State = CallCompleted
	case c.State != CallEnded:
	case c.PersonAns:
		c.State = CallCompleted
	case voicemail:
		c.State = CallVoicemail
	case d == Out:
		c.State = CallCanceled
	default:
		c.State = CallMissed
	}
	if c.TalkS == 0 && c.PersonAns && !c.Answered.IsZero() && c.Ended.After(c.Answered) {
		c.TalkS = c.Ended.Sub(c.Answered).Seconds()
	}
	if end := firstTime(c.Answered, c.Ended); c.RingS == 0 && !c.Started.IsZero() && end.After(c.Started) {
		c.RingS = end.Sub(c.Started).Seconds()
	}
}

func firstTime(a, b time.Time) time.Time {
	if a.IsZero() {
		return b
	}
	return a
}

// unionRecordings joins by id, or by URL where there is none, keeping what each row adds.
func unionRecordings(have, add []Recording) []Recording {
	for _, r := range add {
		i := slices.IndexFunc(have, func(h Recording) bool { return cmp.Or(h.ID, h.URL) == cmp.Or(r.ID, r.URL) })
		if i < 0 {
			have = append(slices.Clip(have), r)
			continue
		}
		h := have[i]
		take(&h.URL, r.URL)
		take(&h.Blob, r.Blob)
		take(&h.Format, r.Format)
		h.Seconds, h.Channels = max(h.Seconds, r.Seconds), max(h.Channels, r.Channels)
		h.Auth, h.Voicemail = h.Auth || r.Auth, h.Voicemail || r.Voicemail
		h.Expires = later(h.Expires, r.Expires)
		have = slices.Clone(have)
		have[i] = h
	}
	return have
}
