package journal_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"leadgate/lead"
	"leadgate/pipeline/journal"
)

// What was acknowledged before is seen beside a journal that is written, or was
// released before.
func TestPeek(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "journal")
	j := open(t, journal.Options{Dir: dir, SegmentSize: 32 << 10, FreeFloor: -1})
	acked := map[lead.ID]string{}
	for i := range 200 {
		id := lead.DeriveID("peek", fmt.Sprint(i))
		acked[id] = fmt.Sprintf("payload %d", i)
		must(t, j.Append(background, id, []byte(acked[id])))
	}
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			if err := j.Append(background, lead.DeriveID("more", fmt.Sprint(i)), make([]byte, 900)); err != nil {
				t.Error(err)
				return
			}
		}
	})
	released := map[lead.ID]bool{}
	wg.Go(func() {
		for range 50 {
			e, err := j.Next(background)
			if err != nil {
				t.Error(err)
				return
			}
			released[e.ID] = true
			j.Release(e.Pos)
		}
	})
	seen := map[lead.ID]string{}
	must(t, journal.Peek(t.Context(), dir, func(e journal.Entry) error {
		seen[e.ID] = string(e.Payload)
		return nil
	}))
	stop()
	wg.Wait()
	for id, payload := range acked {
		if seen[id] != payload && !released[id] {
			t.Errorf("%s: saw %q", payload, seen[id])
		}
	}
	enough := errors.New("enough")
	if err := journal.Peek(t.Context(), dir, func(journal.Entry) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("Peek: %v", err)
	}
	if err := journal.Peek(ctx, dir, func(journal.Entry) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("Peek: %v", err)
	}
	must(t, journal.Peek(t.Context(), filepath.Join(dir, "none"), nil))
}
