package form

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"leadgate/lead"
)

func somebody(form string) tokens {
	return tokens{key: []byte("0123456789abcdef0123456789abcdef"), form: form}
}

func TestTokenIsReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at := time.UnixMilli(rapid.Int64Range(0, 1<<42).Draw(t, "at"))
		age := time.Duration(rapid.Int64Range(1, int64(48*time.Hour)).Draw(t, "age"))
		k := somebody(rapid.String().Draw(t, "form"))
		state, fill := k.read(k.issue(at), at.Add(age), 24*time.Hour)
		want := lead.TokenValid
		if age > 24*time.Hour {
			want = lead.TokenExpired
		}
		if state != want || fill != age {
			t.Fatalf("%s after %v, want %s after %v", state, fill, want, age)
		}
	})
}

func TestFlippedTokenIsForged(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1_772_600_767_000)
	k := somebody("contact")
	whole := k.issue(now)
	for i := range len(whole) {
		for bit := range 8 {
			b := []byte(whole)
			b[i] ^= 1 << bit
			if state, fill := k.read(string(b), now, time.Hour); state != lead.TokenForged || fill != 0 {
				t.Errorf("bit %d of byte %d flipped: %s after %v", bit, i, state, fill)
			}
		}
		if state, _ := k.read(whole[:i], now, time.Hour); state != lead.TokenForged && i > 0 {
			t.Errorf("cut to %d bytes: %s", i, state)
		}
	}
}

func TestChangedTokenIsForged(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := time.UnixMilli(1_772_600_767_000)
		k := somebody("contact")
		other := rapid.String().Filter(func(s string) bool { return s != "contact" }).Draw(t, "form")
		text := rapid.String().Draw(t, "text")
		whole := k.issue(now)
		for _, bad := range []string{somebody(other).issue(now), whole + text + "x", " " + whole, whole + "\n", whole + "=", "x" + text} {
			if state, _ := k.read(bad, now, time.Hour); state != lead.TokenForged {
				t.Fatalf("%q is %s", bad, state)
			}
		}
	})
}

// A form that was drawn before the installation's key was rotated is good until the old
// key is gone.
func TestTokenOutlivesItsKey(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1_772_600_767_000)
	before := somebody("contact")
	token := before.issue(now)
	after := tokens{key: []byte("another-key-another-key-another-"), former: [][]byte{before.key}, form: "contact"}
	if state, age := after.read(token, now.Add(time.Minute), time.Hour); state != lead.TokenValid || age != time.Minute {
		t.Errorf("made with the former key: %s, %v", state, age)
	}
	if state, _ := after.read(after.issue(now), now, time.Hour); state != lead.TokenValid {
		t.Errorf("made with the new key: %s", state)
	}
	after.former = nil
	if state, _ := after.read(token, now, time.Hour); state != lead.TokenForged {
		t.Errorf("after the former key is gone: %s", state)
	}
}

// The parts of a token must not be movable over their borders: the token of form
// "a1" at time 2 is not that of form "a" at time 12.
func TestTokenPartsDoNotRunTogether(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a-z0-9-]{1,10}`).Draw(t, "name")
		digits := rapid.StringMatching(`[1-9]{1,4}`).Draw(t, "digits")
		one, two := somebody(name+digits), somebody(name)
		a, b := one.seal(one.key, 7), two.seal(two.key, atoi(digits)*10+7)
		if a[len(a)-43:] == b[len(b)-43:] {
			t.Fatal("two forms share a MAC")
		}
	})
}

func atoi(s string) (n int64) {
	for _, c := range s {
		n = n*10 + int64(c-'0')
	}
	return n
}
