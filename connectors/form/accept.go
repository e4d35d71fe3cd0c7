package form

import (
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"leadgate/connectors"
	"leadgate/connectors/internal/fields"
	"leadgate/lead"
)

// post takes one post: limits first, then the body, its syntax and required
// answers, then the signals, then Accept.
func (h *handler) post(w http.ResponseWriter, r *http.Request, origin string, allowed bool) {
	if !allowed {
		h.fail(w, r, refusal{status: http.StatusForbidden, code: "origin"})
		return
	}
	flood, ok := h.limit(r)
	if !ok {
		h.fail(w, r, refusal{status: http.StatusTooManyRequests, code: "flood", retry: retryFlood})
		return
	}
	d, tree, err := h.receive(w, r)
	if err != nil {
		h.fail(w, r, h.refuse(err))
		return
	}
	if err := h.cfg.checkAnswers(tree); err != nil {
		h.failAnswers(w, r, h.refuse(err), tree)
		return
	}
	d.Key = submissionKey(d.Header, tree.Root)
	d.Origin, d.Flood = origin, flood
	d.Token, d.Fill = h.seen(people(tree.Root), d.At)
	h.keep(&d)
	receipt, err := h.env.Accept(r.Context(), d)
	if err != nil {
		// Whatever stopped it is our fault: the sender must come again.
		h.env.Log().WarnContext(r.Context(), "post not accepted", "err", err)
		h.fail(w, r, h.refuse(lead.ErrUnavailable))
		return
	}
	h.done(w, r, receipt)
}

// seen tells what the render tokens of a post are worth: of several inquiries,
// what makes the post most suspicious.
func (h *handler) seen(all []fields.Value, now time.Time) (lead.TokenState, time.Duration) {
	rank := map[lead.TokenState]int{lead.TokenValid: 0, lead.TokenNone: 1, lead.TokenExpired: 2, lead.TokenForged: 3}
	state, fill := h.tokens.read(all[0].Get(fieldToken).Text, now, h.cfg.maxAge)
	for _, v := range all[1:] {
		s, f := h.tokens.read(v.Get(fieldToken).Text, now, h.cfg.maxAge)
		if rank[s] > rank[state] || s == state && f < fill {
			state, fill = s, f
		}
	}
	return state, fill
}

// limit counts a post against its address. It returns what the soft limit says
// of it, and false when the hard one refuses it.
func (h *handler) limit(r *http.Request) (flood string, ok bool) {
	c := connectors.ClientOf(r)
	if !c.Limited() || h.cfg.soft == 0 {
		return "", true
	}
	d := lead.Delivery{Peer: c.Addr.Unmap().String()}
	switch h.env.Limit(d.PeerPrefix(), h.cfg.soft, h.cfg.soft*hardFactor) {
	case connectors.Hard:
		return "", false
	case connectors.Soft:
		return fmt.Sprintf("more than %d posts a minute from one address", h.cfg.soft), true
	}
	return "", true
}

// receive reads and decodes a post. Its files are counted and left unread.
func (h *handler) receive(w http.ResponseWriter, r *http.Request) (lead.Delivery, fields.Tree, error) {
	limit, err := bodyLimit(r.Header.Get("Content-Type"))
	if err != nil {
		return lead.Delivery{}, fields.Tree{}, err
	}
	body, err := connectors.ReadBody(w, r, limit)
	if err != nil {
		return lead.Delivery{}, fields.Tree{}, err
	}
	d := connectors.NewDelivery(h.name, r, r.URL.Path, body, h.env.Now())
	if connectors.Packed(&d) { // opened, it takes more room than was asked for
		select {
		case h.opening <- struct{}{}:
			defer func() { <-h.opening }()
		case <-r.Context().Done():
			return lead.Delivery{}, fields.Tree{}, fmt.Errorf("opening form: %w", lead.ErrFull)
		}
	}
	tree, err := decode(&d, fields.Skim)
	return d, tree, err
}

// bodyLimit returns how large a body of this media type may be; a type that is no
// form's is connectors.ErrMediaType. A missing type is taken: the body tells.
func bodyLimit(contentType string) (int64, error) {
	switch kind := mediaType(contentType); {
	case kind == "multipart/form-data":
		return filesLimit, nil
	case kind == "", kind == "application/x-www-form-urlencoded", kind == "text/plain",
		kind == "application/json", kind == "text/json", strings.HasSuffix(kind, "+json"):
		return plainLimit, nil
	}
	return 0, connectors.ErrMediaType
}

func mediaType(contentType string) string {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil { // a broken parameter does not make it another type
		kind, _, _ = strings.Cut(contentType, ";")
	}
	return strings.ToLower(strings.TrimSpace(kind))
}

// decode reads the body and the query of a post. Edge and Parse share it, so
// what was checked is what is read; only Parse needs the contents of files.
func decode(d *lead.Delivery, read func(string, []byte, string, fields.Limits) (fields.Tree, error)) (fields.Tree, error) {
	contentType := d.Header.Get("Content-Type")
	limit, err := bodyLimit(contentType)
	if err != nil {
		return fields.Tree{}, fmt.Errorf("reading form: %w: not a form's media type", lead.ErrInvalid)
	}
	body, err := connectors.Plain(d, limit)
	if err != nil {
		return fields.Tree{}, err
	}
	tree, err := read(contentType, body, d.Query, fields.Limits{})
	if err != nil {
		return fields.Tree{}, err
	}
	tree.Root = paired(tree.Root)
	return tree, nil
}

// paired turns a list of name and value pairs, as scripts make out of a form,
// into an object. Other values stay as they are.
func paired(v fields.Value) fields.Value {
	if v.Kind != fields.List || len(v.Items) == 0 {
		return v
	}
	out := fields.Value{Kind: fields.Object}
	for _, it := range v.Items {
		name := it.Value.Get("name")
		if name.Kind != fields.Text || len(it.Value.Items) != 2 || !slices.ContainsFunc(it.Value.Items, func(m fields.Item) bool { return m.Name == "value" }) {
			return v
		}
		out.Items = joined(out.Items, name.Text, it.Value.Get("value"))
	}
	return out
}

// joined appends a member; one that is there already becomes a list.
func joined(items []fields.Item, name string, v fields.Value) []fields.Item {
	for i, it := range items {
		if it.Name != name {
			continue
		}
		if it.Value.Kind != fields.List {
			items[i].Value = fields.Value{Kind: fields.List, Items: []fields.Item{{Value: it.Value}}}
		}
		items[i].Value.Items = append(items[i].Value.Items, fields.Item{Value: v})
		return items
	}
	return append(items, fields.Item{Name: name, Value: v})
}

// submissionKey returns what the sender calls its post: the header of the
// Idempotency-Key draft (draft-ietf-httpapi-idempotency-key-header-06), else the
// form's field.
func submissionKey(h lead.Header, root fields.Value) string {
	if key := fields.Key(h.Get("Idempotency-Key")); key != "" {
		return key
	}
	v := root.Get(fieldSubmission)
	if v.Kind != fields.Text && v.Kind != fields.Number {
		return ""
	}
	return fields.Key(v.Text)
}
