package redis

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"leadgate/pipeline"
)

// How limits are shared: each node counts by itself, so that no request waits, and
// the counts of all are put together four times a second. What a client can gain by
// spreading over nodes is what it sends within that time.
const (
	shareEvery   = 250 * time.Millisecond
	shareClients = 512 // at once
)

// shareLimits puts the limits of all nodes together, without end. Without Redis each
// node counts for itself, and what it counted is told when Redis is back, as far as
// it has not drained.
func (n *Node) shareLimits(ctx context.Context) {
	if n.opt.Limits == nil {
		return
	}
	for sleep(ctx, shareEvery) {
		if counted := n.opt.Limits.Drain(shareClients); len(counted) > 0 && !n.breaker.open() {
			n.share(ctx, counted)
		}
	}
}

// share tells what was counted here and adopts what all count.
func (n *Node) share(ctx context.Context, counted []pipeline.Counted) {
	one, cancel := context.WithTimeout(ctx, pushTimeout)
	defer cancel()
	pipe := n.main.Pipeline()
	cmds := make([]*goredis.Cmd, len(counted))
	for i, c := range counted {
		cmds[i] = pipe.Eval(one, levelScript, []string{n.levelKey(c.Client)}, c.Events, strconv.FormatFloat(c.Rate, 'f', -1, 64))
	}
	start := time.Now()
	_, err := pipe.Exec(one)
	n.observe(err, time.Since(start))
	now := time.Now()
	for i, c := range counted {
		text, err := cmds[i].Text()
		if err != nil {
			continue
		}
		if level, err := strconv.ParseFloat(text, 64); err == nil {
			n.opt.Limits.Adopt(c.Client, level, now)
		}
	}
}

// levelKey names a client's level without naming the client, which may be an
// address of a person.
func (n *Node) levelKey(client string) string {
	sum := sha256.Sum256([]byte(client))
	return fmt.Sprintf("%s:{l%d}:%s", n.opt.Prefix, sum[0]%streams, base64.RawURLEncoding.EncodeToString(sum[:15]))
}
