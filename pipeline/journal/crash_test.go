package journal_test

import (
	"sync"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"leadgate/internal/disk/faultfs"
	"leadgate/pipeline/journal"
)

// TestPowerLoss is rows 1, 4 and 5: random histories of appends, releases,
// rotations, failing syncs, restarts and power cuts that drop, keep or tear what was
// not synced. After every start all that was acknowledged is there, once.
func TestPowerLoss(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		fs, o := faultfs.New(), newOracle()
		var j *journal.Journal
		var held []journal.Entry
		start := func() {
			var err error
			if j, err = journal.Open(small(fs)); err != nil {
				t.Fatal(err)
			}
			if held, err = backlog(j); err != nil {
				t.Fatal(err)
			}
			if err := o.judge(held); err != nil {
				t.Fatal(err)
			}
			if s := j.Stats(); s.Corrupt != 0 {
				t.Fatalf("%d records count as damaged, and nothing was", s.Corrupt)
			}
		}
		start()
		defer func() { j.Close() }()
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"append", "append", "burst", "release", "tidy", "sync fails", "write fails", "restart", "cut"}).Draw(t, "step") {
			case "append":
				for range rapid.IntRange(1, 8).Draw(t, "n") {
					o.append(j, rapid.IntRange(0, 2500).Draw(t, "size"), 2)
				}
			case "burst": // the power goes while many wait
				burst(j, o, rapid.IntRange(2, 12).Draw(t, "writers"), rapid.IntRange(0, 900).Draw(t, "size"))
			case "release":
				n := rapid.IntRange(0, len(held)).Draw(t, "n")
				o.release(j, held[:n]...)
				held = held[n:]
			case "tidy":
				j.Tidy()
			case "sync fails":
				fs.Inject(faultfs.Fault{Kind: faultfs.Sync, Nth: 1, Err: syscall.EIO})
			case "write fails":
				fs.Inject(faultfs.Fault{Kind: faultfs.Write, Nth: 1, Err: syscall.EIO, Part: rapid.IntRange(0, 2000).Draw(t, "part")})
			case "restart":
				j.Close()
				fs.Heal()
				start()
			case "cut":
				dead := fs
				fs = fs.Crash(rapid.Uint64().Draw(t, "seed"))
				dead.Heal()
				j.Close()
				start()
			}
		}
		dead := fs
		fs = dead.Crash(rapid.Uint64().Draw(t, "last seed"))
		j.Close()
		start()
	})
}

// TestPowerLossUnderLoad cuts the power while a batch is being written and synced:
// at every call, with several outcomes each.
func TestPowerLossUnderLoad(t *testing.T) {
	t.Parallel()
	for cut := range chaos(60) {
		fs, o := faultfs.New(), newOracle()
		var after *faultfs.FS
		var once sync.Once
		calls := 0
		j := open(t, small(fs))
		var mu sync.Mutex
		fs.Before(func(k faultfs.Kind, _ string) {
			mu.Lock()
			defer mu.Unlock()
			if calls++; calls > cut {
				once.Do(func() { after = fs.Crash(uint64(cut)) })
			}
		})
		burst(j, o, 16, 400)
		burst(j, o, 16, 400)
		mu.Lock()
		if after == nil {
			after = fs.Crash(uint64(cut))
		}
		mu.Unlock()
		must(t, j.Close())
		j = open(t, small(after))
		entries, err := backlog(j)
		must(t, err)
		if err := o.judge(entries); err != nil {
			t.Fatalf("power cut at call %d: %v", cut, err)
		}
		if s := j.Stats(); s.Corrupt != 0 {
			t.Fatalf("power cut at call %d: a torn write counts as damage", cut)
		}
		must(t, j.Close())
	}
}

// burst appends from many goroutines at once, so that batches hold several records.
func burst(j *journal.Journal, o *oracle, writers, size int) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	for range writers {
		id, p := o.payload(size)
		wg.Go(func() {
			if err := j.Append(background, id, p); err == nil {
				mu.Lock()
				defer mu.Unlock()
				o.acked[id] = true
			}
		})
	}
	wg.Wait()
}
