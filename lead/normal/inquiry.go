package normal

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"slices"
	"strings"
	"time"

	"leadgate/lead"
)

// The limits of an inquiry. What is over them is cut; the raw delivery keeps it.
const (
	maxText        = 64 << 10  // bytes of a text, of a field's value, of a transcript
	maxHTML        = 256 << 10 // bytes
	maxSubject     = 1000      // characters, as all below
	maxTitle       = 300
	maxLabel       = 500
	maxShort       = 200
	maxReason      = 500
	maxAttribution = 1000
	maxKey         = 400 // bytes; longer keys are hashed, not cut
	maxFields      = 200 // entries, as all below
	maxAttachments = 100
	maxList        = 50
)

// Inquiry brings a parsed inquiry into canonical form in place: clean text within
// limits, names with parts and display, identities through [Email] and [Phone],
// URLs, times in UTC to the microsecond, and Direction In when none is given and
// this is the only row of its inquiry: a later row of an outgoing call that does
// not repeat the direction must not turn the call round.
// Region is the country whose phone notation is understood, see [Phone]. Running
// it again changes nothing.
//
// Lists and pointers of q may be written to; a caller that shares them copies first.
func Inquiry(q *lead.Inquiry, region string) {
	Patch(q, region)
	if q.Direction == "" && q.Event == "" {
		q.Direction = lead.In
	}
}

// Patch is [Inquiry] for what an update says: it fills in nothing that the update
// does not say, since a filled value would replace that of the inquiry.
func Patch(q *lead.Inquiry, region string) {
	for _, p := range [...]*string{&q.Key, &q.Event, &q.Scope, &q.Source, &q.Thread} {
		*p = key(*p)
	}
	for _, p := range [...]struct {
		s   *string
		max int
	}{
		{&q.Origin, maxShort}, {(*string)(&q.Kind), maxShort}, {(*string)(&q.Direction), maxShort}, {&q.Channel, maxShort}, {&q.Account, maxShort},
		{&q.Username, maxShort}, {&q.Company, maxTitle}, {&q.Position, maxTitle}, {&q.Locale, maxShort}, {&q.Timezone, maxShort},
		{&q.Title, maxTitle}, {&q.Subject, maxSubject}, {&q.Amount, maxShort}, {(*string)(&q.Lane), maxShort}, {&q.Reason, maxReason},
	} {
		*p.s = Line(*p.s, p.max)
	}
	q.Country, q.Currency = code(q.Country, 2), code(q.Currency, 3)
	q.Text, q.HTML = longText(q.Text, maxText), longText(q.HTML, maxHTML)
	q.At, q.Received = instant(q.At), instant(q.Received)
	q.Avatar = webURL(q.Avatar)
	q.BirthDate = birthDate(q.BirthDate, region)
	personName(&q.Name)
	q.Identities = identities(q.Identities, region)
	q.Fields = fields(q.Fields)
	q.Attachments = attachments(q.Attachments)
	q.Tags = lines(q.Tags, maxShort)
	q.Consents = consents(q.Consents)
	q.Cards = cards(q.Cards, region)
	attribution(&q.Attribution)
	place(q)
	if q.Call != nil {
		phoneCall(q.Call, region)
	}
	if r := q.Reply; r != nil {
		r.API, r.To, r.Token = Line(r.API, maxShort), Text(r.To), Text(r.Token)
		r.TokenExpires, r.Until = instant(r.TokenExpires), instant(r.Until)
	}
}

// Update brings an update into canonical form in place: what it says by [Patch],
// and the names it goes by as those of inquiries, so that it finds its own.
func Update(u *lead.Update, region string) {
	u.About, u.Event, u.Scope = key(u.About), key(u.Event), key(u.Scope)
	u.Kind, u.At = lead.UpdateKind(Line(string(u.Kind), maxShort)), instant(u.At)
	u.State, u.Note = Line(u.State, maxShort), Line(u.Note, maxReason)
	Patch(&u.Patch, region)
}

// key keeps a provider's name of something whole, since names that were cut
// could collide: a long one ends in its hash.
func key(s string) string {
	s = Text(s)
	if len(s) <= maxKey {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return cutBytes(s, maxKey-2*len(sum)-1) + "#" + hex.EncodeToString(sum[:])
}

// longText is clean text of at most max bytes.
func longText(s string, max int) string {
	if len(s) > 2*max { // no need to clean what is cut anyway
		s = cutBytes(s, 2*max)
	}
	return cutBytes(Text(s), max)
}

// code is an ISO code of n letters in upper case; other text stays as it is.
func code(s string, n int) string {
	s = Line(s, maxShort)
	if len(s) == n {
		s = strings.ToUpper(s)
	}
	return s
}

// instant is a time in UTC to the microsecond. What no provider means (the begin
// of Unix time and before, years JSON cannot write) is unknown.
func instant(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	t = t.UTC().Truncate(time.Microsecond)
	if t.Unix() <= 0 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}

// webURL is a canonical URL, or "" for what is none and must not become a link.
func webURL(s string) string {
	if s == "" {
		return ""
	}
	u, _ := URL(s)
	return u
}

// pageURL is a canonical URL. Other text, such as a relative path or the name of
// an app, stays text, unless following it would run it.
func pageURL(s string) string {
	if s == "" {
		return ""
	}
	if u, ok := URL(s); ok {
		return u
	}
	s = Line(s, maxAttribution)
	if u, ok := URL(s); ok { // what was cut off was in the way
		return u
	}
	scheme, _, _ := strings.Cut(strings.ToLower(s), ":")
	switch strings.TrimSpace(scheme) {
	case "javascript", "vbscript", "data", "blob", "file":
		return ""
	}
	return s
}

// personName fills the parts of a name from its display or the other way round.
// Parts that are no name (n/a, an address typed into the wrong field) are dropped
// and stay in the display.
func personName(n *lead.Name) {
	for _, p := range [...]*string{&n.Prefix, &n.Given, &n.Middle, &n.Family} {
		*p = Line(*p, maxName/4)
	}
	n.Display = displayName(n.Display)
	if n.Display == "" {
		n.Display = displayName(n.String())
	}
	if cleanParts(n); n.Given != "" || n.Middle != "" || n.Family != "" {
		return
	}
	prefix := n.Prefix
	if *n = ParseName(n.Display); n.Prefix == "" {
		n.Prefix = prefix
	}
	for _, p := range [...]*string{&n.Prefix, &n.Given, &n.Middle, &n.Family} {
		*p = Line(*p, maxName/4)
	}
	cleanParts(n)
}

// cleanParts drops the words of a name's parts that are none, and all of them
// when together they name nobody.
func cleanParts(n *lead.Name) {
	if (n.Given == "" || plainWord(n.Given)) && n.Middle == "" && (n.Family == "" || plainWord(n.Family)) {
		return
	}
	var all []string
	for _, p := range [...]*string{&n.Given, &n.Middle, &n.Family} {
		words := strings.Fields(*p)
		if slices.ContainsFunc(words, noNameWord) {
			words = slices.DeleteFunc(words, noNameWord)
			*p = strings.Join(words, " ")
		}
		all = append(all, words...)
	}
	if nobody(all) {
		n.Given, n.Middle, n.Family = "", "", ""
	}
}

func fields(list []lead.Field) []lead.Field {
	list = list[:min(len(list), maxFields)]
	for i := range list {
		f := &list[i]
		f.Key, f.Label, f.Type = Line(f.Key, maxShort), Line(f.Label, maxLabel), Line(f.Type, maxShort)
		f.Value = longText(f.Value, maxText)
	}
	return list
}

func attachments(list []lead.Attachment) []lead.Attachment {
	list = list[:min(len(list), maxAttachments)]
	for i := range list {
		a := &list[i]
		a.Kind, a.Name, a.Type = Line(a.Kind, maxShort), Line(a.Name, maxShort), Line(a.Type, maxShort)
		a.SHA256, a.Blob = Line(a.SHA256, maxShort), Line(a.Blob, maxTitle)
		a.Ref, a.URL = Text(a.Ref), Text(a.URL) // fetched as they are: signed URLs bear no change
		a.Size, a.Expires = max(a.Size, 0), instant(a.Expires)
	}
	return list
}

func consents(list []lead.Consent) []lead.Consent {
	list = list[:min(len(list), maxList)]
	for i := range list {
		c := &list[i]
		c.Key, c.Label, c.Version = Line(c.Key, maxShort), longText(c.Label, maxText), Line(c.Version, maxShort)
		c.At, c.Page = instant(c.At), pageURL(c.Page)
	}
	return list
}

func cards(list []lead.Card, region string) []lead.Card {
	list = list[:min(len(list), maxList)]
	for i := range list {
		c := &list[i]
		c.Name = Line(c.Name, maxName)
		for j, p := range c.Phones {
			c.Phones[j] = dialled(p, region)
		}
		for j, a := range c.Emails {
			a = Line(a, maxValue)
			if e, err := bareEmail(a); err == nil {
				a = e.Address
			}
			c.Emails[j] = a
		}
		c.Phones, c.Emails = lines(c.Phones, maxValue), lines(c.Emails, maxValue)
	}
	return list
}

// lines cleans a list of short texts, each once and none empty.
func lines(list []string, max int) []string {
	out := list[:0]
	for _, s := range list {
		if s = Line(s, max); s != "" && !slices.Contains(out, s) && len(out) < maxList {
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func attribution(a *lead.Attribution) {
	for _, p := range [...]*string{&a.Source, &a.Medium, &a.Campaign, &a.Term, &a.Content, &a.Platform} {
		*p = Line(*p, maxAttribution)
	}
	a.Page, a.Landing, a.Referrer = pageURL(a.Page), pageURL(a.Landing), pageURL(a.Referrer)
	a.Clicks, a.Ad = lineMap(a.Clicks), lineMap(a.Ad)
}

// lineMap cleans the keys and values of a map. Of too many entries those with the
// first keys stay, so that the choice is always the same.
func lineMap(m map[string]string) map[string]string {
	clean := len(m) <= maxList
	for k, v := range m {
		clean = clean && k != "" && v != "" && Line(k, maxShort) == k && Line(v, maxAttribution) == v
	}
	if clean {
		return m
	}
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	out := make(map[string]string, min(len(m), maxList))
	for _, k := range keys {
		v := Line(m[k], maxAttribution)
		k = Line(k, maxShort)
		if _, taken := out[k]; k != "" && v != "" && !taken && len(out) < maxList {
			out[k] = v
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// place cleans the postal address and the location. A location that is not on
// earth is dropped, and so is one that JSON cannot write.
func place(q *lead.Inquiry) {
	if a := q.Address; a != nil {
		for _, p := range [...]*string{&a.Street, &a.Number, &a.Line2, &a.City, &a.Postcode, &a.State} {
			*p = Line(*p, maxTitle)
		}
		a.Country = code(a.Country, 2)
		if *a == (lead.Address{}) {
			q.Address = nil
		}
	}
	if l := q.Location; l != nil {
		l.Name, l.Address = Line(l.Name, maxTitle), Line(l.Address, maxTitle)
		if !(math.Abs(l.Lat) <= 90 && math.Abs(l.Lon) <= 180) {
			q.Location = nil
		}
	}
}
