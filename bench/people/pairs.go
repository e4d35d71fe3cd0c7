package people

import "iter"

// Pair is two records of a set, by their index, and whether they are one person's.
type Pair struct {
	A, B int
	Same bool
}

// Pairs yields n labelled pairs of records, in turn of one person and of two people
// who share no household, office, tablet or number, to count how often columns
// agree. Namesakes are people like others: they are drawn as often as there are any.
// Where there are no such pairs it yields fewer.
func (s *Set) Pairs(seed uint64, n int) iter.Seq[Pair] {
	several := s.several()
	return func(yield func(Pair) bool) {
		d := newDice(seed, pairsDice)
		for i := range n {
			p, ok := Pair{}, false
			if i%2 == 0 {
				p, ok = s.ofOne(d, several)
			} else {
				p, ok = s.ofTwo(d)
			}
			if ok && !yield(p) {
				return
			}
		}
	}
}

// several returns the records of each person of whom there are two or more, in the
// order in which the people came.
func (s *Set) several() [][]int {
	at := map[string]int{}
	var lists [][]int
	for i, l := range s.Labels {
		n, ok := at[l.Person]
		if !ok {
			n = len(lists)
			at[l.Person] = n
			lists = append(lists, nil)
		}
		lists[n] = append(lists[n], i)
	}
	var out [][]int
	for _, l := range lists {
		if len(l) > 1 {
			out = append(out, l)
		}
	}
	return out
}

func (s *Set) ofOne(d dice, several [][]int) (p Pair, ok bool) {
	l := pick(d, several)
	if len(l) == 0 {
		return p, false
	}
	i := d.IntN(len(l))
	j := (i + 1 + d.IntN(len(l)-1)) % len(l)
	return Pair{A: l[i], B: l[j], Same: true}, true
}

func (s *Set) ofTwo(d dice) (p Pair, ok bool) {
	for range 50 {
		a, b := d.IntN(len(s.Records)), d.IntN(len(s.Records))
		x, y := s.people[s.Labels[a].Person], s.people[s.Labels[b].Person]
		if s.Labels[a].Person != s.Labels[b].Person && (related(x, y) == "strangers" || related(x, y) == "namesakes") {
			return Pair{A: a, B: b}, true
		}
	}
	return p, false
}
