package fields

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// idNames are the names a post's own id goes by, folded, the strongest first.
var idNames = [...]string{"id", "entryid", "submissionid", "responseid", "leadid", "eventid", "uuid", "uniqueid", "requestid"}

// idRank returns the place of a member's name in idNames, compared without case
// and separators, or -1.
func idRank(name string) int {
	var buf [12]byte
	n := 0
	for i := range len(name) {
		c := name[i]
		switch {
		case c >= 'A' && c <= 'Z':
			c |= 0x20
		case c >= 'a' && c <= 'z':
		case c == '_' || c == '-' || c == ' ' || c == '.':
			continue
		default:
			return -1
		}
		if n == len(buf) {
			return -1
		}
		buf[n] = c
		n++
	}
	for rank, want := range idNames {
		if string(buf[:n]) == want {
			return rank
		}
	}
	return -1
}

// maxKey is the longest key that is kept as it is, in bytes: keys stand in unique indexes.
const maxKey = 200

// Key makes a key out of what a sender calls its post: the text itself without
// space around it, or its SHA-256 when it is too long for an index. An empty text stays empty.
func Key(text string) string {
	text = strings.TrimSpace(repair(text))
	if len(text) <= maxKey {
		return text
	}
	sum := sha256.Sum256([]byte(text))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// ID returns the key an object gives itself under one of the usual names (id,
// entry_id, submission_id, response_id, lead_id, event_id, uuid …), or "". A
// placeholder is none, and neither are two values under one name: which is meant
// cannot be told.
func ID(v Value) string {
	if v.Kind != Object {
		return ""
	}
	var found ids
	for _, it := range v.Items {
		if rank := idRank(it.Name); rank >= 0 {
			found.add(rank, it.Value)
		}
	}
	return found.key()
}

// ids are the values found under idNames, by rank.
type ids [len(idNames)]struct {
	value Value
	split bool // there are several
}

func (all *ids) add(rank int, v Value) {
	have := &all[rank]
	switch {
	case v.blank():
	case v.Kind != Text && v.Kind != Number, have.value.Kind != Null && (have.value.Kind != v.Kind || have.value.Text != v.Text):
		have.split = true
	default:
		have.value = v
	}
}

func (all *ids) key() string {
	for i := range all {
		if text := strings.TrimSpace(all[i].value.Text); text != "" && !all[i].split && !placeholder(text) {
			return Key(text)
		}
	}
	return ""
}

// placeholder reports whether a text stands where an id should: what programs
// write for no value, zero, and a variable that was not filled in.
func placeholder(s string) bool {
	if strings.Trim(s, "0-.") == "" {
		return true
	}
	switch s[0] {
	case '{', '[', '<', '%', '$':
		return strings.ContainsAny(s[len(s)-1:], "}]>%")
	}
	switch strings.ToLower(s) {
	case "-1", "null", "nil", "none", "undefined", "nan", "na", "n/a", "unknown", "empty", "false", "true", "id", "new", "test", "[object object]":
		return true
	}
	return false
}
