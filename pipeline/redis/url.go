package redis

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"

	"leadgate/lead"
)

// form is how the servers of a Redis stand together.
type form string

const (
	standalone form = "standalone"
	sentinel   form = "sentinel"
	cluster    form = "cluster"
)

// target is what a URL names.
type target struct {
	form           form
	addrs          []string
	master         string // Sentinel's name of the group
	user, password string
	sentinelUser   string
	sentinelPass   string
	db             int
	tls            bool
	caFile         string
}

// invalid is an error about a URL. It never repeats it: it may hold a password.
func invalid(format string, args ...any) error {
	return fmt.Errorf("reading the address of Redis: %w: %s", lead.ErrInvalid, fmt.Sprintf(format, args...))
}

// parseURL reads redis://, rediss://, redis+sentinel:// and redis+cluster://, the
// last two also with rediss. Several hosts without +sentinel are a Cluster.
func parseURL(text string) (target, error) {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return target{}, invalid("it starts with redis://, rediss://, redis+sentinel:// or redis+cluster://")
	}
	t := target{form: standalone}
	base, kind, _ := strings.Cut(scheme, "+")
	switch base {
	case "redis":
	case "rediss":
		t.tls = true
	default:
		return target{}, invalid("it starts with redis://, rediss://, redis+sentinel:// or redis+cluster://")
	}
	switch kind {
	case "":
	case "sentinel":
		t.form = sentinel
	case "cluster":
		t.form = cluster
	default:
		return target{}, invalid("what follows the + is sentinel or cluster")
	}
	rest, query, _ := strings.Cut(rest, "?")
	if err := t.parseQuery(query); err != nil {
		return target{}, err
	}
	if i := strings.LastIndex(rest, "@"); i >= 0 {
		var err error
		if t.user, t.password, err = parseUser(rest[:i]); err != nil {
			return target{}, err
		}
		rest = rest[i+1:]
	}
	hosts, path, _ := strings.Cut(rest, "/")
	if err := t.parseHosts(hosts); err != nil {
		return target{}, err
	}
	return t, t.parsePath(strings.Trim(path, "/"))
}

func parseUser(text string) (user, password string, err error) {
	u, p, _ := strings.Cut(text, ":")
	if user, err = url.PathUnescape(u); err == nil {
		password, err = url.PathUnescape(p)
	}
	if err != nil {
		return "", "", invalid("user or password has a %% that starts no escape; write %%25 for it")
	}
	return user, password, nil
}

func (t *target) parseHosts(hosts string) error {
	port := "6379"
	if t.form == sentinel {
		port = "26379"
	}
	for host := range strings.SplitSeq(hosts, ",") {
		if host == "" {
			host = "localhost"
		}
		if _, p, err := net.SplitHostPort(host); err != nil {
			host = net.JoinHostPort(strings.Trim(host, "[]"), port)
		} else if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 {
			return invalid("a port is a number from 1 to 65535")
		}
		t.addrs = append(t.addrs, host)
	}
	if len(t.addrs) > 1 && t.form == standalone {
		t.form = cluster
	}
	return nil
}

// parsePath reads what follows the hosts: the number of the database, and before it
// the name of the group for Sentinel.
func (t *target) parsePath(path string) error {
	if t.form == sentinel {
		t.master, path, _ = strings.Cut(path, "/")
		if t.master == "" {
			return invalid("for Sentinel the name of the group follows the hosts: redis+sentinel://host:26379/mymaster")
		}
	}
	if path == "" {
		return nil
	}
	n, err := strconv.Atoi(path)
	if err != nil || n < 0 {
		return invalid("what follows the hosts is the number of a database")
	}
	if n > 0 && t.form == cluster {
		return invalid("a Cluster has only database 0")
	}
	t.db = n
	return nil
}

func (t *target) parseQuery(query string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return invalid("what follows the ? cannot be read")
	}
	for key := range values {
		switch key {
		case "ca":
			t.caFile = values.Get(key)
		case "sentinel_user":
			t.sentinelUser = values.Get(key)
		case "sentinel_password":
			t.sentinelPass = values.Get(key)
		default:
			return invalid("%q is not known after the ?; ca, sentinel_user and sentinel_password are", key)
		}
	}
	return nil
}

// tlsConfig returns how to speak TLS, nil for not at all. caFile of the options
// comes before the URL's.
func (t *target) tlsConfig(caFile string) (*tls.Config, error) {
	if caFile == "" {
		caFile = t.caFile
	}
	if !t.tls {
		if caFile != "" {
			return nil, invalid("a CA file is given, and the address starts with redis and not with rediss")
		}
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if caFile == "" {
		return c, nil
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("reading the CA of Redis: %w: %w", lead.ErrInvalid, err)
	}
	c.RootCAs = x509.NewCertPool()
	if !c.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("reading the CA of Redis: %w: %s holds no certificate in PEM form", lead.ErrInvalid, caFile)
	}
	return c, nil
}
