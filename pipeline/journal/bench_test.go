package journal_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"leadgate/lead"
	"leadgate/pipeline/journal"
)

// BenchmarkAppend appends 1 KB from many goroutines to the real disk. What it
// shows depends on the disk: records/s, and records a sync carried.
func BenchmarkAppend(b *testing.B) {
	for _, goroutines := range []int{1, 64, 256} {
		b.Run(fmt.Sprintf("goroutines=%d", goroutines), func(b *testing.B) {
			j, err := journal.Open(journal.Options{Dir: b.TempDir(), Quota: 1 << 40})
			if err != nil {
				b.Fatal(err)
			}
			defer j.Close()
			payload := make([]byte, 1024)
			var n atomic.Int64
			var wg sync.WaitGroup
			b.ReportAllocs()
			b.ResetTimer()
			for g := range goroutines {
				wg.Go(func() {
					id := lead.ID{0: byte(g), 1: byte(g >> 8)}
					for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
						id[8], id[9], id[10], id[11] = byte(i), byte(i>>8), byte(i>>16), byte(i>>24)
						if err := j.Append(context.Background(), id, payload); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			s := j.Stats()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
			b.ReportMetric(float64(s.Appended)/float64(s.Syncs), "records/sync")
		})
	}
}

// BenchmarkNext reads a backlog of 1 KB records from the real disk.
func BenchmarkNext(b *testing.B) {
	dir := b.TempDir()
	j := open(b, journal.Options{Dir: dir, Quota: 1 << 40})
	fill(b, j, b.N, 1024)
	if err := j.Close(); err != nil {
		b.Fatal(err)
	}
	j = open(b, journal.Options{Dir: dir, Quota: 1 << 40})
	b.ReportAllocs()
	b.SetBytes(1024)
	b.ResetTimer()
	for range b.N {
		if _, err := j.Next(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
