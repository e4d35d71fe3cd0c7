package people

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// options are records as they are usually compared.
func options() RecordOptions {
	return RecordOptions{Region: "AU", Columns: []Column{GivenName, Surname, StreetNumber, Address1, Address2, Suburb, Postcode, State, DateOfBirth, Phone},
		Copied: 0.4, MostCopies: 5, PerRecord: 6, PerField: 2, Lost: 0.1}
}

func records(t *testing.T, seed uint64, n int, o RecordOptions) *Set {
	t.Helper()
	s, err := Records(seed, n, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRecords(t *testing.T) {
	t.Parallel()
	s := records(t, 1, 3000, options())
	if written(t, s) != written(t, records(t, 1, 3000, options())) {
		t.Error("one seed gives two lists")
	}
	if written(t, s) == written(t, records(t, 2, 3000, options())) {
		t.Error("two seeds give one list")
	}
	clean := map[string]Record{}
	copies := map[string]int{}
	for i, l := range s.Labels {
		if len(l.Noise) == 0 {
			if _, ok := clean[l.Person]; ok {
				t.Errorf("%s has two clean records", l.Person)
			}
			clean[l.Person] = s.Records[i]
		}
	}
	noise := map[string]int{}
	for i, l := range s.Labels {
		r, original := s.Records[i], clean[l.Person]
		if len(l.Noise) == 0 {
			continue
		}
		copies[l.Person]++
		if len(l.Noise) > 6 {
			t.Errorf("%d damages: %v", len(l.Noise), l.Noise)
		}
		for c := range r {
			if Column(c) != ID && original[ID] != "" && r[c] != original[c] && !strings.Contains(strings.Join(l.Noise, ","), Column(c).String()) {
				t.Errorf("%s differs and nothing was done to it: %q, %q, %v", Column(c), original, r, l.Noise)
			}
			if !utf8.ValidString(r[c]) {
				t.Errorf("%q is no text", r[c])
			}
		}
		for _, n := range l.Noise {
			_, kind, _ := strings.Cut(n, " ")
			noise[strings.Fields(kind)[0]]++
		}
	}
	for _, kind := range []string{"typo", "missing", "of", "swapped"} {
		if noise[kind] < 10 {
			t.Errorf("%s: %d times: %v", kind, noise[kind], noise)
		}
	}
	most := 0
	for _, n := range copies {
		most = max(most, n)
	}
	if most != 5 {
		t.Errorf("most copies: %d, want 5", most)
	}
	if share := float64(len(copies)) / float64(len(s.people)); share < 0.35 || share > 0.45 {
		t.Errorf("%.2f of the people have copies", share)
	}
}

// TestRecordsOptions: what is asked for is what comes.
func TestRecordsOptions(t *testing.T) {
	t.Parallel()
	o := RecordOptions{Region: "DE", Columns: []Column{ID, GivenName, Surname, DateOfBirth}, Copied: 0.1, MostCopies: 1, PerRecord: 1, PerField: 1, Common: true}
	s := records(t, 3, 5000, o)
	if got := written(t, s); !strings.HasPrefix(got, "id,given_name,surname,date_of_birth\n") {
		t.Errorf("columns: %.60s", got)
	}
	names, lists := map[string]bool{}, 0
	for i, r := range s.Records {
		if r[GivenName] == "" && r[Surname] == "" || r[Email] != "" || r[Phone] != "" {
			t.Fatalf("record %q", r)
		}
		if len(s.Labels[i].Noise) == 0 {
			names[r[Surname]] = true
			lists++
		}
	}
	if len(names) > lists/3 {
		t.Errorf("%d family names of %d people are not common", len(names), lists)
	}
	o.Region = "nowhere"
	if _, err := Records(1, 10, o); err == nil {
		t.Error("there is no such region")
	}
	o = options()
	o.Households = true
	s = records(t, 4, 3000, o)
	twins := 0
	for _, p := range s.people {
		if p.twin {
			twins++
		}
	}
	if twins == 0 {
		t.Error("households without twins")
	}
}

func TestPairs(t *testing.T) {
	t.Parallel()
	o := options()
	o.Households = true
	set := records(t, 1, 3000, o)
	pairs := set.Pairs(1, 3000)
	same, n := 0, 0
	var first Pair
	for p := range pairs {
		if n++; n == 1 {
			first = p
		}
		a, b := set.Labels[p.A].Person, set.Labels[p.B].Person
		if p.A == p.B || p.Same != (a == b) {
			t.Fatalf("a pair is labelled wrong: %+v", p)
		}
		if p.Same {
			same++
			continue
		}
		if why := set.Why(p.A, p.B); why != "strangers" && why != "namesakes" {
			t.Fatalf("two of one %s", why)
		}
	}
	if n != 3000 || same != 1500 {
		t.Errorf("%d pairs, %d of one person", n, same)
	}
	for p := range pairs {
		if p != first {
			t.Error("pairs are not the same a second time")
		}
		break
	}
	alone := options()
	alone.Copied = 0
	set = records(t, 1, 50, alone)
	for p := range set.Pairs(1, 50) {
		if p.Same {
			t.Fatal("a pair of one person, of whom there is one record")
		}
	}
}

// TestTypos: a typo changes a text, leaves it text, and is a small thing.
func TestTypos(t *testing.T) {
	t.Parallel()
	words := rapid.OneOf(rapid.StringMatching(`[A-Z][a-z]{1,12}( [a-z]{2,8})?`), rapid.SampledFrom([]string{"Müller", "Шевченко", "Παπαδόπουλος", "Nguyễn", "O'Brien", "ÆØÅ", "straße 7"}))
	rapid.Check(t, func(t *rapid.T) {
		d, s := newDice(rapid.Uint64().Draw(t, "seed"), 0), words.Draw(t, "word")
		got := typos(d, s)
		if !utf8.ValidString(got) || strings.TrimSpace(got) == "" {
			t.Fatalf("%q becomes %q", s, got)
		}
		if n, m := utf8.RuneCountInString(s), utf8.RuneCountInString(got); m < n-1 || m > n+2 {
			t.Fatalf("%q becomes %q", s, got)
		}
		number := rapid.StringMatching(`\+?[0-9 ()-]{2,14}`).Draw(t, "number")
		other := digitTypo(d, number)
		if strings.Count(number, "") > 2 && len(other) < len(number)-1 || len(other) > len(number)+1 {
			t.Fatalf("%q becomes %q", number, other)
		}
	})
}

// TestSpell: no letter of another alphabet is left, whatever the habit.
func TestSpell(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ in, want0, want2 string }{
		{"Юлія Щербак", "Iuliia Shcherbak", "Julija Shcherbak"}, {"Кір'янович", "Kir'ianovych", "Kir'janovich"}, {"Γεώργιος", "Georgios", "Gewrgios"},
		{"Jürgen Groß", "Juergen Gross", "Juergen Gross"}, {"Łukasz Żak", "Lukasz Zak", "Lukasz Zak"},
	} {
		if got := spell(tc.in, 0, true); got != tc.want0 {
			t.Errorf("%s is written %s, want %s", tc.in, got, tc.want0)
		}
		if got := spell(tc.in, 2, true); got != tc.want2 {
			t.Errorf("%s is written %s by another habit, want %s", tc.in, got, tc.want2)
		}
	}
	if got := spell("Jürgen", 1, false); got != "Jürgen" {
		t.Errorf("accents go without being asked: %s", got)
	}
	l := &lists{cultures: map[string]*culture{}, regions: map[string]*region{}}
	for _, name := range regions() {
		if _, err := l.region(name); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range l.cultures {
		for _, list := range [][]string{c.givenMen, c.givenWomen, c.familyNames, c.heads, c.tails} {
			for _, s := range list {
				for scheme := range 3 {
					if got := spell(s, scheme, true); strings.ContainsFunc(got, func(r rune) bool { return r > 'z' }) || got == "" {
						t.Errorf("%s: %s is written %s", c.name, s, got)
					}
				}
			}
		}
		for long := range c.nick {
			if !strings.Contains(strings.Join(append(c.givenMen, c.givenWomen...), " "), long) {
				t.Errorf("%s: nobody is called %s", c.name, long)
			}
		}
	}
}

// TestWhyOfRecords: damages explain what keeps two records of a person apart.
func TestWhyOfRecords(t *testing.T) {
	t.Parallel()
	s := records(t, 6, 1000, options())
	_, missed := s.Faults(nil)
	for _, why := range []string{"surname missing", "surname typo", "phone of somebody else"} {
		found := false
		for got := range missed {
			found = found || strings.HasPrefix(got, why)
		}
		if !found {
			t.Errorf("%q is never a cause: %v", why, missed)
		}
	}
	if missed["nothing was done"] != 0 {
		t.Errorf("records of one person that are equal: %v", missed)
	}
}
