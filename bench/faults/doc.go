// Package faults breaks what a running leadgate stands on, and compares what it
// acknowledged meanwhile with what it stored.
//
// TestMatrix plays rows of the fault matrix with real processes: nodes as they are
// shipped, PostgreSQL and Redis of a test's own, and ways between them that can be
// slow, silent or cut. One oracle holds for all of them: the accepted set is the
// stored set, none of it twice, all nodes show the same leads, the fault shows in
// /healthz and /metrics while it lasts, and all nodes are green again ten seconds
// after it ended.
//
// A few seconds of each of the quick rows run in make test. With LEADGATE_CHAOS all
// rows run, longer. The long runs are tests too, that print their figures:
//
//	go test ./bench/faults -run TestFlushAndKill -v -long 5m -seed 7
//	go test ./bench/faults -run TestPostgresStopped -v -long 1m
//	go test ./bench/faults -run TestRedisStopped -v -long 1m
//	go test ./bench/faults -run TestSoak -v -long 30m
package faults
