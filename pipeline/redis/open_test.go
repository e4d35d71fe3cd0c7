package redis

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"leadgate/internal/services"
	"leadgate/lead"
	"leadgate/pipeline"
	"leadgate/pipeline/queuetest"
)

func TestParseURL(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		url  string
		want target
		bad  string // a word of the error
	}{
		{url: "redis://", want: target{form: standalone, addrs: []string{"localhost:6379"}}},
		{url: "redis://host", want: target{form: standalone, addrs: []string{"host:6379"}}},
		{url: "redis://:secret@host:7000/3", want: target{form: standalone, addrs: []string{"host:7000"}, password: "secret", db: 3}},
		{url: "redis://app:p%40ss%3A@host", want: target{form: standalone, addrs: []string{"host:6379"}, user: "app", password: "p@ss:"}},
		{url: "redis://app:p@ss@host", want: target{form: standalone, addrs: []string{"host:6379"}, user: "app", password: "p@ss"}},
		{url: "redis://[::1]:7000", want: target{form: standalone, addrs: []string{"[::1]:7000"}}},
		{url: "redis://[::1]", want: target{form: standalone, addrs: []string{"[::1]:6379"}}},
		{url: "rediss://host?ca=/x.pem", want: target{form: standalone, addrs: []string{"host:6379"}, tls: true, caFile: "/x.pem"}},
		{url: "redis+sentinel://:s@a,b:1/main/2?sentinel_user=u&sentinel_password=p", want: target{form: sentinel,
			addrs: []string{"a:26379", "b:1"}, password: "s", master: "main", db: 2, sentinelUser: "u", sentinelPass: "p"}},
		{url: "redis+cluster://a:1,b", want: target{form: cluster, addrs: []string{"a:1", "b:6379"}}},
		{url: "rediss+cluster://a", want: target{form: cluster, addrs: []string{"a:6379"}, tls: true}},
		{url: "redis://a,b", want: target{form: cluster, addrs: []string{"a:6379", "b:6379"}}},
		{url: "localhost:6379", bad: "starts with redis://"},
		{url: "http://secret@host", bad: "starts with redis://"},
		{url: "redis+ring://a", bad: "sentinel or cluster"},
		{url: "redis://u:secret@host:99999", bad: "port"},
		{url: "redis://u:%secret@host", bad: "escape"},
		{url: "redis://u:secret@host/x", bad: "database"},
		{url: "redis+cluster://u:secret@a/1", bad: "only database 0"},
		{url: "redis+sentinel://u:secret@a", bad: "name of the group"},
		{url: "redis://u:secret@host?db=1", bad: `"db" is not known`},
		{url: "redis://u:secret@host?%zz", bad: "cannot be read"},
	} {
		got, err := parseURL(tc.url)
		if tc.bad != "" {
			if !errors.Is(err, lead.ErrInvalid) || !strings.Contains(err.Error(), tc.bad) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%s: error %v, want one with %q and without the password", tc.url, err, tc.bad)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tc.url, err)
		}
		if d := cmp.Diff(tc.want, got, cmp.AllowUnexported(target{})); d != "" {
			t.Errorf("%s (-want +got):\n%s", tc.url, d)
		}
	}
}

func FuzzParseURL(f *testing.F) {
	f.Add("redis://u:p@h:1/2?ca=x")
	f.Add("redis+sentinel://a,b/m")
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := parseURL(text); err == nil && len(got.addrs) == 0 {
			t.Fatalf("%q has no host", text)
		}
	})
}

// TestServersThatWillNotDo: what people have to change is said at the start, with
// the remedy; what passes is no error.
func TestServersThatWillNotDo(t *testing.T) {
	t.Parallel()
	evicting := services.NewRedis(t, "maxmemory 100mb", "maxmemory-policy allkeys-lru")
	member := services.Cluster(t).Nodes()[0]
	for _, tc := range []struct{ name, url, want string }{
		{"it evicts", evicting.URL(), "CONFIG SET maxmemory-policy noeviction"},
		{"it is part of a Cluster", member.URL(), "redis+cluster://"},
		{"it is no Cluster", "redis+cluster" + strings.TrimPrefix(services.NewRedis(t).URL(), "redis"), "redis://"},
		{"a CA without TLS", "redis://host?ca=x", "rediss"},
		{"no CA there", "rediss://host?ca=/nowhere.pem", "nowhere.pem"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			n, err := Open(t.Context(), tc.url, Options{})
			if n != nil {
				t.Cleanup(func() { _ = n.Close() })
			}
			if tc.name == "it is no Cluster" && err == nil { // go-redis cannot ask it for its slots
				if st := n.State(); !st.Open {
					t.Errorf("it works: %+v", st)
				}
				return
			}
			if !errors.Is(err, lead.ErrInvalid) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Open = %v, want %q in it", err, tc.want)
			}
		})
	}
	if n, err := Open(t.Context(), evicting.URL(), Options{AllowEviction: true}); err != nil {
		t.Errorf("overridden: %v", err)
	} else if err := n.Close(); err != nil {
		t.Error(err)
	}
}

// TestStateSpeaks: what is wrong with a Redis that may come right is said in words.
func TestStateSpeaks(t *testing.T) {
	t.Parallel()
	down := open(t, "redis://127.0.0.1:1", Options{})
	if s := down.State().String(); !strings.Contains(s, "connection refused") {
		t.Errorf("down: %s", s)
	}
	r := services.NewRedis(t)
	wrong := open(t, "redis://:wrong@"+r.Addr(), Options{})
	if s := wrong.State().String(); !strings.Contains(s, "refuses user or password") {
		t.Errorf("wrong password: %s", s)
	}
	r.CLI(t, "REPLICAOF", "127.0.0.1", "1")
	replica := open(t, r.URL(), Options{})
	if s := replica.State().String(); !strings.Contains(s, "read-only replica") {
		t.Errorf("replica: %s", s)
	}
	r.CLI(t, "REPLICAOF", "NO", "ONE")
	closed(t, replica)
	if s := replica.State().String(); s != "ok" {
		t.Errorf("well: %s", s)
	}
	r.CLI(t, "CONFIG", "SET", "maxmemory-policy", "allkeys-lru") // changed under us
	eventually(t, "the policy", func() bool { return strings.Contains(replica.State().String(), "noeviction") })
}

func TestTLS(t *testing.T) {
	t.Parallel()
	r := services.NewRedisTLS(t)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, r.CA(), 0o600); err != nil {
		t.Fatal(err)
	}
	works(t, open(t, r.URL(), Options{Work: true, CAFile: ca, Prefix: "a"}))
	works(t, open(t, r.URL()+"?ca="+ca, Options{Work: true, Prefix: "b"}))
	stranger := open(t, r.URL(), Options{})
	if s := stranger.State().String(); !strings.Contains(s, "certificate") {
		t.Errorf("without the CA: %s", s)
	}
}

// works checks that a node pushes, pulls and ends.
func works(t *testing.T, n *Node) {
	t.Helper()
	closed(t, n)
	tasks := queuetest.Tasks(20, 100)
	push(t, n, tasks...)
	for _, x := range pullAll(t, n, len(tasks)) {
		if x.Ticket == nil {
			t.Fatal("it did not go through Redis")
		}
		if err := n.Ack(t.Context(), []pipeline.Task{x}); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "empty streams", func() bool { return n.State().Entries == 0 && n.State().Unacked == 0 })
}

// rights are what a user of Redis needs, as docs/operations.md says.
func rights(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "user leadgate on >PASSWORD ")
	rest, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("docs/operations.md does not say what rights a user needs")
	}
	return strings.Join(strings.Fields(rest), " ")
}

// TestRightsInCluster: the same rights do in a Cluster.
func TestRightsInCluster(t *testing.T) {
	t.Parallel()
	c := services.NewCluster(t, "user app on >pw "+rights(t))
	works(t, open(t, fmt.Sprintf("redis+cluster://app:pw@%s", strings.Join(c.Addrs(), ",")), Options{Work: true, Prefix: "lg"}))
}

// TestRights: a user with only these rights can do everything, and one that lacks
// one is told which.
func TestRights(t *testing.T) {
	t.Parallel()
	all := rights(t)
	r := services.NewRedis(t, "user app on >pw "+all, "user less on >pw "+strings.ReplaceAll(all, "+xadd ", ""))
	limits := pipeline.NewLimits()
	n := open(t, fmt.Sprintf("redis://app:pw@%s/0", r.Addr()), Options{Work: true, Prefix: "lg", Limits: limits})
	works(t, n)
	limits.Count("x", 10, 20, time.Now())
	n.Here("desk", "ann")
	sub := n.Subscribe("t")
	defer sub.Close()
	n.Publish("t", []byte("x"))
	time.Sleep(1500 * time.Millisecond)
	task := queuetest.Task(5)
	push(t, n, task)
	pullAll(t, n, 1)
	if err := n.Close(); err != nil {
		t.Error(err)
	}
	again := closed(t, open(t, fmt.Sprintf("redis://app:pw@%s/0", r.Addr()), Options{Work: true, Prefix: "lg"}))
	pullAll(t, again, 1) // claimed
	time.Sleep(600 * time.Millisecond)
	if log := r.CLI(t, "ACL", "LOG"); strings.Contains(log, "username app") || strings.Contains(log, "\napp\n") {
		t.Errorf("it lacks a right:\n%s", log)
	}
	if st := again.State(); st.Open || st.Opened > 0 {
		t.Errorf("%+v", st)
	}
	less := open(t, fmt.Sprintf("redis://less:pw@%s/0", r.Addr()), Options{Prefix: "lg"})
	closed(t, less)
	push(t, less, queuetest.Task(1))
	eventually(t, "the missing right", func() bool { return strings.Contains(less.State().String(), "xadd") })
	pullAll(t, less, 1)
}

// TestTwoGateways share one Redis by their prefixes.
func TestTwoGateways(t *testing.T) {
	t.Parallel()
	r := services.Redis(t)
	a := closed(t, open(t, r.URL(), Options{Work: true, Prefix: prefix(t) + "-a"}))
	b := closed(t, open(t, r.URL(), Options{Work: true, Prefix: prefix(t) + "-b"}))
	push(t, a, queuetest.Tasks(10, 10)...)
	pullAll(t, a, 10)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if tasks, err := b.Pull(ctx, 1); err == nil {
		t.Errorf("another gateway's work came: %d", len(tasks))
	}
}

func TestOlderThan(t *testing.T) {
	t.Parallel()
	for v, want := range map[string]bool{"6.0.16": true, "6.2.0": false, "7.0.15": false, "5.0": true, "6": true, "10.1": false, "x": true} {
		if olderThan(v, oldest) != want {
			t.Errorf("%s older than %s: %v", v, oldest, !want)
		}
	}
}
