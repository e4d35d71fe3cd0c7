package postgres

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
)

// A bucket is the leads whose numbers begin alike, and what the search index holds of
// it is in pieces: see search.go. This file is their form: offsets into the bucket as
// runs, and pages of words in order, each with the leads that have it.
const (
	bucketBits = 16
	bucketSize = 1 << bucketBits
	pageSize   = 4 << 10 // of a page that begins another one; a word of very many leads makes a larger one
	maxWord    = 200     // bytes of a word that count
)

func bucketOf(number int64) int64  { return number >> bucketBits }
func offsetOf(number int64) uint16 { return uint16(number & (bucketSize - 1)) }

// leadSet is a set of leads of a bucket, by their offsets.
type leadSet [bucketSize / 64]uint64

func (s *leadSet) add(offset uint16)      { s[offset>>6] |= 1 << (offset & 63) }
func (s *leadSet) has(offset uint16) bool { return s[offset>>6]&(1<<(offset&63)) != 0 }

func (s *leadSet) and(o *leadSet) {
	for i := range s {
		s[i] &= o[i]
	}
}

func (s *leadSet) or(o *leadSet) {
	for i := range s {
		s[i] |= o[i]
	}
}

func (s *leadSet) without(o *leadSet) {
	for i := range s {
		s[i] &^= o[i]
	}
}

func (s *leadSet) meets(o *leadSet) bool {
	for i := range s {
		if s[i]&o[i] != 0 {
			return true
		}
	}
	return false
}

// offsets returns what is in the set, in order.
func (s *leadSet) offsets() []uint16 {
	var out []uint16
	for i, word := range s {
		for ; word != 0; word &= word - 1 {
			out = append(out, uint16(i<<6+bits.TrailingZeros64(word)))
		}
	}
	return out
}

// appendRuns encodes offsets that are in order: for each run the gap before it, doubled,
// plus one when it is longer than one, and then how much longer.
func appendRuns(b []byte, offsets []uint16) []byte {
	next := 0
	for i := 0; i < len(offsets); {
		first, n := int(offsets[i]), 1
		for i+n < len(offsets) && int(offsets[i+n]) == first+n {
			n++
		}
		gap := uint64(first-next) << 1
		if n > 1 {
			b = binary.AppendUvarint(binary.AppendUvarint(b, gap|1), uint64(n-1))
		} else {
			b = binary.AppendUvarint(b, gap)
		}
		next, i = first+n, i+n
	}
	return b
}

// eachRun calls f with every offset that was encoded. What is damaged ends it.
func eachRun(b []byte, f func(uint16)) {
	next := uint64(0)
	for len(b) > 0 {
		gap, size := binary.Uvarint(b)
		if size <= 0 {
			return
		}
		b = b[size:]
		more := uint64(0)
		if gap&1 != 0 {
			if more, size = binary.Uvarint(b); size <= 0 {
				return
			}
			b = b[size:]
		}
		next += gap >> 1
		if next >= bucketSize || more >= bucketSize-next {
			return
		}
		for ; ; next, more = next+1, more-1 {
			f(uint16(next))
			if more == 0 {
				break
			}
		}
		next++
	}
}

// addRuns brings what was encoded into a set.
func (s *leadSet) addRuns(b []byte) { eachRun(b, s.add) }

// page is some words of a piece, in order, and with each the leads that have it:
// how much of the word before it begins with, the rest, and runs of offsets.
type page struct{ first, body []byte }

// pageWriter makes pages of words that come in order.
type pageWriter struct {
	pages []page
	last  []byte // the word before, on this page
}

func (w *pageWriter) add(word, runs []byte) {
	n := len(w.pages)
	if n == 0 || len(w.pages[n-1].body)+len(word)+len(runs) > pageSize {
		w.pages = append(w.pages, page{first: slices.Clone(word)})
		w.last, n = nil, n+1
	}
	same := 0
	for same < len(w.last) && same < len(word) && w.last[same] == word[same] {
		same++
	}
	b := binary.AppendUvarint(w.pages[n-1].body, uint64(same))
	b = append(binary.AppendUvarint(b, uint64(len(word)-same)), word[same:]...)
	w.pages[n-1].body = append(binary.AppendUvarint(b, uint64(len(runs))), runs...)
	w.last = append(w.last[:0], word...)
}

// pageReader reads the words of a page. word and runs are valid until the next one.
type pageReader struct{ rest, word, runs []byte }

// next reads a word and reports whether there was one. What is damaged ends a page.
func (r *pageReader) next() bool {
	same, ok := r.number()
	if !ok || same > uint64(len(r.word)) {
		return false
	}
	tail, ok := r.bytes()
	if !ok {
		return false
	}
	r.word = append(r.word[:same], tail...)
	r.runs, ok = r.bytes()
	return ok
}

func (r *pageReader) number() (uint64, bool) {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 {
		return 0, false
	}
	r.rest = r.rest[size:]
	return n, true
}

func (r *pageReader) bytes() ([]byte, bool) {
	n, ok := r.number()
	if !ok || n > uint64(len(r.rest)) {
		return nil, false
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b, true
}

// found is a word of a lead.
type found struct {
	word   string
	offset uint16
}

// pages makes the pages of a new piece.
func pages(words []found) []page {
	slices.SortFunc(words, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.word, b.word), cmp.Compare(a.offset, b.offset))
	})
	words = slices.Compact(words)
	var w pageWriter
	var offsets []uint16
	var runs []byte
	for i := 0; i < len(words); {
		word := words[i].word
		for offsets = offsets[:0]; i < len(words) && words[i].word == word; i++ {
			offsets = append(offsets, words[i].offset)
		}
		runs = appendRuns(runs[:0], offsets)
		w.add([]byte(word), runs)
	}
	return w.pages
}
