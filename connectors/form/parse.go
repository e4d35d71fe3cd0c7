package form

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"leadgate/connectors"
	"leadgate/connectors/internal/fields"
	"leadgate/lead"
)

// parse reads a post. Declared questions are read as declared, everything else by
// the usual names of fields, and what has no other place stays as a field.
//
// The time of an inquiry and of its consents is left zero, because a form says
// none: both happened when the delivery was taken, which the store knows.
func parse(d lead.Delivery, s connectors.Settings) (lead.Parsed, error) {
	cfg := readConfig(s)
	tree, err := decode(&d, fields.Decode)
	if err != nil {
		return lead.Parsed{}, err
	}
	key := d.Key
	if key == "" {
		key = submissionKey(d.Header, tree.Root)
	}
	all := people(tree.Root)
	if len(all) == 1 {
		return lead.Parsed{Inquiries: []lead.Inquiry{cfg.read(&d, tree, key)}}, nil
	}
	var out lead.Parsed
	for i, one := range all {
		own := submissionKey(nil, one)
		if own == "" && key != "" {
			own = key + "#" + strconv.Itoa(i)
		}
		if !cfg.inquires(one) {
			out.Failures = append(out.Failures, lead.Failure{Key: own, Reason: "item " + strconv.Itoa(i+1) + " holds no answer"})
			continue
		}
		out.Inquiries = append(out.Inquiries, cfg.read(&d, fields.Tree{Root: one}, own))
	}
	return out, nil
}

// people returns the inquiries of a post, of which a list is several, as when a
// script sends what it kept while it was offline.
func people(root fields.Value) []fields.Value {
	all, _ := fields.Split(root)
	return all
}

// read reads one inquiry.
func (c *config) read(d *lead.Delivery, tree fields.Tree, key string) lead.Inquiry {
	reserved := tree.Take(c.reserved)
	declared := c.declared(&tree)
	q := fields.Map(tree)
	distrust(&q, tree.Root)
	q.Key, q.Kind, q.Channel, q.Origin = key, lead.KindForm, "form", "WEBFORM"
	q.Text = strings.ReplaceAll(q.Text, "\r\n", "\n") // browsers send the lines of a textarea so
	relabel(q.Fields, c.fields)
	q.Fields = append(declared.fields, q.Fields...)
	attribute(&q.Attribution, d.Header.Get("Referer"))
	q.Consents = append(declared.consents, q.Consents...)
	for i := range q.Consents {
		q.Consents[i].Page = q.Attribution.Page
	}
	if q.Locale == "" {
		q.Locale = firstLanguage(d.Header.Get("Accept-Language"))
	}
	if why := c.suspicion(d, reserved); why != "" {
		q.Lane, q.Reason = lead.LaneQuarantine, why
	}
	return q
}

// distrust takes back what a program we know may say of an inquiry and a visitor
// of a public page may not: its id, its time, that it is a test. These answers
// stay as fields. A customer id is kept, but whoever types one is not that
// customer yet.
func distrust(q *lead.Inquiry, root fields.Value) {
	for i, id := range q.Identities {
		if id.Kind == lead.IdentityCustomer {
			q.Identities[i].Weak = "typed into a public form"
		}
	}
	if q.Key == "" && q.At.IsZero() && !q.IsTest {
		return
	}
	at := q.At
	for _, it := range root.Items {
		if !it.Value.Scalar() || it.Name == "" {
			continue
		}
		one := fields.Map(fields.Tree{Root: fields.Value{Kind: fields.Object, Items: []fields.Item{it}}})
		taken := one.Key != "" && one.Key == q.Key || !one.At.IsZero() && one.At.Equal(q.At) || one.IsTest
		if taken && len(one.Fields) == 0 {
			q.Fields = append(q.Fields, lead.Field{Key: it.Name, Value: strings.TrimSpace(it.Value.Text)})
			if one.At.Equal(at) {
				at = time.Time{}
			}
		}
	}
	if !at.IsZero() { // it stood deeper, under a name that is lost
		q.Fields = append(q.Fields, lead.Field{Key: "time", Value: at.Format(time.RFC3339Nano)})
	}
	q.Key, q.At, q.IsTest = "", time.Time{}, false
}

// declaration is what the declared questions give that only they can tell.
type declaration struct {
	fields   []lead.Field
	consents []lead.Consent
}

// declared takes the answers of declared questions out of the tree. Consents and
// custom answers are read here; the ones that mean something go back under the
// usual name of what they mean, ahead of everything that is not declared. The
// rest stays where it is.
func (c *config) declared(t *fields.Tree) declaration {
	var out declaration
	var known []fields.Item
	for _, d := range c.fields {
		switch {
		case d.maps == mapConsent:
			given := answers(remove(&t.Root, d.path))
			out.consents = append(out.consents, lead.Consent{
				Key: d.name, Label: d.label, Version: d.version, Checked: slices.ContainsFunc(given, truthy),
			})
		case d.maps == mapCustom:
			if given := answers(remove(&t.Root, d.path)); len(given) > 0 {
				out.fields = append(out.fields, lead.Field{Key: d.name, Label: d.label, Type: string(d.kind), Value: strings.Join(given, ", ")})
			}
		case d.maps != "":
			if v := remove(&t.Root, d.path); len(answers(v)) > 0 {
				known = joined(known, d.maps, v)
			}
		}
	}
	if len(known) == 0 {
		return out
	}
	// Where an undeclared field has the same name, the declared one gets the place.
	t.Root = fields.Value{Kind: fields.Object, Items: append(known, t.Root.Items...)}
	return out
}

// remove takes the value under a chain of names out of v; the zero Value when it
// is not there. Lists and objects above it are copied, never changed in place.
func remove(v *fields.Value, path []string) fields.Value {
	if v.Kind != fields.Object {
		return fields.Value{}
	}
	i := slices.IndexFunc(v.Items, func(it fields.Item) bool { return it.Name == path[0] })
	if i < 0 {
		return fields.Value{}
	}
	v.Items = slices.Clone(v.Items)
	if len(path) > 1 {
		return remove(&v.Items[i].Value, path[1:])
	}
	found := v.Items[i].Value
	v.Items = slices.Delete(v.Items, i, i+1)
	return found
}

// relabel gives answers that stayed fields the label and type they are declared with.
func relabel(list []lead.Field, definitions []definition) {
	for i := range list {
		for _, d := range definitions {
			if list[i].Key == d.name || list[i].Key == strings.Join(d.path, ".") {
				list[i].Label, list[i].Type = d.label, string(d.kind)
			}
		}
	}
}

// suspicion says in words why a post looks like spam, or "".
func (c *config) suspicion(d *lead.Delivery, reserved []fields.Item) string {
	var why []string
	add := func(rule, reason string, is bool) {
		if is && c.has(rule) {
			why = append(why, reason)
		}
	}
	trapped := c.honeypot != "" && slices.ContainsFunc(reserved, func(it fields.Item) bool {
		return it.Name == c.honeypot && len(answers(it.Value)) > 0
	})
	add(ruleHoneypot, "the hidden field is filled in", trapped)
	add(ruleToken, "the render token is forged", d.Token == lead.TokenForged)
	add(ruleToken, "the render token has expired", d.Token == lead.TokenExpired)
	add(ruleNoToken, "no render token was sent", d.Token == lead.TokenNone)
	add(ruleFill, fmt.Sprintf("filled in within %v, faster than %v", d.Fill.Round(10*time.Millisecond), c.minFill),
		d.Token == lead.TokenValid && d.Fill > 0 && d.Fill < c.minFill)
	add(ruleFlood, d.Flood, d.Flood != "")
	add(ruleOrigin, "the post names no page, and only listed pages may post", d.Signals.Origin == "" && c.origins != nil)
	return strings.Join(why, "; ")
}

// firstLanguage returns the language a browser prefers (RFC 9110 §12.5.4), or "".
func firstLanguage(accept string) string {
	tag, _, _ := strings.Cut(accept, ",")
	tag, _, _ = strings.Cut(tag, ";")
	tag = strings.TrimSpace(tag)
	letters := func(r rune) bool { return r != '-' && (r|0x20 < 'a' || r|0x20 > 'z') && (r < '0' || r > '9') }
	if len(tag) < 2 || len(tag) > 35 || strings.ContainsFunc(tag, letters) {
		return ""
	}
	return tag
}
