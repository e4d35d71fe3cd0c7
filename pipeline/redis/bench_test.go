package redis

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"leadgate/internal/services"
	"leadgate/lead"
	"leadgate/pipeline"
	"leadgate/pipeline/queuetest"
)

// BenchmarkQueue carries deliveries of 1 KB through Redis: once by raw XADD,
// XREADGROUP and XACK with XDEL, pipelined by as many as the forwarder has at once,
// and once by this queue. ratio is deliveries a second, against raw ones of the same run;
// cpu is that of this process, Redis has its own.
func BenchmarkQueue(b *testing.B) {
	for _, batch := range []int{1, 8, 64, 256} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) {
			r := services.NewRedis(b)
			tasks := queuetest.Tasks(batch, 1000)
			rounds := max(1, b.N/batch)
			server := serverCPU(b, r)
			raw, rawCPU := measured(func() { rawRounds(b, r.URL(), tasks, rounds) })
			rawServer := serverCPU(b, r) - server
			n := closed(b, open(b, r.URL(), Options{Work: true, Prefix: "bench"}))
			time.Sleep(100 * time.Millisecond)
			b.ResetTimer()
			server = serverCPU(b, r)
			ours, oursCPU := measured(func() { queueRounds(b, n, tasks, rounds) })
			b.StopTimer()
			each := float64(rounds * batch)
			b.ReportMetric(float64((serverCPU(b, r)-server).Nanoseconds())/each, "redis-cpu-ns/delivery")
			b.ReportMetric(float64(raw)/float64(ours), "ratio")
			b.ReportMetric(each/ours.Seconds(), "deliveries/s")
			b.ReportMetric(float64(oursCPU.Nanoseconds())/each, "cpu-ns/delivery")
			b.ReportMetric(float64(rawCPU.Nanoseconds())/each, "raw-cpu-ns/delivery")
			b.ReportMetric(float64(rawServer.Nanoseconds())/each, "raw-redis-cpu-ns/delivery")
		})
	}
}

func measured(f func()) (took, cpu time.Duration) {
	before, start := used(), time.Now()
	f()
	return time.Since(start), used() - before
}

// used is the processor time of this process.
func used() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// serverCPU is the processor time of Redis.
func serverCPU(b *testing.B, r *services.RedisServer) time.Duration {
	b.Helper()
	total := 0.0
	for line := range strings.Lines(r.CLI(b, "INFO", "cpu")) {
		k, v, _ := strings.Cut(strings.TrimSpace(line), ":")
		if k == "used_cpu_user" || k == "used_cpu_sys" {
			f, _ := strconv.ParseFloat(v, 64)
			total += f
		}
	}
	return time.Duration(total * float64(time.Second))
}

func rawRounds(b *testing.B, url string, tasks []pipeline.Task, rounds int) {
	b.Helper()
	o, err := goredis.ParseURL(url)
	if err != nil {
		b.Fatal(err)
	}
	c := goredis.NewClient(o)
	defer c.Close()
	ctx := context.Background()
	c.XGroupCreateMkStream(ctx, "raw", "g", "0")
	go func() {
		for range rounds {
			pipe := c.Pipeline()
			for i := range tasks {
				pipe.XAdd(ctx, &goredis.XAddArgs{Stream: "raw", Values: []any{"o", "me", "d", tasks[i].Raw}})
			}
			_, _ = pipe.Exec(ctx)
		}
	}()
	for left := rounds * len(tasks); left > 0; {
		got, err := c.XReadGroup(ctx, &goredis.XReadGroupArgs{Group: "g", Consumer: "me", Streams: []string{"raw", ">"}, Count: 512, Block: time.Second}).Result()
		if err != nil {
			b.Fatal(err)
		}
		var ids []string
		for _, m := range got[0].Messages {
			ids = append(ids, m.ID)
		}
		pipe := c.Pipeline()
		pipe.XAck(ctx, "raw", "g", ids...)
		pipe.XDel(ctx, "raw", ids...)
		if _, err := pipe.Exec(ctx); err != nil {
			b.Fatal(err)
		}
		left -= len(ids)
	}
}

func queueRounds(b *testing.B, n *Node, tasks []pipeline.Task, rounds int) {
	b.Helper()
	ctx := context.Background()
	fresh := make([][]pipeline.Task, rounds)
	for i := range fresh {
		fresh[i] = append([]pipeline.Task(nil), tasks...)
		for k := range fresh[i] {
			fresh[i][k].ID = lead.NewID()
		}
	}
	go func() {
		for _, some := range fresh {
			_ = n.Push(ctx, some...)
		}
	}()
	for left := rounds * len(tasks); left > 0; {
		got, err := n.Pull(ctx, 512)
		if err != nil {
			b.Fatal(err)
		}
		left -= len(got)
		_ = n.Ack(ctx, got)
		n.Forget(idsOf(got))
	}
	if n.State().Opened > 0 {
		b.Logf("the breaker opened: %#v", n.State())
	}
}
