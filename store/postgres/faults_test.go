package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"leadgate/internal/services"
	"leadgate/lead"
	"leadgate/store"
	"leadgate/store/storetest"
)

// A pooler in transaction mode may stand between: nothing is kept in a session.
func TestThroughPooler(t *testing.T) {
	db := migrated(t)
	storetest.Run(t, func(t *testing.T, now func() time.Time) store.Store {
		one := db.Copy(t)
		return open(t, Options{DSN: one.Bouncer(t), Migrate: one.DSN(), Now: now})
	}, throughPooler()...)
}

// throughPooler are the cases that run through a pooler: some of each kind of
// transaction, and all of them in chaos.
func throughPooler() []string {
	if os.Getenv("LEADGATE_CHAOS") != "" {
		return nil
	}
	return []string{"Claims", "OnePerson", "CrossedIdentities", "Merge", "Parked", "Quarantine", "Outbox", "JobsAtOnce", "RunnersAtOnce", "Settings", "Patch",
		"Search", "Paging", "Known", "UndoAutomatic", "Propose", "Blobs", "BlobsRace", "State", "StateConcurrent", "Leases", "LeaseConcurrent", "ChannelsAtOnce"}
}

// However a server goes, what was answered is there when it is back, what was not can
// be sent again, and the store works on without being opened anew.
func TestServerComesBack(t *testing.T) {
	t.Parallel()
	server := services.NewPostgres(t)
	db := server.Database(t)
	s := open(t, Options{DSN: db.DSN()})
	defer s.Close()
	var mu sync.Mutex
	answered := map[lead.ID]bool{}
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for w := range 3 {
		wg.Go(func() {
			for n := 0; ctx.Err() == nil; {
				it := itemOf(t, fmt.Sprintf("%d-%d", w, n), "Ana Belo")
				_, err := s.Apply(ctx, []store.Item{it})
				switch {
				case err == nil:
					mu.Lock()
					answered[it.Delivery.ID] = true
					mu.Unlock()
					n++
				case !errors.Is(err, lead.ErrUnavailable) || lead.IsPermanent(err):
					t.Errorf("Apply = %v, want unavailable", err)
					return
				default:
					time.Sleep(20 * time.Millisecond)
				}
			}
		})
	}
	for _, how := range []services.Mode{services.Fast, services.Kill} {
		time.Sleep(300 * time.Millisecond)
		server.Stop(t, how)
		time.Sleep(200 * time.Millisecond)
		server.Start(t)
	}
	time.Sleep(500 * time.Millisecond)
	stop()
	wg.Wait()
	ids := make([]lead.ID, 0, len(answered))
	for id := range answered {
		ids = append(ids, id)
	}
	known, err := s.Known(t.Context(), ids)
	if err != nil || len(known) != len(ids) || len(ids) == 0 {
		t.Errorf("%d of %d answered deliveries are there, %v", len(known), len(ids), err)
	}
}

// A server that went silent is noticed in the time a transaction has, and the store
// works on when it speaks again.
func TestServerIsSilent(t *testing.T) {
	t.Parallel()
	server := services.NewPostgres(t)
	db := server.Database(t)
	s := open(t, Options{DSN: db.DSN()})
	defer s.Close()
	s.post(t, "1", "Ana Belo")
	pids := backends(t, s)
	pause(t, pids, syscall.SIGSTOP)
	start := time.Now()
	_, err := s.Apply(t.Context(), []store.Item{itemOf(t, "2", "Eva Lund")})
	if took := time.Since(start); !errors.Is(err, lead.ErrUnavailable) || took > turnTime+5*time.Second {
		t.Errorf("Apply = %v after %v, want unavailable within %v", err, took, turnTime)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := s.Stages(ctx); !errors.Is(err, lead.ErrUnavailable) {
		t.Errorf("Stages = %v, want unavailable", err)
	}
	pause(t, pids, syscall.SIGCONT)
	if _, err := s.Apply(t.Context(), []store.Item{itemOf(t, "2", "Eva Lund")}); err != nil {
		t.Errorf("Apply afterwards: %v", err)
	}
}

// A connection that nobody used for a while is asked whether it lives, and the time
// that takes is bounded too: whoever works has no deadline of his own.
func TestServerIsSilentAfterRest(t *testing.T) {
	t.Parallel()
	server := services.NewPostgres(t)
	db := server.Database(t)
	s := open(t, Options{DSN: db.DSN()})
	defer s.Close()
	s.post(t, "1", "Ana Belo")
	pids := backends(t, s)
	time.Sleep(1200 * time.Millisecond) // pgx asks after a second
	pause(t, pids, syscall.SIGSTOP)
	pause(t, []int{server.Pid()}, syscall.SIGSTOP)
	did := map[string]func() error{
		"Apply": func() error {
			_, err := s.Apply(context.Background(), []store.Item{itemOf(t, "2", "Eva Lund")})
			return err
		},
		"BlobKey": func() error {
			_, err := s.BlobKey(context.Background(), strings.Repeat("ab", 32))
			return err
		},
		"Get": func() error {
			_, err := s.Chunks().Get(context.Background(), strings.Repeat("ab", 32))
			return err
		},
		"List": func() error {
			_, err := s.Chunks().List(context.Background(), "", 10)
			return err
		},
	}
	start := time.Now()
	var wg sync.WaitGroup
	for what, do := range did {
		wg.Go(func() {
			ended := make(chan error, 1)
			go func() { ended <- do() }()
			select {
			case err := <-ended:
				if !errors.Is(err, lead.ErrUnavailable) {
					t.Errorf("%s = %v, want unavailable", what, err)
				}
			case <-time.After(turnTime + connectTime + 5*time.Second):
				t.Errorf("%s still waits after %v", what, time.Since(start))
			}
		})
	}
	wg.Wait()
	pause(t, append(pids, server.Pid()), syscall.SIGCONT)
}

// backends returns the processes of the server that serve the store, of which each
// pool has one.
func backends(t *testing.T, s *Store) []int {
	t.Helper()
	if _, err := s.Stages(t.Context()); err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, c := range append(s.write.AcquireAllIdle(t.Context()), s.read.AcquireAllIdle(t.Context())...) {
		pids = append(pids, int(c.Conn().PgConn().PID()))
		c.Release()
	}
	return pids
}

func pause(t *testing.T, pids []int, sig syscall.Signal) {
	t.Helper()
	for _, pid := range pids {
		if err := syscall.Kill(pid, sig); err != nil {
			t.Fatal(err)
		}
	}
}
