package form

import (
	"strings"

	"leadgate/connectors/internal/fields"
	"leadgate/lead"
)

// attribute fills in what the posted fields left open: the page is the one the
// browser names, and its address tells the campaign and the clicks that no hidden
// field told.
func attribute(a *lead.Attribution, referer string) {
	if originOf(referer) == "" {
		return
	}
	referer = clean(referer)
	if a.Page == "" {
		a.Page = referer
	}
	fields.FromURL(a, referer)
}

// clean makes a header's text storable: no NUL, no invalid UTF-8.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "")
}
