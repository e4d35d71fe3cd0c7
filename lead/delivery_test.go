package lead

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func someDelivery() Delivery {
	return Delivery{
		ID: DeriveID("contact", "k1"), Source: "contact", Key: "k1", At: time.Date(2026, 3, 4, 5, 6, 7, 89000, time.UTC),
		Method: "POST", Path: "hook/a", Query: "a=b&c=%20", Peer: "192.0.2.7",
		Header: Header{{"Content-Type", "application/json"}, {"X-Empty", ""}, {"Content-Type", "again"}},
		Body:   []byte("{\"a\":\x00\xff1}"),
		Signals: Signals{
			Origin: "https://shop.example.com", Fill: 1500 * time.Millisecond, Token: TokenExpired, Flood: "too many from one peer",
		},
	}
}

func encode(t interface {
	Helper()
	Fatalf(string, ...any)
}, d *Delivery) []byte {
	t.Helper()
	b, err := d.AppendBinary(nil)
	if err != nil {
		t.Fatalf("AppendBinary: %v", err)
	}
	return b
}

func TestDeliveryRoundTrip(t *testing.T) {
	t.Parallel()
	text := rapid.Custom(func(t *rapid.T) string { return string(rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "bytes")) })
	rapid.Check(t, func(t *rapid.T) {
		d := Delivery{
			ID: DeriveID(text.Draw(t, "scope"), text.Draw(t, "id")), Source: text.Draw(t, "source"), Key: text.Draw(t, "key"),
			At:     time.UnixMicro(rapid.Int64Range(-1<<50, 1<<52).Draw(t, "at")).UTC(),
			Method: text.Draw(t, "method"), Path: text.Draw(t, "path"), Query: text.Draw(t, "query"), Peer: text.Draw(t, "peer"), Blob: text.Draw(t, "blob"),
			Signals: Signals{
				Origin: text.Draw(t, "origin"), Fill: time.Duration(rapid.Int64().Draw(t, "fill")), Token: TokenState(text.Draw(t, "token")), Flood: text.Draw(t, "flood"),
			},
		}
		if body := text.Draw(t, "body"); body != "" {
			d.Body = []byte(body)
		}
		for range rapid.IntRange(0, 4).Draw(t, "lines") {
			d.Header = append(d.Header, HeaderField{text.Draw(t, "name"), text.Draw(t, "value")})
		}
		var back Delivery
		if err := back.UnmarshalBinary(encode(t, &d)); err != nil {
			t.Fatalf("UnmarshalBinary: %v", err)
		}
		if diff := cmp.Diff(d, back); diff != "" {
			t.Fatalf("delivery changed (-want +got):\n%s", diff)
		}
	})
}

func TestDeliveryIsAppended(t *testing.T) {
	t.Parallel()
	d := someDelivery()
	b, err := d.AppendBinary([]byte("before"))
	if err != nil || !strings.HasPrefix(string(b), "before") || string(b[6:]) != string(encode(t, &d)) {
		t.Errorf("AppendBinary does not append: %v", err)
	}
}

// TestDeliveryBodyIsClipped guards the journal's buffer: what a reader appends
// to a body must not land in the record behind it.
func TestDeliveryBodyIsClipped(t *testing.T) {
	t.Parallel()
	d := someDelivery()
	b := encode(t, &d)
	page := append(b, "next record"...)
	var back Delivery
	if err := back.UnmarshalBinary(page[:len(b)]); err != nil {
		t.Fatal(err)
	}
	_ = append(back.Body, "XXXX"...)
	if got := string(page[len(b):]); got != "next record" {
		t.Errorf("appending to a body wrote over what follows: %q", got)
	}
}

// TestDeliveryCut cuts a delivery at every length: in the head that is an error
// of the permanent class, in the body a shorter body, and never a panic.
func TestDeliveryCut(t *testing.T) {
	t.Parallel()
	d := someDelivery()
	b := encode(t, &d)
	head := len(b) - len(d.Body)
	for n := range len(b) {
		var back Delivery
		err := back.UnmarshalBinary(b[:n:n])
		if blob, peekErr := PeekBlob(b[:n:n]); err == nil && (peekErr != nil || blob != d.Blob) || peekErr != nil && !errors.Is(peekErr, ErrPermanent) {
			t.Errorf("cut at %d: PeekBlob = %q, %v", n, blob, peekErr)
		}
		switch {
		case n < head && !errors.Is(err, ErrPermanent):
			t.Errorf("cut at %d of %d: got %v, want a permanent error", n, head, err)
		case n >= head && (err != nil || len(back.Body) != n-head):
			t.Errorf("cut at %d: %v, body of %d bytes", n, err, len(back.Body))
		}
	}
}

func TestDeliveryOfAnotherFormat(t *testing.T) {
	t.Parallel()
	d := someDelivery()
	b := encode(t, &d)
	b[0]++
	if err := new(Delivery).UnmarshalBinary(b); !errors.Is(err, ErrPermanent) {
		t.Errorf("a format of the future gave %v", err)
	}
}

func FuzzDelivery(f *testing.F) {
	d := someDelivery()
	b := encode(f, &d)
	f.Add(b)
	f.Add(b[:40])
	f.Add([]byte{deliveryFormat})
	f.Add(append(make([]byte, 30), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01))
	f.Fuzz(func(t *testing.T, b []byte) {
		var d, again Delivery
		blob, peekErr := PeekBlob(b)
		if d.UnmarshalBinary(b[:len(b):len(b)]) != nil {
			return
		}
		if peekErr != nil || blob != d.Blob {
			t.Fatalf("PeekBlob = %q, %v, want %q", blob, peekErr, d.Blob)
		}
		if err := again.UnmarshalBinary(encode(t, &d)); err != nil {
			t.Fatalf("what was read cannot be read again: %v", err)
		}
		if diff := cmp.Diff(d, again); diff != "" {
			t.Fatalf("delivery changed (-first +second):\n%s", diff)
		}
	})
}

func TestHeader(t *testing.T) {
	t.Parallel()
	h := Header{{"Content-Type", "a"}, {"X-One", "1"}, {"content-type", "b"}, {"Cookie", "secret"}}
	if h.Get("CONTENT-TYPE") != "a" || h.Get("x-one") != "1" || h.Get("missing") != "" {
		t.Error("Get does not find the first value of a name in any case")
	}
	want := Header{{"Content-Type", "a"}, {"content-type", "b"}}
	if diff := cmp.Diff(want, h.Keep("Content-type", "missing")); diff != "" {
		t.Errorf("Keep (-want +got):\n%s", diff)
	}
}

func TestPeerPrefix(t *testing.T) {
	t.Parallel()
	for peer, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "2001:db8:1:2:3::4": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "": "", "nobody": "",
	} {
		if got := (&Delivery{Peer: peer}).PeerPrefix(); got != want {
			t.Errorf("PeerPrefix of %q = %q, want %q", peer, got, want)
		}
	}
}
