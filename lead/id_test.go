package lead

import (
	"encoding/json"
	"errors"
	"testing"

	"pgregory.net/rapid"
)

// TestDeriveIDTellsSplitsApart moves the border between scope and key through a
// text: no two splits may share an id.
func TestDeriveIDTellsSplitsApart(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-z0-9:/\x00 ]{1,30}`).Draw(t, "text")
		seen := map[ID]int{}
		for i := range len(text) + 1 {
			id := DeriveID(text[:i], text[i:])
			if j, ok := seen[id]; ok {
				t.Fatalf("%q split at %d and at %d gives one id", text, i, j)
			}
			seen[id] = i
			if id != DeriveID(text[:i], text[i:]) {
				t.Fatalf("%q split at %d gives two ids", text, i)
			}
		}
	})
}

// TestDeriveIDNeverChanges pins one id: receipts must stay the same for ever.
func TestDeriveIDNeverChanges(t *testing.T) {
	t.Parallel()
	id := DeriveID("contact", "k1")
	if id[6]>>4 != 5 || id[8]>>6 != 2 {
		t.Errorf("%v is no UUIDv5", id)
	}
	if got, want := id.String(), "d64c38d9-dff7-59f0-adf4-c6afd18b284a"; got != want {
		t.Errorf("DeriveID = %s, want %s", got, want)
	}
}

func TestNewID(t *testing.T) {
	t.Parallel()
	last := ID{}
	for range 1000 {
		id := NewID()
		if id[6]>>4 != 7 || id.String() <= last.String() {
			t.Fatalf("%v after %v is no growing UUIDv7", id, last)
		}
		last = id
	}
}

func TestParseID(t *testing.T) {
	t.Parallel()
	id := NewID()
	if back, err := ParseID(id.String()); err != nil || back != id {
		t.Errorf("ParseID(%v) = %v, %v", id, back, err)
	}
	for _, s := range []string{"", "x", "{6c656164-6761-7465-8d1c-4f0a9b3e5271}", "urn:uuid:6c656164-6761-7465-8d1c-4f0a9b3e5271", "6c656164-6761-7465-8d1c-4f0a9b3e527g", "6c65616467617465-8d1c-4f0a-9b3e-5271"} {
		if id, err := ParseID(s); !errors.Is(err, ErrInvalid) || !id.IsZero() {
			t.Errorf("ParseID(%q) = %v, %v", s, id, err)
		}
	}
}

func TestIDInJSON(t *testing.T) {
	t.Parallel()
	for _, id := range []ID{{}, NewID()} {
		b, err := json.Marshal(id)
		if err != nil || string(b) != `"`+id.String()+`"` {
			t.Errorf("%v in JSON is %s, %v", id, b, err)
		}
		back := NewID()
		if err := json.Unmarshal(b, &back); err != nil || back != id {
			t.Errorf("%s read back is %v, %v", b, back, err)
		}
	}
	if err := json.Unmarshal([]byte(`"no"`), new(ID)); err == nil {
		t.Error("a wrong id was read")
	}
}

func FuzzParseID(f *testing.F) {
	f.Add("6c656164-6761-7465-8d1c-4f0a9b3e5271")
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseID(s)
		if err != nil || id.IsZero() {
			return
		}
		if back, err := ParseID(id.String()); err != nil || back != id {
			t.Fatalf("%q: %v, then %v, %v", s, id, back, err)
		}
	})
}
