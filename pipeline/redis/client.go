package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Times of a client.
const (
	dialTimeout  = time.Second
	readTimeout  = time.Second
	blockTime    = time.Second // of a blocking read
	blockedExtra = time.Second // after which a blocked read is given up
)

// newClient makes a client that sends a command once and keeps to deadlines. One
// that blocks has connections of its own.
func (t *target) newClient(conf *tls.Config, conns int) goredis.UniversalClient {
	quiet := &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	switch t.form {
	case cluster:
		return goredis.NewClusterClient(&goredis.ClusterOptions{
			Addrs: t.addrs, Username: t.user, Password: t.password, TLSConfig: conf, Protocol: 2,
			MaxRetries: -1, MaxRedirects: 3, ContextTimeoutEnabled: true, DisableIdentity: true,
			DialTimeout: dialTimeout, ReadTimeout: readTimeout, WriteTimeout: readTimeout, DialerRetries: 1,
			PoolSize: conns, PoolTimeout: readTimeout, MaintNotificationsConfig: quiet,
		})
	case sentinel:
		return goredis.NewFailoverClient(&goredis.FailoverOptions{
			MasterName: t.master, SentinelAddrs: t.addrs, SentinelUsername: t.sentinelUser, SentinelPassword: t.sentinelPass,
			Username: t.user, Password: t.password, DB: t.db, TLSConfig: conf, Protocol: 2,
			MaxRetries: -1, ContextTimeoutEnabled: true, DisableIdentity: true,
			DialTimeout: dialTimeout, ReadTimeout: readTimeout, WriteTimeout: readTimeout, DialerRetries: 1,
			PoolSize: conns, PoolTimeout: readTimeout,
		})
	default:
		return goredis.NewClient(&goredis.Options{
			Addr: t.addrs[0], Username: t.user, Password: t.password, DB: t.db, TLSConfig: conf, Protocol: 2,
			MaxRetries: -1, ContextTimeoutEnabled: true, DisableIdentity: true,
			DialTimeout: dialTimeout, ReadTimeout: readTimeout, WriteTimeout: readTimeout, DialerRetries: 1,
			PoolSize: conns, PoolTimeout: readTimeout, MaintNotificationsConfig: quiet,
		})
	}
}

// eachMaster calls f for every server that takes writes, one after the other.
func eachMaster(ctx context.Context, c goredis.UniversalClient, f func(context.Context, *goredis.Client) error) error {
	switch c := c.(type) {
	case *goredis.ClusterClient:
		return c.ForEachMaster(ctx, f)
	case *goredis.Client:
		return f(ctx, c)
	}
	return nil
}

// words says what is wrong with Redis so that an engineer understands it. Answers
// of the server hold no data of people; ours are the only words beside them.
func words(err error) string {
	var timeout net.Error
	text := err.Error()
	switch {
	case hasPrefix(text, "LOADING"):
		return "Redis is loading its data from disk"
	case hasPrefix(text, "READONLY"):
		return "this Redis is a read-only replica; the address must lead to the primary"
	case hasPrefix(text, "OOM"):
		return "Redis is out of memory (maxmemory is reached)"
	case hasPrefix(text, "MISCONF"):
		return "Redis cannot save its data to disk and refuses writes"
	case hasPrefix(text, "CLUSTERDOWN"), hasPrefix(text, "MASTERDOWN"):
		return "the Redis Cluster is down, or a part of it has no primary"
	case hasPrefix(text, "MOVED"), hasPrefix(text, "ASK"), hasPrefix(text, "TRYAGAIN"), hasPrefix(text, "CROSSSLOT"):
		return "this Redis is part of a Cluster; write redis+cluster:// in its address, or wait until its slots have moved"
	case hasPrefix(text, "NOAUTH"), hasPrefix(text, "WRONGPASS"):
		return "Redis refuses user or password"
	case hasPrefix(text, "NOPERM"):
		return "the Redis user lacks a right: " + text
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "Redis does not answer in time"
	case errors.Is(err, io.EOF), strings.Contains(text, "connection reset"), strings.Contains(text, "broken pipe"):
		return "Redis closed the connection"
	case strings.Contains(text, "connection refused"):
		return "Redis cannot be reached: connection refused"
	}
	return text
}

// final reports whether an answer says that Redis will not do now, so that trying
// twice more tells nothing.
func final(err error) bool {
	text := err.Error()
	for _, p := range [...]string{"LOADING", "READONLY", "OOM", "MISCONF", "CLUSTERDOWN", "MASTERDOWN", "MOVED", "ASK", "CROSSSLOT", "NOAUTH", "WRONGPASS", "NOPERM"} {
		if hasPrefix(text, p) {
			return true
		}
	}
	return strings.Contains(text, "connection refused")
}

// hasPrefix also finds the prefix of an error inside of a script's or a wrapping one's.
func hasPrefix(text, prefix string) bool {
	return strings.HasPrefix(text, prefix+" ") || strings.Contains(text, ": "+prefix+" ") || strings.Contains(text, "-"+prefix+" ")
}
