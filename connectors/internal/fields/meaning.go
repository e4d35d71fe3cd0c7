package fields

import (
	"strings"
	"unicode"
	"unicode/utf8"
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
	roleID
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

// reading is what the words of a name, and of the names around it, amount to.
type reading struct {
	words   word
	unknown int
	second  bool   // holds the number 2
	joined  string // the folded last component
	wider   string // the same with the component around it
}

// maxName is the longest name that is read, in bytes. What is longer is a
// question in full, which is known only by its value.
const maxName = 80

// nameMeaning reads a name on its own.
func nameMeaning(name string) meaning { return reading{}.under(name).meaning() }

// under reads the name of a member of what r was read from.
func (r reading) under(name string) reading {
	out := reading{words: r.words, unknown: r.unknown}
	if len(name) > maxName {
		out.unknown++
		return out
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
		case c == '\'' || c == '’':
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
		r.second = r.second || string(w) == "2"
		return
	}
	if known := wordOf(string(w)); known != 0 {
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
	if c == 'ß' {
		return append(b, "ss"...)
	}
	if i := strings.IndexRune(marked, c); i >= 0 {
		return append(b, plain[utf8.RuneCountInString(marked[:i])])
	}
	if c == 'ё' {
		c = 'е'
	}
	return utf8.AppendRune(b, c)
}

// marked are the letters of the known languages with a diacritic, plain the same without.
const (
	marked = "àáâãäåąçćčďèéêëęěğìíîïıłńñňòóôõöøőřśšşťùúûüůűýÿźżž"
	plain  = "aaaaaaacccdeeeeeegiiiiilnnnooooooorssstuuuuuuyyzzz"
)

// meaning decides what the words mean together.
func (r reading) meaning() meaning {
	m := meaning{sure: r.unknown == 0, other: r.words&wOther != 0}
	if m.role, m.of = exactRole(r.joined); m.role == none && r.wider != r.joined {
		m.role, m.of = exactRole(r.wider)
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
	case "adsoyad", "имяфамилия", "фамилияимя":
		return roleName, ""
	case "title":
		return roleTitle, ""
	case "sourceurl", "currenturl", "formurl":
		return rolePage, ""
	case "createdat", "submittedat", "timestamp", "datecreated", "submissiontime", "createdtime", "submittime", "occurredat":
		return roleTime, ""
	}
	return none, ""
}

// role picks the place by the words. An e-mail address or a phone number may be
// called anything besides; every other place needs a name without unknown words.
func (r reading) role() role {
	w := r.words &^ wNoise
	only := func(main, beside word) bool { return w&main != 0 && w&^(main|beside) == 0 }
	switch {
	case w&wConsent != 0:
		return roleConsent
	case w&wOptIn != 0:
		return roleOptIn
	case w&wEmail != 0 && w&(wSubject|wMessage) == 0:
		return roleEmail
	case w&wPhone != 0 && w&(wID|wCountry|wState|wMessage|wSubject) == 0:
		return rolePhone
	case w&wFile != 0:
		return roleFile
	case r.unknown > 0:
		return none
	case r.personRole(only) != none:
		return r.personRole(only)
	}
	return r.placeRole(only)
}

// people are the words for whom a field is about, which change nothing.
const people = wCustomer | wVisitor | wUser

func (r reading) personRole(only func(main, beside word) bool) role {
	w := r.words
	switch {
	case only(wPosition, wTitle|wCompany|wName|people):
		return rolePosition
	case only(wCompany, wName|people):
		return roleCompany
	case w&wGiven != 0 && w&wFamily != 0 && only(wGiven|wFamily, wName|wAnd|people),
		w&wAnd != 0 && only(wGiven|wFamily, wName|wAnd|people):
		return roleName
	case only(wGiven, wName|people):
		return roleGiven
	case only(wFamily, wName|people):
		return roleFamily
	case only(wMiddle, wName|people):
		return roleMiddle
	case only(wPrefix, people):
		return rolePrefix
	case w&wName != 0 && only(wName, wFull|people):
		return roleName
	case only(wSubject, wMessage|wAnd):
		return roleSubject
	case only(wMessage, wAnd|people):
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

func (r reading) placeRole(only func(main, beside word) bool) role {
	const around = wAddress | wCompany | people
	w := r.words
	switch {
	case only(wUnit, around|wNumber), r.second && only(wAddress|wLine, around):
		return roleLine2
	case w&wStreet != 0 && w&wNumber != 0 && w&wAnd == 0 && only(wStreet|wNumber, around), w&wStreet == 0 && only(wHouse, around|wNumber):
		return roleNumber
	case only(wStreet, around|wName|wNumber|wHouse|wAnd|wLine), only(wAddress|wLine, around):
		return roleStreet
	case only(wCity, around|wName):
		return roleCity
	case only(wPostcode, around):
		return rolePostcode
	case only(wState, around|wName):
		return roleState
	case only(wCountry, around|wName):
		return roleCountry
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
	case only(wAmount, 0):
		return roleAmount
	case only(wCurrency, wAmount):
		return roleCurrency
	case only(wTags, people):
		return roleTags
	case only(wTest, 0):
		return roleTest
	}
	return none
}
