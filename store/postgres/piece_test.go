package postgres

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Offsets are read as they were written, in few bytes when they stand side by side.
func TestRuns(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		offsets := rapid.SliceOfDistinct(rapid.Uint16(), func(o uint16) uint16 { return o }).Draw(r, "offsets")
		slices.Sort(offsets)
		var got []uint16
		eachRun(appendRuns(nil, offsets), func(o uint16) { got = append(got, o) })
		if !slices.Equal(got, offsets) {
			r.Fatalf("%v, want %v", got, offsets)
		}
	})
	var all leadSet
	for o := range bucketSize {
		all.add(uint16(o))
	}
	if b := appendRuns(nil, all.offsets()); len(b) > 6 {
		t.Errorf("all leads of a bucket are %d bytes", len(b))
	}
}

// Whatever bytes are stored, reading them ends.
func FuzzPage(f *testing.F) {
	f.Add(pages([]found{{"ana", 1}, {"anna", 1}, {"anna", 2}, {"belo", 65535}})[0].body)
	f.Add(appendRuns(nil, []uint16{0, 1, 2, 9, 65535}))
	f.Fuzz(func(t *testing.T, b []byte) {
		n := 0
		eachRun(b, func(uint16) { n++ })
		if n > bucketSize {
			t.Errorf("%d offsets", n)
		}
		for r := (pageReader{rest: b}); r.next(); {
			eachRun(r.runs, func(uint16) {})
		}
	})
}

// indexed is a bucket of the search index in memory, with what it should hold.
type indexed struct {
	pieces []*piece // newest first
	words  map[uint16][]string
	most   int // pieces there were
}

// put indexes leads with their words.
func (x *indexed) put(leads map[uint16][]string) {
	p := &piece{}
	var words []found
	for o, list := range leads {
		p.leads.add(o)
		x.words[o] = list
		for _, w := range list {
			words = append(words, found{w, o})
		}
	}
	made := pages(words)
	sizes := []int{len(leads)}
	for _, old := range x.pieces {
		sizes = append(sizes, old.size)
	}
	rest := x.pieces
	if n := toMerge(sizes); n > 0 {
		for _, g := range made {
			p.pages = append(p.pages, g.body)
		}
		var all leadSet
		all, made = merged(append([]*piece{p}, x.pieces[:n-1]...))
		p, rest = &piece{leads: all}, x.pieces[n-1:]
	}
	p.pages, p.size = nil, len(p.leads.offsets())
	for _, g := range made {
		p.pages = append(p.pages, g.body)
	}
	x.pieces = append([]*piece{p}, rest...)
	x.most = max(x.most, len(x.pieces))
}

// find asks for leads that have a word in each of the spans.
func (x *indexed) find(spans []span) []uint16 {
	var list []*pieceFound
	for _, p := range x.pieces {
		f := &pieceFound{terms: make([]*leadSet, len(spans)), leads: appendRuns(nil, p.leads.offsets())}
		for term, s := range spans {
			for _, body := range p.pages {
				f.read(s, term, body)
			}
		}
		list = append(list, f)
	}
	if list == nil {
		return nil
	}
	found := together(list)[0].leads
	return found.offsets()
}

func (x *indexed) want(prefixes []string) (out []uint16) {
	for _, o := range slices.Sorted(maps.Keys(x.words)) {
		all := true
		for _, p := range prefixes {
			all = all && slices.ContainsFunc(x.words[o], func(w string) bool { return strings.HasPrefix(w, p) })
		}
		if all {
			out = append(out, o)
		}
	}
	return out
}

// However leads come, change and come again: what is found is what they say now.
func TestPieces(t *testing.T) {
	t.Parallel()
	word := rapid.StringOfN(rapid.SampledFrom([]rune("abé")), 1, 5, -1)
	rapid.Check(t, func(r *rapid.T) {
		x := &indexed{words: map[uint16][]string{}}
		for range rapid.IntRange(1, 60).Draw(r, "batches") {
			leads := map[uint16][]string{}
			for range rapid.IntRange(1, 12).Draw(r, "leads") {
				leads[rapid.Uint16Range(0, 40).Draw(r, "lead")] = rapid.SliceOfN(word, 0, 4).Draw(r, "words")
			}
			x.put(leads)
			prefixes := rapid.SliceOfN(word, 1, 2).Draw(r, "search")
			var spans []span
			for _, p := range prefixes {
				spans = append(spans, prefix(p))
			}
			if got, want := x.find(spans), x.want(prefixes); !slices.Equal(got, want) {
				r.Fatalf("%q: %v, want %v", prefixes, got, want)
			}
		}
	})
}

// Pieces stay few, however many leads come and however few at a time.
func TestFewPieces(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 7, 100} {
		x, next := &indexed{words: map[uint16][]string{}}, 0
		for next < 4000 {
			leads := map[uint16][]string{}
			for range size {
				leads[uint16(next)] = []string{fmt.Sprint("w", next), "all"}
				next++
			}
			x.put(leads)
		}
		if x.most > 6*piecesOfClass {
			t.Errorf("%d at a time: %d pieces", size, x.most)
		}
		if got := x.find([]span{prefix("all")}); len(got) != next {
			t.Errorf("%d at a time: %d of %d are found", size, len(got), next)
		}
	}
}
