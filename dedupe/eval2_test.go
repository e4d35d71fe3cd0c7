package dedupe

import (
	"fmt"
	"leadgate/lead/normal"
	"os"
	"testing"
)

func TestOther(t *testing.T) {
	if os.Getenv("OTHER") == "" {
		return
	}
	ps, truth := loadEval(os.Getenv("OTHER"))
	by := map[string][]int{}
	for i := range ps {
		by[truth[i]] = append(by[truth[i]], i)
	}
	n := 0
	for _, m := range by {
		for x := range m {
			for y := x + 1; y < len(m); y++ {
				a, b := faceOf(&ps[m[x]]), faceOf(&ps[m[y]])
				g, f, _ := a.name.Compare(b.name)
				if g == normal.Other {
					n++
					if n%7 == 0 {
						fmt.Printf("%s %s | %s %s  fam=%d\n", a.Given, a.Family, b.Given, b.Family, f)
					}
				}
			}
		}
	}
}
