package load

import (
	"iter"
	"math/bits"
	"slices"
	"sync"
)

// Set is a set of small numbers, a bit each. The zero value is empty. Its methods
// may be called from any goroutine.
type Set struct {
	mu    sync.Mutex
	words []uint64
	n     int64
}

// Add brings n ≥ 0 in and reports whether it was new.
func (s *Set) Add(n int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n/64 >= int64(len(s.words)) {
		s.words = append(s.words, make([]uint64, max(1024, len(s.words)))...)
	}
	was := s.words[n/64]&(1<<(n%64)) != 0
	if !was {
		s.words[n/64] |= 1 << (n % 64)
		s.n++
	}
	return !was
}

// Has reports whether n is in.
func (s *Set) Has(n int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return n >= 0 && n/64 < int64(len(s.words)) && s.words[n/64]&(1<<(n%64)) != 0
}

// Len returns how many are in.
func (s *Set) Len() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n
}

// All goes through the numbers, ascending. The set must not be changed meanwhile.
func (s *Set) All() iter.Seq[int64] {
	return func(yield func(int64) bool) {
		for i, w := range s.words {
			for ; w != 0; w &= w - 1 {
				if !yield(int64(i)*64 + int64(bits.TrailingZeros64(w))) {
					return
				}
			}
		}
	}
}

// Clone returns what is in now.
func (s *Set) Clone() *Set {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &Set{words: slices.Clone(s.words), n: s.n}
}
