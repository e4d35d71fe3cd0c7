package sign

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"leadgate/connectors"
	"leadgate/lead"
)

// vector is a proof whose right value was published by its provider or computed
// by other programs than this one.
type vector struct {
	Name      string            `json:"name"`
	Row       string            `json:"row"`
	Algorithm Algorithm         `json:"algorithm"` // of hmac
	Encoding  string            `json:"encoding"`  // of hmac
	Prefix    string            `json:"prefix"`    // of hmac
	Secret    string            `json:"secret"`
	URL       string            `json:"url"`
	Header    map[string]string `json:"header"`
	Body      string            `json:"body"`
	Now       int64             `json:"now"` // Unix seconds; 0 when the proof has no time
}

func vectors(t testing.TB) []vector {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var out []vector
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func (v *vector) clone() vector {
	c := *v
	c.Header = maps.Clone(v.Header)
	return c
}

func (v *vector) scheme(t testing.TB) Scheme {
	t.Helper()
	row, ok := Row(v.Row)
	if !ok {
		t.Fatalf("no row %q", v.Row)
	}
	if v.Row == "hmac" {
		row.Encoding, row.Prefix = v.Encoding, v.Prefix
		if v.Algorithm != "" {
			row.Algorithm = v.Algorithm
		}
	}
	return row
}

func (v *vector) delivery() *lead.Delivery {
	d := &lead.Delivery{Method: "POST", Body: slices.Clip([]byte(v.Body))}
	for _, name := range slices.Sorted(maps.Keys(v.Header)) {
		d.Header = append(d.Header, lead.HeaderField{Name: name, Value: v.Header[name]})
	}
	return d
}

func (v *vector) now() time.Time {
	if v.Now == 0 {
		return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return time.Unix(v.Now, 0)
}

func (v *vector) verify(t testing.TB, secrets ...string) error {
	return Verify(v.scheme(t), v.delivery(), secrets, v.now(), v.URL)
}

// proof is the text of the proof without what stands around it.
func (v *vector) proof(s Scheme) string {
	text := v.Header[s.Field]
	if s.Prefix != "" {
		text = text[strings.LastIndex(text, s.Prefix)+len(s.Prefix):] // behind the time of a list
	}
	return strings.TrimPrefix(text, s.Optional)
}

// with returns the vector with another proof in the place of its own.
func (v *vector) with(s Scheme, proof string) vector {
	c := v.clone()
	c.Header[s.Field] = strings.Replace(v.Header[s.Field], v.proof(s), proof, 1)
	return c
}

func TestVectors(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t) {
		if err := v.verify(t, v.Secret); err != nil {
			t.Errorf("%s: %v", v.Name, err)
		}
	}
}

// TestEveryRowIsTried fails for a row that neither a vector nor the tests of
// tokens try.
func TestEveryRowIsTried(t *testing.T) {
	t.Parallel()
	tried := map[string]bool{"bearer": true, "basic": true, "url": true, "body": true, "query": true} // token_test.go
	for _, v := range vectors(t) {
		tried[v.Row] = true
	}
	for i := range table {
		if !tried[table[i].Name] {
			t.Errorf("row %s has no vector", table[i].Name)
		}
	}
}

// refused checks that a delivery is refused by ErrForged itself, which says nothing.
func refused(t *testing.T, what string, err error) {
	t.Helper()
	if err != connectors.ErrForged { //nolint:errorlint // an error around it could tell something
		t.Errorf("%s: %v, want ErrForged and nothing else", what, err)
	}
}

// TestWrongProofs tries on every vector what is never a proof.
func TestWrongProofs(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t) {
		s := v.scheme(t)
		proof := v.proof(s)
		missing := v.clone()
		delete(missing.Header, s.Field)
		refused(t, v.Name+" missing", missing.verify(t, v.Secret))
		for what, text := range map[string]string{
			"empty": "", "only prefix": s.Prefix, "space": " ", "wrong version": "v9," + proof, "other prefix": "sha999=" + proof,
			"too long": s.Prefix + strings.Repeat("A", maxProof),
		} {
			c := v.clone()
			c.Header[s.Field] = text
			refused(t, v.Name+" "+what, c.verify(t, v.Secret))
		}
		for what, text := range map[string]string{
			"last byte flipped": flipLast(t, s, proof), "last letter flipped": proof[:len(proof)-1] + string(proof[len(proof)-1]^1),
			"half": proof[:len(proof)/2], "a byte short": shorter(t, s, proof), "a byte long": proof + proof[:2], "no encoding": strings.Repeat("!", len(proof)),
			"twice": proof + proof, "quoted": `"` + proof + `"`, "line in it": proof[:4] + "\n" + proof[4:], "NUL behind": proof + "\x00", "padded": proof + "==",
		} {
			if what == "padded" && strings.HasSuffix(proof, "==") {
				continue
			}
			c := v.with(s, text)
			refused(t, v.Name+" "+what, c.verify(t, v.Secret))
		}
	}
}

// flipLast flips a bit of the last byte of a proof's value.
func flipLast(t *testing.T, s Scheme, proof string) string {
	t.Helper()
	b, encode := opened(t, s, proof)
	b[len(b)-1] ^= 1
	return encode(b)
}

func shorter(t *testing.T, s Scheme, proof string) string {
	t.Helper()
	b, encode := opened(t, s, proof)
	return encode(b[:len(b)-1])
}

// opened decodes a proof, of a JWS its signature, and returns how to encode another one.
func opened(t *testing.T, s Scheme, proof string) ([]byte, func([]byte) string) {
	t.Helper()
	encode, decode, before := hex.EncodeToString, hex.DecodeString, ""
	switch {
	case s.Algorithm == JWS:
		at := strings.LastIndexByte(proof, '.') + 1
		before, proof = proof[:at], proof[at:]
		encode, decode = base64.RawURLEncoding.EncodeToString, base64.RawURLEncoding.DecodeString
	case s.Encoding == "base64":
		encode, decode = base64.StdEncoding.EncodeToString, base64.StdEncoding.DecodeString
	}
	b, err := decode(proof)
	if err != nil {
		t.Fatalf("%s: %v", s.Name, err)
	}
	return b, func(b []byte) string { return before + encode(b) }
}

// TestOtherMessages: the same proof under anything but its own message is none.
func TestOtherMessages(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t) {
		for i := range v.Body {
			c := v.clone()
			c.Body = v.Body[:i] + string(v.Body[i]^1) + v.Body[i+1:]
			refused(t, v.Name+" body flipped", c.verify(t, v.Secret))
		}
		for what, body := range map[string]string{"empty": "", "cut": v.Body[:len(v.Body)-1], "space before": " " + v.Body, "line behind": v.Body + "\n"} {
			c := v.clone()
			c.Body = body
			refused(t, v.Name+" body "+what, c.verify(t, v.Secret))
		}
		s := v.scheme(t)
		for _, name := range []string{s.Time, s.ID} {
			if name == "" {
				continue
			}
			for what, text := range map[string]string{"empty": "", "other": v.Header[name] + "0", "flipped": v.Header[name][:len(v.Header[name])-1] + "x"} {
				c := v.clone()
				c.Header[name] = text
				refused(t, v.Name+" "+name+" "+what, c.verify(t, v.Secret))
			}
			c := v.clone()
			delete(c.Header, name)
			refused(t, v.Name+" without "+name, c.verify(t, v.Secret))
		}
	}
}

// TestReencodedBody: JSON that means the same is not the same (social vectors
// meta256 and meta256-reencoded-WRONG).
func TestReencodedBody(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t) {
		if v.Name != "meta256" {
			continue
		}
		c := v.clone()
		if c.Body = strings.ReplaceAll(v.Body, `\u00e9`, "é"); c.Body == v.Body {
			t.Fatal("the vector has no escape")
		}
		refused(t, v.Name, c.verify(t, v.Secret))
		c.Header["X-Hub-Signature-256"] = "sha256=5a73880989e531b8beb133189244bcf75510bfe66e1a484d3d3c17df13eeb2a8"
		if err := c.verify(t, v.Secret); err != nil {
			t.Error(err)
		}
	}
}

// TestAnswerToAChallengeIsNoProof: LinkedIn asks for the MAC of a text of its
// choice, and anybody may ask like LinkedIn. A MAC of the bare body is therefore
// no proof of a post (social vector linkedin-sig-variant-plain).
func TestAnswerToAChallengeIsNoProof(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t) {
		if v.Name != "linkedin-sig" {
			continue
		}
		const plain = "170e8a392ee918210c0537a3c29453ee98b1b8668a1be40084d210b5674213a5"
		v.Header["X-LI-Signature"] = plain
		refused(t, v.Name, v.verify(t, v.Secret))
		if row, _ := Row("viber"); Verify(row, (&vector{Header: map[string]string{row.Field: plain}, Body: v.Body}).delivery(), []string{v.Secret}, v.now(), "") != nil {
			t.Error("it is not the MAC of the bare body")
		}
	}
}

// TestSecrets: nothing is taken without a secret, and while one replaces another both are.
func TestSecrets(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t) {
		for what, secrets := range map[string][]string{
			"none": nil, "an empty one": {""}, "empty ones": {"", ""}, "another": {"x" + v.Secret}, "others": {"wrong-secret", v.Secret + "x", "whsec_", "whsec_!"},
			"one cut": {v.Secret[:len(v.Secret)-4]},
		} {
			refused(t, v.Name+" under "+what, v.verify(t, secrets...))
		}
		for what, secrets := range map[string][]string{
			"new and old": {"whsec_bmV3LXNlY3JldA", v.Secret}, "old and new": {v.Secret, "whsec_bmV3LXNlY3JldA"}, "empty and old": {"", v.Secret}, "unreadable and old": {"whsec_!", v.Secret},
		} {
			if err := v.verify(t, secrets...); err != nil {
				t.Errorf("%s under %s: %v", v.Name, what, err)
			}
		}
	}
}

// TestTimes: a proof holds for five minutes on either side of its time, and one
// without time for ever.
func TestTimes(t *testing.T) {
	t.Parallel()
	timed := 0
	for _, v := range vectors(t) {
		s := v.scheme(t)
		for shift, good := range map[int64]bool{-301: false, -300: true, -1: true, 1: true, 300: true, 301: false, 1 << 31: false, -1 << 30: false} {
			if v.Now == 0 {
				continue
			}
			timed++
			if err := Verify(s, v.delivery(), []string{v.Secret}, time.Unix(v.Now+shift, 0), v.URL); (err == nil) != good {
				t.Errorf("%s after %d s: %v", v.Name, shift, err)
			}
		}
		if v.Now == 0 {
			if err := Verify(s, v.delivery(), []string{v.Secret}, time.Unix(4e9, 0), v.URL); err != nil {
				t.Errorf("%s in the far future: %v", v.Name, err)
			}
			continue
		}
		s.Tolerance = time.Second
		refused(t, v.Name+" with a tolerance of its own", Verify(s, v.delivery(), []string{v.Secret}, time.Unix(v.Now+2, 0), v.URL))
	}
	if timed == 0 {
		t.Error("no vector has a time")
	}
}

// TestFresh tries what stands for a time and is none.
func TestFresh(t *testing.T) {
	t.Parallel()
	s, ms := Scheme{Unit: time.Second}, Scheme{Unit: time.Millisecond}
	now := time.Unix(1_700_000_000, 0)
	if !s.fresh("1700000000", now) || !ms.fresh("1700000000000", now) {
		t.Error("now is not fresh")
	}
	for _, stamp := range []string{"", " ", "now", "-1700000000", "1700000000.5", "1e9", "0x6553f100", "1700000000 ", "1_700_000_000", "01700000000000000", "99999999999999999999", "99999999999999", "0", "1700000000000"} {
		if s.fresh(stamp, now) {
			t.Errorf("%q is fresh", stamp)
		}
	}
	if ms.fresh("1700000000", now) || ms.fresh("99999999999999", now) {
		t.Error("seconds are milliseconds")
	}
	if s.fresh("1700000000", time.Time{}) || s.fresh("1700000000", time.Unix(1<<60, 0)) {
		t.Error("fresh at the ends of time")
	}
}
