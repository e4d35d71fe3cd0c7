// Package storetest checks that an engine keeps the promises of package store.
// Every engine passes it unchanged; what an engine does differently is a defect.
package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"leadgate/lead"
	"leadgate/lead/normal"
	"leadgate/store"
)

// Open returns an empty store that sees the time through now. It is closed by
// the test that opened it.
type Open func(t *testing.T, now func() time.Time) store.Store

// Run runs the suite, or only the cases that are named.
func Run(t *testing.T, open Open, only ...string) {
	for name, test := range map[string]func(*testing.T, *bench){
		"Claims": testClaims, "Permutations": testPermutations, "WaitingUpdates": testWaitingUpdates, "Batch": testBatch, "OnePerson": testOnePerson,
		"CrossedIdentities": testCrossedIdentities, "Merge": testMerge, "NameConflict": testNameConflict, "SharedValue": testSharedValue,
		"Returning": testReturning, "DoubleClick": testDoubleClick, "Anonymous": testAnonymous, "LateIdentity": testLateIdentity, "Parked": testParked,
		"PartlyParked": testPartlyParked, "Quarantine": testQuarantine, "QuarantinedThread": testQuarantinedThread, "Outbox": testOutbox,
		"Settings": testSettings, "Patch": testPatch, "Search": testSearch, "Unindexed": testUnindexed, "Paging": testPaging, "Stats": testStats, "Poison": testPoison,
		"Known": testKnown, "Permanence": testPermanence, "Holding": testHolding, "EndedContext": testEndedContext, "JobsComeAgain": testJobsComeAgain,
		"LostLease": testLostLease, "JobCounts": testJobCounts, "JobTurns": testJobTurns, "JobsAtOnce": testJobsAtOnce, "HeldTarget": testHeldTarget, "GoneTarget": testGoneTarget,
		"DeadJobs": testDeadJobs, "DeadKeys": testDeadKeys, "JobOrder": testJobOrder, "RunnersAtOnce": testRunnersAtOnce, "StalledRunner": testStalledRunner, "JobLaws": testJobLaws, "IdentityLaws": testIdentityLaws, "Crowd": testCrowd, "ConcurrentDesk": testConcurrentDesk,
		"ReopenAfterMerge": testReopenAfterMerge, "MergeChain": testMergeChain, "DeskPages": testDeskPages, "MoreIsNoDoubleClick": testMoreIsNoDoubleClick,
		"LateDoubleClick": testLateDoubleClick, "Receipts": testReceipts, "GroupChat": testGroupChat, "MailThread": testMailThread,
		"ForeignAfterClose": testForeignAfterClose, "IdentityInThread": testIdentityInThread, "AnonymousChat": testAnonymousChat, "RowsFold": testRowsFold,
		"LanesInAnyOrder": testLanesInAnyOrder, "UpdatePermutations": testUpdatePermutations, "OutgoingFirst": testOutgoingFirst,
		"SearchFilters": testSearchFilters, "Propose": testPropose, "UndoIdentity": testUndoIdentity, "UndoLater": testUndoLater, "UndoAnyhow": testUndoAnyhow,
		"UndoAutomatic": testUndoAutomatic, "UndoKeepsChanges": testUndoKeepsChanges, "UndoRefuses": testUndoRefuses, "UndoAfterClose": testUndoAfterClose,
		"UndoConversation": testUndoConversation, "UndoAfterUpdate": testUndoAfterUpdate, "UndoConcurrent": testUndoConcurrent, "Duplicates": testDuplicates, "NotSame": testNotSame, "NotSameUpdate": testNotSameUpdate, "UndoReceipts": testUndoReceipts, "UndoBatch": testUndoBatch, "UndoPersons": testUndoPersons, "UndoMovedLead": testUndoMovedLead,
		"Resemblance": testResemblance, "ResemblanceLater": testResemblanceLater, "CrowdedBlocks": testCrowdedBlocks, "Counted": testCounted,
		"State": testState, "StateExpires": testStateExpires, "StatePages": testStatePages, "StateConcurrent": testStateConcurrent, "Sources": testSources,
		"Reseal": testReseal, "Leases": testLeases, "LateRenewal": testLateRenewal, "LeaseClock": testLeaseClock, "LeaseLaws": testLeaseLaws, "LeaseConcurrent": testLeaseConcurrent,
		"Blobs": testBlobs, "BlobsGoneAndBack": testBlobsGoneAndBack, "BlobsAdopted": testBlobsAdopted, "BlobsUnnamed": testBlobsUnnamed, "BlobsRetried": testBlobsRetried, "BlobsParked": testBlobsParked, "BlobsRace": testBlobsRace, "BlobsUnnamedRace": testBlobsUnnamedRace,
		"ChannelsAtOnce": testChannelsAtOnce, "AnyOrder": testAnyOrder,
	} {
		if len(only) > 0 && !slices.Contains(only, name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newBench(t, open))
		})
	}
}

// bench is a store with what a test needs around it.
type bench struct {
	store.Store
	ctx context.Context
	now time.Time
}

func newBench(t *testing.T, open Open) *bench {
	b := &bench{ctx: t.Context(), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	b.Store = open(t, func() time.Time { return b.now })
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return b
}

// item makes the item of a delivery with some inquiries, brought into normal form
// as the pipeline does.
func (b *bench) item(key string, inquiries ...lead.Inquiry) store.Item {
	d := lead.Delivery{ID: lead.DeriveID("src", key), Source: "src", Key: key, At: b.now, Body: []byte(key)}
	if key == "" {
		d.ID = lead.NewID()
	}
	raw, _ := d.AppendBinary(nil)
	it := store.Item{Delivery: d, Raw: raw}
	for _, q := range inquiries {
		q.Source, q.Scope, q.Received = "src", "src", b.now
		normal.Inquiry(&q, "FR")
		it.Inquiries = append(it.Inquiries, q)
	}
	return it
}

func (b *bench) apply(t *testing.T, items ...store.Item) []store.Receipt {
	t.Helper()
	r, err := b.Apply(b.ctx, items)
	if err != nil {
		t.Fatalf("Apply: %v", err)
	}
	if len(r) != len(items) {
		t.Fatalf("Apply returned %d receipts for %d items", len(r), len(items))
	}
	return r
}

// post applies one inquiry and returns what became of it.
func (b *bench) post(t *testing.T, key string, q lead.Inquiry) store.Outcome {
	t.Helper()
	q.Key = key
	r := b.apply(t, b.item(key, q))[0]
	if len(r.Inquiries) != 1 {
		return store.Outcome{Verdict: r.Verdict, Lead: r.Lead}
	}
	return r.Inquiries[0]
}

func (b *bench) leads(t *testing.T) []lead.Lead {
	t.Helper()
	l, _, err := b.List(b.ctx, store.Query{Page: store.Page{Limit: 1000}})
	if err != nil {
		t.Fatalf("List: %v", err)
	}
	return l
}

func (b *bench) lead(t *testing.T, id lead.ID) lead.Lead {
	t.Helper()
	l, err := b.Lead(b.ctx, id)
	if err != nil {
		t.Fatalf("Lead: %v", err)
	}
	return l
}

func (b *bench) touches(t *testing.T, id lead.ID) []lead.Touch {
	t.Helper()
	touches, _, err := b.Timeline(b.ctx, b.lead(t, id).Number)
	if err != nil {
		t.Fatalf("Timeline: %v", err)
	}
	return touches
}

// from makes a form inquiry of a person.
func from(name, email, phone, text string) lead.Inquiry {
	q := lead.Inquiry{Kind: lead.KindForm, Channel: "form", Name: lead.Name{Display: name}, Text: text}
	if email != "" {
		q.Identities = append(q.Identities, lead.Identity{Kind: lead.IdentityEmail, Value: email, Proof: lead.ProofForm})
	}
	if phone != "" {
		q.Identities = append(q.Identities, lead.Identity{Kind: lead.IdentityPhone, Value: phone, Proof: lead.ProofForm})
	}
	return q
}

func wantVerdict(t *testing.T, o store.Outcome, want lead.Verdict) {
	t.Helper()
	if o.Verdict != want {
		t.Fatalf("verdict %q (%s), want %q", o.Verdict, o.Reason, want)
	}
}

func wantCount(t *testing.T, what string, got, want int) {
	t.Helper()
	if got != want {
		t.Fatalf("%s: %d, want %d", what, got, want)
	}
}

// permutations calls f with every order of n numbers.
func permutations(n int, f func([]int)) {
	p := make([]int, n)
	for i := range p {
		p[i] = i
	}
	var walk func(int)
	walk = func(k int) {
		if k == n {
			f(slices.Clone(p))
			return
		}
		for i := k; i < n; i++ {
			p[k], p[i] = p[i], p[k]
			walk(k + 1)
			p[k], p[i] = p[i], p[k]
		}
	}
	walk(0)
}

func key(format string, args ...any) string { return fmt.Sprintf(format, args...) }
