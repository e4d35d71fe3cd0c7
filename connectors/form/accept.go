package form

import (
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"

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
		h.fail(w, r, refuse(err))
		return
	}
	if err := h.cfg.checkAnswers(tree); err != nil {
		h.failAnswers(w, r, refuse(err), tree)
		return
	}
	d.Key = submissionKey(d.Header, tree.Root)
	d.Origin, d.Flood = origin, flood
	d.Token, d.Fill = h.tokens.read(tree.Root.Get(fieldToken).Text, d.At, h.cfg.maxAge)
	h.keep(&d)
	receipt, err := h.env.Accept(r.Context(), d)
	if err != nil {
		// Whatever stopped it is our fault: the sender must come again.
		h.env.Log().WarnContext(r.Context(), "post not accepted", "err", err)
		h.fail(w, r, refusal{status: http.StatusServiceUnavailable, code: "unavailable", retry: retryDown + h.jitter(retrySpread+1)})
		return
	}
	h.done(w, r, receipt)
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

// receive reads and decodes a post.
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
	tree, err := decode(&d)
	return d, tree, err
}

// bodyLimit returns how large a body of this media type may be; a type that is no
// form's is connectors.ErrEncoding. A missing type is taken: the body tells.
func bodyLimit(contentType string) (int64, error) {
	switch kind := mediaType(contentType); {
	case kind == "multipart/form-data":
		return filesLimit, nil
	case kind == "", kind == "application/x-www-form-urlencoded", kind == "text/plain",
		kind == "application/json", kind == "text/json", strings.HasSuffix(kind, "+json"):
		return plainLimit, nil
	}
	return 0, connectors.ErrEncoding
}

func mediaType(contentType string) string {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil { // a broken parameter does not make it another type
		kind, _, _ = strings.Cut(contentType, ";")
	}
	return strings.ToLower(strings.TrimSpace(kind))
}

// decode reads the body and the query of a post. Edge and Parse share it, so
// what was checked is what is read.
func decode(d *lead.Delivery) (fields.Tree, error) {
	contentType := d.Header.Get("Content-Type")
	limit, err := bodyLimit(contentType)
	if err != nil {
		return fields.Tree{}, fmt.Errorf("reading form: %w: not a form's media type", lead.ErrInvalid)
	}
	body, err := connectors.Plain(d, limit)
	if err != nil {
		return fields.Tree{}, err
	}
	tree, err := fields.Decode(contentType, body, d.Query, fields.Limits{})
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
