package dedupe

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"sort"
	"strings"
	"testing"

	"leadgate/lead"
	"leadgate/lead/normal"
)

func loadEval(f string) ([]lead.Profile, []string) {
	fh, _ := os.Open("/work/eval/" + f + ".csv")
	rows, _ := csv.NewReader(fh).ReadAll()
	th, _ := os.Open("/work/eval/" + f + ".truth.csv")
	trows, _ := csv.NewReader(th).ReadAll()
	col := map[string]int{}
	for i, c := range rows[0] {
		col[c] = i
	}
	get := func(r []string, c string) string {
		if i, ok := col[c]; ok {
			return strings.TrimSpace(r[i])
		}
		return ""
	}
	var out []lead.Profile
	var truth []string
	for i, r := range rows[1:] {
		q := lead.Inquiry{Name: lead.Name{Given: get(r, "given_name"), Family: get(r, "surname")}}
		if ph := get(r, "phone"); ph != "" {
			q.Identities = append(q.Identities, lead.Identity{Kind: "phone", Value: ph})
		}
		q.Address = &lead.Address{Street: get(r, "address_1"), Number: get(r, "street_number"), City: get(r, "suburb"), Postcode: get(r, "postcode")}
		if d := get(r, "date_of_birth"); len(d) == 8 {
			q.BirthDate = d[:4] + "-" + d[4:6] + "-" + d[6:]
		}
		normal.Inquiry(&q, "AU")
		out = append(out, ProfileOf(&q))
		truth = append(truth, trows[i+1][1])
	}
	return out, truth
}

func TestEval(t *testing.T) {
	for _, f := range strings.Fields(os.Getenv("EVAL")) {
		evalOne(f)
	}
}

func evalOne(f string) {
	w := standard()
	ps, truth := loadEval(f)
	n := len(ps)
	T := math.Log2(math.Max(float64(n), 10000)) + 3
	faces := make([]face, n)
	by := map[int64][]int{}
	byp := map[string][]int{}
	for i := range ps {
		faces[i] = faceOf(&ps[i])
		byp[truth[i]] = append(byp[truth[i]], i)
	}
	// likeness stats over true pairs
	stats := map[string]int{}
	truePairs := 0
	blocked := 0
	bl := make([]map[int64]bool, n)
	for i := range ps {
		bl[i] = map[int64]bool{}
		for _, k := range Blocks(&ps[i]) {
			bl[i][k] = true
			by[k] = append(by[k], i)
		}
	}
	for _, m := range byp {
		for x := range m {
			for y := x + 1; y < len(m); y++ {
				truePairs++
				g, fa, sw := faces[m[x]].name.Compare(faces[m[y]].name)
				stats[fmt.Sprint(g, fa, sw)]++
				hit := false
				for k := range bl[m[x]] {
					if bl[m[y]][k] && len(by[k]) <= BlockCrowd {
						hit = true
					}
				}
				if hit {
					blocked++
				}
				e := w.compare(faces[m[x]], faces[m[y]])
				if (e.bits < T || e.apart != "") && os.Getenv("MISS") != "" {
					fmt.Printf("MISS %.1f %q hit=%v\n  %+v\n  %+v\n", e.bits, e.apart, hit, ps[m[x]], ps[m[y]])
				}
			}
		}
	}
	// candidate pairs
	type sc struct {
		b  float64
		ok bool
	}
	var all []sc
	seen := map[[2]int]bool{}
	maxb := 0
	for _, l := range by {
		maxb = max(maxb, len(l))
		if len(l) > BlockCrowd {
			continue
		}
		for x := range l {
			for y := x + 1; y < len(l); y++ {
				k := [2]int{l[x], l[y]}
				if seen[k] {
					continue
				}
				seen[k] = true
				e := w.compare(faces[l[x]], faces[l[y]])
				ok := truth[l[x]] == truth[l[y]]
				b := e.bits
				if e.apart != "" {
					b = -50
				}
				if !ok && b >= T && os.Getenv("FALSE") != "" {
					fmt.Printf("FALSE %.1f\n  %+v\n  %+v\n", b, ps[l[x]], ps[l[y]])
				}
				all = append(all, sc{b, ok})
			}
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].b > all[j].b })
	best, bestT := 0.0, 0.0
	tp, fp := 0, 0
	var atT string
	for i, s := range all {
		if s.ok {
			tp++
		} else {
			fp++
		}
		if i+1 < len(all) && all[i+1].b == s.b {
			continue
		}
		p, r := float64(tp)/float64(tp+fp), float64(tp)/float64(truePairs)
		f1 := 2 * p * r / (p + r)
		if f1 > best {
			best, bestT = f1, s.b
		}
		if s.b >= T {
			atT = fmt.Sprintf("P %.4f R %.4f F1 %.4f (fp %d, missed %d)", p, r, f1, fp, truePairs-tp)
		}
	}
	fmt.Printf("%s n=%d pairs=%d blocked=%.4f cand/rec=%.2f maxblock=%d | at %.1f: %s | best %.4f at %.1f\n", f, n, truePairs, float64(blocked)/float64(truePairs), float64(len(all))/float64(n), maxb, T, atT, best, bestT)
	if os.Getenv("STATS") != "" {
		var ks []string
		for k := range stats {
			ks = append(ks, k)
		}
		sort.Slice(ks, func(i, j int) bool { return stats[ks[i]] > stats[ks[j]] })
		for _, k := range ks {
			fmt.Println("  ", k, stats[k])
		}
	}
}
