package webhook

import (
	"fmt"
	"slices"
	"strconv"

	"leadgate/connectors"
	"leadgate/connectors/internal/fields"
	"leadgate/lead"
)

// parse reads a post. Single posts that cannot be read are an error; of several
// inquiries the bad ones are failures beside the good.
func (h *hook) parse(d lead.Delivery, s connectors.Settings) (lead.Parsed, error) {
	body, err := plainBody(&d)
	if err != nil {
		return lead.Parsed{}, err
	}
	t, err := fields.Decode(d.Header.Get("Content-Type"), body, h.query(&d, s), fields.Limits{})
	if err != nil {
		return lead.Parsed{}, err
	}
	if s.Text("auth") == "body" {
		t.Take(func(name string) bool { return name == s.Text("field") })
	}
	program, err := h.program(s)
	if err != nil {
		return lead.Parsed{}, fmt.Errorf("reading mapping: %w: %w", lead.ErrPermanent, err)
	}
	all, many := fields.Split(t.Root)
	if program != nil {
		if all, err = program.run(t.Root); err != nil {
			return lead.Parsed{}, err
		}
		many = len(all) != 1
	}
	if !many {
		t.Root = all[0]
		return one(t, &d, s, program != nil)
	}
	return several(all, s), nil
}

// one reads a post that is a single inquiry. Its key is the post's, unless a
// mapping named it.
func one(t fields.Tree, d *lead.Delivery, s connectors.Settings, mapped bool) (lead.Parsed, error) {
	if fields.Empty(t.Root) && len(t.Files) == 0 {
		return lead.Parsed{}, fmt.Errorf("reading body: %w: it holds nothing", lead.ErrInvalid)
	}
	q := inquiry(t, s)
	if key := headerKey(d); key != "" && (!mapped || q.Key == "") {
		q.Key = key
	}
	return lead.Parsed{Inquiries: []lead.Inquiry{q}}, nil
}

// several reads the inquiries of one post, each with the key it gives itself. The
// second of a key is a failure: which of the two is meant cannot be told.
func several(all []fields.Value, s connectors.Settings) lead.Parsed {
	var out lead.Parsed
	keys := map[string]bool{}
	for i, v := range all {
		reason, key := "", fields.ID(v)
		switch {
		case v.Kind != fields.Object && v.Kind != fields.List:
			reason = "is no object"
		case fields.Empty(v):
			reason = "holds nothing"
		case key != "" && keys[key]:
			reason = "has the id of another item"
		}
		if reason != "" {
			out.Failures = append(out.Failures, lead.Failure{Key: key, Reason: "item " + strconv.Itoa(i+1) + " " + reason})
			continue
		}
		keys[key] = true
		out.Inquiries = append(out.Inquiries, inquiry(fields.Tree{Root: v}, s))
	}
	return out
}

func inquiry(t fields.Tree, s connectors.Settings) lead.Inquiry {
	q := fields.Map(t)
	q.Kind, q.Channel, q.Origin = lead.KindForm, "webhook", s.Text("origin")
	q.Fields = slices.Clip(q.Fields)
	return q
}
