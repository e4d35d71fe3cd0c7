package journal

import (
	"hash/maphash"
	"slices"
	"time"

	"leadgate/lead"
)

// ledger is what memory holds of the entries of one segment, about 27 bytes each.
type ledger struct {
	offs  []uint32 // where each entry begins, ascending
	ids   []lead.ID
	slots []uint32 // hash table over ids: index + 1, or 0 for free; a power of two long
	words []word
	left  int // entries not released
}

// word holds what is kept per 64 entries.
type word struct {
	at   int64  // when the first of them was appended
	gone uint64 // which are released
}

func (l *ledger) add(seed maphash.Seed, off uint32, id lead.ID, at int64) {
	i := len(l.offs)
	if i%64 == 0 {
		l.words = append(l.words, word{at: at})
	}
	l.offs, l.ids = append(l.offs, off), append(l.ids, id)
	l.left++
	if 4*len(l.ids) > 3*len(l.slots) {
		l.slots = make([]uint32, max(64, 2*len(l.slots)))
		for i := range l.ids {
			l.link(seed, i)
		}
		return
	}
	l.link(seed, i)
}

// link puts entry i into the hash table. Equal ids stand there several times.
func (l *ledger) link(seed maphash.Seed, i int) {
	mask := uint64(len(l.slots) - 1)
	at := maphash.Comparable(seed, l.ids[i]) & mask
	for l.slots[at] != 0 {
		at = (at + 1) & mask
	}
	l.slots[at] = uint32(i) + 1
}

// has reports whether an entry of that id is there and not released.
func (l *ledger) has(seed maphash.Seed, id lead.ID) bool {
	if l.left == 0 {
		return false
	}
	mask := uint64(len(l.slots) - 1)
	for at := maphash.Comparable(seed, id) & mask; l.slots[at] != 0; at = (at + 1) & mask {
		if i := int(l.slots[at] - 1); l.ids[i] == id && !l.released(i) {
			return true
		}
	}
	return false
}

// find returns the index of the entry that begins at off.
func (l *ledger) find(off int64) (int, bool) {
	return slices.BinarySearchFunc(l.offs, off, func(o uint32, off int64) int { return int(int64(o) - off) })
}

func (l *ledger) released(i int) bool { return l.words[i/64].gone&(1<<(i%64)) != 0 }

// release marks entry i and reports whether it was not marked before.
func (l *ledger) release(i int) bool {
	if l.released(i) {
		return false
	}
	l.words[i/64].gone |= 1 << (i % 64)
	l.left--
	return true
}

// oldest returns a time not after that of the first entry that is not released,
// and at most 63 entries before it. There must be one.
func (l *ledger) oldest() time.Time {
	for i, w := range l.words {
		rest := min(64, len(l.offs)-64*i)
		if w.gone != ^uint64(0)>>(64-rest) {
			return time.UnixMicro(w.at).UTC()
		}
	}
	return time.Time{}
}

// clip gives back the memory that growing left over.
func (l *ledger) clip() {
	l.offs, l.ids, l.words = slices.Clone(l.offs), slices.Clone(l.ids), slices.Clone(l.words)
}
