package seal

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"leadgate/lead"
)

// ring makes a ring of keys that are all one byte.
func ring(t testing.TB, bs ...byte) *Ring {
	t.Helper()
	var keys []Key
	for _, b := range bs {
		keys = append(keys, Key(bytes.Repeat([]byte{b}, 32)))
	}
	r, err := NewRing(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What was sealed opens in its place, and nowhere else, and not with a bit changed.
func TestSealLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		r := ring(t, 1, 2)
		place := Place(rapid.SliceOf(rapid.String()).Draw(rt, "place")...)
		other := Place(rapid.SliceOf(rapid.String()).Draw(rt, "other")...)
		plain := rapid.SliceOf(rapid.Byte()).Draw(rt, "plain")
		sealed, err := r.Seal(place, plain)
		if err != nil {
			rt.Fatal(err)
		}
		if len(sealed) != len(plain)+Overhead {
			rt.Fatalf("%d bytes became %d", len(plain), len(sealed))
		}
		if got, err := r.Open(place, sealed); err != nil || !bytes.Equal(got, plain) {
			rt.Fatalf("Open = %q, %v", got, err)
		}
		if !bytes.Equal(place, other) {
			if _, err := r.Open(other, sealed); !errors.Is(err, ErrDamaged) {
				rt.Fatalf("opened in another place: %v", err)
			}
		}
		bit := rapid.IntRange(0, len(sealed)*8-1).Draw(rt, "bit")
		sealed[bit/8] ^= 1 << (bit % 8)
		if _, err := r.Open(place, sealed); !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrKey) {
			rt.Fatalf("bit %d changed: %v", bit, err)
		}
		cut := rapid.IntRange(0, len(sealed)-1).Draw(rt, "cut")
		if _, err := r.Open(place, sealed[:cut:cut]); err == nil {
			rt.Fatalf("cut to %d bytes it opens", cut)
		}
	})
}

// Two places are the same only when their names are.
func TestPlace(t *testing.T) {
	t.Parallel()
	seen := map[string][]string{}
	for _, names := range [][]string{nil, {""}, {"", ""}, {"a"}, {"ab"}, {"a", "b"}, {"", "ab"}, {"ab", ""}, {"a\x01b"}, {"\x01a"}} {
		p := string(Place(names...))
		if before, ok := seen[p]; ok {
			t.Errorf("%q and %q are one place", before, names)
		}
		seen[p] = names
	}
}

// A rotation, step by step: what the old key sealed opens until the old key is gone.
func TestRotation(t *testing.T) {
	t.Parallel()
	before, during := ring(t, 1), ring(t, 2, 1)
	place := Place("state", "x")
	old, _ := before.Seal(place, []byte("x"))
	fresh, _ := during.Seal(place, []byte("x"))
	if id, err := KeyOf(fresh); err != nil || id != during.First() || id == before.First() {
		t.Errorf("sealed with %v, %v", id, err)
	}
	for _, v := range [][]byte{old, fresh} {
		if _, err := during.Open(place, v); err != nil {
			t.Errorf("with both keys: %v", err)
		}
	}
	if _, err := before.Open(place, fresh); !errors.Is(err, ErrKey) || !errors.Is(err, lead.ErrPermanent) {
		t.Errorf("with the old key only: %v, want ErrKey", err)
	}
	if _, err := during.Only().Open(place, old); !errors.Is(err, ErrKey) {
		t.Errorf("without the old key: %v, want ErrKey", err)
	}
	if led := during.Led(before.First()); led.First() != before.First() || !led.Has(during.First()) {
		t.Errorf("led by the old key: %v", led.IDs())
	}
	made, checked := before.Derive("p")[0], during.Derive("p")
	if len(checked) != 2 || !bytes.Equal(checked[1], made) || bytes.Equal(checked[0], made) || bytes.Equal(made, before.Derive("q")[0]) {
		t.Error("what was derived from the old key is not found after it was followed")
	}
	grown, err := before.With(Key(bytes.Repeat([]byte{2}, 32)))
	if err != nil || !grown.Equal(during) || grown.Equal(before) {
		t.Errorf("With = %v, %v", grown, err)
	}
}

func TestParseRing(t *testing.T) {
	t.Parallel()
	a, b := strings.Repeat("ab", 32), strings.Repeat("CD", 32)
	for _, tc := range []struct {
		text string
		keys int // 0 for refused
	}{
		{a, 1}, {a + "\n", 1}, {" " + a + "\r\n" + b + "\n\n", 2}, {a + "," + b, 2}, {a + " # made in spring\n# none here\n" + b, 2}, {a + "\n" + a, 1},
		{"", 0}, {"# only this", 0}, {a[1:], 0}, {a + "0", 0}, {a + b, 0}, {strings.Repeat("zz", 32), 0}, {a + "\nx", 0},
	} {
		r, err := ParseRing(tc.text)
		switch {
		case (err == nil) != (tc.keys > 0):
			t.Errorf("ParseRing(%q) = %v", tc.text, err)
		case err != nil && (!errors.Is(err, lead.ErrInvalid) || strings.Contains(err.Error(), "ab") && strings.Contains(err.Error(), a)):
			t.Errorf("ParseRing(%q) = %v", tc.text, err)
		case err == nil && len(r.IDs()) != tc.keys:
			t.Errorf("ParseRing(%q) has %d keys, want %d", tc.text, len(r.IDs()), tc.keys)
		case err == nil:
			if again, err := ParseRing(r.Text()); err != nil || !again.Equal(r) {
				t.Errorf("written and read again: %v, %v", again, err)
			}
		}
	}
}

// However a key or a ring comes into a text, it is not in it.
func TestKeysDoNotPrint(t *testing.T) {
	t.Parallel()
	k, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewRing(k)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprint(k), fmt.Sprintf("%v %+v %#v %s", k, k, k, k), fmt.Sprint(r), fmt.Sprintf("%s %+v %#v", r, r, r)} {
		if strings.Contains(text, k.Hex()) || strings.Contains(text, fmt.Sprint(k[:4])) {
			t.Errorf("%q holds the key", text)
		}
	}
}

// A log in JSON tells the id of a key as all else does, and nothing of a key or ring.
func TestKeysInJSON(t *testing.T) {
	t.Parallel()
	k := Key{1, 2, 3}
	r, err := NewRing(k)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "id", k.ID(), "key", k, "ring", r)
	if text := out.String(); !strings.Contains(text, `"id":"`+k.ID().String()+`"`) || strings.Contains(text, "1,2,3") || strings.Contains(text, k.Hex()) {
		t.Errorf("logged is %s", text)
	}
}

// FuzzOpen: whatever bytes stand where a sealed value should be, none opens and none
// panics.
func FuzzOpen(f *testing.F) {
	r := ring(f, 7)
	sealed, err := r.Seal(Place("state", "x"), []byte("plain"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed, "x")
	f.Add(sealed[:Overhead], "x")
	f.Add([]byte{version}, "")
	f.Fuzz(func(t *testing.T, data []byte, row string) {
		plain, err := r.Open(Place("state", row), data)
		if err == nil && (row != "x" || string(plain) != "plain") { // another process of the fuzzer sealed the seed
			t.Errorf("Open = %q", plain)
		}
		if err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrKey) {
			t.Errorf("Open: %v", err)
		}
	})
}

// FuzzParseRing: whatever is given for keys is read or refused.
func FuzzParseRing(f *testing.F) {
	f.Add(strings.Repeat("ab", 32) + "\n# x\n")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRing(text)
		if err != nil {
			return
		}
		if again, err := ParseRing(r.Text()); err != nil || !again.Equal(r) {
			t.Errorf("written and read again: %v", err)
		}
	})
}
