package people

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// byHand are clusters whose score was counted by hand.
func byHand() (truth, got map[string]string) {
	truth = map[string]string{"1": "a", "2": "a", "3": "a", "4": "b", "5": "b", "6": "c", "7": "d"}
	got = map[string]string{"1": "1", "2": "1", "3": "3", "4": "3", "5": "5", "6": "3", "8": "1"}
	return truth, got
}

func TestCompare(t *testing.T) {
	t.Parallel()
	truth, got := byHand()
	// Clusters 1: aa, 3: abc, 5: b, and d alone. Of the pairs of one person, 12 is
	// together and 13, 23, 45 are not; 34, 36, 46 are together and should not be.
	want := Score{Records: 7, People: 4, Clusters: 4, Right: 1, Wrong: 3, Missed: 3, Mixed: 1, Worst: 3, Split: 2}
	s := Compare(truth, got)
	if diff := cmp.Diff(want, s); diff != "" {
		t.Errorf("score:\n%s", diff)
	}
	if s.Precision() != 0.25 || s.Recall() != 0.25 || s.F1() != 0.25 {
		t.Errorf("P %v R %v F1 %v", s.Precision(), s.Recall(), s.F1())
	}
	for name, tc := range map[string]struct {
		truth, got map[string]string
		p, r, f1   float64
	}{
		"nothing":            {nil, nil, 1, 1, 1},
		"all alone, rightly": {map[string]string{"1": "a", "2": "b"}, nil, 1, 1, 1},
		"nothing found":      {map[string]string{"1": "a", "2": "a"}, nil, 1, 0, 0},
		"only wrong":         {map[string]string{"1": "a", "2": "b"}, map[string]string{"1": "x", "2": "x"}, 0, 1, 0},
		"a cluster with the name of a lone record": {map[string]string{"1": "a", "!1": "b"}, map[string]string{"!1": "1"}, 1, 1, 1},
	} {
		if s := Compare(tc.truth, tc.got); s.Precision() != tc.p || s.Recall() != tc.r || s.F1() != tc.f1 {
			t.Errorf("%s: P %v R %v F1 %v", name, s.Precision(), s.Recall(), s.F1())
		}
	}
}

func TestReview(t *testing.T) {
	t.Parallel()
	truth, got := byHand()
	// 13 joins clusters 1 and 3, 45 joins 3 and 5; 47 is false; 46, 11, 19 tell nothing.
	q := Review(truth, got, [][2]string{{"1", "3"}, {"5", "4"}, {"4", "7"}, {"4", "6"}, {"1", "1"}, {"1", "9"}})
	want := Queue{Pairs: 6, True: 2, Idle: 3, After: Score{Records: 7, People: 4, Clusters: 2, Right: 4, Wrong: 11, Mixed: 1, Worst: 3}}
	if diff := cmp.Diff(want, q); diff != "" {
		t.Errorf("queue:\n%s", diff)
	}
	if got := q.Precision(); got != 2./3 {
		t.Errorf("precision %v", got)
	}
}

// drawnClusters are a few records with people and clusters.
func drawnClusters(t *rapid.T) (truth, got map[string]string) {
	truth, got = map[string]string{}, map[string]string{}
	name := rapid.SampledFrom([]string{"a", "b", "c", "d"})
	for i := range rapid.IntRange(0, 12).Draw(t, "records") {
		id := fmt.Sprint(i)
		truth[id] = name.Draw(t, "person")
		if rapid.IntRange(0, 9).Draw(t, "known") > 0 {
			got[id] = name.Draw(t, "cluster")
		}
	}
	return truth, got
}

// TestCompareLaws counts pair by pair, and by cluster.
func TestCompareLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		truth, got := drawnClusters(t)
		want := Score{Records: len(truth)}
		clusters, people := map[string]map[string]bool{}, map[string]map[string]bool{}
		in := func(m map[string]map[string]bool, a, b string) {
			if m[a] == nil {
				m[a] = map[string]bool{}
			}
			m[a][b] = true
		}
		for a, p := range truth {
			in(clusters, cluster(got, a), p)
			in(people, p, cluster(got, a))
			for b, o := range truth {
				if a >= b {
					continue
				}
				switch together := same(got, a, b); {
				case together && p == o:
					want.Right++
				case together:
					want.Wrong++
				case p == o:
					want.Missed++
				}
			}
		}
		want.Clusters, want.People = len(clusters), len(people)
		for _, c := range clusters {
			want.Worst = max(want.Worst, len(c))
			if len(c) > 1 {
				want.Mixed++
			}
		}
		for _, p := range people {
			if len(p) > 1 {
				want.Split++
			}
		}
		if diff := cmp.Diff(want, Compare(truth, got)); diff != "" {
			t.Fatalf("score:\n%s", diff)
		}
		if s := Compare(truth, truth); s.F1() != 1 || s.Mixed+s.Split+s.Wrong+s.Missed != 0 {
			t.Fatalf("the truth against itself: %+v", s)
		}
	})
}

// TestReviewLaws: a reviewer who knows the truth never makes the recall worse, and
// a queue of all pairs finds everything.
func TestReviewLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		truth, got := drawnClusters(t)
		var all, some [][2]string
		for a := range truth {
			for b := range truth {
				if a < b {
					all = append(all, [2]string{a, b})
					if rapid.Bool().Draw(t, "asked") {
						some = append(some, [2]string{b, a})
					}
				}
			}
		}
		before := Compare(truth, got)
		if q := Review(truth, got, some); q.After.Recall() < before.Recall() || q.True+q.Idle > q.Pairs || q.After.Right+q.After.Missed != before.Right+before.Missed {
			t.Fatalf("%+v, before %+v", q, before)
		}
		if q := Review(truth, got, all); q.After.Missed != 0 {
			t.Fatalf("all was asked and something missed: %+v", q)
		}
		if q := Review(truth, nil, all); q.After.F1() != 1 {
			t.Fatalf("all was asked with nothing known before: %+v", q)
		}
	})
}

// TestFaults: what is counted by cause adds up to what the score counts.
func TestFaults(t *testing.T) {
	t.Parallel()
	s := stream(t, 2, 3000, "US")
	got := map[string]string{}
	for i, r := range s.Records { // whoever has a number or else a name
		if got[r[ID]] = r[Phone]; r[Phone] == "" {
			got[r[ID]] = fmt.Sprint("name", r[Name], r[Surname], i%2)
		}
	}
	score := Compare(s.Truth(), got)
	wrong, missed := s.Faults(got)
	sum := func(m map[string]int) (n int) {
		for _, v := range m {
			n += v
		}
		return n
	}
	if score.Wrong == 0 || sum(wrong) != score.Wrong || sum(missed) != score.Missed {
		t.Errorf("%+v; by cause %v and %v", score, wrong, missed)
	}
	if wrong["household"] == 0 || missed["same email"] == 0 || missed["nothing shared"] == 0 {
		t.Errorf("causes are missing: %v and %v", wrong, missed)
	}
}
