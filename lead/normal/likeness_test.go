package normal

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"leadgate/lead"
)

func called(given, family string) NameForm { return FormOf(lead.Name{Given: given, Family: family}) }

func TestCompare(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b          [2]string
		given, family Likeness
		swapped       bool
	}{
		{[2]string{"Ana", "Belo"}, [2]string{"ANA", "belo"}, Same, Same, false},
		{[2]string{"Jörg", "Müller"}, [2]string{"Joerg", "Mueller"}, Variant, Variant, false},
		{[2]string{"Bob", "Miller"}, [2]string{"Robert", "Miller"}, Variant, Same, false},
		{[2]string{"A.", "Belo"}, [2]string{"Ana", "Belo"}, Initial, Same, false},
		{[2]string{"Ana", "Belo"}, [2]string{"", "Belo"}, Unknown, Same, false},
		{[2]string{"Ana", ""}, [2]string{"", "Belo"}, Unknown, Unknown, false},
		{[2]string{"Ana", "Belo"}, [2]string{"Belo", "Ana"}, Same, Same, true},
		{[2]string{"Peter", "Belo"}, [2]string{"Petra", "Belo"}, Other, Same, false},
		{[2]string{"Ana", "Belo"}, [2]string{"Ana", "Petrov"}, Same, Other, false},
		{[2]string{"Ana", "Belo"}, [2]string{"Igor", "Petrov"}, Other, Other, false},
		{[2]string{"Charlotte", "Schmidt"}, [2]string{"Charlottte", "Schmitd"}, Variant, Close, false},
		{[2]string{"Ivan", "Ivanov"}, [2]string{"Ivan", "Ivanova"}, Same, Variant, false},
		{[2]string{"Ana", "Garcia Lopez"}, [2]string{"Ana", "Lopez"}, Same, Variant, false},
		{[2]string{"Brad", "Pit"}, [2]string{"Bradley", "Pit"}, Variant, Same, false},
		{[2]string{"Анна", "Белова"}, [2]string{"Anna", "Belova"}, Same, Same, false},
	} {
		given, family, swapped := called(c.a[0], c.a[1]).Compare(called(c.b[0], c.b[1]))
		if given != c.given || family != c.family || swapped != c.swapped {
			t.Errorf("%v and %v: %d %d %v, want %d %d %v", c.a, c.b, given, family, swapped, c.given, c.family, c.swapped)
		}
	}
}

// anyName draws a name of words that are like one another in many ways.
func anyName() *rapid.Generator[lead.Name] {
	word := rapid.SampledFrom(strings.Fields("Ana A. Anna Hanna Belo Belov Belova Bello Bela Maria M. Саша Александр Alex Müller Mueller Dupont Dupont-Durand Durand van der Berg Vanderberg 太郎 山田 O'Neil ONeil Wei Zhang x Peter Petra Pedro Brad Bradley Christopherson Christoperson"))
	part := rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(word, 0, 2).Draw(t, "words"), " ") })
	return rapid.Custom(func(t *rapid.T) lead.Name {
		return lead.Name{Given: part.Draw(t, "given"), Middle: part.Draw(t, "middle"), Family: part.Draw(t, "family")}
	})
}

// TestCompareLaws holds that a name is the same as itself, that it does not matter
// which of two is the first, and that nothing of strangers is the same.
func TestCompareLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m, n := anyName().Draw(t, "a"), anyName().Draw(t, "b")
		a, b := FormOf(m), FormOf(n)
		given, family, swapped := a.Compare(a)
		if len(a.c.given) > 0 && given != Same || len(a.c.family) > 0 && family != Same || swapped || a.Stranger(a) {
			t.Fatalf("%+v and itself: %d %d %v, stranger %v", m, given, family, swapped, a.Stranger(a))
		}
		given, family, swapped = a.Compare(b)
		g, f, s := b.Compare(a)
		if g != given || f != family || s != swapped {
			t.Fatalf("%+v and %+v: %d %d %v, the other way %d %d %v", m, n, given, family, swapped, g, f, s)
		}
		if a.Stranger(b) != b.Stranger(a) {
			t.Fatalf("%+v and %+v: strangers %v, the other way %v", m, n, a.Stranger(b), b.Stranger(a))
		}
		if a.Stranger(b) && (given <= Variant || family <= Variant) {
			t.Fatalf("%+v and %+v are strangers and alike: %d %d", m, n, given, family)
		}
		if conflict, _ := a.Conflict(b); !conflict && a.Stranger(b) && a.Whole() && b.Whole() {
			t.Fatalf("%+v and %+v are strangers without a conflict", m, n)
		}
	})
}

func TestStranger(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b [2]string
		want bool
	}{
		{[2]string{"Ana", ""}, [2]string{"Igor", ""}, true},
		{[2]string{"Ana", ""}, [2]string{"Anna", ""}, false},
		{[2]string{"Ana", ""}, [2]string{"Igor", "Petrov"}, true},
		{[2]string{"Ana", ""}, [2]string{"Ana", "Petrov"}, false},
		{[2]string{"Office", ""}, [2]string{"Igor", ""}, false}, // nobody is called so
		{[2]string{"", ""}, [2]string{"Igor", "Petrov"}, false},
		{[2]string{"Ana", "Belo"}, [2]string{"Igor", "Petrov"}, true},
		{[2]string{"Ana", "Belo"}, [2]string{"Igor", "Belo"}, false},
		{[2]string{"Bob", ""}, [2]string{"Robert", "Miller"}, false},
	} {
		if got := called(c.a[0], c.a[1]).Stranger(called(c.b[0], c.b[1])); got != c.want {
			t.Errorf("%v and %v: %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

// slowEdits is the restricted Damerau distance as it is defined.
func slowEdits(a, b []rune) int {
	switch {
	case len(a) == 0 || len(b) == 0:
		return len(a) + len(b)
	case a[len(a)-1] == b[len(b)-1]:
		return slowEdits(a[:len(a)-1], b[:len(b)-1])
	}
	n := 1 + min(slowEdits(a[:len(a)-1], b), slowEdits(a, b[:len(b)-1]), slowEdits(a[:len(a)-1], b[:len(b)-1]))
	if len(a) > 1 && len(b) > 1 && a[len(a)-1] == b[len(b)-2] && a[len(a)-2] == b[len(b)-1] {
		n = min(n, 1+slowEdits(a[:len(a)-2], b[:len(b)-2]))
	}
	return n
}

func TestOneSlipLaws(t *testing.T) {
	t.Parallel()
	word := rapid.StringMatching(`[abcä]{0,6}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		if got, want := OneSlip(a, b), slowEdits([]rune(a), []rune(b)) <= 1; got != want {
			t.Fatalf("%q and %q: %v, want %v", a, b, got, want)
		}
	})
}

// TestJaroWinklerLaws holds its measure, and values from the literature.
func TestJaroWinklerLaws(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want float64
	}{{"martha", "marhta", 0.9611}, {"dwayne", "duane", 0.84}, {"dixon", "dicksonx", 0.8133}, {"jones", "johnson", 0.8324}, {"abc", "xyz", 0}, {"", "", 0}} {
		if got := jaroWinkler([]rune(c.a), []rune(c.b)); got < c.want-0.0001 || got > c.want+0.0001 {
			t.Errorf("%s and %s: %.4f, want %.4f", c.a, c.b, got, c.want)
		}
	}
	word := rapid.StringMatching(`[abcä]{1,9}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := []rune(word.Draw(t, "a")), []rune(word.Draw(t, "b"))
		got := jaroWinkler(a, b)
		if got < 0 || got > 1 || slices.Equal(a, b) != (got > 0.999999) {
			t.Fatalf("%q and %q: %v", string(a), string(b), got)
		}
	})
}

func TestResemblesLaws(t *testing.T) {
	t.Parallel()
	word := rapid.StringMatching(`[abcdeä]{0,9}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		if Resembles(a, b) != Resembles(b, a) {
			t.Fatalf("%q and %q: %v, the other way %v", a, b, Resembles(a, b), Resembles(b, a))
		}
		if len([]rune(a)) >= 3 && !Resembles(a, a) {
			t.Fatalf("%q does not resemble itself", a)
		}
	})
}

func TestSkeleton(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"": "", "lilas str": "lstr", "a": "a", "anna": "an", "hanna": "hn", "quai sud": "qsd", "ss": "s", "eiffel": "efl"} {
		if got := Skeleton(in); got != want {
			t.Fatalf("%q: %q, want %q", in, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[a-z ]{0,12}`).Draw(t, "s")
		once := Skeleton(s)
		if Skeleton(once) != once || len(once) > len(s) {
			t.Fatalf("%q becomes %q and then %q", s, once, Skeleton(once))
		}
		if moved := Skeleton(strings.ReplaceAll(s, " ", "")); moved != once {
			t.Fatalf("blanks of %q count: %q and %q", s, once, moved)
		}
	})
}
