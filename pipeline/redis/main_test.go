package redis

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"leadgate/internal/services"
	"leadgate/pipeline"
	"leadgate/pipeline/queuetest"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(holderEnv); url != "" {
		os.Exit(hold(url))
	}
	status := m.Run()
	if err := leaked(); status == 0 && err != nil {
		fmt.Fprintln(os.Stderr, "goroutines are left:", err)
		status = 1
	}
	os.Exit(status)
}

// leaked reports goroutines that do not end. The library dials a server that is down
// once a second, and looks only then whether its pool was closed.
func leaked() (err error) {
	for range 10 {
		if err = goleak.Find(); err == nil {
			return nil
		}
		time.Sleep(time.Second)
	}
	return err
}

// open opens a node that ends with the test.
func open(t testing.TB, url string, o Options) *Node {
	t.Helper()
	if o.Prefix == "" {
		o.Prefix = prefix(t)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(testLog{t}, nil))
	}
	n, err := Open(context.Background(), url, o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if !n.closing.Load() {
			_ = n.Close()
		}
	})
	return n
}

// testLog shows what a node logs when the test fails.
type testLog struct{ t testing.TB }

func (l testLog) Write(b []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(b)))
	return len(b), nil
}

// prefix is one of a test alone.
func prefix(t testing.TB) string {
	return strings.NewReplacer("/", "-", " ", "-", "#", "-").Replace(t.Name())
}

// eventually waits for a condition that work in the background brings about.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// closed waits until a node works with Redis.
func closed(t testing.TB, n *Node) *Node {
	t.Helper()
	eventually(t, "work with Redis", func() bool { return !n.State().Open })
	return n
}

func TestQueue(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		url  func(testing.TB) string
	}{
		{"standalone", func(t testing.TB) string { return services.Redis(t).URL() }},
		{"cluster", func(t testing.TB) string { return clusterURL(services.Cluster(t)) }},
		{"sentinel", func(t testing.TB) string { return sentinelURL(services.Sentinel(t)) }},
		{"down", func(testing.TB) string { return "redis://127.0.0.1:1" }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			queuetest.Run(t, func(t *testing.T) pipeline.Queue {
				n := open(t, tc.url(t), Options{Work: true})
				if tc.name != "down" {
					closed(t, n)
				}
				return n
			})
		})
	}
}

func clusterURL(c *services.ClusterSet) string {
	return fmt.Sprintf("redis+cluster://:%s@%s", c.Password(), strings.Join(c.Addrs(), ","))
}

func sentinelURL(s *services.SentinelSet) string {
	return fmt.Sprintf("redis+sentinel://:%s@%s/%s", s.Password(), strings.Join(s.Addrs(), ","), s.Master())
}
