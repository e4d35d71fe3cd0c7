package people

import (
	"strings"
	"sync"
	"unicode"
)

// typos damages a text in one of the ways people, ears and scanners do, and
// returns it unchanged when there is nothing to damage.
func typos(d dice, s string) string {
	runes := []rune(s)
	if len(runes) < 2 {
		return s
	}
	for range 8 { // a way that changes nothing is tried again
		var out string
		switch x := d.IntN(100); {
		case x < 20:
			out = keyboard(d, runes)
		case x < 32:
			out = insertion(d, runes)
		case x < 48:
			out = deletion(d, runes)
		case x < 64:
			out = transposition(d, runes)
		case x < 84:
			out = replacement(d, s, phonetic())
		case x < 92:
			out = replacement(d, s, scanned())
		default:
			out = blanks(d, s)
		}
		if out != s && strings.TrimSpace(out) != "" {
			return out
		}
	}
	return deletion(d, runes)
}

// rows are keyboards; neighbours stand side by side.
func rows() []string {
	return []string{"qwertyuiop", "asdfghjkl", "zxcvbnm", "qaz", "wsx", "edc", "rfv", "tgb", "yhn", "ujm", "1234567890", "йцукенгшщзхї", "фівапролджє", "ячсмитьбю", "йфя", "цыч", "увс"}
}

// keyboard replaces a letter by a neighbour on the keyboard.
func keyboard(d dice, s []rune) string {
	i := d.IntN(len(s))
	low := unicode.ToLower(s[i])
	var near []rune
	for _, row := range rows() {
		keys := []rune(row)
		for k, r := range keys {
			if r != low {
				continue
			}
			if k > 0 {
				near = append(near, keys[k-1])
			}
			if k+1 < len(keys) {
				near = append(near, keys[k+1])
			}
		}
	}
	if len(near) == 0 {
		return string(s)
	}
	return splice(s, i, i+1, sameCase(s[i], pick(d, near)))
}

// insertion doubles a letter or puts in one that stands elsewhere in the text.
func insertion(d dice, s []rune) string {
	i := d.IntN(len(s))
	r := s[i]
	if d.chance(0.6) {
		r = pick(d, s)
	}
	return splice(s, i+1, i+1, unicode.ToLower(r))
}

func deletion(d dice, s []rune) string {
	i := d.IntN(len(s))
	return splice(s, i, i+1)
}

func transposition(d dice, s []rune) string {
	i := d.IntN(len(s) - 1)
	return splice(s, i, i+2, sameCase(s[i], s[i+1]), sameCase(s[i+1], s[i]))
}

// splice puts letters in the place of s[from:to].
func splice(s []rune, from, to int, in ...rune) string {
	return string(s[:from]) + string(in) + string(s[to:])
}

// sameCase returns r in the case of like.
func sameCase(like, r rune) rune {
	if unicode.IsUpper(like) {
		return unicode.ToUpper(r)
	}
	return unicode.ToLower(r)
}

// blanks joins two words or splits one.
func blanks(d dice, s string) string {
	if words := strings.Fields(s); len(words) > 1 {
		i := d.IntN(len(words) - 1)
		return strings.Join(append(append(words[:i:i], words[i]+words[i+1]), words[i+2:]...), " ")
	}
	runes := []rune(s)
	if len(runes) < 5 {
		return s
	}
	i := d.between(2, len(runes)-2)
	return string(runes[:i]) + " " + string(runes[i:])
}

// phonetic are spellings that sound alike.
var phonetic = sync.OnceValue(func() []string {
	return strings.Fields(`ph f f ph ck k k ck c k k c s z z s s ss ss s ie y y ie i y y i ei ai ai ay ee ea ea ee th t t th w v v w dt t x ks ks x gh g oo u ou u
	sch sh sh sch tz z ll l l ll nn n n nn mm m m mm tt t t tt rr r r rr pp p ff f f ff ey y e i a e o u er ar on en an en h ch
	и і і и е є е и о а а о в ф д т б п ий ій тс ц я йа з с с з к х`)
})

// scanned are shapes that look alike.
var scanned = sync.OnceValue(func() []string {
	return strings.Fields("m rn rn m cl d d cl li h h b b h u v v u nn m i l l i l 1 o 0 e c c e g q q g s 5 z 2 b 8 vv w w vv ri n t f f t j i и н н и ш щ щ ш")
})

// replacement puts one of a list of pairs (from, to) in place of what stands there.
func replacement(d dice, s string, pairs []string) string {
	low := strings.ToLower(s)
	if len(low) != len(s) {
		return s
	}
	at := 2 * d.IntN(len(pairs)/2)
	for range len(pairs) / 2 {
		from, to := pairs[at], pairs[at+1]
		if n := strings.Count(low, from); n > 0 {
			skip := d.IntN(n)
			i := 0
			for ; skip >= 0; skip-- {
				i += strings.Index(low[i:], from)
				if skip > 0 {
					i += len(from)
				}
			}
			first := []rune(s[i:])[0]
			out := []rune(to)
			out[0] = sameCase(first, out[0])
			return s[:i] + string(out) + s[i+len(from):]
		}
		at = (at + 2) % len(pairs)
	}
	return s
}

// digitTypo damages one digit of a number, or swaps two that are neighbours; the
// signs between stay.
func digitTypo(d dice, s string) string {
	var at []int
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			at = append(at, i)
		}
	}
	if len(at) < 2 {
		return s
	}
	b := []byte(s)
	k := d.IntN(len(at))
	switch x := d.IntN(100); {
	case x < 50:
		b[at[k]] = '0' + (b[at[k]]-'0'+byte(d.between(1, 9)))%10
	case x < 75:
		for t := range at { // the next pair that differs
			i := (k + t) % (len(at) - 1)
			if b[at[i]] != b[at[i+1]] {
				b[at[i]], b[at[i+1]] = b[at[i+1]], b[at[i]]
				return string(b)
			}
		}
		b[at[k]] = '0' + (b[at[k]]-'0'+1)%10
	case x < 90:
		return s[:at[k]] + s[at[k]+1:]
	default:
		return s[:at[k]] + string(s[at[k]]) + s[at[k]:]
	}
	return string(b)
}
