package blob

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"leadgate/lead"
)

const (
	// Grace is how long a blob stays that nobody names.
	Grace = 24 * time.Hour
	// stagingGrace is how long a body stays on a node's disk after every delivery of
	// its journal that may name it is committed.
	stagingGrace = time.Hour
	// collectBatch is how many blobs are doomed in one transaction.
	collectBatch = 100
	// listPage is how many keys of a listing are looked at in one go.
	listPage = 500
	// collectEvery is how often a node looks.
	collectEvery = time.Minute
	// clockSlack is how far the clock may have been set back before this process began.
	clockSlack = time.Hour
	// sweepEvery is how often a node looks for staged bodies.
	sweepEvery = 10 * time.Minute
)

// Collector removes blobs nobody names. Any number of them may run at once, on any
// nodes: which blob may go is decided by the store, in the same rows that a commit
// that names one changes, so that none of them can remove what is named.
//
// A node's own folder is another matter: it holds bodies that nothing but this node's
// journal names. There it removes only what is older than the oldest entry of the
// journal, once all the entries are of this process.
type Collector struct {
	d       *Depot
	oldest  func() (time.Time, bool)
	log     *slog.Logger
	now     func() time.Time
	started time.Time
	after   string // how far the listing has come
	swept   time.Time
}

// NewCollector returns a collector over what a depot holds. oldest tells the time of
// the journal's oldest entry that is not released, zero for none, and whether all of
// the journal has been read.
func NewCollector(d *Depot, oldest func() (time.Time, bool), log *slog.Logger) *Collector {
	now := d.o.Now()
	return &Collector{d: d, oldest: oldest, log: log, now: d.o.Now, started: now, swept: now}
}

// Run collects until ctx ends. What fails is tried again.
func (c *Collector) Run(ctx context.Context) {
	failing := false
	for {
		t := time.NewTimer(collectEvery/2 + rand.N(collectEvery))
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
		}
		err := c.Round(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			c.log.WarnContext(ctx, "blobs cannot be collected, trying again", "err", err)
		}
		failing = err != nil
	}
}

// Round does what is due: it removes what nobody names, looks at the next page of
// what is there, and sweeps the node's folder.
func (c *Collector) Round(ctx context.Context) error {
	for {
		n, err := c.Collect(ctx)
		if err != nil {
			return err
		}
		if n < collectBatch {
			break
		}
	}
	if err := c.Find(ctx); err != nil {
		return err
	}
	if c.now().Sub(c.swept) < sweepEvery {
		return nil
	}
	c.swept = c.now()
	return c.Sweep(ctx)
}

// Collect removes up to a hundred blobs that nobody names, and returns how many the
// store gave it to remove.
func (c *Collector) Collect(ctx context.Context) (int, error) {
	before := c.now().Add(-Grace)
	if !c.d.shared() {
		before = c.cutoff(Grace)
	}
	if before.IsZero() {
		return 0, nil
	}
	keys, err := c.d.o.Rows.DoomBlobs(ctx, before, collectBatch)
	if err != nil {
		return 0, fmt.Errorf("collecting blobs: %w", err)
	}
	gone, failed := c.remove(ctx, keys)
	if len(gone) > 0 {
		err = c.d.o.Rows.ForgetBlobs(ctx, gone)
	}
	if err = errors.Join(failed, err); err != nil {
		return len(keys), fmt.Errorf("collecting blobs: %w", err)
	}
	return len(keys), nil
}

// remove removes keys and returns those under which nothing lies any more. When the
// place does not answer, it asks no further.
func (c *Collector) remove(ctx context.Context, keys []string) (gone []string, err error) {
	for _, key := range keys {
		removed, failed := true, error(nil)
		if c.d.shared() {
			failed = c.d.o.Place.Delete(ctx, key)
		} else {
			removed, failed = c.d.o.Local.DeleteOld(ctx, key, c.cutoff(Grace))
		}
		switch {
		case failed == nil && removed:
			gone = append(gone, key)
		case failed != nil:
			err = errors.Join(err, failed)
			if errors.Is(failed, lead.ErrUnavailable) {
				return gone, err
			}
		}
	}
	return gone, err
}

// Find looks at the next page of what is there: the store takes in what it does not
// know, and what no delivery can name any more is removed.
func (c *Collector) Find(ctx context.Context) error {
	keys, err := c.d.o.Place.List(ctx, c.after, listPage)
	if err != nil {
		return fmt.Errorf("looking through blobs: %w", err)
	}
	stale, err := c.d.o.Rows.AdoptBlobs(ctx, keys)
	if err == nil {
		_, err = c.remove(ctx, stale)
	}
	if err != nil {
		return fmt.Errorf("looking through blobs: %w", err)
	}
	if c.after = ""; len(keys) == listPage {
		c.after = keys[listPage-1]
	}
	return nil
}

// Sweep removes bodies from this node's disk that are in the place of all nodes, or
// that nobody was told were taken.
func (c *Collector) Sweep(ctx context.Context) error {
	if !c.d.shared() {
		return nil
	}
	before := c.cutoff(stagingGrace)
	if before.IsZero() {
		return nil
	}
	_, err := c.d.o.Local.Sweep(ctx, before)
	return err
}

// cutoff is a time before which nothing was put on this node's disk that its journal
// may still name, and at least a grace ago. It is zero while that cannot be said:
// when a file was put is known for sure only of those this process put.
func (c *Collector) cutoff(grace time.Duration) time.Time {
	oldest, read := c.oldest()
	cut := c.now().Add(-grace)
	switch {
	case !read || !oldest.IsZero() && !oldest.After(c.started.Add(clockSlack)):
		return time.Time{}
	case !oldest.IsZero() && oldest.Before(cut):
		return oldest
	}
	return cut
}
