package storetest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"leadgate/lead"
	"leadgate/store"
)

func testSettings(t *testing.T, b *bench) {
	stages, err := b.Stages(b.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(lead.DefaultStages(), stages); diff != "" {
		t.Errorf("stages:\n%s", diff)
	}
	stages[0].ID = "mine" // and nobody else's
	if stages, err = b.Stages(b.ctx); err != nil || stages[0].ID == "mine" {
		t.Errorf("a caller changed the stages of the store: %v, %v", stages, err)
	}
	tok := store.Token{Name: "crm", Hash: sha256.Sum256([]byte("x")), Created: b.now, Expires: b.now.Add(time.Hour)}
	if err := b.AddToken(b.ctx, tok); err != nil {
		t.Fatal(err)
	}
	if err := b.AddToken(b.ctx, tok); !errors.Is(err, lead.ErrConflict) {
		t.Errorf("second token of a name: %v, want ErrConflict", err)
	}
	tokens, err := b.Tokens(b.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]store.Token{tok}, tokens); diff != "" {
		t.Errorf("tokens:\n%s", diff)
	}
	if err := b.DropToken(b.ctx, "crm"); err != nil {
		t.Fatal(err)
	}
	if err := b.DropToken(b.ctx, "crm"); !errors.Is(err, lead.ErrNotFound) {
		t.Errorf("dropping nothing: %v, want ErrNotFound", err)
	}
}

func testPatch(t *testing.T, b *bench) {
	o := b.post(t, "p", from("Ana Belo", "ana@example.org", "", "hello"))
	text := func(s string) *string { return &s }
	junk := store.Patch{Stage: text("junk"), By: "tester"}
	if _, err := b.Patch(b.ctx, o.Lead, junk); !errors.Is(err, lead.ErrInvalid) {
		t.Errorf("junk without a reason: %v, want ErrInvalid", err)
	}
	if _, err := b.Patch(b.ctx, o.Lead, store.Patch{Stage: text("nowhere")}); !errors.Is(err, lead.ErrInvalid) {
		t.Errorf("unknown stage: %v, want ErrInvalid", err)
	}
	junk.Reason = text("spam")
	b.now = b.now.Add(time.Hour)
	l, err := b.Patch(b.ctx, o.Lead, junk)
	if err != nil || l.Status != lead.Lost || l.CloseReason != "spam" || !l.UpdatedAt.Equal(b.now) {
		t.Fatalf("lead %+v, %v", l, err)
	}
	if l, err = b.Patch(b.ctx, o.Lead, store.Patch{Stage: text("new"), Owner: text("eva"), Fields: map[string]*string{"size": text("xl")}, Tags: &[]string{"a"}}); err != nil {
		t.Fatal(err)
	}
	if l.Status != lead.Open || l.Owner != "eva" || l.Fields["size"] != "xl" || len(l.Tags) != 1 {
		t.Errorf("lead %+v", l)
	}
	if l, err = b.Patch(b.ctx, o.Lead, store.Patch{Fields: map[string]*string{"size": nil}}); err != nil || len(l.Fields) != 0 {
		t.Errorf("fields %v, %v", l.Fields, err)
	}
	_, entries, err := b.Timeline(b.ctx, l.Number)
	if err != nil || len(entries) < 3 || entries[0].Kind != "stage" || entries[0].By != "tester" {
		t.Errorf("entries %+v, %v", entries, err)
	}
	if _, err := b.Patch(b.ctx, lead.NewID(), store.Patch{}); !errors.Is(err, lead.ErrNotFound) {
		t.Errorf("patch of nothing: %v, want ErrNotFound", err)
	}
}

// Leads are found by words, parts of phones, e-mails and domains once they are indexed.
func testSearch(t *testing.T, b *bench) {
	company := from("Jörg Müller-Groß", "joerg.mueller@firma.example.org", "+49 30 1234567", "")
	company.Company = "Fenster & Söhne GmbH"
	b.post(t, "1", company)
	b.post(t, "2", from("Анна Белова", "anna@example.com", "+33 6 12 34 56 78", ""))
	b.post(t, "3", from("Ana Belo", "ana@example.org", "", ""))
	b.index(t)
	for q, want := range map[string]int{
		"jörg": 1, "JORG gross": 1, "muller": 1, "söhne": 1, "fens": 1, "jörg belo": 0, "nobody": 0,
		"345678": 1, "06 12 34 56 78": 1, "+33612345678": 1, "(030) 1234567": 1, "9999999": 0,
		"anna@": 1, "anna@example.com": 1, "@example": 2, "@firma.example.org": 1, `"`: 0, "*": 0, "a OR b": 0, "bel": 2, "ан": 2,
		"j": 1, "gmb": 1, "joerg": 1, "joerg.muel": 1, "joerg.mueller@firma": 1, "joerg.mueller@example": 0, "anna.@": 0, "0000": 0, "00000": 0, "@": 3, "@e": 2, "a,b@c": 0, "a\x01b@c": 0, "\x00": 0, "(": 0, "b\u00a0@c": 0,
	} {
		leads, _, err := b.List(b.ctx, store.Query{Page: store.Page{Limit: 10}, Search: q})
		if err != nil {
			t.Errorf("search %q: %v", q, err)
			continue
		}
		if len(leads) != want {
			t.Errorf("search %q finds %d leads, want %d", q, len(leads), want)
		}
	}
}

// A change waits to be indexed until it is, each once however large its batch.
func testUnindexed(t *testing.T, b *bench) {
	want := func(n int64) {
		t.Helper()
		if st, err := b.Store.Stats(b.ctx); err != nil || st.Unindexed != n {
			t.Errorf("%d leads wait to be indexed, %v; want %d", st.Unindexed, err, n)
		}
	}
	want(0)
	var items []store.Item
	for i := range 20 {
		items = append(items, b.item(fmt.Sprint(i), from("", fmt.Sprintf("p%d@example.org", i), "", "hello")))
	}
	b.apply(t, items...)
	b.post(t, "again", from("", "p3@example.org", "", "hello again"))
	want(21)
	for _, c := range []struct{ ask, got, left int }{{5, 5, 16}, {15, 15, 1}, {5, 1, 0}, {5, 0, 0}} {
		n, err := b.Index(b.ctx, c.ask)
		if err != nil || n != c.got {
			t.Fatalf("Index(%d) = %d, %v; want %d", c.ask, n, err, c.got)
		}
		want(int64(c.left))
	}
	title := "changed"
	if _, err := b.Patch(b.ctx, b.leads(t)[0].ID, store.Patch{Title: &title}); err != nil {
		t.Fatal(err)
	}
	want(1)
}

// index brings what waits into the search index.
func (b *bench) index(t *testing.T) {
	t.Helper()
	for {
		n, err := b.Index(b.ctx, 7)
		if err != nil || n > 7 {
			t.Fatalf("Index = %d, %v; want at most 7", n, err)
		}
		if n == 0 {
			return
		}
	}
}

// A search combines with every filter and has pages, follows what changes, and
// does not find merged leads.
func testSearchFilters(t *testing.T, b *bench) {
	for i := range 25 {
		b.post(t, key("p%d", i), from(key("Ana Belo%d", i), key("ana%d@example.org", i), "", ""))
	}
	b.index(t)
	count := func(q store.Query) (n int) {
		t.Helper()
		for q.Limit = 10; ; {
			leads, next, err := b.List(b.ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			n += len(leads)
			if q.Cursor = next; next == "" {
				return n
			}
		}
	}
	won := "converted"
	for i, l := range b.leads(t) {
		if i%5 == 0 {
			if _, err := b.Patch(b.ctx, l.ID, store.Patch{Stage: &won}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, search := range []string{"", "ana", "belo", "@example.org"} {
		if search != "" {
			wantCount(t, "open leads before the index is up to date", count(store.Query{Search: search, Status: lead.Open}), 20)
		}
	}
	b.index(t)
	for _, search := range []string{"", "an", "ana", "belo", "@example.org", "ana belo"} {
		for want, q := range map[int]store.Query{
			25: {Source: "src"}, 20: {Status: lead.Open}, 5: {Stage: won}, 0: {Stage: won, Status: lead.Open},
		} {
			q.Search = search
			wantCount(t, key("leads found by %+v", q), count(q), want)
			q.Source = "elsewhere"
			wantCount(t, key("leads found by %+v", q), count(q), 0)
		}
	}
	b.post(t, "m1", from("", "", "+33612345678", ""))
	b.post(t, "m2", from("", "ida@example.org", "", ""))
	b.index(t)
	wantCount(t, "leads of two persons", count(store.Query{Search: "ida@"})+count(store.Query{Search: "345678"}), 2)
	b.post(t, "m3", from("", "ida@example.org", "+33612345678", ""))
	b.index(t)
	wantCount(t, "leads of one person", count(store.Query{Search: "ida@"})+count(store.Query{Search: "345678"}), 2)
	wantCount(t, "leads", count(store.Query{Source: "src"}), 26)
}

// Pages are stable while leads come in, and filters combine.
func testPaging(t *testing.T, b *bench) {
	for i := range 25 {
		b.post(t, key("p%d", i), lead.Inquiry{Text: key("text %d", i)})
	}
	seen := map[lead.ID]bool{}
	cursor, pages := "", 0
	for {
		leads, next, err := b.List(b.ctx, store.Query{Page: store.Page{Limit: 10, Cursor: cursor}, Stage: "new", Source: "src", Status: lead.Open})
		if err != nil {
			t.Fatal(err)
		}
		for i, l := range leads {
			if seen[l.ID] {
				t.Fatalf("lead %d came twice", l.Number)
			}
			if i > 0 && l.Number > leads[i-1].Number {
				t.Fatal("leads are not newest first")
			}
			seen[l.ID] = true
		}
		pages++
		b.post(t, key("late%d", pages), lead.Inquiry{Text: "late"})
		if cursor = next; cursor == "" {
			break
		}
	}
	wantCount(t, "pages", pages, 3)
	wantCount(t, "leads seen", len(seen), 25)
	if _, _, err := b.List(b.ctx, store.Query{Page: store.Page{Limit: 10, Cursor: "x' OR 1=1"}}); !errors.Is(err, lead.ErrInvalid) {
		t.Errorf("bad cursor: %v, want ErrInvalid", err)
	}
	if leads, _, err := b.List(b.ctx, store.Query{Page: store.Page{Limit: 10}, Source: "elsewhere"}); err != nil || len(leads) != 0 {
		t.Errorf("leads of another source: %d, %v", len(leads), err)
	}
}

func testStats(t *testing.T, b *bench) {
	o := b.post(t, "1", from("Ana Belo", "ana@example.org", "", "one"))
	b.post(t, "2", from("Ana Belo", "ana@example.org", "", "two"))
	b.post(t, "3", from("Igor Petrov", "igor@example.org", "", "three"))
	won := "converted"
	if _, err := b.Patch(b.ctx, o.Lead, store.Patch{Stage: &won}); err != nil {
		t.Fatal(err)
	}
	st, err := b.Store.Stats(b.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(store.LeadStats{Total: 2, Open: 1, Won: 1}, st.Leads); diff != "" {
		t.Errorf("leads:\n%s", diff)
	}
	if diff := cmp.Diff(map[lead.Verdict]int64{lead.Created: 2, lead.Attached: 1}, st.Inquiries); diff != "" {
		t.Errorf("inquiries:\n%s", diff)
	}
	if st.Deliveries != 3 || !st.LastEvent["src"].Equal(b.now) {
		t.Errorf("deliveries %d, last event %v", st.Deliveries, st.LastEvent["src"])
	}
}

// A lead keeps everything its inquiries told, through the store and back.
func testPermanence(t *testing.T, b *bench) {
	q := from("Ana Belo", "ana@example.org", "+33612345678", "hello")
	q.Company, q.Subject, q.Tags, q.Amount, q.Currency = "Belo Lda", "Windows", []string{"b2b"}, "1200.50", "EUR"
	q.Fields = []lead.Field{{Key: "size", Label: "Size", Value: "xl"}}
	q.Identities = append(q.Identities, lead.Identity{Kind: "tg_user", Value: "123", Scope: "bot"})
	q.Attribution = lead.Attribution{Source: "google", Clicks: map[string]string{"gclid": "x"}}
	q.Consents = []lead.Consent{{Key: "terms", Checked: true, Version: "2"}}
	q.Attachments = []lead.Attachment{{Name: "plan.pdf", Size: 3, Blob: "abc"}}
	o := b.post(t, "1", q)
	l := b.lead(t, o.Lead)
	want := lead.Lead{ID: o.Lead, Number: 1, Title: "Windows", Status: lead.Open, Stage: "new", Source: "src", Origin: "OTHER", Name: "Ana Belo", Company: "Belo Lda",
		Emails: []string{"ana@example.org"}, Phones: []string{"+33612345678"}, Handles: []lead.Handle{{Type: "tg_user", Value: "123", Scope: "bot"}},
		Fields: map[string]string{"size": "xl"}, Tags: []string{"b2b"}, Amount: "1200.50", Currency: "EUR", Touches: 1, CreatedAt: b.now, UpdatedAt: b.now,
		Attribution: lead.FirstLast{First: q.Attribution, Last: q.Attribution}, Person: l.Person}
	if diff := cmp.Diff(want, l); diff != "" {
		t.Errorf("lead:\n%s", diff)
	}
	touch := b.touches(t, o.Lead)[0]
	if diff := cmp.Diff(q.Consents, touch.Consents); diff != "" {
		t.Errorf("consents:\n%s", diff)
	}
	if diff := cmp.Diff(q.Attachments, touch.Attachments); diff != "" {
		t.Errorf("attachments:\n%s", diff)
	}
	if touch.DeliveryID != lead.DeriveID("src", "1") || touch.Verdict != lead.Created {
		t.Errorf("touch %+v", touch)
	}
}

// Holding finds the open leads of a person by any of the keys.
func testHolding(t *testing.T, b *bench) {
	q := from("Ana Belo", "ana@example.org", "+33612345678", "hello")
	o := b.post(t, "1", q)
	b.post(t, "2", from("Igor Petrov", "igor@example.org", "", "hello"))
	ask := b.item("x", from("", "Ana@Example.org", "", "")).Inquiries[0]
	leads, err := b.Store.Holding(b.ctx, store.KeysOf(&ask))
	if err != nil || len(leads) != 1 || leads[0].ID != o.Lead {
		t.Errorf("Holding = %+v, %v", leads, err)
	}
	if leads, err = b.Store.Holding(b.ctx, nil); err != nil || len(leads) != 0 {
		t.Errorf("Holding of nothing = %+v, %v", leads, err)
	}
}
