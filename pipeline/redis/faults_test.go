package redis

import (
	"context"
	"strconv"
	"testing"
	"time"

	"leadgate/internal/services"
)

// TestFaults breaks Redis in every way under load: what was accepted is stored and
// leaves the journals, within ten seconds after the fault ends, and no sender ever
// waits for Redis.
func TestFaults(t *testing.T) {
	t.Parallel()
	every := func(d time.Duration, times int, f func()) {
		for range times {
			f()
			time.Sleep(d)
		}
	}
	for _, tc := range []struct {
		name  string
		lines []string
		fault func(t *testing.T, r *services.RedisServer, p *services.Proxy, s *site)
	}{
		{"flushall", nil, func(t *testing.T, r *services.RedisServer, _ *services.Proxy, _ *site) {
			every(500*time.Millisecond, 6, func() { r.CLI(t, "FLUSHALL") })
		}},
		{"flushall with the clock behind", nil, func(t *testing.T, r *services.RedisServer, _ *services.Proxy, s *site) {
			ahead(t, r, s)
			time.Sleep(300 * time.Millisecond)
			r.CLI(t, "FLUSHALL") // ids are lower than before from now on
			time.Sleep(1500 * time.Millisecond)
			ahead(t, r, s)
			time.Sleep(100 * time.Millisecond)
			r.CLI(t, "FLUSHALL")
			time.Sleep(200 * time.Millisecond)
		}},
		{"a stranger trims", nil, func(t *testing.T, r *services.RedisServer, _ *services.Proxy, s *site) {
			every(200*time.Millisecond, 10, func() {
				for i := range streams {
					r.CLI(t, "XTRIM", s.key(i), "MAXLEN", "0")
				}
			})
		}},
		{"a stranger removes the groups", nil, func(t *testing.T, r *services.RedisServer, _ *services.Proxy, s *site) {
			every(500*time.Millisecond, 4, func() {
				for i := range streams {
					_, _ = r.Try("XGROUP", "DESTROY", s.key(i), group)
				}
			})
		}},
		{"killed and started empty", nil, func(t *testing.T, r *services.RedisServer, _ *services.Proxy, _ *site) {
			every(300*time.Millisecond, 3, func() { r.Kill(t); time.Sleep(300 * time.Millisecond); r.Start(t) })
		}},
		{"out of memory", []string{"maxmemory 8mb"}, func(t *testing.T, r *services.RedisServer, _ *services.Proxy, _ *site) {
			r.CLI(t, "CONFIG", "SET", "maxmemory", "1")
			time.Sleep(2 * time.Second)
			r.CLI(t, "CONFIG", "SET", "maxmemory", "8mb")
		}},
		{"a replica", nil, func(t *testing.T, r *services.RedisServer, _ *services.Proxy, _ *site) {
			r.CLI(t, "REPLICAOF", "127.0.0.1", "1")
			time.Sleep(2 * time.Second)
			r.CLI(t, "REPLICAOF", "NO", "ONE")
		}},
		{"stopped", nil, func(t *testing.T, r *services.RedisServer, _ *services.Proxy, _ *site) {
			r.Pause(t)
			time.Sleep(3 * time.Second)
			r.Resume(t)
		}},
		{"slow", nil, func(t *testing.T, _ *services.RedisServer, p *services.Proxy, _ *site) {
			p.Slow(t, 2*time.Second)
			time.Sleep(4 * time.Second)
			p.Heal(t)
		}},
		{"reset", nil, func(t *testing.T, _ *services.RedisServer, p *services.Proxy, _ *site) {
			p.Reset(t)
			time.Sleep(2 * time.Second)
			p.Heal(t)
		}},
		{"half open", nil, func(t *testing.T, _ *services.RedisServer, p *services.Proxy, _ *site) {
			p.Silent(t)
			time.Sleep(3 * time.Second)
			p.Heal(t)
		}},
		{"cut", nil, func(t *testing.T, _ *services.RedisServer, p *services.Proxy, _ *site) {
			every(300*time.Millisecond, 4, func() { p.Down(t); time.Sleep(200 * time.Millisecond); p.Up(t) })
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := services.NewRedis(t, tc.lines...)
			p := services.NewProxy(t, r.Addr())
			s := newSite(t, p.URL(t, r.URL()))
			a, b := s.join(true, ""), s.join(true, "")
			c := s.join(false, "")
			for _, m := range []*member{a, b, c} {
				closed(t, m.redis)
			}
			s.store.lag = 5 * time.Millisecond
			ctx, cancel := context.WithCancel(context.Background())
			load := s.load(ctx, 2*time.Millisecond, a, b, c)
			time.Sleep(200 * time.Millisecond)
			tc.fault(t, r, p, s)
			cancel()
			load.Wait()
			s.settled(10*time.Second, a, b, c)
			for _, m := range []*member{a, b, c} {
				eventually(t, "work with Redis again", func() bool { return !m.redis.State().Open })
			}
			if len(s.accepted) < 300 {
				t.Errorf("only %d were accepted: senders waited", len(s.accepted))
			}
			s.empty(a, b, c)
		})
	}
}

func (s *site) key(i int) string { return s.prefix + ":{s" + strconv.Itoa(i) + "}:q" }

// ahead makes the ids of all streams such as a clock far in the future gives.
func ahead(t *testing.T, r *services.RedisServer, s *site) {
	for i := range streams {
		id := r.CLI(t, "XADD", s.key(i), "9999999999999-"+strconv.Itoa(i+1), "o", "x", "d", "x")
		r.CLI(t, "XDEL", s.key(i), id)
	}
}
