package normal

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"leadgate/lead"
)

// formPost is what a connector makes of a typical form.
func formPost() lead.Inquiry {
	return lead.Inquiry{
		Key: "a1b2c3", Kind: lead.KindForm, Channel: "form", At: time.Date(2026, 3, 4, 5, 6, 7, 123456000, time.UTC),
		Name: lead.Name{Display: "Ana Belo"}, Company: "Belo Lda",
		Identities: []lead.Identity{
			{Kind: lead.IdentityEmail, Value: "ana.belo@example.org", Proof: lead.ProofForm},
			{Kind: lead.IdentityPhone, Value: "+33612345678", Proof: lead.ProofForm},
		},
		Text: strings.Repeat("I would like an offer for 12 windows in our house. ", 12),
		Fields: []lead.Field{
			{Key: "name", Label: "Your name", Value: "Ana Belo"}, {Key: "email", Label: "E-mail", Value: "ana.belo@example.org"},
			{Key: "phone", Label: "Phone", Value: "+33612345678"}, {Key: "rooms", Label: "Rooms", Value: "4"},
		},
		Consents: []lead.Consent{{Key: "privacy", Label: "I agree to be called back", Checked: true}},
		Attribution: lead.Attribution{
			Source: "google", Medium: "cpc", Campaign: "campaign-7", Page: "https://shop.example.com/windows?utm_source=google",
			Referrer: "https://www.google.com/", Clicks: map[string]string{"gclid": "Cj0KCQ"},
		},
	}
}

func TestInquiry(t *testing.T) {
	t.Parallel()
	q := lead.Inquiry{
		Key: "k\x00", Name: lead.Name{Display: " \"BELO, Ana\" "}, Country: "pt", Currency: "eur",
		At: time.Date(2026, 3, 4, 5, 6, 7, 123456789, time.FixedZone("", 3600)), Received: time.Unix(0, 0),
		Subject: "Re:\r\n windows", Text: "Hello\r\nthere\x00",
		Identities: []lead.Identity{
			{Kind: lead.IdentityEmail, Value: "Ana <Ana@Belo.PT>", Proof: lead.ProofForm},
			{Kind: lead.IdentityEmail, Value: "ana@belo.pt", Proof: lead.ProofProvider},
			{Kind: lead.IdentityEmail, Value: "info@belo.pt"},
			{Kind: lead.IdentityEmail, Value: "none"},
			{Kind: lead.IdentityPhone, Value: "06 12 34 56 78 / 01 42 68 53 00"},
			{Kind: lead.IdentityPhone, Value: "anonymous"},
			{Kind: lead.IdentityPhone, Value: "call me"},
			{Kind: "tg_user", Value: " 4711 ", Scope: "bot"},
			{Kind: lead.IdentityCustomer, Value: "null"},
			{Kind: lead.IdentityVisitor, Value: ""},
		},
		Attribution: lead.Attribution{Page: "HTTPS://Shop.example.com", Landing: "/windows", Referrer: "javascript:alert(1)", Clicks: map[string]string{"gclid": " x ", "": "y"}},
		Avatar:      "javascript:alert(1)",
		Location:    &lead.Location{Lat: math.NaN()},
		Call:        &lead.Call{From: "06 12 34 56 78", To: "101", TalkS: math.Inf(1), RingS: -3},
	}
	Inquiry(&q, "FR")
	want := lead.Inquiry{
		Key: "k", Direction: lead.In, Name: lead.Name{Display: "BELO, Ana", Given: "Ana", Family: "Belo"}, Country: "PT", Currency: "EUR",
		At: time.Date(2026, 3, 4, 4, 6, 7, 123456000, time.UTC), Subject: "Re: windows", Text: "Hello\nthere",
		Identities: []lead.Identity{
			{Kind: lead.IdentityEmail, Value: "ana@belo.pt", Proof: lead.ProofProvider, Raw: "Ana <Ana@Belo.PT>"},
			{Kind: lead.IdentityEmail, Value: "info@belo.pt", Weak: weakRole},
			{Kind: lead.IdentityEmail, Value: "none", Weak: weakNotAnEmail},
			{Kind: lead.IdentityPhone, Value: "+33612345678", Raw: "06 12 34 56 78 / 01 42 68 53 00"},
			{Kind: lead.IdentityPhone, Value: "+33142685300", Raw: "06 12 34 56 78 / 01 42 68 53 00"},
			{Kind: lead.IdentityPhone, Value: "anonymous", Weak: weakWithheld},
			{Kind: lead.IdentityPhone, Value: "call me", Weak: weakNotAPhone},
			{Kind: "tg_user", Value: "4711", Scope: "bot"}, // white space alone is nothing to keep
			{Kind: lead.IdentityCustomer, Value: "null", Weak: weakPlaceholder},
		},
		Attribution: lead.Attribution{Page: "https://shop.example.com/", Landing: "/windows", Clicks: map[string]string{"gclid": "x"}},
		Call:        &lead.Call{From: "+33612345678", To: "101"},
	}
	if diff := cmp.Diff(want, q); diff != "" {
		t.Errorf("Inquiry (-want +got):\n%s", diff)
	}
}

func TestInquiryKeepsLimits(t *testing.T) {
	t.Parallel()
	q := lead.Inquiry{Subject: strings.Repeat("é", 5000), Text: strings.Repeat("é", 100_000), HTML: strings.Repeat("x", 1<<20), Key: strings.Repeat("k", 5000)}
	for i := range 500 {
		n := strconv.Itoa(i)
		q.Fields = append(q.Fields, lead.Field{Key: n, Value: strings.Repeat("v", 100_000)})
		q.Identities = append(q.Identities, lead.Identity{Kind: "tg_user", Value: n})
		q.Tags = append(q.Tags, n)
	}
	other := q
	other.Key += "x"
	Inquiry(&q, "")
	Inquiry(&other, "")
	if n := utf8.RuneCountInString(q.Subject); n != 1000 {
		t.Errorf("subject has %d characters", n)
	}
	if len(q.Text) != 64<<10 || !utf8.ValidString(q.Text) || len(q.HTML) != 256<<10 {
		t.Errorf("text has %d bytes, html %d", len(q.Text), len(q.HTML))
	}
	if len(q.Fields) != 200 || len(q.Fields[0].Value) != 64<<10 || len(q.Identities) != 20 || len(q.Tags) != maxList {
		t.Errorf("%d fields of %d bytes, %d identities, %d tags", len(q.Fields), len(q.Fields[0].Value), len(q.Identities), len(q.Tags))
	}
	if len(q.Key) > maxKey || q.Key == other.Key {
		t.Errorf("long keys have %d bytes, equal: %v", len(q.Key), q.Key == other.Key)
	}
}

// TestPatchSaysNothingMore holds Patch to its promise: what an update left open stays open.
func TestPatchSaysNothingMore(t *testing.T) {
	t.Parallel()
	var q lead.Inquiry
	Patch(&q, "FR")
	if diff := cmp.Diff(lead.Inquiry{}, q); diff != "" {
		t.Errorf("Patch of nothing (-want +got):\n%s", diff)
	}
}

// TestDirectionIsNotTurnedRound has a call's second row that does not repeat the direction.
func TestDirectionIsNotTurnedRound(t *testing.T) {
	t.Parallel()
	rows := []lead.Inquiry{
		{Key: "c", Event: "1", Direction: lead.Out, At: time.Unix(1, 0), Call: &lead.Call{State: lead.CallRinging}},
		{Key: "c", Event: "2", At: time.Unix(2, 0), Call: &lead.Call{State: lead.CallEnded}},
	}
	var folded []lead.Row
	for _, q := range rows {
		Inquiry(&q, "")
		folded = append(folded, lead.InquiryRow(q, lead.ID{}))
	}
	if touch, _ := lead.Fold(folded); touch.Direction != lead.Out || touch.Call.State != lead.CallCanceled {
		t.Errorf("got %q, %q", touch.Direction, touch.Call.State)
	}
}

func TestIdentityKey(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in  lead.Identity
		key string
	}{
		{lead.Identity{Kind: lead.IdentityEmail, Value: "a.n.a+x@googlemail.com"}, "email:ana@gmail.com"},
		{lead.Identity{Kind: lead.IdentityPhone, Value: "+33612345678"}, "phone:+33612345678"},
		{lead.Identity{Kind: "tg_user", Value: "4711", Scope: "bot"}, "tg_user:bot:4711"},
		{lead.Identity{Kind: "psid", Value: "c", Scope: "a:b"}, "psid:a%3Ab:c"},
		{lead.Identity{Kind: "psid", Value: "b:c", Scope: "a"}, "psid:a:b:c"},
		{lead.Identity{Kind: lead.IdentityVisitor, Value: "v1"}, "visitor::v1"},
		{lead.Identity{Kind: lead.IdentityEmail, Value: "info@belo.pt", Weak: weakRole}, ""},
		{lead.Identity{Kind: lead.IdentityEmail, Value: "info@belo.pt"}, ""},
		{lead.Identity{Kind: lead.IdentityEmail}, ""},
		{lead.Identity{Kind: lead.IdentityPhone, Value: "0612345678"}, ""},
		{lead.Identity{Kind: lead.IdentityPhone, Value: "anonymous"}, ""},
	} {
		if key, ok := IdentityKey(c.in); key != c.key || ok != (c.key != "") {
			t.Errorf("IdentityKey(%+v) = %q %v, want %q", c.in, key, ok, c.key)
		}
	}
}

// checkInquiry holds what must be true of every inquiry after normalising.
func checkInquiry(t interface {
	Helper()
	Fatalf(string, ...any)
}, q lead.Inquiry, region string) {
	t.Helper()
	Inquiry(&q, region)
	stored, err := json.Marshal(q)
	if err != nil {
		t.Fatalf("an inquiry that JSON cannot write: %v", err)
	}
	if strings.Contains(string(stored), `\u0000`) {
		t.Fatalf("NUL survived")
	}
	keys := map[string]bool{}
	for _, i := range q.Identities {
		key, ok := IdentityKey(i)
		keys[key] = true
		if !ok && i.Weak == "" {
			t.Fatalf("identity %+v is neither weak nor comparable", i)
		}
	}
	var again lead.Inquiry
	if err := json.Unmarshal(stored, &again); err != nil {
		t.Fatalf("reading what was stored: %v", err)
	}
	Inquiry(&again, region)
	twice, err := json.Marshal(again)
	if err != nil {
		t.Fatalf("writing again: %v", err)
	}
	if string(stored) != string(twice) {
		t.Fatalf("not idempotent:\n%s", cmp.Diff(string(stored), string(twice)))
	}
	for _, i := range again.Identities {
		if key, _ := IdentityKey(i); !keys[key] {
			t.Fatalf("identity key changed to %q", key)
		}
	}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("k", maxKey+50)
	q := lead.Inquiry{Key: long}
	u := lead.Update{About: long, Event: long, Scope: "s\x00", Kind: " receipt\n", State: "read\x00", Note: "\xff" + strings.Repeat("n", 2*maxReason),
		At: time.Date(2026, 3, 4, 5, 6, 7, 123456789, time.FixedZone("", 3600))}
	Inquiry(&q, "")
	Update(&u, "")
	if u.About != q.Key || u.Event != q.Key {
		t.Errorf("about %q, event %q, want the key of the inquiry %q", u.About, u.Event, q.Key)
	}
	if u.Patch.Direction != "" {
		t.Errorf("the patch fills in a direction: %q", u.Patch.Direction)
	}
	want := time.Date(2026, 3, 4, 4, 6, 7, 123456000, time.UTC)
	if u.Scope != "s" || u.Kind != lead.UpdateReceipt || u.State != "read" || !utf8.ValidString(u.Note) || utf8.RuneCountInString(u.Note) > maxReason || u.At != want {
		t.Errorf("update %+v", u)
	}
	twice := u
	if Update(&twice, ""); !cmp.Equal(u, twice) {
		t.Errorf("again it becomes another:\n%s", cmp.Diff(u, twice))
	}
}
