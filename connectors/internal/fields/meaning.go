package fields

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// role is the place in an inquiry that a field's name claims.
type role uint8

const (
	none role = iota
	roleEmail
	rolePhone
	roleName
	roleGiven
	roleMiddle
	roleFamily
	rolePrefix
	roleTitle
	roleUsername
	roleCompany
	rolePosition
	roleSubject
	roleMessage
	roleStreet
	roleNumber
	roleLine2
	roleCity
	rolePostcode
	roleState
	roleCountry
	roleUTM // meaning.of names the part
	roleClick
	rolePage
	roleLanding
	roleReferrer
	roleLocale
	roleTimezone
	roleConsent
	roleOptIn
	roleVisitor
	roleCustomer
	roleAmount
	roleCurrency
	roleTags
	roleTest
	roleTime
	roleFile
	roleInfix
	roleDial
	roleTotal
	roleBorn
)

// meaning is what a name says about its value.
type meaning struct {
	role  role
	of    string // which click id or part of utm
	sure  bool   // every word of the name is known
	other bool   // the value is somebody else's; no guessing from the value either
}

// personal reports whether the value is part of what makes an inquiry one.
func (m meaning) personal() bool { return m.role >= roleEmail && m.role <= roleMessage && m.sure }

// identity reports whether the value points at the person, when it has the shape.
func (m meaning) identity(text string) bool {
	text = strings.TrimSpace(text)
	return !m.other && (m.role == roleEmail && looksEmail(text) || m.role == rolePhone && looksPhone(text))
}

// reading is what the words of a name, and of the names around it, amount to.
type reading struct {
	words    word // of all names
	around   word // of the names around the last
	unknown  int
	numbered bool   // the last name holds a number
	second   bool   // holds the number 2
	another  bool   // as does a name around it
	joined   string // the folded last component
	wider    string // the same with the component around it
}

// Names up to maxName bytes are read as names. What is longer is a question in
// full, of which up to maxQuestion bytes are looked at, and which is known only
// by its value.
const (
	maxName     = 80
	maxQuestion = 400
)

// nameMeaning reads a name on its own.
func nameMeaning(name string) meaning { return reading{}.under(name).meaning() }

// under reads the name of a member of what r was read from.
func (r reading) under(name string) reading {
	out := reading{words: r.words, around: r.words, unknown: r.unknown, another: r.another}
	if len(name) > maxName {
		out.unknown++
		if len(name) > maxQuestion {
			return out
		}
	}
	var buf [2 * maxName]byte
	b := buf[:0]
	start, was := 0, rune(0) // where the current word starts, the rune before
	flush := func() {
		if start < len(b) {
			out.take(b[start:])
		}
		start = len(b)
	}
	for _, c := range name {
		switch {
		case unicode.Is(unicode.Mn, c): // a mark that decomposed text puts behind its letter
			continue
		case c == '-' && len(b) == start+1 && unicode.IsLetter(was): // e-mail, e-postadress are one word
			continue
		case !unicode.IsLetter(c) && !unicode.IsDigit(c):
			flush()
		case unicode.IsUpper(c) && unicode.IsLower(was), unicode.IsDigit(c) != unicode.IsDigit(was):
			flush()
			b = appendFolded(b, c)
		default:
			b = appendFolded(b, c)
		}
		was = c
	}
	flush()
	out.joined = string(b)
	out.wider = out.joined
	if r.joined != "" {
		out.wider = r.joined + out.joined
	}
	return out
}

// take reads one word.
func (r *reading) take(w []byte) {
	if w[0] >= '0' && w[0] <= '9' {
		r.numbered, r.second = true, r.second || string(w) == "2"
		r.another = r.another || r.second
		return
	}
	if known := wordOf(w); known != 0 {
		r.words |= known
	} else {
		r.unknown++
	}
}

// appendFolded appends a letter in lower case and without its diacritic.
func appendFolded(b []byte, c rune) []byte {
	if c < utf8.RuneSelf {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		return append(b, byte(c))
	}
	c = unicode.ToLower(c)
	switch c {
	case 'ß':
		return append(b, "ss"...)
	case 'æ':
		return append(b, "ae"...)
	case 'œ':
		return append(b, "oe"...)
	case 'ø':
		return append(b, 'o')
	case 'ł':
		return append(b, 'l')
	case 'đ', 'ð':
		return append(b, 'd')
	case 'ı':
		return append(b, 'i')
	case 'ς':
		c = 'σ'
	}
	if !unicode.Is(unicode.Hangul, c) {
		if parts := norm.NFD.PropertiesString(string(c)).Decomposition(); len(parts) > 0 {
			c, _ = utf8.DecodeRune(parts)
		}
	}
	return utf8.AppendRune(b, c)
}

// meaning decides what the words mean together.
func (r reading) meaning() meaning {
	m := meaning{sure: r.unknown == 0, other: r.words&wOther != 0}
	if m.role, m.of = exactRole(r.joined); m.role == none && r.wider != r.joined {
		m.role, m.of = exactRole(r.wider)
	}
	if m.role == roleTitle && r.unknown > 0 { // of a thing
		m.role = none
		return m
	}
	if m.role != none {
		m.sure = true
		return m
	}
	// What a form itself is called is nobody's name, however it is nested.
	if !m.other && !strings.HasSuffix(r.wider, "formname") {
		m.role = r.role()
	}
	return m
}

// exactRole knows the names that are terms rather than words.
func exactRole(joined string) (role, string) {
	if part, ok := strings.CutPrefix(joined, "utm"); ok {
		switch part {
		case "source", "medium", "campaign", "term", "content":
			return roleUTM, part
		}
	}
	switch joined {
	case "gclid", "fbclid", "yclid", "ttclid", "msclkid", "wbraid", "gbraid", "dclid", "twclid", "vkclid":
		return roleClick, joined
	case "lifatid":
		return roleClick, "li_fat_id"
	case "ctwaclid":
		return roleClick, "ctwa_clid"
	case "username", "nickname":
		return roleUsername, ""
	case "title":
		return roleTitle, ""
	case "sourceurl", "currenturl", "formurl", "pageuri", "location_href", "documenturl":
		return rolePage, ""
	case "createdat", "submittedat", "timestamp", "datecreated", "submissiontime", "createdtime", "submittime", "occurredat", "submissiondate", "submittedon", "createdon", "createddate", "creationdate":
		return roleTime, ""
	}
	return none, ""
}

// role picks the place by the words. An e-mail address or a phone number may be
// called anything besides; every other place needs a name without unknown words.
func (r reading) role() role {
	w := r.words &^ (wNoise | wNegation | wBill | wShip | wHelp | wWhole)
	only := func(main, beside word) bool { return w&main != 0 && w&^(main|beside) == 0 }
	switch {
	case w&wConsent != 0:
		return roleConsent
	case w&wOptIn != 0:
		return roleOptIn
	case w&wBirth != 0 && r.unknown == 0 && only(wBirth, wTime|wMessage|wHelp|people):
		return roleBorn
	case w&wTime != 0: // when something is to be done with what the other words name
		return none
	case w&wDial != 0 && w&^(wDial|wPhone|wCountry|wNumber) == 0, w&wPhone != 0 && only(wCountry, wPhone):
		return roleDial
	case w&wEmail != 0 && w&(wSubject|wMessage|wPostcode) == 0:
		return roleEmail
	case w&wPhone != 0 && w&(wID|wCountry|wState|wMessage|wSubject|wDial) == 0:
		return rolePhone
	case w&wFile != 0:
		return roleFile
	case r.unknown > 0:
		return none
	}
	if found := r.personRole(); found != none {
		return found
	}
	return r.placeRole(only)
}

// people are the words for whom a field is about, which change nothing.
const people = wCustomer | wVisitor | wUser

// personRole looks for what is about somebody. An address around it only says
// what else the name is used for.
func (r reading) personRole() role {
	const quiet = wNoise | wNegation | wBill | wShip | wWhole
	w := r.words &^ quiet
	if w&wAddress != 0 && r.words&^r.around&wAddress == 0 {
		w &^= wAddress
	}
	only := func(main, beside word) bool { return w&main != 0 && w&^(main|beside) == 0 }
	and := r.words&wAnd != 0
	own := r.words &^ r.around
	switch {
	case only(wPosition, wTitle|wCompany|wName|people):
		return rolePosition
	case only(wCompany, wName|wTitle|people):
		return roleCompany
	case and && only(wGiven|wFamily, wName|wAnd|wMiddle|people), own&wWhole != 0 && own&wName != 0 && only(wGiven, wName|people),
		w&wGiven != 0 && w&wFamily != 0 && only(wGiven|wFamily, wName|wAnd|wMiddle|people),
		w&wFamily != 0 && w&(wName|wShortAd) != 0 && only(wFamily, wName|wShortAd|people) && own&(wName|wShortAd) != 0 && r.pair():
		return roleName
	case w == wShortAd && r.joined == "ad": // Turkish
		return roleName
	case only(wGiven, wName|wFull|people):
		return roleGiven
	case only(wFamily, wName|wFull|people):
		return roleFamily
	case only(wInfix, wName|people):
		return roleInfix
	case only(wMiddle, wName|wFull|people):
		return roleMiddle
	case only(wPrefix, wTitle|wName|wFull|people):
		return rolePrefix
	case w&wName != 0 && only(wName, wFull|people):
		return roleName
	case only(wSubject, wMessage|wAnd):
		return roleSubject
	case only(wMessage|wHelp, wAnd|people) && !r.numbered:
		return roleMessage
	case only(wVisitor, wID):
		return roleVisitor
	case r.joined == "clientid":
		return none
	case w&(wID|wNumber) != 0 && only(wCustomer, wID|wNumber):
		return roleCustomer
	}
	return none
}

// pair reports whether the last name is two words for a name side by side, such
// as Adınız Soyadınız, and not one for a family name, such as nom de famille.
func (r reading) pair() bool {
	for _, first := range [...]string{"ad", "adi", "adiniz", "isim", "имя", "ім", "ime", "meno", "jmeno", "imie", "nume", "nev", "ονομα"} {
		if strings.HasPrefix(r.joined, first) || strings.HasSuffix(r.joined, first) && len(first) > 3 {
			return true
		}
	}
	return false
}

func (r reading) placeRole(only func(main, beside word) bool) role {
	const around = wAddress | wCompany | people
	w := r.words
	switch {
	case r.wider == "by": // Danish and Norwegian
		return roleCity
	case r.words&^r.around&wAddress != 0 && strings.Contains(r.joined, "postal") && !strings.Contains(r.joined, "cod") && only(wAddress|wPostcode, around):
		return roleStreet
	case only(wUnit, around|wNumber|wLine), r.second && only(wAddress|wLine|wStreet, around):
		return roleLine2
	case w&wStreet != 0 && w&wNumber != 0 && w&wAnd == 0 && only(wStreet|wNumber, around), w&wStreet == 0 && only(wHouse, around|wNumber):
		return roleNumber
	case only(wStreet, around|wName|wNumber|wHouse|wAnd|wLine), only(wAddress|wLine, around):
		return roleStreet
	case only(wCity, around|wName):
		return roleCity
	case only(wPostcode, around|wNumber):
		return rolePostcode
	case only(wCountry, around|wName|wState):
		return roleCountry
	case only(wState, around|wName):
		return roleState
	case only(wLanding, wPage|wURL):
		return roleLanding
	case only(wReferrer, wPage|wURL):
		return roleReferrer
	case only(wPage|wURL, 0):
		return rolePage
	case only(wLocale, people):
		return roleLocale
	case only(wTimezone, people):
		return roleTimezone
	case only(wAmount, wSum):
		return roleAmount
	case only(wSum, 0):
		return roleTotal
	case only(wCurrency, wAmount|wID):
		return roleCurrency
	case only(wTags, people):
		return roleTags
	case only(wTest, 0):
		return roleTest
	}
	return none
}
