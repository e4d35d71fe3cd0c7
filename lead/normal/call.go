package normal

import (
	"math"

	"leadgate/lead"
)

// phoneCall cleans what is known of a call.
func phoneCall(c *lead.Call, region string) {
	c.From, c.To, c.Tracking = dialled(c.From, region), dialled(c.To, region), dialled(c.Tracking, region)
	for _, p := range [...]*string{
		(*string)(&c.State), &c.Leg, &c.ParentLeg, &c.Withheld, &c.CallerName, &c.City, &c.AgentID, &c.AgentExt, &c.AgentName, &c.AgentEmail,
		&c.Queue, &c.Cause, &c.HangupBy, &c.Linked,
	} {
		*p = Line(*p, maxTitle)
	}
	c.Transcript = longText(c.Transcript, maxText)
	c.Started, c.Answered, c.Ended = instant(c.Started), instant(c.Answered), instant(c.Ended)
	for _, p := range [...]*float64{&c.RingS, &c.TalkS, &c.BilledS, &c.TotalS} {
		*p = seconds(*p)
	}
	c.Menu = c.Menu[:min(len(c.Menu), maxList)] // the way through a menu may repeat a step
	for i, s := range c.Menu {
		c.Menu[i] = Line(s, maxShort)
	}
	c.Recordings = c.Recordings[:min(len(c.Recordings), maxList)]
	for i := range c.Recordings {
		r := &c.Recordings[i]
		r.ID, r.URL, r.Blob, r.Format = Text(r.ID), Text(r.URL), Line(r.Blob, maxTitle), Line(r.Format, maxShort)
		r.Seconds, r.Channels, r.Expires = seconds(r.Seconds), max(r.Channels, 0), instant(r.Expires)
	}
	c.Transfers = c.Transfers[:min(len(c.Transfers), maxList)]
	for i := range c.Transfers {
		t := &c.Transfers[i]
		t.Kind, t.From, t.To = Line(t.Kind, maxShort), dialled(t.From, region), dialled(t.To, region)
	}
}

// dialled is E.164 for a number that exists, and the text as given for what else
// stands where calls come from and go to: extensions, SIP addresses, clients.
func dialled(s, region string) string {
	if _, ok := canonicalPhone(s); ok || s == "" {
		return s
	}
	s = phoneLine(s)
	if all := Phones(s, region); len(all) == 1 && all[0].E164 != "" && all[0].Weak != weakNotANumber && all[0].Weak != weakMasked {
		return all[0].E164
	}
	return s
}

// seconds is a duration somebody can have measured; others are unknown.
func seconds(s float64) float64 {
	if !(s > 0) || math.IsInf(s, 0) {
		return 0
	}
	return s
}
