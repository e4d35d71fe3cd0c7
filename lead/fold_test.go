package lead

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// at is a time some seconds into the test's day.
func at(seconds int) time.Time {
	return time.Date(2026, 3, 4, 12, 0, seconds, 0, time.UTC)
}

// message is the row of a message.
func message(event string, s int, text string) Row {
	return InquiryRow(Inquiry{Key: "m1", Event: event, Kind: KindMessage, Direction: In, At: at(s), Text: text}, DeriveID("m1", event))
}

// update is the row of an update.
func update(event string, kind UpdateKind, s int, u Update) Row {
	u.About, u.Event, u.Kind, u.At = "m1", event, kind, at(s)
	return UpdateRow(u, DeriveID("m1", event))
}

// permutations yields every order of rows; they must be few.
func permutations(rows []Row, yield func([]Row)) {
	var walk func(int)
	walk = func(n int) {
		if n == len(rows) {
			yield(slices.Clone(rows))
			return
		}
		for i := n; i < len(rows); i++ {
			rows[n], rows[i] = rows[i], rows[n]
			walk(n + 1)
			rows[n], rows[i] = rows[i], rows[n]
		}
	}
	walk(0)
}

// foldAll folds rows in every order and with each of them repeated, holds the
// touches against each other and the rows against being written to.
func foldAll(t *testing.T, rows []Row) (Touch, bool) {
	t.Helper()
	if len(rows) > 6 {
		t.Fatalf("%d rows have too many orders", len(rows))
	}
	want, ok := Fold(rows)
	before := asJSON(t, rows)
	permutations(slices.Clone(rows), func(order []Row) {
		for again := -1; again < len(order); again++ {
			in := order
			if again >= 0 {
				in = append(slices.Clone(order), order[again])
			}
			got, gotOK := Fold(in)
			if diff := cmp.Diff(want, got); diff != "" || gotOK != ok {
				t.Fatalf("another order gives another touch (%v, %v; -first +other):\n%s", ok, gotOK, diff)
			}
		}
	})
	if after := asJSON(t, rows); after != before {
		t.Fatalf("Fold wrote to its rows:\n%s", cmp.Diff(before, after))
	}
	return want, ok
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestFoldNothing(t *testing.T) {
	t.Parallel()
	if _, ok := Fold(nil); ok {
		t.Error("no rows make a touch")
	}
	if _, ok := foldAll(t, []Row{update("r1", UpdateReceipt, 1, Update{State: "read"}), update("d", UpdateDelete, 2, Update{})}); ok {
		t.Error("updates alone make a touch")
	}
}

func TestFoldEditBeforeOriginal(t *testing.T) {
	t.Parallel()
	got, ok := foldAll(t, []Row{
		message("", 10, "frist"),
		update("e1", UpdateEdit, 20, Update{Patch: Inquiry{Text: "first"}}),
		update("e2", UpdateEdit, 30, Update{Patch: Inquiry{Text: "first!"}}),
		update("e0", UpdateEdit, 5, Update{Patch: Inquiry{Text: "clock of the edit is behind"}}),
	})
	if !ok || got.Text != "first!" || !got.EditedAt.Equal(at(30)) || !got.At.Equal(at(10)) {
		t.Errorf("got %q, edited %v, at %v", got.Text, got.EditedAt, got.At)
	}
}

func TestFoldEditWithClockBehind(t *testing.T) {
	t.Parallel()
	got, _ := foldAll(t, []Row{message("", 10, "frist"), update("e", UpdateEdit, 5, Update{Patch: Inquiry{Text: "first"}})})
	if got.Text != "first" {
		t.Errorf("an edit whose clock is behind gives %q", got.Text)
	}
}

func TestFoldDelete(t *testing.T) {
	t.Parallel()
	q := Inquiry{
		Key: "m1", At: at(10), Subject: "s", Text: "secret", HTML: "<b>secret</b>", Attachments: []Attachment{{Name: "a"}}, Fields: []Field{{Key: "k", Value: "v"}},
		Cards: []Card{{Name: "c"}}, Location: &Location{Lat: 1}, Name: Name{Display: "Ana"}, Identities: []Identity{{Kind: IdentityEmail, Value: "ana@example.org"}},
	}
	got, ok := foldAll(t, []Row{
		InquiryRow(q, DeriveID("m1", "")), update("d", UpdateDelete, 5, Update{}), update("e", UpdateEdit, 30, Update{Patch: Inquiry{Text: "edited secret"}}),
	})
	if !ok || !got.Deleted || got.Text+got.HTML+got.Subject != "" || got.Attachments != nil || got.Fields != nil || got.Cards != nil || got.Location != nil {
		t.Errorf("a deleted message still says %+v", got)
	}
	if got.Name.Display != "Ana" || len(got.Identities) != 1 {
		t.Errorf("deleting a message forgot the person: %+v", got)
	}
}

func TestFoldReceipts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		states []string
		want   string
	}{
		{[]string{"sent", "delivered", "read"}, "read"},
		{[]string{"read", "delivered", "sent"}, "read"},
		{[]string{"queued", "sending", "sent"}, "sent"},
		{[]string{"sending", "unsure", "delivered"}, "delivered"},
		{[]string{"sent", "failed"}, "failed"},
		{[]string{"", "delivered"}, "delivered"},
		{nil, ""},
	} {
		rows := []Row{message("", 0, "hi")}
		for i, s := range c.states {
			rows = append(rows, update(s, UpdateReceipt, i+1, Update{State: s}))
		}
		rows[0].Event = "original"
		if got, _ := foldAll(t, rows); got.State != c.want {
			t.Errorf("%v fold to %q, want %q", c.states, got.State, c.want)
		}
	}
}

func TestFoldBounce(t *testing.T) {
	t.Parallel()
	got, _ := foldAll(t, []Row{message("", 1, "hi"), update("b", UpdateBounce, 2, Update{State: "failed", Note: "mailbox full"}), update("r", UpdateReceipt, 1, Update{State: "sent"})})
	if got.State != "failed" || got.Note != "mailbox full" {
		t.Errorf("got %q %q", got.State, got.Note)
	}
}

// TestFoldCompletion names a picture first and fetches it later: the two are one.
func TestFoldCompletion(t *testing.T) {
	t.Parallel()
	named := message("", 1, "look")
	named.Says.Complete = CompletionPending
	named.Says.Attachments = []Attachment{{Kind: "image", Ref: "media-1", Auth: true}, {Kind: "image", Ref: "media-2", Auth: true}}
	got, _ := foldAll(t, []Row{named, update("c", UpdateComplete, 2, Update{Patch: Inquiry{
		Complete:    CompletionDone,
		Attachments: []Attachment{{Kind: "image", Ref: "media-1", Name: "house.jpg", Type: "image/jpeg", Size: 7, SHA256: "ab", Blob: "b/ab", Auth: true}},
		Fields:      []Field{{Key: "rooms", Value: "4"}},
	}})})
	want := []Attachment{
		{Kind: "image", Ref: "media-1", Name: "house.jpg", Type: "image/jpeg", Size: 7, SHA256: "ab", Blob: "b/ab", Auth: true},
		{Kind: "image", Ref: "media-2", Auth: true},
	}
	if diff := cmp.Diff(want, got.Attachments); diff != "" || got.Complete != CompletionDone || len(got.Fields) != 1 {
		t.Errorf("complete %q, fields %v, attachments (-want +got):\n%s", got.Complete, got.Fields, diff)
	}
}

// TestFoldKeepsEqualFiles has two parts of one mail with equal bytes and other names.
func TestFoldKeepsEqualFiles(t *testing.T) {
	t.Parallel()
	r := message("", 1, "two")
	r.Says.Attachments = []Attachment{{Name: "a.txt", SHA256: "ab", Blob: "b/ab"}}
	s := message("x", 2, "")
	s.Says.Attachments = []Attachment{{Name: "b.txt", SHA256: "ab", Blob: "b/ab"}, {Name: "a.txt", SHA256: "ab", Blob: "b/ab"}}
	if got, _ := foldAll(t, []Row{r, s}); len(got.Attachments) != 2 {
		t.Errorf("got %+v", got.Attachments)
	}
}

func TestFoldJoinsRows(t *testing.T) {
	t.Parallel()
	first := InquiryRow(Inquiry{
		Key: "m1", Event: "1", At: at(10), Received: at(11), Name: Name{Display: "Ana"}, Tags: []string{"a"}, Fields: []Field{{Key: "k", Value: "old"}},
		Identities:  []Identity{{Kind: IdentityEmail, Value: "ana@example.org"}},
		Attribution: Attribution{Source: "google", Clicks: map[string]string{"gclid": "1"}}, Reply: &Reply{To: "1", Until: at(100)},
		Consents: []Consent{{Key: "c", Checked: true}},
	}, DeriveID("m1", "1"))
	second := InquiryRow(Inquiry{
		Key: "m1", Event: "2", At: at(20), Received: at(9), Name: Name{Display: "Ana Belo"}, Tags: []string{"b", "a"}, Fields: []Field{{Key: "k", Value: "new"}, {Key: "l", Value: "x"}},
		Identities:  []Identity{{Kind: IdentityEmail, Value: "ana@example.org"}, {Kind: IdentityPhone, Value: "+33612345678"}},
		Attribution: Attribution{Medium: "cpc", Clicks: map[string]string{"fbclid": "2"}}, Reply: &Reply{To: "2", Until: at(50)},
		Consents: []Consent{{Key: "c", Checked: false}}, IsTest: true,
	}, DeriveID("m1", "2"))
	got, _ := foldAll(t, []Row{first, second, update("p", UpdateProfile, 1, Update{Patch: Inquiry{Username: "ana"}})})
	want := Touch{
		Inquiry: Inquiry{
			Key: "m1", Event: "1", At: at(10), Received: at(9), Name: Name{Display: "Ana Belo"}, Username: "ana", Tags: []string{"a", "b"},
			Fields:      []Field{{Key: "k", Value: "new"}, {Key: "l", Value: "x"}},
			Identities:  []Identity{{Kind: IdentityEmail, Value: "ana@example.org"}, {Kind: IdentityPhone, Value: "+33612345678"}},
			Attribution: Attribution{Source: "google", Medium: "cpc", Clicks: map[string]string{"gclid": "1", "fbclid": "2"}},
			Reply:       &Reply{To: "1", Until: at(100)}, Consents: []Consent{{Key: "c", Checked: false}}, IsTest: true,
		},
		DeliveryID: DeriveID("m1", "1"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Fold (-want +got):\n%s", diff)
	}
}

// TestFoldLane lets any row that makes a lead make one, whichever came first.
func TestFoldLane(t *testing.T) {
	t.Parallel()
	row := func(event string, l Lane, why string) Row {
		return InquiryRow(Inquiry{Key: "m1", Event: event, At: at(1), Lane: l, Reason: why}, DeriveID("m1", event))
	}
	for _, c := range []struct {
		rows []Row
		want Lane
		why  string
	}{
		{[]Row{row("a", LaneTimeline, "ours"), row("b", LaneLead, "")}, LaneLead, ""},
		{[]Row{row("a", LaneQuarantine, "spam"), row("b", LaneLead, "")}, LaneLead, ""},
		{[]Row{row("a", LaneQuarantine, "spam"), row("b", LaneTimeline, "ours")}, LaneTimeline, "ours"},
		{[]Row{row("a", LaneQuarantine, "spam"), update("u", UpdateProfile, 2, Update{})}, LaneQuarantine, "spam"},
	} {
		if got, _ := foldAll(t, c.rows); got.Lane != c.want || got.Reason != c.why {
			t.Errorf("lane %q (%s), want %q (%s)", got.Lane, got.Reason, c.want, c.why)
		}
	}
}

// TestPlainRow holds every plain row to being all there in its touch.
func TestPlainRow(t *testing.T) {
	t.Parallel()
	text := rapid.SampledFrom([]string{"", "a", "b"})
	rapid.Check(t, func(t *rapid.T) {
		q := Inquiry{Key: "m1", Event: text.Draw(t, "event"), At: at(rapid.IntRange(0, 3).Draw(t, "at")), Seq: rapid.Int64Range(0, 2).Draw(t, "seq"), Text: text.Draw(t, "text"),
			Lane: rapid.SampledFrom([]Lane{LaneLead, LaneTimeline, LaneQuarantine}).Draw(t, "lane"), Reason: text.Draw(t, "reason"), Direction: Direction(text.Draw(t, "dir")),
			Tags: rapid.SliceOfN(text, 0, 3).Draw(t, "tags"), Fields: []Field{{Key: text.Draw(t, "key")}, {Key: text.Draw(t, "key")}}, Complete: Completion(text.Draw(t, "complete"))}
		if rapid.Bool().Draw(t, "call") {
			q.Call = &Call{State: CallEnded}
		}
		r := InquiryRow(q, DeriveID("m1", q.Event))
		touch, ok := Fold([]Row{r})
		if !ok {
			t.Fatal("an inquiry makes no touch")
		}
		if diff := cmp.Diff(r, InquiryRow(touch.Inquiry, touch.DeliveryID)); r.Plain() && diff != "" {
			t.Fatalf("the touch is another row (-row +touch):\n%s", diff)
		}
		if r.Plain() != (q.Call == nil) {
			t.Fatalf("Plain = %v with call %v", r.Plain(), q.Call)
		}
	})
}

// TestFoldRepeatedEvent has one event told by two deliveries in other words.
func TestFoldRepeatedEvent(t *testing.T) {
	t.Parallel()
	a, b := message("e", 10, "one"), message("e", 10, "two")
	b.Source = DeriveID("other", "delivery")
	got, _ := foldAll(t, []Row{a, b, message("f", 20, "")})
	if got.Text != "one" {
		t.Errorf("got %q", got.Text)
	}
}

// TestFoldIsAFunctionOfTheSet draws rows of every kind, with equal times and
// sequence numbers, and shuffles them.
func TestFoldIsAFunctionOfTheSet(t *testing.T) {
	t.Parallel()
	states := rapid.SampledFrom([]CallState{CallInitiated, CallRinging, CallInMenu, CallAnswered, CallEnded, CallMissed, CallCanceled, CallFailed, CallRejected, CallBusy, CallCompleted, CallVoicemail, ""})
	kinds := rapid.SampledFrom([]UpdateKind{"", "", UpdateReceipt, UpdateEdit, UpdateDelete, UpdateProfile, UpdateComplete, UpdateBounce})
	text := rapid.SampledFrom([]string{"", "", "a", "b", "c"})
	rapid.Check(t, func(t *rapid.T) {
		var rows []Row
		for i := range rapid.IntRange(1, 12).Draw(t, "rows") {
			says := Inquiry{Key: "m1", Text: text.Draw(t, "text"), Username: text.Draw(t, "user"), At: at(rapid.IntRange(0, 3).Draw(t, "says at")), Name: Name{Display: text.Draw(t, "name")}}
			says.Lane = rapid.SampledFrom([]Lane{LaneLead, LaneTimeline, LaneQuarantine}).Draw(t, "lane")
			if rapid.Bool().Draw(t, "list") {
				says.Tags = []string{text.Draw(t, "tag")}
				says.Attachments = []Attachment{{Ref: text.Draw(t, "ref"), Name: text.Draw(t, "file"), Blob: text.Draw(t, "blob")}}
			}
			if rapid.Bool().Draw(t, "call") {
				says.Call = &Call{
					State: states.Draw(t, "state"), AgentLeg: rapid.Bool().Draw(t, "leg"), OnHold: rapid.Bool().Draw(t, "hold"), HoldToggled: rapid.Bool().Draw(t, "toggled"),
					Recordings: []Recording{{ID: text.Draw(t, "rec"), Voicemail: rapid.Bool().Draw(t, "vm")}}, Menu: []string{text.Draw(t, "menu")},
				}
			}
			event := string(rune('a' + i))
			rows = append(rows, Row{
				Event: event, Kind: kinds.Draw(t, "kind"), At: at(rapid.IntRange(0, 3).Draw(t, "at")), Seq: rapid.Int64Range(0, 2).Draw(t, "seq"),
				Says: says, State: rapid.SampledFrom([]string{"", "sent", "read", "failed", "odd"}).Draw(t, "sent"), Source: DeriveID("m1", event),
			})
		}
		want, wantOK := Fold(rows)
		shuffled := append(rapid.Permutation(rows).Draw(t, "order"), rapid.SampledFrom(rows).Draw(t, "again"))
		got, ok := Fold(shuffled)
		if diff := cmp.Diff(want, got); diff != "" || ok != wantOK {
			t.Fatalf("another order gives another touch (-first +other):\n%s", diff)
		}
	})
}

// TestFoldKeepsBirthDate holds that a birth date that only a later answer tells is kept.
func TestFoldKeepsBirthDate(t *testing.T) {
	t.Parallel()
	first := InquiryRow(Inquiry{Key: "k"}, ID{1})
	later := UpdateRow(Update{About: "k", Event: "c", Kind: UpdateComplete, Patch: Inquiry{BirthDate: "1985-03-12"}}, ID{2})
	for _, rows := range [][]Row{{first, later}, {later, first}} {
		if touch, ok := Fold(rows); !ok || touch.BirthDate != "1985-03-12" {
			t.Errorf("%v: birth date %q", ok, touch.BirthDate)
		}
	}
}
