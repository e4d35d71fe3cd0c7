package people

import (
	"strings"
)

// Score tells how well clusters of records agree with the people they are from,
// counted over pairs of records.
type Score struct {
	Records  int `json:"records"`
	People   int `json:"people"`
	Clusters int `json:"clusters"`

	Right  int `json:"right"`  // pairs of one person in one cluster
	Wrong  int `json:"wrong"`  // pairs of two people in one cluster
	Missed int `json:"missed"` // pairs of one person in two clusters

	Mixed int `json:"mixed"` // clusters with more than one person
	Worst int `json:"worst"` // people in the cluster with most of them
	Split int `json:"split"` // people in more than one cluster
}

// Precision is the share of the pairs put together that are right; 1 without any.
func (s Score) Precision() float64 { return share(s.Right, s.Wrong) }

// Recall is the share of the pairs of one person that were put together; 1 without any.
func (s Score) Recall() float64 { return share(s.Right, s.Missed) }

// F1 is the harmonic mean of precision and recall.
func (s Score) F1() float64 {
	if s.Right == 0 && s.Wrong+s.Missed > 0 {
		return 0
	}
	return share(2*s.Right, s.Wrong+s.Missed)
}

func share(good, bad int) float64 {
	if good+bad == 0 {
		return 1
	}
	return float64(good) / float64(good+bad)
}

// cell is the records that are of one person and in one cluster.
type cell struct{ person, cluster string }

// Compare scores got (record to cluster) by the truth (record to person). A record
// that got does not know stands alone; one that the truth does not know is left
// out. It takes time in proportion to the records.
func Compare(truth, got map[string]string) Score {
	cells := make(map[cell]int, len(truth))
	for id, person := range truth {
		cells[cell{person, cluster(got, id)}]++
	}
	people, clusters := map[string]spread{}, map[string]spread{}
	s := Score{Records: len(truth)}
	for c, n := range cells {
		s.Right += pairsOf(n)
		people[c.person] = people[c.person].with(n)
		clusters[c.cluster] = clusters[c.cluster].with(n)
	}
	s.People, s.Clusters = len(people), len(clusters)
	for _, g := range people {
		s.Missed += pairsOf(g.records)
		if g.parts > 1 {
			s.Split++
		}
	}
	for _, g := range clusters {
		s.Wrong += pairsOf(g.records)
		s.Worst = max(s.Worst, g.parts)
		if g.parts > 1 {
			s.Mixed++
		}
	}
	s.Missed -= s.Right
	s.Wrong -= s.Right
	return s
}

// spread is a person or a cluster: its records, and how many of the other kind they
// are spread over.
type spread struct{ records, parts int }

func (g spread) with(n int) spread { return spread{g.records + n, g.parts + 1} }

func pairsOf(n int) int { return n * (n - 1) / 2 }

// Queue tells what a list of pairs for review is worth.
type Queue struct {
	Pairs int   `json:"pairs"`
	True  int   `json:"true"` // of one person
	Idle  int   `json:"idle"` // of records that are in one cluster already, or not known
	After Score `json:"after"`
}

// Precision is the share of the pairs that are of one person, idle ones left out.
func (q Queue) Precision() float64 { return share(q.True, q.Pairs-q.Idle-q.True) }

// Review scores a queue of pairs of records: how many are true, and what clusters
// come to be when a reviewer who knows the truth joins those and no others.
func Review(truth, got map[string]string, pairs [][2]string) Queue {
	q := Queue{Pairs: len(pairs)}
	joined := newForest()
	for _, p := range pairs {
		a, b := p[0], p[1]
		person, known := truth[a]
		other, knownToo := truth[b]
		switch {
		case !known || !knownToo || a == b || same(got, a, b):
			q.Idle++
		case person == other:
			q.True++
			joined.join(cluster(got, a), cluster(got, b))
		}
	}
	after := make(map[string]string, len(truth))
	for id := range truth {
		after[id] = joined.root(cluster(got, id))
	}
	q.After = Compare(truth, after)
	return q
}

// cluster names the cluster of a record; one that got does not know stands alone.
func cluster(got map[string]string, id string) string {
	if c, ok := got[id]; ok {
		return "=" + c
	}
	return "!" + id
}

func same(got map[string]string, a, b string) bool { return cluster(got, a) == cluster(got, b) }

// forest joins things that are one.
type forest struct{ parent map[string]string }

func newForest() forest { return forest{map[string]string{}} }

func (f forest) root(a string) string {
	for {
		p, ok := f.parent[a]
		if !ok {
			return a
		}
		if up, ok := f.parent[p]; ok {
			f.parent[a] = up
		}
		a = p
	}
}

func (f forest) join(a, b string) {
	if a, b = f.root(a), f.root(b); a != b {
		f.parent[max(a, b)] = min(a, b)
	}
}

// Reachable returns the clusters that a method would find which knows who is who
// and joins the records of one person that share a value of hers, undamaged and in
// any notation; browsers do not count. More than that takes names and the like.
func (s *Set) Reachable() map[string]string {
	f := newForest()
	for i, l := range s.Labels {
		id := "record:" + s.Records[i][ID]
		for _, k := range l.Keys {
			if !strings.HasPrefix(k, "visitor:") {
				f.join(id, l.Person+" "+k)
			}
		}
	}
	out := make(map[string]string, len(s.Records))
	for _, r := range s.Records {
		out[r[ID]] = f.root("record:" + r[ID])
	}
	return out
}

// Faults counts what the errors of clusters come from: pairs of two people in one
// cluster and pairs of one person in two, by [Set.Why].
func (s *Set) Faults(got map[string]string) (wrong, missed map[string]int) {
	clusters, people := map[string][]int{}, map[string][]int{}
	for i, r := range s.Records {
		c := cluster(got, r[ID])
		clusters[c] = append(clusters[c], i)
		people[s.Labels[i].Person] = append(people[s.Labels[i].Person], i)
	}
	wrong, missed = map[string]int{}, map[string]int{}
	for _, list := range clusters {
		s.each(list, func(i, j int) {
			if s.Labels[i].Person != s.Labels[j].Person {
				wrong[s.Why(i, j)]++
			}
		})
	}
	for _, list := range people {
		s.each(list, func(i, j int) {
			if !same(got, s.Records[i][ID], s.Records[j][ID]) {
				missed[s.Why(i, j)]++
			}
		})
	}
	return wrong, missed
}

// mostPaired is how many records of one cluster are looked at two by two.
const mostPaired = 500

func (s *Set) each(list []int, do func(i, j int)) {
	list = list[:min(len(list), mostPaired)]
	for n, i := range list {
		for _, j := range list[:n] {
			do(i, j)
		}
	}
}
