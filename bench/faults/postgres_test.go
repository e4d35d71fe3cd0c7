package faults

import (
	"fmt"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"leadgate/internal/services"
)

// storeWords are what /healthz says of a store that takes nothing.
func storeWords() []string { return []string{"store"} }

// postgresRows break the store.
func postgresRows() []row {
	own := form{ownPostgres: true}
	return []row{
		{name: "18 PostgreSQL stopped", form: own, quick: true, calm: true, fault: func(f *field) {
			f.lasting(pick(4*time.Second, time.Minute), func() { f.postgres.Stop(f, services.Fast) }, func() { f.postgres.Start(f) })
		}, words: storeWords(), metric: "leadgate_store_up"},
		{name: "18 PostgreSQL crashes", form: own, calm: true, fault: func(f *field) {
			for range 3 {
				f.postgres.Restart(f, services.Kill)
				f.wait(2 * time.Second)
			}
		}},
		{name: "18 PostgreSQL reads only", form: own, calm: true, fault: func(f *field) {
			set := func(value string) {
				f.postgres.SQL(f, "ALTER SYSTEM SET default_transaction_read_only = "+value+";\nSELECT pg_reload_conf()")
			}
			f.lasting(pick(4*time.Second, time.Minute), func() { set("on") }, func() {
				f.postgres.SQL(f, "BEGIN READ WRITE;\nCOMMIT;\nALTER SYSTEM RESET default_transaction_read_only;\nSELECT pg_reload_conf()")
			})
		}, words: storeWords(), metric: "leadgate_store_up"},
		{name: "19 connections cut at COMMIT", form: form{tapped: true}, quick: true, calm: true, fault: (*field).cutAtCommit},
		{name: "21 rows locked for long", calm: true, fault: func(f *field) {
			f.lasting(0, func() {
				d := pick(5*time.Second, 30*time.Second)
				locked := make(chan struct{})
				go func() { // ends with the statement
					defer close(locked)
					f.database.SQL(f, fmt.Sprintf("BEGIN;\nLOCK TABLE leads IN EXCLUSIVE MODE;\nSELECT pg_sleep(%f);\nCOMMIT", d.Seconds()))
				}()
				f.look(d)
				<-locked
			}, func() {})
		}, words: storeWords(), metric: "leadgate_store_up"},
		{name: "22 too many clients", form: own, calm: true, fault: func(f *field) {
			f.lasting(pick(4*time.Second, 30*time.Second), func() {
				f.postgres.SQL(f, fmt.Sprintf("ALTER DATABASE %s CONNECTION LIMIT 1;\nALTER ROLE leadgate NOSUPERUSER;\nSELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '%[1]s'",
					f.database.Name()))
			}, func() { f.postgres.SQL(f, "ALTER DATABASE "+f.database.Name()+" CONNECTION LIMIT -1") })
		}, words: storeWords(), metric: "leadgate_store_up"},
		{name: "22 PgBouncer dies", form: form{ownPostgres: true, bouncer: true}, calm: true, fault: func(f *field) {
			f.lasting(pick(3*time.Second, 30*time.Second), func() { f.postgres.StopBouncer(f) }, func() { f.postgres.StartBouncer(f) })
		}, words: storeWords(), metric: "leadgate_store_up"},
	}
}

// cutAtCommit cuts node 0's connection in turn before PostgreSQL hears of a commit
// and before the node hears of it: each time nobody can tell but by looking.
func (f *field) cutAtCommit() {
	var cuts, heard atomic.Int64
	most := pick[int64](6, 60)
	cut := func() services.Verdict {
		if heard.Add(1)%5 != 0 || cuts.Load() >= most { // what is repeated gets through
			return services.Pass
		}
		cuts.Add(1)
		return services.Drop
	}
	f.tap.When(services.Server, services.Committed, cut)
	f.tap.When(services.Client, "COMMIT", cut)
	for deadline := time.Now().Add(time.Minute); cuts.Load() < most; f.wait(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			f.Fatalf("only %d commits were cut", cuts.Load())
		}
	}
	f.tap.When(services.Server, "", nil)
	f.tap.When(services.Client, "", nil)
	f.to = time.Now()
}

// killAtCommit kills node 0 when a transaction of its own is committed and it has
// not heard so.
func (f *field) killAtCommit() {
	f.Helper()
	hit := make(chan struct{})
	var once atomic.Bool
	pid := f.nodes[0].PID()
	f.tap.When(services.Server, services.Committed, func() services.Verdict {
		if once.CompareAndSwap(false, true) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			close(hit)
		}
		return services.Drop
	})
	select {
	case <-hit:
	case <-time.After(30 * time.Second):
		f.Fatal("node 0 commits nothing")
	}
	f.tap.When(services.Server, "", nil)
	f.kill(0) // it is dead; this waits for it
}

// look reads leads again and again: what waits for a lock keeps nobody from looking.
func (f *field) look(d time.Duration) {
	f.Helper()
	for deadline := time.Now().Add(d); time.Now().Before(deadline); f.wait(100 * time.Millisecond) {
		start := time.Now()
		if _, err := f.apis[1].Stats(f.ctx); err != nil {
			f.Errorf("while rows are locked: %v", err)
		}
		if took := time.Since(start); chaos() && took > slowest && f.watch.stretch(start) == 1 {
			f.Errorf("while rows are locked a reader waited %v", took)
		}
	}
}

// streams are the names of the streams in a Redis.
func streams(f *field, r *services.RedisServer) []string {
	var names []string
	for cursor := "0"; ; {
		lines := strings.Split(r.CLI(f, "SCAN", cursor, "COUNT", "1000", "TYPE", "stream"), "\n")
		for _, name := range lines[1:] {
			if name != "" {
				names = append(names, name)
			}
		}
		if cursor = lines[0]; cursor == "0" {
			return names
		}
	}
}
