package normal

import (
	"slices"
	"strings"
	"sync"
	"unicode"
)

// streetTokens splits a part of a folded street line into words and numbers.
func streetTokens(s string) []string {
	var out []string
	for chunk := range strings.FieldsSeq(s) {
		out = appendChunk(out, chunk)
		if len(out) > 4*maxPostalWords {
			break
		}
	}
	return joinLetters(out)
}

// appendChunk adds what stands between two blanks: a number with its letter, an
// abbreviation with its dots (v.le, b-r), or words that punctuation joins.
func appendChunk(out []string, chunk string) []string {
	if plainDigits(chunk) {
		return append(out, chunk)
	}
	if strings.Trim(chunk, "abcdefghijklmnopqrstuvwxyz") == "" && chunk != "" { // nearly every word
		return appendWord(out, chunk)
	}
	chunk = strings.TrimFunc(chunk, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '#' })
	if chunk == "" {
		return out
	}
	if chunk[0] == '#' {
		return appendChunk(append(out, "#"), strings.TrimLeft(chunk, "#"))
	}
	if digits := leadingDigits(chunk); digits > 0 {
		return appendNumber(out, chunk, digits)
	}
	if bare := strings.Map(onlyWord, chunk); bare != chunk && (streetClasses()[bare] != "" || unitWords()[bare] || numberMarkers()[bare] || bare == "po") {
		return append(out, bare)
	}
	for w := range strings.FieldsFuncSeq(articleMarks.Replace(chunk), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		out = appendWord(out, w)
	}
	return out
}

// articleMarks parts the articles of French and Italian from their word, and
// joins other apostrophes: l'Eglise, O'Connell.
var articleMarks = strings.NewReplacer("dell'", "dell ", "sant'", "st ", "d'", "d ", "l'", "l ", "'", "", "`", "")

func onlyWord(r rune) rune {
	if unicode.IsLetter(r) || unicode.IsDigit(r) {
		return r
	}
	return -1
}

func leadingDigits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

// appendNumber adds a chunk that starts with digits: 12, 12a, 12/5, 12-14, 5th, 17juni.
func appendNumber(out []string, chunk string, digits int) []string {
	letters := digits
	for letters < len(chunk) && chunk[letters] >= 'a' && chunk[letters] <= 'z' {
		letters++
	}
	tail := chunk[digits:letters]
	switch {
	case tail == "st" || tail == "nd" || tail == "rd" || tail == "th" || tail == "eme" || tail == "ere" || tail == "er":
		return appendChunk(append(out, chunk[:digits]+"th"), chunk[letters:])
	case len(tail) > 1 && tail != "bis" && tail != "ter":
		return appendChunk(append(out, chunk[:digits]), chunk[digits:])
	case tail == "" && letters < len(chunk) && chunk[letters] == '-' && cyrillicOrdinals()[chunk[letters+1:]]: // 1-я Тверская
		return append(out, chunk[:digits]+"th")
	}
	if i := strings.IndexAny(chunk, "/-"); i > 0 && i+2 < len(chunk) && leadingDigits(chunk[i+1:]) == 0 && chunk[i+1:] != "bis" && chunk[i+1:] != "ter" { // 12/Top 15
		return appendChunk(append(out, chunk[:i]), chunk[i+1:])
	}
	for i, r := range chunk {
		if r != '/' && r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') {
			return appendChunk(append(out, chunk[:i]), chunk[i:])
		}
	}
	return append(out, chunk)
}

// appendWord adds a word; a number that is written to its marker (d12), and a
// German word for street that is written to its name, become words of their own.
func appendWord(out []string, w string) []string {
	if i := strings.IndexAny(w, "0123456789"); i > 0 && (numberMarkers()[w[:i]] || unitWords()[w[:i]]) {
		return appendChunk(append(out, w[:i]), w[i:])
	}
	for _, end := range [...]string{"strasse", "strase", "straat", "str"} {
		if name, ok := strings.CutSuffix(w, end); ok && len(name) > 2 {
			return append(out, name, "str")
		}
	}
	switch {
	case ordinals()[w] != "":
		w = ordinals()[w]
	case streetClasses()[w] == "" && !unitWords()[w] && !numberMarkers()[w]:
		w = shortUmlauts(w)
	}
	return append(out, w)
}

// joinLetters writes the letter of a house to its number: 12 a, 12 bis.
func joinLetters(tokens []string) []string {
	out := tokens[:0]
	for i, t := range tokens {
		if n := len(out); n > 0 && plainDigits(out[n-1]) && houseLetter(t, i, tokens) {
			out[n-1] += t
			continue
		}
		out = append(out, t)
	}
	return out
}

// houseLetter reports whether the word at i, behind a number, belongs to it. At
// the end any letter does, and so it does before the number of a flat; at the
// begin it may be a direction or a short word: 12 E Main St, 12 r. Monge.
func houseLetter(t string, i int, tokens []string) bool {
	switch {
	case t == "bis" || t == "ter" || t == "quater":
		return true
	case len(t) != 1 || t[0] < 'a' || t[0] > 'z':
		return false
	case i == len(tokens)-1:
		return true
	case i == 1:
		return t[0] <= 'h' && t != "e"
	}
	return isNumber(tokens[i+1]) && !unitWords()[t] && !numberMarkers()[t]
}

// isNumber reports whether a token can be a house number; 5th is a street's name.
func isNumber(t string) bool {
	return t != "" && t[0] >= '0' && t[0] <= '9' && !strings.HasSuffix(t, "th")
}

// withoutUnits drops flats, floors and buildings, and finds a marked number.
func withoutUnits(tokens []string) (rest []string, marked string) {
	for i := 0; i < len(tokens); i++ {
		t, next := tokens[i], i+1
		for next < len(tokens) && numberMarkers()[tokens[next]] && next > i && unitWords()[t] {
			next++
		}
		follows := next < len(tokens) && (isNumber(tokens[next]) || unitWords()[t] && len(tokens[next]) == 1 && next == len(tokens)-1)
		last := len(rest) - 1
		switch {
		case unitWords()[t] && follows && !(t == "box" && last >= 0 && rest[last] == "po"):
			if slash := strings.LastIndexByte(tokens[next], '/'); slash > 0 && leadingDigits(tokens[next][slash+1:]) > 0 { // unit 3/12
				rest = append(rest, tokens[next][slash+1:])
			}
			i = next
		case t == "str" && follows && last >= 0 && isNumber(rest[last]): // д. 12 стр. 1
			i = next
		case floorWords()[t] && last >= 0 && (rest[last] >= "0" && rest[last] < ":" || floorNames()[rest[last]]):
			rest = rest[:last]
		case unitNames()[t] && len(tokens) > 1:
		case numberMarkers()[t] && follows:
			if marked == "" && !(t == "#" && hasName(rest) && slices.ContainsFunc(rest, isNumber)) { // 12 High St #4
				marked = tokens[next]
			}
			i = next
		case t == "#":
		default:
			rest = append(rest, t)
		}
	}
	return rest, marked
}

// houseToken finds the number in a field of its own.
func houseToken(s string) string {
	if s == "" {
		return ""
	}
	rest, marked := withoutUnits(streetTokens(strings.ReplaceAll(s, ",", " ")))
	if marked != "" {
		return marked
	}
	for _, t := range rest {
		if isNumber(t) {
			return t
		}
	}
	return ""
}

// houseNumber is a number as it is compared. Of 5/12 the house is the 12 where
// the number stands in front of the street (flat 5 of 12 High St), else the 5.
func houseNumber(t string, english bool) string {
	if i := strings.LastIndexByte(t, '/'); i > 0 && english && leadingDigits(t[i+1:]) > 0 {
		t = t[i+1:]
	}
	n := leadingDigits(t)
	digits := strings.TrimLeft(t[:n], "0")
	if digits == "" || len(digits) > 6 {
		return ""
	}
	letter := strings.TrimLeft(t[n:], "/-")
	switch {
	case letter == "bis" || letter == "ter" || letter == "quater", len(letter) == 1 && letter[0] >= 'a' && letter[0] <= 'z':
		return digits + letter
	}
	return digits
}

// wordForms reads lines of a form and the words it stands for.
func wordForms(text string) func() map[string]string {
	return sync.OnceValue(func() map[string]string {
		forms := map[string]string{}
		for line := range strings.Lines(text) {
			form, list, _ := strings.Cut(line, ":")
			form = strings.TrimSpace(form)
			forms[form] = form
			for w := range strings.FieldsSeq(list) {
				forms[w] = form
			}
		}
		return forms
	})
}

// The words of street lines, folded and with umlauts in their short spelling.
var (
	// streetClasses says what a thing with houses along it is called, in English, German,
	// French, Spanish, Portuguese, Italian, Dutch, the Nordic and Slavic languages,
	// Hungarian, Romanian, Turkish and Greek.
	streetClasses = wordForms(`str: street st strt strasse strase straat rue r via v calle c cl rua ulitsa ulica ulice ul vulitsya vulitsa vul utca sokak sokagi sok sk strada gatan gata gade gate odos jalan jl
 rd: road roads
 av: avenue ave aven avn avenida avda avd prospekt prosp prkt prt pr viale vle cadde caddesi cad cd leoforos leof
 bd: boulevard blvd bvd boul bulvar bulevar bulevardul bdul bul blv bulvari br bld
 pl: place plaza plz platz ploshchad ploshcha plac piazza pza pzza praca pca namesti nam plein torget torg plass plads
 sq: square
 ln: lane pereulok per provulok prov vicolo vic travessa
 dr: drive drv proezd prd
 ct: court crt
 cr: crescent cres crs cresc
 cl: close
 tce: terrace ter terr
 pde: parade
 gr: grove grv
 hwy: highway hway
 pwy: parkway pkwy pky
 cct: circuit
 cir: circle circ
 esp: esplanade
 gdn: garden gardens gdns
 wy: way
 trl: trail
 trk: track
 aly: alley
 al: allee alle aleja aleje alameda all
 ch: chemin che chem
 imp: impasse
 rte: route
 cso: corso
 pas: paseo pso
 ctra: carretera crta
 cam: camino cno
 nab: naberezhnaya naberezhna nabrezi kai quai quay
 sh: shosse sose
 rod: rodovia
 estr: estrada
 ps: passage
 kra: carrera cra`)
	// englishStreets stand behind the name, and the number in front of it.
	englishStreets = words(`street st rd road ave avenue av dr drive ct court ln lane cr cres crescent close cl terrace tce ter parade pde grove gr hwy highway pwy parkway pkwy
 circuit cct circle cir square sq place pl boulevard blvd bd esplanade esp garden gardens gdn gdns way wy trail trl track trk alley aly`)
	// shortDirections are the points of the compass.
	shortDirections = wordForms(`n: north
 s: south
 e: east
 w: west
 ne: northeast
 nw: northwest
 se: southeast
 sw: southwest`)
	// streetShort are words of names that are written in full or short.
	streetShort = wordForms(`st: saint sankt sainte ste sint
 mt: mount
 ft: fort
 dr: doktor doctor docteur doutor dottore
 prof: professor
 gen: general generala
 akad: akademika
 pres: president presidente
 sv: svateho sveti`)
	// streetArticles say nothing.
	streetArticles = words(`the of de la le les du des d l del della delle dello dei di da do dos das el los las het imeni`)
	// cyrillicOrdinals follow a number that is a street's name, in Latin letters.
	cyrillicOrdinals = words(`y ya oy aya iy yy go ogo ey`)
	// numberMarkers announce the number of a house.
	numberMarkers = words(`no nr num number numero n d dom nomer house haus hausnummer hno bud budynok budinok cp cislo # kucni broj szam civico nro`)
	// unitWords announce a part of a house.
	unitWords = words(`unit apt apartment appartement appt app flat flt fl suite ste room rm floor flr level lvl lev shop lot studio office dept
 wohnung whg top etage stock stiege tur kv kvartira of ofis office pom pomeshchenie etazh podyezd podezd korp korpus k stroenie litera sekciya
 m lok lokal mieszkanie piso puerta pta esc escalera apto departamento depto oficina bloque bl interno int scala piano bloco andar sala bat batiment
 box bte boite bus building bldg block blk tower kat daire hus lgh leilighet byt ap ajto em emelet lph dto dpto sc as`)
	// floorWords follow the number of a floor.
	floorWords = words(`floor flr level etage stock og piso andar piano etazh kat emelet em`)
	floorNames = words(`ground first second third top lower upper lobby`)
	// unitNames stand alone for a part of a house.
	unitNames = words(`og eg dg hinterhaus vorderhaus penthouse basement rdc souterrain bajo entlo atico esq dto dcho dcha izq izda izquierda derecha hs links rechts tv mf frente fundos`)
	// areaWords name a town or a district.
	areaWords = words(`gorod gor misto selo poselok pos pgt derevnya der oblast obl rayon rn kray respublika resp okrug mikrorayon mkr colonia barrio bairro mahallesi mah osiedle`)
	// ordinals are street names that are numbers.
	ordinals = wordForms(`1th: first
 2th: second
 3th: third
 4th: fourth
 5th: fifth
 6th: sixth
 7th: seventh
 8th: eighth
 9th: ninth
 10th: tenth
 11th: eleventh
 12th: twelfth`)
)
