package faults

import (
	"syscall"
	"time"
)

// embeddedRows need no server: one node on embedded defaults.
func embeddedRows() []row {
	alone := form{embedded: true}
	return []row{
		{name: "1 kill -9 of the only node", form: alone, quick: true, fault: func(f *field) {
			for range pick(3, 30) {
				f.wait(200*time.Millisecond + f.random(500*time.Millisecond))
				f.kill(0)
				f.start(0)
			}
		}},
		{name: "25 SIGSTOP of the only node", form: alone, quick: true, fault: func(f *field) {
			f.lasting(pick(2*time.Second, 30*time.Second), func() { f.signal(0, syscall.SIGSTOP) }, func() { f.signal(0, syscall.SIGCONT) })
		}},
	}
}

// nodeRows break nodes of several.
func nodeRows() []row {
	return []row{
		{name: "2 kill -9 between commit and release", form: form{tapped: true}, quick: true, fault: func(f *field) {
			for range pick(3, 30) {
				f.killAtCommit()
				f.start(0)
				f.wait(f.random(time.Second))
			}
		}},
		{name: "24 a node without PostgreSQL and Redis", quick: true, calm: true, fault: func(f *field) {
			f.lasting(pick(4*time.Second, time.Minute), func() { f.store[0].Silent(f); f.queue[0].Silent(f) }, func() { f.store[0].Heal(f); f.queue[0].Heal(f) })
		}, words: []string{"store"}, metric: "leadgate_store_up"},
		{name: "25 SIGSTOP of a node", quick: true, fault: func(f *field) {
			f.lasting(pick(4*time.Second, 30*time.Second), func() { f.signal(0, syscall.SIGSTOP) }, func() { f.signal(0, syscall.SIGCONT) })
		}},
		{name: "1 kill -9 of any node", fault: func(f *field) {
			for range 30 {
				f.wait(200*time.Millisecond + f.random(time.Second))
				i := f.rnd.IntN(len(f.nodes))
				f.kill(i)
				f.wait(f.random(2 * time.Second))
				f.start(i)
			}
		}},
	}
}

func (s *site) signal(i int, sig syscall.Signal) {
	s.Helper()
	if err := s.nodes[i].Signal(sig); err != nil {
		s.Fatal(err)
	}
}
