package people

import (
	"bytes"
	"encoding/csv"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"leadgate/lead/normal"
)

// regions are all places there are lists of.
func regions() []string { return []string{"US", "GB", "AU", "DE", "ES", "FR", "UA"} }

func stream(t *testing.T, seed uint64, n int, region string) *Set {
	t.Helper()
	s, err := Stream(seed, n, region)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func written(t *testing.T, s *Set) string {
	t.Helper()
	var out bytes.Buffer
	if err := errors.Join(s.WriteCSV(&out), s.WriteTruth(&out)); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestStreamIsItsSeed(t *testing.T) {
	t.Parallel()
	for _, region := range regions() {
		a, b := written(t, stream(t, 5, 300, region)), written(t, stream(t, 5, 300, region))
		if a != b {
			t.Errorf("%s: one seed gives two streams", region)
		}
		if a == written(t, stream(t, 6, 300, region)) {
			t.Errorf("%s: two seeds give one stream", region)
		}
	}
	if _, err := Stream(1, 10, "Atlantis"); err == nil {
		t.Error("there is no such region")
	}
}

// TestStreamShape: rows are in order of time, ids are unique, columns fit the channel.
func TestStreamShape(t *testing.T) {
	t.Parallel()
	s := stream(t, 3, 5000, "GB")
	rows, err := csv.NewReader(strings.NewReader(func() string { var b bytes.Buffer; _ = s.WriteCSV(&b); return b.String() }())).ReadAll()
	if err != nil || len(rows) != 5001 || len(s.Labels) != 5000 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if got := strings.Join(rows[0], " "); got != "id channel at handle given_name surname name email phone company street_number address_1 address_2 suburb city postcode state country date_of_birth visitor customer_id" {
		t.Errorf("columns: %s", got)
	}
	if len(s.Truth()) != len(s.Records) {
		t.Error("an id comes twice")
	}
	var last time.Time
	for i, r := range s.Records {
		at, err := time.Parse(time.RFC3339, r[At])
		if err != nil || at.Before(last) {
			t.Fatalf("row %d is out of order: %v", i, err)
		}
		last = at
		bare := r[Email] == "" && r[CustomerID] == "" && r[Visitor] == "" && r[City] == "" && r[DateOfBirth] == ""
		switch r[Channel] {
		case "phone":
			if !bare || r[Handle] != "" || r[GivenName] != "" {
				t.Errorf("a call with %q", r)
			}
		case "whatsapp", "telegram", "facebook":
			if !bare || r[Handle] == "" || r[Surname] != "" {
				t.Errorf("a messenger with %q", r)
			}
		case "email":
			if r[Email] == "" || r[Visitor] != "" || r[Handle] != "" {
				t.Errorf("a mail with %q", r)
			}
		case "form", "chat", "ad", "import":
			if r[Handle] != "" {
				t.Errorf("a form with %q", r)
			}
		default:
			t.Errorf("channel %q", r[Channel])
		}
	}
}

// TestKeysTellTheTruth: a value that is called undamaged is the person's own or is
// shared by people who have something in common.
func TestKeysTellTheTruth(t *testing.T) {
	t.Parallel()
	s := stream(t, 4, 8000, "DE")
	holder := map[string]int{}
	seen := map[string]int{}
	for i, l := range s.Labels {
		if _, ok := s.people[l.Person]; !ok {
			t.Fatalf("nobody knows %s", l.Person)
		}
		for _, k := range l.Keys {
			first, ok := holder[k]
			if !ok {
				holder[k] = i
				continue
			}
			why := s.Why(first, i)
			if why == "strangers" || why == "namesakes" {
				t.Errorf("%s: %s is shared by %s", s.Records[i][ID], k, why)
			}
			seen[why]++
		}
	}
	for _, why := range []string{"same email", "same phone", "same visitor", "same telegram", "same facebook", "household", "colleagues", "tablet", "recycled number"} {
		if seen[why] == 0 {
			t.Errorf("%q never makes two records share a value: %v", why, seen)
		}
	}
}

// TestScenes: what makes streams hard occurs, and does not drown the rest.
func TestScenes(t *testing.T) {
	t.Parallel()
	for _, region := range regions() {
		s := stream(t, 9, 4000, region)
		noise, people := map[string]int{}, map[string]int{}
		for _, l := range s.Labels {
			for _, n := range l.Noise {
				noise[n]++
			}
		}
		names := map[string]int{}
		for _, p := range s.people {
			names[p.name]++
		}
		for _, p := range s.people {
			for what, yes := range map[string]bool{"household": p.household != 0, "office": p.office != 0, "tablet": p.tablet != 0, "recycled": p.recycled != 0, "twin": p.twin, "namesake": names[p.name] > 1} {
				if yes {
					people[what]++
				}
			}
		}
		total := float64(len(s.people))
		for what, limits := range map[string][2]float64{"household": {.2, .6}, "office": {.03, .25}, "tablet": {.01, .1}, "recycled": {.005, .1}, "twin": {.005, .08}, "namesake": {.03, .4}} {
			if got := float64(people[what]) / total; got < limits[0] || got > limits[1] {
				t.Errorf("%s: %.3f of the people: %s", region, got, what)
			}
		}
		for what, limits := range map[string][2]float64{"email typo": {4, 40}, "phone typo": {0.5, 20}, "name typo": {8, 60}, "address typo": {0.5, 20}, "swapped": {5, 50}, "family name first": {8, 60},
			"initial": {8, 60}, "nickname": {2, 90}, "no family name": {30, 250}, "name before wedding": {0.2, 15}, "placeholder": {1, 20}, "withheld": {2, 30}, "nameless": {20, 150},
			"role mailbox": {2, 40}, "switchboard": {4, 80}, "landline": {10, 120}, "direct line": {0.3, 30}, "shared mailbox": {3, 50}, "shared browser": {5, 60}, "relay": {5, 60},
			"another address": {3, 50}, "redelivery": {10, 50}, "double click": {1, 15}, "plus tag": {1, 30}, "dots": {0.3, 20}, "caller name": {5, 50}, "capitals": {10, 80}, "tablet": {3, 60}} {
			if got := float64(noise[what]) * 1000 / float64(len(s.Records)); got < limits[0] || got > limits[1] {
				t.Errorf("%s: %.1f of 1000 records: %s", region, got, what)
			}
		}
		if asked := float64(len(s.Records)) / float64(len(slices.Compact(persons(s)))); asked < 1.4 || asked > 3 {
			t.Errorf("%s: somebody asks %.2f times", region, asked)
		}
		// Names and the like are needed, but are not all there is.
		if r := Compare(s.Truth(), s.Reachable()); r.Recall() < 0.45 || r.Recall() > 0.85 || r.Wrong != 0 {
			t.Errorf("%s: values alone reach a recall of %.3f", region, r.Recall())
		}
	}
}

func persons(s *Set) []string {
	var out []string
	for _, l := range s.Labels {
		out = append(out, l.Person)
	}
	slices.Sort(out)
	return out
}

// TestPhonesAreReal: every number parses as one of its country, in any notation,
// and to the same number.
func TestPhonesAreReal(t *testing.T) {
	t.Parallel()
	for _, region := range regions() {
		w, err := newWorld(8, streamDice, region)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range w.region.cities {
			for range 20 {
				for _, n := range []phone{w.mobile(w.region), {w.region, w.digits(c.landline), c.landline}} {
					got, err := normal.Phone(n.e164(), "")
					if err != nil || got.E164 != n.e164() || got.Weak != "" && got.Weak != "placeholder" {
						t.Errorf("%s %s: %s is read as %+v, %v", region, c.name, n.e164(), got, err)
						continue
					}
					if text := n.written(w.dice, w.region); got.Weak == "" {
						if again, err := normal.Phone(text, region); err != nil || again.E164 != n.e164() {
							t.Errorf("%s: %q is read as %+v, %v, want %s", region, text, again, err, n.e164())
						}
					}
				}
			}
		}
	}
}

// TestCrowd: the same seed gives the same people, each once, and others at the end of
// a long crowd than at its beginning.
func TestCrowd(t *testing.T) {
	t.Parallel()
	take := func(seed uint64, n int) (list []Record) {
		crowd, err := Crowd(seed, "FR")
		if err != nil {
			t.Fatal(err)
		}
		for r := range crowd {
			if list = append(list, r); len(list) == n {
				break
			}
		}
		return list
	}
	a := take(1, 3000)
	if !slices.Equal(a, take(1, 3000)) || slices.Equal(a, take(2, 3000)) {
		t.Error("who comes does not depend on the seed alone")
	}
	ids, said := map[string]bool{}, 0
	for _, r := range a {
		ids[r[ID]] = true
		if r[Email] != "" || r[Phone] != "" || r[Handle] != "" || r[Visitor] != "" {
			said++
		}
	}
	if len(ids) != len(a) || said < len(a)*9/10 {
		t.Errorf("%d ids and %d who can be reached, of %d", len(ids), said, len(a))
	}
	if _, err := Crowd(1, "XX"); err == nil {
		t.Error("a crowd of nowhere")
	}
}
