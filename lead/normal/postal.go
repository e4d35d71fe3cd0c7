package normal

import (
	"slices"
	"strings"
	"unicode"
)

// The limits of what is compared of an address, in bytes of input and words.
const (
	maxPostal      = 400
	maxPostalWords = 12
	maxPostcode    = 12
)

// Postcode returns a postcode as it is compared: Latin capitals and digits
// without blanks or dashes, without the letters of a country in front (D-10115)
// and without the four digits America may add. Words that stand beside the code
// are passed over. It is "" for text that holds no code.
func Postcode(text string) string {
	if len(text) > maxPostal {
		return ""
	}
	s := strings.TrimSuffix(postalText(text), ".0") // a table took the code for a number
	var b strings.Builder
	for word := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ' ' || r == ',' || r == '(' || r == ')' || r == '/' }) {
		if countDigits(word) == 0 && len(word) > 3 { // 10115 Berlin
			continue
		}
		for i := range len(word) {
			if c := word[i]; c >= '0' && c <= '9' || c >= 'a' && c <= 'z' {
				b.WriteByte(c)
			}
		}
	}
	code := strings.ToUpper(b.String())
	if bare := strings.TrimLeft(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"); len(code)-len(bare) <= 3 && len(bare) > 3 && plainDigits(bare) {
		code = bare
	}
	if len(code) == 9 && plainDigits(code) {
		code = code[:5]
	}
	if len(code) > maxPostcode || countDigits(code) == 0 || strings.Trim(code, "0") == "" {
		return ""
	}
	return code
}

// postalText is a text folded as Search does, in ASCII digits.
func postalText(s string) string {
	s = Line(lineCommas.Replace(Text(s)), maxPostal)
	if !isASCII(s) {
		s = strings.Map(asciiDigit, s)
	}
	return strings.TrimSpace(strings.Map(plainSpace, Search(s)))
}

// lineCommas keeps lines apart that Line would join.
var lineCommas = strings.NewReplacer("\n", ", ", "\t", " ")

func plainSpace(r rune) rune {
	if isSpace(r) {
		return ' '
	}
	return r
}

// City returns the name of a place as it is compared: folded, in Latin letters,
// umlauts in their short spelling, without what stands in parentheses or behind a
// comma, numbers of districts, and words such as city of or Stadt. It is "" for
// text that says nothing.
func City(text string) string {
	s := postalText(text)
	if len(text) > maxPostal || saysNothing(s) {
		return ""
	}
	s = withoutRemarks(s)
	for part := range strings.SplitSeq(s, ",") {
		all := postalWords(part)
		kept := slices.DeleteFunc(slices.Clone(all), func(w string) bool { return cityWords()[w] || cityWords()[shortUmlauts(w)] })
		if len(kept) == 0 {
			kept = slices.DeleteFunc(all, func(w string) bool { return len(shortUmlauts(w)) < 3 }) // Stadt may be a place
		}
		kept = kept[:min(len(kept), maxPostalWords)]
		for i, w := range kept {
			kept[i] = shortUmlauts(w)
			for _, form := range [...]string{shortWords()[w], cityNames()[kept[i]]} {
				if form != "" {
					kept[i] = form
				}
			}
		}
		if name := strings.Join(kept, " "); !saysNothing(name) {
			return name
		}
	}
	return ""
}

// postalWords splits a folded text into words of letters; those with digits say
// which district it is.
func postalWords(s string) []string {
	words := strings.FieldsFunc(strings.Map(dropApostrophe, s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return slices.DeleteFunc(words, func(w string) bool { return strings.IndexFunc(w, unicode.IsDigit) >= 0 })
}

func dropApostrophe(r rune) rune {
	if r == '\'' || r == '`' || unicode.Is(unicode.M, r) {
		return -1
	}
	return r
}

// shortUmlauts writes ae, oe, ue and aa with one letter, so that Koeln is Köln.
func shortUmlauts(w string) string {
	if !strings.Contains(w, "ae") && !strings.Contains(w, "oe") && !strings.Contains(w, "ue") && !strings.Contains(w, "aa") {
		return w
	}
	out := make([]byte, 0, len(w))
	for i := range len(w) {
		var last byte
		if len(out) > 0 {
			last = out[len(out)-1]
		}
		if w[i] == 'e' && (last == 'a' || last == 'o' || last == 'u') || w[i] == 'a' && last == 'a' {
			continue
		}
		out = append(out, w[i])
	}
	return string(out)
}

// withoutRemarks drops what stands in parentheses, unless nothing else is there.
func withoutRemarks(s string) string {
	out := s
	for {
		open := strings.IndexByte(out, '(')
		if open < 0 {
			break
		}
		_, rest, _ := strings.Cut(out[open:], ")")
		out = out[:open] + " " + rest
	}
	if strings.Trim(out, " ,.") == "" {
		return strings.Map(func(r rune) rune {
			if r == '(' || r == ')' {
				return ' '
			}
			return r
		}, s)
	}
	return out
}

// saysNothing reports whether a folded text only fills a field: n/a, unknown, ---.
func saysNothing(s string) bool {
	bare := strings.Map(onlyWord, s)
	return bare == "" || nothingWords()[bare] || strings.Trim(bare, "x") == "" || strings.Trim(bare, "0") == ""
}

var (
	// nothingWords fill a field that was not to be left empty, without blanks and signs.
	nothingWords = words(`na no non none nil null nan unknown undefined notknown notavailable notapplicable notprovided notgiven notspecified unspecified nothing empty blank
 anonymous private tbd tba tbc test testtest asdf asdfasdf qwerty any anything other misc same asabove seeabove confidential withheld declined refused
 keine keiner kein nein unbekannt keineangabe ka inconnu inconnue neant aucun aucune desconocido desconocida ninguno ninguna nulo sindatos noaplica
 desconhecido desconhecida nenhum nenhuma naoinformado sconosciuto sconosciuta nessuno nessuna onbekend geen okand ingen ukjent ukendt tuntematon
 nieznany nieznana brak neznamy neznama neizvestno neizvestnyy net ne netdannykh nevidomo nemaye nemaie bilinmiyor yok ismeretlen necunoscut agnosto tiada`)
	// cityWords say nothing about which place it is.
	cityWords = words(`city town village municipality municipal of the stadt hansestadt landeshauptstadt gemeinde kreisstadt ville commune de comune di citta ciudad cidade municipio
 gemeente kommune kommun stad miasto gmina obec mesto grad gorod g gor misto m selo s poselok pos pgt p derevnya der d stanitsa st-tsa horad cedex
 am an der im in ob bei b a upon on under sur sous les lez aan den op cap district metro greater suburb`)
	// cityNames are cities that go by several names in the languages leads come in,
	// folded and with umlauts in their short spelling.
	cityNames = wordForms(`athina: athens athen atenas athenes ateny afiny
 antwerpen: antwerp anvers
 basel: basle bale basilea
 beograd: belgrade belgrad belgrado
 bruxelles: brussel brussels brusel brussel bruselas
 bucuresti: bucharest bukarest bucarest
 budapest: budapesht
 hag: hagu haga
 firenze: florence florenz florencia
 geneve: geneva genf ginebra ginevra zheneva
 genova: genoa genua genes
 goteborg: gothenburg
 hannover: hanover
 istanbul: constantinople stambul
 kharkiv: kharkov charkiv kharkof
 kiyiv: kyiv kiev kiew kijow kyyiv
 kobenhavn: copenhagen kopenhagen copenhagu kopengagen
 koln: cologne kolonia keln
 krakow: cracow krakau cracovia krakov
 lisboa: lisbon lissabon lisbonne lissabon lisbona
 london: londres londra londyn
 luzern: lucerne lucerna
 lviv: lvov lwow lemberg
 milano: milan mailand
 moskva: moscow moskau moscou moscu moskwa mosca
 munchen: munich monachium myunkhen
 napoli: naples neapel napoles
 nurnberg: nuremberg norimberga
 odesa: odessa
 dnipro: dnepr dnipropetrovsk dnepropetrovsk
 paris: parigi paryz parizh
 praha: pragu prag praga
 roma: rome rom rzym
 sevilla: seville
 peterburg: petersburg
 stockholm: sztokholm stokgolm
 torino: turin turino
 venezia: venice venedig venise venecia
 warszawa: warsaw warschau varsovie varsovia varshava
 wien: vienna vienne wieden viden vena
 zaporizhzhya: zaporozhe zaporozhye
 zurich: zurigo tsyurikh`)
	// shortWords are written in full or short.
	shortWords = wordForms(`st: saint sankt sainte ste sint sveti svaty
 mt: mount
 ft: fort
 n: north
 s: south
 e: east
 w: west`)
)

// Premises returns the second line of an address (a house's name, a flat, a floor)
// as it is compared: folded letters and digits. It is "" for text that says nothing.
func Premises(text string) string {
	s := postalText(text)
	if len(text) > maxPostal || saysNothing(s) {
		return ""
	}
	return strings.Join(strings.Fields(foldName(s)), " ")
}
