package postgres

import (
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// numbers hands out numbers of a sequence that were never used. What one transaction
// leaves over is given to the next if it comes soon, so that numbers have few gaps and
// still grow with time over all nodes.
type numbers struct {
	sequence string

	mu   sync.Mutex
	free []int64
	left time.Time // when free was left over
}

const keepNumbers = time.Second

// supply is what one transaction may use.
type supply struct {
	from  *numbers
	free  []int64
	short bool // somebody asked for more than there was: decide anew with more
	more  int64
}

// take begins a supply of n, and returns how many must be fetched for it.
func (n *numbers) take(want int) (*supply, int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	u := &supply{from: n}
	if time.Since(n.left) < keepNumbers {
		u.free = n.free
	}
	n.free = nil
	return u, max(0, want-len(u.free))
}

// fetch adds numbers of the sequence to what is asked in one round trip.
func (u *supply) fetch(b *batch, count int) {
	if count == 0 {
		return
	}
	b.query(`SELECT nextval($1::text::regclass) FROM generate_series(1, $2)`, func(r pgx.Rows) error {
		var number int64
		err := r.Scan(&number)
		u.free = append(u.free, number)
		return err
	}, u.from.sequence, count)
}

// next hands out the next number. One that is short hands out numbers that must not be
// stored.
func (u *supply) next() int64 {
	if len(u.free) == 0 {
		u.short = true
		u.more--
		return u.more
	}
	number := u.free[0]
	u.free = u.free[1:]
	return number
}

// leave gives back what was not used.
func (u *supply) leave() {
	n := u.from
	n.mu.Lock()
	defer n.mu.Unlock()
	n.free, n.left = append(n.free, u.free...), time.Now()
	u.free = nil
}
