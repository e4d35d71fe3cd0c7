package people

import (
	"iter"
	"strings"
)

// Pair is two records and whether they are one person's.
type Pair struct {
	A, B Record
	Same bool
	Near bool // of different people that a block key would bring together
}

// Pairs yields n labelled pairs of records, to count how often columns agree:
// every third is of one person, every third of two people who share something that
// blocks are made of (the begin of the family name, the birth date, the postcode,
// the phone's end), every third of any two people.
func Pairs(seed uint64, n int, o RecordOptions) (iter.Seq[Pair], error) {
	s, err := Records(seed, max(200, min(n, 100_000)), o)
	if err != nil {
		return nil, err
	}
	same, near := s.blocks()
	return func(yield func(Pair) bool) {
		d := newDice(seed, pairsDice)
		for i := range n {
			p, ok := Pair{}, false
			switch i % 3 {
			case 0:
				p, ok = s.two(d, same, true)
			case 1:
				p, ok = s.two(d, near, false)
				p.Near = ok
			}
			for !ok { // any two people; there are two at least, see Records
				a, b := d.IntN(len(s.Records)), d.IntN(len(s.Records))
				p, ok = Pair{A: s.Records[a], B: s.Records[b]}, s.Labels[a].Person != s.Labels[b].Person
			}
			if !yield(p) {
				return
			}
		}
	}, nil
}

// blocks returns the records of each person, and those that share a block key;
// only where there are two.
func (s *Set) blocks() (same, near [][]int) {
	people, keys := newBlocks(), newBlocks()
	for i, r := range s.Records {
		people.add(s.Labels[i].Person, i)
		for _, c := range []Column{Surname, Postcode, DateOfBirth, Phone} {
			v := []rune(strings.ToLower(r[c]))
			switch {
			case len(v) == 0:
				continue
			case c == Surname:
				v = v[:min(3, len(v))]
			case c == Phone:
				v = v[max(0, len(v)-4):]
			}
			keys.add(c.String()+string(v), i)
		}
	}
	return people.several(), keys.several()
}

// blocks keeps lists by key in the order in which the keys came.
type blocks struct {
	at    map[string]int
	lists [][]int
}

func newBlocks() *blocks { return &blocks{at: map[string]int{}} }

func (b *blocks) add(key string, i int) {
	at, ok := b.at[key]
	if !ok {
		at = len(b.lists)
		b.at[key] = at
		b.lists = append(b.lists, nil)
	}
	b.lists[at] = append(b.lists[at], i)
}

func (b *blocks) several() [][]int {
	var out [][]int
	for _, l := range b.lists {
		if len(l) > 1 {
			out = append(out, l)
		}
	}
	return out
}

// two draws two records of one of the lists. ok is false when none was found.
func (s *Set) two(d dice, lists [][]int, same bool) (p Pair, ok bool) {
	for range 50 {
		l := pick(d, lists)
		if len(l) < 2 {
			return p, false
		}
		i := d.IntN(len(l))
		j := (i + 1 + d.IntN(len(l)-1)) % len(l)
		if (s.Labels[l[i]].Person == s.Labels[l[j]].Person) == same {
			return Pair{A: s.Records[l[i]], B: s.Records[l[j]], Same: same}, true
		}
	}
	return p, false
}
