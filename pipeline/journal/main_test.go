package journal_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"leadgate/lead"
	"leadgate/pipeline/journal"
)

// background is the context of appends that nobody gives up.
var background = context.Background()

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open opens a journal that ends with the test.
func open(t testing.TB, opt journal.Options) *journal.Journal {
	t.Helper()
	j, err := journal.Open(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

// fill appends n payloads of size bytes, from enough goroutines to fill batches.
func fill(t testing.TB, j *journal.Journal, n, size int) {
	t.Helper()
	var wg sync.WaitGroup
	const goroutines = 64
	for g := range goroutines {
		wg.Go(func() {
			for i := g; i < n; i += goroutines {
				payload := make([]byte, size)
				copy(payload, fmt.Sprint(i))
				if err := j.Append(context.Background(), lead.DeriveID("fill", fmt.Sprint(i)), payload); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}
