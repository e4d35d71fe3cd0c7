package postgres

import (
	"bytes"
	"slices"
)

// piece is what the index holds of some leads of a bucket.
type piece struct {
	n     int64
	size  int // how many leads it is about
	leads leadSet
	pages [][]byte // their bodies, in order of their words
}

// class is how large a piece is: each class is eight times the one before.
func class(size int) int {
	c := 0
	for ; size >= 8; size /= 8 {
		c++
	}
	return c
}

// piecesOfClass is how many pieces of a class, or smaller, are one when they are merged.
const piecesOfClass = 8

// toMerge returns how many of the newest pieces are to become one, by their sizes,
// newest first; 0 for none. What is merged stands side by side: a later piece replaces
// what earlier ones say.
func toMerge(sizes []int) int {
	merge, largest := 0, 0
	for i, size := range sizes {
		largest = max(largest, class(size))
		if i+1 < len(sizes) && class(sizes[i+1]) <= largest {
			continue
		}
		if i+1 >= piecesOfClass { // the newest up to here are of this class or smaller
			merge = i + 1
		}
	}
	return merge
}

// cursorOf walks along the words of a piece.
type wordCursor struct {
	pageReader
	pages [][]byte
	over  bool
	mask  *leadSet // leads of which a newer piece says more; nil for none
}

func (c *wordCursor) advance() {
	for !c.pageReader.next() {
		if len(c.pages) == 0 {
			c.over = true
			return
		}
		c.pageReader = pageReader{rest: c.pages[0]}
		c.pages = c.pages[1:]
	}
}

// merged makes one piece of several, newest first.
func merged(pieces []*piece) (leads leadSet, out []page) {
	cursors := make([]*wordCursor, len(pieces))
	for i, p := range pieces {
		cursors[i] = &wordCursor{pages: p.pages}
		if leads.meets(&p.leads) {
			newer := leads
			cursors[i].mask = &newer
		}
		leads.or(&p.leads)
		cursors[i].advance()
	}
	var w pageWriter
	var word, runs []byte
	var offsets []uint16
	for {
		least, same := leastWord(cursors)
		if least == nil {
			return leads, w.pages
		}
		word = append(word[:0], least.word...)
		if same == 1 && least.mask == nil {
			runs = append(runs[:0], least.runs...)
			least.advance()
		} else {
			offsets = offsets[:0]
			for _, c := range cursors {
				if c.over || !bytes.Equal(c.word, word) {
					continue
				}
				eachRun(c.runs, func(o uint16) {
					if c.mask == nil || !c.mask.has(o) {
						offsets = append(offsets, o)
					}
				})
				c.advance()
			}
			slices.Sort(offsets)
			runs = appendRuns(runs[:0], offsets)
		}
		if len(runs) > 0 {
			w.add(word, runs)
		}
	}
}

// leastWord returns the first of the cursors at the word that comes next, and how many
// are at it; nil when all are over.
func leastWord(cursors []*wordCursor) (least *wordCursor, same int) {
	for _, c := range cursors {
		if c.over {
			continue
		}
		d := -1
		if least != nil {
			d = bytes.Compare(c.word, least.word)
		}
		switch {
		case d < 0:
			least, same = c, 1
		case d == 0:
			same++
		}
	}
	return least, same
}
