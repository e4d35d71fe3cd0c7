package store

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"leadgate/lead"
)

// Late is a Store that answers lead.ErrUnavailable until there is one: a gateway
// accepts while its store cannot be opened yet, and whoever works with the store
// waits as for one that is down. The zero value is ready to use.
type Late struct{ there atomic.Pointer[Store] }

var _ Store = (*Late)(nil)

// Set lets all questions go to a store from now on. The first call counts.
func (l *Late) Set(s Store) { l.there.CompareAndSwap(nil, &s) }

// There reports whether the store is there.
func (l *Late) There() bool { return l.there.Load() != nil }

// Close closes the store, if it is there.
func (l *Late) Close() error {
	if s := l.there.Load(); s != nil {
		return (*s).Close()
	}
	return nil
}

var errLate = fmt.Errorf("%w: the store is not open yet", lead.ErrUnavailable)

// late asks a store that may not be there.
func late[T any](l *Late, ask func(Store) (T, error)) (T, error) {
	s := l.there.Load()
	if s == nil {
		var none T
		return none, errLate
	}
	return ask(*s)
}

// lateDo tells a store that may not be there.
func lateDo(l *Late, tell func(Store) error) error {
	s := l.there.Load()
	if s == nil {
		return errLate
	}
	return tell(*s)
}

// latePage asks for a page of a store that may not be there.
func latePage[T any](l *Late, ask func(Store) (T, string, error)) (page T, next string, err error) {
	s := l.there.Load()
	if s == nil {
		return page, "", errLate
	}
	return ask(*s)
}

// Apply implements Intake.
func (l *Late) Apply(ctx context.Context, items []Item) ([]Receipt, error) {
	return late(l, func(s Store) ([]Receipt, error) { return s.Apply(ctx, items) })
}

// Park implements Intake.
func (l *Late) Park(ctx context.Context, items []Parking) error {
	return lateDo(l, func(s Store) error { return s.Park(ctx, items) })
}

// Repark implements Intake.
func (l *Late) Repark(ctx context.Context, id lead.ID, reason string) error {
	return lateDo(l, func(s Store) error { return s.Repark(ctx, id, reason) })
}

// Known implements Intake.
func (l *Late) Known(ctx context.Context, ids []lead.ID) ([]lead.ID, error) {
	return late(l, func(s Store) ([]lead.ID, error) { return s.Known(ctx, ids) })
}

// Receipt implements Intake.
func (l *Late) Receipt(ctx context.Context, id lead.ID) (Receipt, error) {
	return late(l, func(s Store) (Receipt, error) { return s.Receipt(ctx, id) })
}

// Raw implements Intake.
func (l *Late) Raw(ctx context.Context, id lead.ID) (lead.Delivery, error) {
	return late(l, func(s Store) (lead.Delivery, error) { return s.Raw(ctx, id) })
}

// List implements Leads.
func (l *Late) List(ctx context.Context, q Query) ([]lead.Lead, string, error) {
	return latePage(l, func(s Store) ([]lead.Lead, string, error) { return s.List(ctx, q) })
}

// Lead implements Leads.
func (l *Late) Lead(ctx context.Context, id lead.ID) (lead.Lead, error) {
	return late(l, func(s Store) (lead.Lead, error) { return s.Lead(ctx, id) })
}

// Timeline implements Leads.
func (l *Late) Timeline(ctx context.Context, number int64) (touches []lead.Touch, entries []lead.Entry, err error) {
	err = lateDo(l, func(s Store) (err error) {
		touches, entries, err = s.Timeline(ctx, number)
		return err
	})
	return touches, entries, err
}

// Patch implements Leads.
func (l *Late) Patch(ctx context.Context, id lead.ID, p Patch) (lead.Lead, error) {
	return late(l, func(s Store) (lead.Lead, error) { return s.Patch(ctx, id, p) })
}

// Holding implements Leads.
func (l *Late) Holding(ctx context.Context, keys []string) ([]lead.Lead, error) {
	return late(l, func(s Store) ([]lead.Lead, error) { return s.Holding(ctx, keys) })
}

// Stats implements Leads.
func (l *Late) Stats(ctx context.Context) (Stats, error) {
	return late(l, func(s Store) (Stats, error) { return s.Stats(ctx) })
}

// Index implements Leads.
func (l *Late) Index(ctx context.Context, n int) (int, error) {
	return late(l, func(s Store) (int, error) { return s.Index(ctx, n) })
}

// Persons implements People.
func (l *Late) Persons(ctx context.Context, keys []string) ([]lead.Person, error) {
	return late(l, func(s Store) ([]lead.Person, error) { return s.Persons(ctx, keys) })
}

// Merges implements People.
func (l *Late) Merges(ctx context.Context, p Page) ([]MergeRow, string, error) {
	return latePage(l, func(s Store) ([]MergeRow, string, error) { return s.Merges(ctx, p) })
}

// Reviews implements People.
func (l *Late) Reviews(ctx context.Context, p Page) ([]ReviewRow, string, error) {
	return latePage(l, func(s Store) ([]ReviewRow, string, error) { return s.Reviews(ctx, p) })
}

// Duplicates implements People.
func (l *Late) Duplicates(ctx context.Context, p Page) ([]Pair, string, error) {
	return latePage(l, func(s Store) ([]Pair, string, error) { return s.Duplicates(ctx, p) })
}

// Merge implements People.
func (l *Late) Merge(ctx context.Context, a, b lead.ID, by string) (lead.Lead, error) {
	return late(l, func(s Store) (lead.Lead, error) { return s.Merge(ctx, a, b, by) })
}

// NotSame implements People.
func (l *Late) NotSame(ctx context.Context, a, b lead.ID, by string) error {
	return lateDo(l, func(s Store) error { return s.NotSame(ctx, a, b, by) })
}

// Unmerge implements People.
func (l *Late) Unmerge(ctx context.Context, id lead.ID, by string) ([]lead.Lead, error) {
	return late(l, func(s Store) ([]lead.Lead, error) { return s.Unmerge(ctx, id, by) })
}

// Propose implements People.
func (l *Late) Propose(ctx context.Context, n int) (int, error) {
	return late(l, func(s Store) (int, error) { return s.Propose(ctx, n) })
}

// Parked implements Desk.
func (l *Late) Parked(ctx context.Context, p Page) ([]Held, string, error) {
	return latePage(l, func(s Store) ([]Held, string, error) { return s.Parked(ctx, p) })
}

// Quarantined implements Desk.
func (l *Late) Quarantined(ctx context.Context, p Page) ([]Held, string, error) {
	return latePage(l, func(s Store) ([]Held, string, error) { return s.Quarantined(ctx, p) })
}

// Release implements Desk.
func (l *Late) Release(ctx context.Context, id lead.ID, by string) (Outcome, error) {
	return late(l, func(s Store) (Outcome, error) { return s.Release(ctx, id, by) })
}

// Enqueue implements Outbox.
func (l *Late) Enqueue(ctx context.Context, j Job) error {
	return lateDo(l, func(s Store) error { return s.Enqueue(ctx, j) })
}

// Due implements Outbox.
func (l *Late) Due(ctx context.Context, t Take) ([]Job, error) {
	return late(l, func(s Store) ([]Job, error) { return s.Due(ctx, t) })
}

// Done implements Outbox.
func (l *Late) Done(ctx context.Context, jobs []Job) error {
	return lateDo(l, func(s Store) error { return s.Done(ctx, jobs) })
}

// Retry implements Outbox.
func (l *Late) Retry(ctx context.Context, j Job, at time.Time, cause string) error {
	return lateDo(l, func(s Store) error { return s.Retry(ctx, j, at, cause) })
}

// Bury implements Outbox.
func (l *Late) Bury(ctx context.Context, j Job, cause string) error {
	return lateDo(l, func(s Store) error { return s.Bury(ctx, j, cause) })
}

// Hold implements Outbox.
func (l *Late) Hold(ctx context.Context, kind, target string, until time.Time, cause string) error {
	return lateDo(l, func(s Store) error { return s.Hold(ctx, kind, target, until, cause) })
}

// Resume implements Outbox.
func (l *Late) Resume(ctx context.Context, kind, target string) error {
	return lateDo(l, func(s Store) error { return s.Resume(ctx, kind, target) })
}

// Dead implements Graveyard.
func (l *Late) Dead(ctx context.Context, q DeadQuery) ([]DeadJob, string, error) {
	return latePage(l, func(s Store) ([]DeadJob, string, error) { return s.Dead(ctx, q) })
}

// Redo implements Graveyard.
func (l *Late) Redo(ctx context.Context, q DeadQuery) (int, error) {
	return late(l, func(s Store) (int, error) { return s.Redo(ctx, q) })
}

// Purge implements Graveyard.
func (l *Late) Purge(ctx context.Context, q DeadQuery) (int, error) {
	return late(l, func(s Store) (int, error) { return s.Purge(ctx, q) })
}

// Sources implements Settings.
func (l *Late) Sources(ctx context.Context) ([]SourceRecord, error) {
	return late(l, func(s Store) ([]SourceRecord, error) { return s.Sources(ctx) })
}

// PutSource implements Settings.
func (l *Late) PutSource(ctx context.Context, r SourceRecord) (int64, error) {
	return late(l, func(s Store) (int64, error) { return s.PutSource(ctx, r) })
}

// SourcesRevision implements Settings.
func (l *Late) SourcesRevision(ctx context.Context) (int64, error) {
	return late(l, func(s Store) (int64, error) { return s.SourcesRevision(ctx) })
}

// Reseal implements Settings.
func (l *Late) Reseal(ctx context.Context, values []Resealed) (int, error) {
	return late(l, func(s Store) (int, error) { return s.Reseal(ctx, values) })
}

// Stages implements Settings.
func (l *Late) Stages(ctx context.Context) ([]lead.Stage, error) {
	return late(l, func(s Store) ([]lead.Stage, error) { return s.Stages(ctx) })
}

// AddToken implements Settings.
func (l *Late) AddToken(ctx context.Context, t Token) error {
	return lateDo(l, func(s Store) error { return s.AddToken(ctx, t) })
}

// Tokens implements Settings.
func (l *Late) Tokens(ctx context.Context) ([]Token, error) {
	return late(l, func(s Store) ([]Token, error) { return s.Tokens(ctx) })
}

// DropToken implements Settings.
func (l *Late) DropToken(ctx context.Context, name string) error {
	return lateDo(l, func(s Store) error { return s.DropToken(ctx, name) })
}

// State implements State.
func (l *Late) State(ctx context.Context, key string) (StateRecord, error) {
	return late(l, func(s Store) (StateRecord, error) { return s.State(ctx, key) })
}

// States implements State.
func (l *Late) States(ctx context.Context, prefix, after string, n int) ([]StateRecord, error) {
	return late(l, func(s Store) ([]StateRecord, error) { return s.States(ctx, prefix, after, n) })
}

// PutState implements State.
func (l *Late) PutState(ctx context.Context, w StateWrite) (int64, error) {
	return late(l, func(s Store) (int64, error) { return s.PutState(ctx, w) })
}

// DropState implements State.
func (l *Late) DropState(ctx context.Context, w StateWrite) error {
	return lateDo(l, func(s Store) error { return s.DropState(ctx, w) })
}

// AcquireLease implements Leases.
func (l *Late) AcquireLease(ctx context.Context, name, owner string, ttl time.Duration) (Lease, error) {
	return late(l, func(s Store) (Lease, error) { return s.AcquireLease(ctx, name, owner, ttl) })
}

// RenewLease implements Leases.
func (l *Late) RenewLease(ctx context.Context, held Lease, ttl time.Duration) (Lease, error) {
	return late(l, func(s Store) (Lease, error) { return s.RenewLease(ctx, held, ttl) })
}

// ReleaseLease implements Leases.
func (l *Late) ReleaseLease(ctx context.Context, held Lease) error {
	return lateDo(l, func(s Store) error { return s.ReleaseLease(ctx, held) })
}
