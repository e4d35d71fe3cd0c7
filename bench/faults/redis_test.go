package faults

import "time"

// queueWords are what /healthz says of a Redis that does not serve.
func queueWords() []string { return []string{"redis"} }

// redisRows break the hand-out of work. Senders never notice.
func redisRows() []row {
	long := 30 * time.Second
	return []row{
		{name: "12 Redis dies and comes back empty", quick: true, calm: true, fault: func(f *field) {
			f.lasting(pick(3*time.Second, long), func() { f.redis.Kill(f) }, func() { f.redis.Start(f) })
		}, words: queueWords(), steady: "redis"},
		{name: "12 no Redis at the start", fault: func(f *field) {
			f.lasting(pick(time.Second, long), func() {
				f.redis.Kill(f)
				f.kill(0)
				f.start(0)
			}, func() { f.redis.Start(f) })
		}, words: queueWords()},
		{name: "13 FLUSHALL", calm: true, fault: func(f *field) {
			for range pick(10, 100) {
				f.redis.CLI(f, "FLUSHALL")
				f.wait(f.random(500 * time.Millisecond))
			}
		}},
		{name: "14 a stranger trims the streams", calm: true, fault: func(f *field) {
			found := 0
			for range pick(20, 200) {
				for _, name := range streams(f, f.redis) {
					found++
					f.redis.CLI(f, "XTRIM", name, "MAXLEN", "0")
				}
				f.wait(f.random(100 * time.Millisecond))
			}
			if found == 0 {
				f.Error("there is no stream to trim")
			}
		}},
		{name: "15 Redis is out of memory", calm: true, fault: func(f *field) {
			f.lasting(pick(3*time.Second, long), func() { f.redis.CLI(f, "CONFIG", "SET", "maxmemory", "1mb") }, func() { f.redis.CLI(f, "CONFIG", "SET", "maxmemory", "0") })
		}, words: queueWords()},
		{name: "15 Redis is a replica", calm: true, fault: func(f *field) {
			f.lasting(pick(3*time.Second, long), func() { f.redis.CLI(f, "REPLICAOF", "127.0.0.1", "1") }, func() { f.redis.CLI(f, "REPLICAOF", "NO", "ONE") })
		}, words: queueWords()},
		{name: "16 Redis is silent", quick: true, calm: true, fault: func(f *field) {
			f.lasting(pick(3*time.Second, long), func() { f.eachQueue(func(i int) { f.queue[i].Silent(f) }) }, func() { f.eachQueue(func(i int) { f.queue[i].Heal(f) }) })
		}, words: queueWords(), steady: "redis"},
		{name: "16 Redis is slow", calm: true, fault: func(f *field) {
			f.lasting(pick(4*time.Second, long), func() { f.eachQueue(func(i int) { f.queue[i].Slow(f, 2*time.Second) }) }, func() { f.eachQueue(func(i int) { f.queue[i].Heal(f) }) })
		}, words: queueWords()},
		{name: "16 Redis resets in its answers", calm: true, fault: func(f *field) {
			f.lasting(pick(3*time.Second, long), func() { f.eachQueue(func(i int) { f.queue[i].Reset(f) }) }, func() { f.eachQueue(func(i int) { f.queue[i].Heal(f) }) })
		}, words: queueWords()},
		{name: "17 failover that loses writes", form: form{sentinel: true}, calm: true, fault: (*field).failover},
		{name: "15 a node of the cluster dies", form: form{cluster: true}, calm: true, fault: func(f *field) {
			f.lasting(pick(4*time.Second, long), func() { f.cluster.Nodes()[1].Kill(f) }, func() { f.cluster.Nodes()[1].Start(f) })
		}},
	}
}

func (f *field) eachQueue(do func(i int)) {
	for i := range f.queue {
		do(i)
	}
}

// failover has the sentinels promote a replica that missed the last writes.
func (f *field) failover() {
	replica, primary := f.sentinel.Servers()[1], f.sentinel.Servers()[0]
	replica.Pause(f)
	f.wait(300 * time.Millisecond) // what is written now, only the primary has
	primary.Kill(f)
	replica.Resume(f)
	for deadline := time.Now().Add(30 * time.Second); f.sentinel.Primary(f).Addr() != replica.Addr(); f.wait(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			f.Fatal("nobody was promoted")
		}
	}
	f.to = time.Now()
}
