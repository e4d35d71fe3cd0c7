package people

import (
	"strings"
	"sync"
	"unicode"
)

// ascii writes a name with the letters of the English alphabet, as addresses have it.
func ascii(s string) string { return spell(s, 0, true) }

// spell writes a name in Latin letters by one of three habits; plain leaves
// accents out.
func spell(s string, scheme int, plain bool) string {
	var b strings.Builder
	tables := spellings()
	for _, r := range s {
		low := unicode.ToLower(r)
		to, ok := tables.letters[low]
		if !ok {
			if to, ok = tables.accents[low]; !ok || !plain {
				if plain && r > unicode.MaxASCII && low <= unicode.MaxASCII { // İ
					r = unicode.ToUpper(low)
				}
				b.WriteRune(r)
				continue
			}
		}
		out := to[min(scheme, len(to)-1)]
		if low != r && out != "" {
			out = strings.ToUpper(out[:1]) + out[1:]
		}
		b.WriteString(out)
	}
	return b.String()
}

// tables hold how letters are written by several habits.
type tables struct{ letters, accents map[rune][]string }

var spellings = sync.OnceValue(func() tables {
	return tables{read(`а=a б=b в=v г=h,g,g д=d е=e ё=yo,e,e є=ie,ye,e ж=zh,zh,j з=z и=y,i,i і=i ї=i,yi,i й=i,y,j к=k л=l м=m н=n о=o п=p р=r с=s т=t у=u ф=f х=kh,h,h
 ц=ts,c,ts ч=ch ш=sh щ=shch,sch,shch ъ= ы=y ь= э=e ю=iu,yu,ju я=ia,ya,ja ґ=g
 α=a ά=a β=v γ=g δ=d ε=e έ=e ζ=z η=i ή=i θ=th ι=i ί=i ϊ=i ΐ=i κ=k λ=l μ=m ν=n ξ=x ο=o ό=o π=p ρ=r σ=s ς=s τ=t υ=y,i,u ύ=y,i,u φ=f,ph χ=ch,h ψ=ps ω=o,o,w ώ=o,o,w`),
		read(`ä=ae,a,ae ö=oe,o,oe ü=ue,u,ue ß=ss á=a à=a â=a ã=a å=a ą=a ç=c ć=c č=c đ=dj,d ď=d é=e è=e ê=e ë=e ę=e ě=e ğ=g í=i ì=i î=i ï=i ı=i ł=l ñ=n ń=n ň=n
 ó=o ò=o ô=o õ=o ø=o ř=r ś=s š=s ş=s ť=t ú=u ù=u û=u ů=u ý=y ÿ=y ź=z ż=z ž=z œ=oe æ=ae`)}
})

func read(s string) map[rune][]string {
	out := map[rune][]string{}
	for w := range strings.FieldsSeq(s) {
		letter, to, _ := strings.Cut(w, "=")
		for _, r := range letter {
			out[r] = strings.Split(to, ",")
		}
	}
	return out
}
