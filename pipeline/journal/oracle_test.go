package journal_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"leadgate/lead"
	"leadgate/pipeline/journal"
)

// oracle remembers what was appended and judges what comes back: every
// acknowledged entry that was not released exactly once, every other one at most
// once, nothing that nobody wrote.
type oracle struct {
	tried map[lead.ID][]byte
	acked map[lead.ID]bool
	freed map[lead.ID]bool
	n     int
}

func newOracle() *oracle {
	return &oracle{tried: map[lead.ID][]byte{}, acked: map[lead.ID]bool{}, freed: map[lead.ID]bool{}}
}

// payload makes an id and bytes nobody else made.
func (o *oracle) payload(size int) (lead.ID, []byte) {
	o.n++
	id := lead.DeriveID("oracle", strconv.Itoa(o.n))
	p := bytes.Repeat([]byte(fmt.Sprintf("%06d-", o.n)), size/7+1)[:size]
	o.tried[id] = p
	return id, p
}

// append appends one payload as a sender does: again when it was refused.
func (o *oracle) append(j *journal.Journal, size, tries int) error {
	id, p := o.payload(size)
	var err error
	for range tries {
		if err = j.Append(context.Background(), id, p); err == nil {
			o.acked[id] = true
			return nil
		}
	}
	return err
}

func (o *oracle) release(j *journal.Journal, entries ...journal.Entry) {
	for _, e := range entries {
		o.freed[e.ID] = true
		j.Release(e.Pos)
	}
}

// judge holds the entries of one reading against what was appended.
func (o *oracle) judge(entries []journal.Entry) error {
	count := map[lead.ID]int{}
	for _, e := range entries {
		want, ok := o.tried[e.ID]
		if !ok {
			return fmt.Errorf("entry %v was never appended", e.ID)
		}
		if !bytes.Equal(e.Payload, want) {
			return fmt.Errorf("entry %v came back changed: %.40q…, want %.40q…", e.ID, e.Payload, want)
		}
		if count[e.ID]++; count[e.ID] > 1 {
			return fmt.Errorf("entry %v came %d times (acknowledged %v, released %v)", e.ID, count[e.ID], o.acked[e.ID], o.freed[e.ID])
		}
	}
	for id := range o.acked {
		if count[id] == 0 && !o.freed[id] {
			return fmt.Errorf("acknowledged entry %.12q… is lost", o.tried[id])
		}
	}
	return nil
}

// take reads what Next has, until nothing is left of the depth.
func take(j *journal.Journal, n int) ([]journal.Entry, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var entries []journal.Entry
	for len(entries) < n {
		e, err := j.Next(ctx)
		if ctx.Err() != nil {
			return entries, fmt.Errorf("%d entries came, %d expected", len(entries), n)
		}
		if err == nil {
			entries = append(entries, e)
		}
	}
	return entries, nil
}

// backlog reads everything a journal that was just opened holds.
func backlog(j *journal.Journal) ([]journal.Entry, error) {
	if err := until(func() bool { return j.Stats().Unread == 0 }); err != nil {
		return nil, fmt.Errorf("scanning: %w", err)
	}
	return take(j, j.Stats().Depth)
}

// until waits for something another goroutine does.
func until(ok func() bool) error {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Microsecond) {
		if ok() {
			return nil
		}
	}
	return errors.New("it did not come to pass in 10 s")
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// chaos multiplies a count by LEADGATE_CHAOS, which is 1 when unset.
func chaos(n int) int {
	if f, err := strconv.Atoi(os.Getenv("LEADGATE_CHAOS")); err == nil && f > 0 {
		return n * f
	}
	return n
}
