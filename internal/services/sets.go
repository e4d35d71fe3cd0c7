package services

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// SentinelSet is a primary and its replica, watched by three sentinels, which call
// a primary down after half a second and need two voices to replace it.
type SentinelSet struct {
	addrs     []string // of the sentinels
	secret    string   // of the two servers; the sentinels want none
	servers   []*RedisServer
	sentinels []*process
}

// master is the name the sentinels know the primary by.
const master = "leadgate"

// NewSentinel starts a set for one test, with more lines of configuration for both
// servers.
func NewSentinel(t testing.TB, lines ...string) *SentinelSet {
	t.Helper()
	s := own(t, startSentinel, lines...)
	t.Cleanup(func() {
		for _, p := range s.sentinels {
			if err := errors.Join(p.stop(syscall.SIGKILL), os.RemoveAll(p.dir), os.Remove(p.logName())); err != nil {
				t.Error(err)
			}
		}
		for _, r := range s.servers {
			r.end(t)
		}
	})
	return s
}

func sentinelAt(address string) (*SentinelSet, error) {
	hosts, secret, err := addresses(address, "redis+sentinel://", "/"+master)
	return &SentinelSet{addrs: hosts, secret: secret}, err
}

// addresses takes the hosts and the password out of an address of several, which
// net/url does not read.
func addresses(address, scheme, path string) (hosts []string, secret string, err error) {
	rest, ok := strings.CutPrefix(address, scheme+":")
	rest, named := strings.CutSuffix(rest, path)
	secret, list, found := strings.Cut(rest, "@")
	if !ok || !named || !found {
		return nil, "", fmt.Errorf("it is no %s:PASSWORD@HOST,HOST%s", scheme, path) // it holds a password
	}
	return strings.Split(list, ","), secret, nil
}

func startSentinel(h *home, lines ...string) (*SentinelSet, error) {
	s := &SentinelSet{secret: password()}
	primary, err := newRedis(h, s.secret, nil, lines)
	if err != nil {
		return nil, err
	}
	host, port, _ := strings.Cut(primary.Addr(), ":")
	replica, err := newRedis(h, s.secret, nil, append(lines[:len(lines):len(lines)], fmt.Sprintf("replicaof %s %s", host, port)))
	if err != nil {
		return nil, err
	}
	s.servers = []*RedisServer{primary, replica}
	// A sentinel asks a primary for its replicas when it starts, and then every ten
	// seconds.
	if err := waitFor("the replica", func() error { return says(primary, "state=online", "INFO", "replication") }); err != nil {
		return nil, err
	}
	for range 3 {
		if err := s.addSentinel(h, host, port); err != nil {
			return nil, err
		}
	}
	return s, waitFor("the sentinels", func() error {
		for _, addr := range s.addrs {
			info, err := (&RedisServer{url: &url.URL{Host: addr}}).do("INFO", "sentinel")
			if err != nil {
				return err
			}
			if !strings.Contains(info, "slaves=1,sentinels=3") {
				return errors.New("they do not know each other")
			}
		}
		return nil
	})
}

// addSentinel starts one more sentinel. It writes to its own configuration.
func (s *SentinelSet) addSentinel(h *home, host, port string) error {
	path, err := find("redis-server", "redis-server")
	if err != nil {
		return err
	}
	dir, err := h.folder("sentinel", nil)
	if err != nil {
		return fmt.Errorf("starting a sentinel: %w", err)
	}
	conf := filepath.Join(dir, "sentinel.conf")
	p := &process{name: "a sentinel", dir: dir, path: path, args: []string{conf, "--sentinel"}}
	for range attempts {
		var own int
		if own, err = freePort(); err != nil {
			return err
		}
		err = p.write(conf, fmt.Sprintf(`port %d
bind 127.0.0.1
sentinel monitor %[2]s %[3]s %[4]s 2
sentinel auth-pass %[2]s %[5]s
sentinel down-after-milliseconds %[2]s 500
sentinel failover-timeout %[2]s 3000
`, own, master, host, port, s.secret))
		if err != nil {
			return fmt.Errorf("starting a sentinel: %w", err)
		}
		p.ready = func(int) error { return listening(address(own)) }
		if err = p.start(); err == nil {
			s.sentinels, s.addrs = append(s.sentinels, p), append(s.addrs, address(own))
			return nil
		}
	}
	return err
}

// says checks that an answer holds a text.
func says(r *RedisServer, want string, command ...string) error {
	answer, err := r.do(command...)
	if err == nil && !strings.Contains(answer, want) {
		err = fmt.Errorf("%s without %s", command[0], want)
	}
	return err
}

// URL is redis+sentinel://:password@sentinel,sentinel,sentinel/name, with the password
// of the servers.
func (s *SentinelSet) URL() string {
	return "redis+sentinel://:" + s.secret + "@" + strings.Join(s.addrs, ",") + "/" + master
}

// Addrs are the addresses of the sentinels.
func (s *SentinelSet) Addrs() []string { return s.addrs }

// Master is the name of the primary, and Password what both servers want.
func (s *SentinelSet) Master() string { return master }

// Password is what the primary and the replica want; the sentinels want none.
func (s *SentinelSet) Password() string { return s.secret }

// Primary is the server that the sentinels call the primary now.
func (s *SentinelSet) Primary(t testing.TB) *RedisServer {
	t.Helper()
	var failed error
	for _, addr := range s.addrs {
		answer, err := (&RedisServer{url: &url.URL{Host: addr}}).do("SENTINEL", "GET-MASTER-ADDR-BY-NAME", master)
		if err != nil {
			failed = err
			continue
		}
		host := strings.ReplaceAll(answer, "\n", ":")
		for _, r := range s.servers {
			if r.Addr() == host {
				return r
			}
		}
		return &RedisServer{url: &url.URL{Scheme: "redis", User: url.UserPassword("", s.secret), Host: host}}
	}
	t.Fatal(failed)
	return nil
}

// Servers are the two servers of a set of this test's own, the first primary first.
func (s *SentinelSet) Servers() []*RedisServer { return s.servers }

// ClusterSet is a Redis Cluster of three primaries without replicas.
type ClusterSet struct {
	addrs  []string
	secret string
	nodes  []*RedisServer
}

// NewCluster starts a cluster for one test, with more lines of configuration for
// every node.
func NewCluster(t testing.TB, lines ...string) *ClusterSet {
	t.Helper()
	s := own(t, startCluster, lines...)
	t.Cleanup(func() {
		for _, r := range s.nodes {
			r.end(t)
		}
	})
	return s
}

func clusterAt(address string) (*ClusterSet, error) {
	addrs, secret, err := addresses(address, "redis+cluster://", "")
	s := &ClusterSet{addrs: addrs, secret: secret}
	for _, a := range addrs {
		s.nodes = append(s.nodes, &RedisServer{url: &url.URL{Scheme: "redis", User: url.UserPassword("", secret), Host: a}})
	}
	return s, err
}

// slots is how many a cluster has, nodes among how many they are shared out here.
const slots, nodes = 16384, 3

func startCluster(h *home, lines ...string) (*ClusterSet, error) {
	s := &ClusterSet{secret: password()}
	conf := append(lines[:len(lines):len(lines)], "cluster-enabled yes", "cluster-node-timeout 2000", "databases 1")
	for i := range nodes {
		r, err := newRedis(h, s.secret, nil, conf)
		if err != nil {
			return nil, err
		}
		s.nodes, s.addrs = append(s.nodes, r), append(s.addrs, r.Addr())
		from, to := i*slots/nodes, (i+1)*slots/nodes-1
		if _, err := r.do("CLUSTER", "ADDSLOTSRANGE", fmt.Sprint(from), fmt.Sprint(to)); err != nil {
			return nil, fmt.Errorf("starting a cluster: %w", err)
		}
		if _, err := r.do("CLUSTER", "SET-CONFIG-EPOCH", fmt.Sprint(i+1)); err != nil {
			return nil, fmt.Errorf("starting a cluster: %w", err)
		}
		if i == 0 {
			continue
		}
		bus, err := r.do("CONFIG", "GET", "cluster-port")
		if err != nil {
			return nil, fmt.Errorf("starting a cluster: %w", err)
		}
		host, port, _ := strings.Cut(r.Addr(), ":")
		if _, err := s.nodes[0].do("CLUSTER", "MEET", host, port, strings.TrimPrefix(bus, "cluster-port\n")); err != nil {
			return nil, fmt.Errorf("starting a cluster: %w", err)
		}
	}
	return s, waitFor("the cluster", func() error {
		for _, r := range s.nodes {
			if err := errors.Join(says(r, "cluster_state:ok", "CLUSTER", "INFO"), says(r, fmt.Sprintf("cluster_size:%d", nodes), "CLUSTER", "INFO")); err != nil {
				return err
			}
		}
		return nil
	})
}

// URL is redis+cluster://:password@node,node,node.
func (s *ClusterSet) URL() string {
	return "redis+cluster://:" + s.secret + "@" + strings.Join(s.addrs, ",")
}

// Addrs are the addresses of the nodes.
func (s *ClusterSet) Addrs() []string { return s.addrs }

// Password is what the nodes want.
func (s *ClusterSet) Password() string { return s.secret }

// Nodes are the three nodes; those of the shared cluster take commands only.
func (s *ClusterSet) Nodes() []*RedisServer { return s.nodes }
