package sign

import (
	"strings"
	"testing"
)

// TestLists: any of up to ten proofs may be the right one, as while a sender
// changes its secret; longer lists are refused whatever is in them.
func TestLists(t *testing.T) {
	t.Parallel()
	lists := 0
	for _, v := range vectors(t) {
		s := v.scheme(t)
		if s.Separator == "" {
			continue
		}
		lists++
		whole := v.Header[s.Field]
		wrong := s.Prefix + flipLast(t, s, v.proof(s))
		room := maxProofs - strings.Count(whole, s.Separator) - 1 // the time is an item too
		list := func(before, after int) string {
			items := strings.Repeat(wrong+s.Separator, before) + whole + strings.Repeat(s.Separator+wrong, after)
			return items
		}
		for what, tc := range map[string]struct {
			text string
			good bool
		}{
			"first": {list(0, room), true}, "last": {list(room, 0), true}, "between": {list(room/2, room/2), true},
			"eleventh": {list(room+1, 0), false}, "before ten": {list(0, room+1), false}, "hundredth": {list(99, 0), false}, "first of a hundred": {list(0, 99), false},
			"among other versions":   {"v0,x" + s.Separator + whole + s.Separator + "v1a" + s.Separator, true},
			"under another version":  {strings.ReplaceAll(whole, s.Prefix, "v7"+s.Prefix), false},
			"with another separator": {wrong + ";" + whole, false},
		} {
			c := v.clone()
			c.Header[s.Field] = tc.text
			if err := c.verify(t, v.Secret); (err == nil) != tc.good {
				t.Errorf("%s %s: %v", v.Name, what, err)
			}
		}
		if s.TimeItem == "" {
			continue
		}
		for what, text := range map[string]string{"no time": s.Prefix + v.proof(s), "empty time": s.TimeItem + s.Separator + s.Prefix + v.proof(s), "second time": whole + s.Separator + s.TimeItem + "1"} {
			c := v.clone()
			c.Header[s.Field] = text
			refused(t, v.Name+" "+what, c.verify(t, v.Secret))
		}
	}
	if lists < 2 {
		t.Errorf("%d vectors are lists", lists)
	}
}

// TestDecode64: a value has one spelling with padding and one without.
func TestDecode64(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "", "QQ==": "A", "QQ": "A", "QUI=": "AB", "QUI": "AB", "QUJD": "ABC", "+/+/": "\xfb\xff\xbf"} {
		if got, err := decode64(text); err != nil || string(got) != want {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"Q", "QQ=", "QQ===", "QUI==", "QUJD=", "QUJD====", "=", "QR==", "QUJ=", "Q\nQ==", "QQ==\n", "\rQQ", "Q Q=", "-_-_", "QQ==QQ=="} {
		if got, err := decode64(text); err == nil {
			t.Errorf("%q is read as %q", text, got)
		}
	}
}

// FuzzHeader gives every row what no one signed: whatever the header, the time
// and the body are, it is refused, by ErrForged alone, without a panic.
func FuzzHeader(f *testing.F) {
	rows := map[string]uint8{}
	for i := range table {
		rows[table[i].Name] = uint8(i)
	}
	for _, v := range vectors(f) {
		s := v.scheme(f)
		f.Add(rows[v.Row], v.Header[s.Field], v.Header[s.Time], []byte(v.Body))
	}
	f.Add(rows["standard-webhooks"], strings.Repeat("v1,QQ== ", 100), "1700000000", []byte("{}"))
	f.Add(rows["calendly"], "t=1,t=2,v1=,v1=00", "", []byte("{}"))
	f.Add(rows["basic"], "basic Og==", "", []byte(nil))
	f.Add(rows["body"], "x", "", []byte(`{"token":"x"}`))
	f.Add(rows["jws"], "e30.e30.", "", []byte("{}"))
	f.Fuzz(func(t *testing.T, row uint8, header, stamp string, body []byte) {
		s := table[int(row)%len(table)]
		v := vector{Header: map[string]string{s.Field: header, s.Time: stamp, s.ID: "id"}, Body: string(body), Now: 1_700_000_000}
		d := v.delivery()
		d.Query = s.Field + "=" + header
		for _, now := range []int64{v.Now, 1_714_557_642} {
			v.Now = now
			if err := Verify(s, d, []string{"a secret nobody has", "whsec_YSBzZWNyZXQgbm9ib2R5IGhhcw=="}, v.now(), "https://leads.example.com/in/x"); err == nil {
				t.Fatalf("%s took %q over %q", s.Name, header, body)
			} else {
				refused(t, s.Name, err)
			}
		}
	})
}

// FuzzSplit holds the reader of lists to its promise: what it takes out of a text
// stands in it behind the prefix, is not empty, and is at most ten.
func FuzzSplit(f *testing.F) {
	for _, seed := range []string{"v1,QQ== v1,QUI=", "t=1,v1=00,v1=11", "sha256=00", "Bearer x", "bearer  x", "v1,", "t=,v1=", strings.Repeat(" v1,x", 11)} {
		for i := range table {
			f.Add(uint8(i), seed)
		}
	}
	f.Fuzz(func(t *testing.T, row uint8, text string) {
		s := table[int(row)%len(table)]
		proofs, stamp, ok := s.split(text)
		if ok && len(proofs) == 0 {
			t.Fatalf("%s: taken without a proof: %q", s.Name, text)
		}
		if !ok {
			return
		}
		if len(proofs) > maxProofs || s.Separator == "" && len(proofs) != 1 {
			t.Fatalf("%s: %d proofs in %q", s.Name, len(proofs), text)
		}
		for _, p := range proofs {
			behind := strings.Contains(text, s.Prefix+p) || strings.Contains(text, s.Prefix+s.Optional+p) || s.Separator == "" && strings.HasSuffix(text, p)
			if p == "" || !behind || s.Separator != "" && strings.Contains(p, s.Separator) {
				t.Fatalf("%s: %q out of %q", s.Name, p, text)
			}
		}
		if stamp != "" && !strings.Contains(text, s.TimeItem+stamp) {
			t.Fatalf("%s: time %q out of %q", s.Name, stamp, text)
		}
	})
}

// FuzzDecode64: what is read has the spelling that it is written with.
func FuzzDecode64(f *testing.F) {
	for _, seed := range []string{"", "QQ==", "QQ", "Q\nQ==", "QQ===", "+/+/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		b, err := decode64(text)
		if err != nil {
			return
		}
		padded := encode64(b)
		if text != padded && text != strings.TrimRight(padded, "=") {
			t.Fatalf("%q is read as %q, which is written %q", text, b, padded)
		}
	})
}
