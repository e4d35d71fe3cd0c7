package normal

import (
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/text/width"
)

// The years a calendar date is read in, and the last year of the century that two
// digits mean: dates here are mostly those people were born on.
const (
	firstYear   = 1800
	lastYear    = 2200
	pivotYear   = 30
	maxDateText = 64 // bytes
)

// Date reads a calendar date, such as a birth date, and returns it as yyyy-mm-dd.
// It takes figures in the orders people and files use, months by name, and
// timestamps, of which the time is dropped. Whether day or month stands first is
// decided by what is possible, then by region (ISO 3166-1). ok is false for what
// is no real day of the years 1800 to 2200, and for the dates that stand where
// somebody gave none: 1900-01-01, 1970-01-01, 01/01/01.
func Date(text, region string) (iso string, ok bool) {
	if len(text) == 10 && text[4] == '-' && text[7] == '-' && plainDigits(text[:4]) && plainDigits(text[5:7]) && plainDigits(text[8:]) {
		if !realDay(number(text[:4]), number(text[5:7]), number(text[8:])) || blockedDates()[text] {
			return "", false
		}
		return text, true // the common case, without allocation
	}
	if len(text) > maxDateText {
		return "", false
	}
	y, m, d, ok := dateParts(dateText(text), strings.ToUpper(region))
	if !ok || !realDay(y, m, d) {
		return "", false
	}
	iso = string(appendDate(make([]byte, 0, 10), y, m, d))
	if blockedDates()[iso] {
		return "", false
	}
	return iso, true
}

// blockedDates are what software and people enter for want of a date.
var blockedDates = words(`1900-01-01 1901-01-01 1899-12-30 1899-12-31 1899-12-29 1800-01-01 1970-01-01 1911-11-11 2099-12-31 2100-01-01`)

func appendDate(b []byte, y, m, d int) []byte {
	b = strconv.AppendInt(b, int64(y), 10)
	return append(b, '-', byte('0'+m/10), byte('0'+m%10), '-', byte('0'+d/10), byte('0'+d%10))
}

// realDay reports whether the calendar has the day.
func realDay(y, m, d int) bool {
	return y >= firstYear && y <= lastYear && m >= 1 && m <= 12 && d >= 1 && d <= time.Date(y, time.Month(m)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

func plainDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// number is the value of at most nine digits.
func number(s string) int {
	n := 0
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	return n
}

// dateText is a text folded, in ASCII digits, and without a time of day.
func dateText(s string) string {
	s = Text(s)
	if !isASCII(s) {
		s = strings.Map(asciiDigit, width.Fold.String(s))
	}
	s = strings.TrimSpace(Search(s))
	if i := strings.IndexByte(s, ':'); i >= 0 { // 00:00, and what stands behind it
		for i > 0 && s[i-1] >= '0' && s[i-1] <= '9' {
			i--
		}
		s = strings.TrimRight(s[:i], " t,")
	}
	if len(s) > 8 && s[8] == 't' && plainDigits(s[:8]) { // 19610214t000000z
		s = s[:8]
	}
	return s
}

// datePart is one run of digits or of letters.
type datePart struct {
	text string
	sep  byte // what stood before it
}

// splitDate cuts a text into runs of digits and of letters. It gives none when there are too many.
func splitDate(s string) (parts []datePart) {
	kind, from, sep := 0, 0, byte(0)
	flush := func(to int) {
		if kind != 0 {
			parts = append(parts, datePart{s[from:to], sep})
			sep = 0
		}
	}
	for i, r := range s {
		now := 0
		switch {
		case r >= '0' && r <= '9':
			now = 1
		case unicode.IsLetter(r):
			now = 2
		}
		if now == kind && now != 0 {
			continue
		}
		flush(i)
		if kind, from = now, i; now == 0 && (sep == 0 || sep == ' ') && r < 0x80 {
			sep = byte(r)
		}
	}
	flush(len(s))
	if len(parts) > 9 {
		return nil
	}
	return parts
}

// dateParts reads year, month and day out of a folded text.
func dateParts(s, region string) (y, m, d int, ok bool) {
	var figures []datePart
	month, named := 0, 0
	for _, p := range splitDate(s) {
		switch {
		case plainDigits(p.text):
			figures = append(figures, p)
		case monthNames()[p.text] != 0:
			month, named = monthNames()[p.text], named+1
		case !dateWords()[p.text]:
			return 0, 0, 0, false
		}
	}
	switch {
	case named == 1 && len(figures) == 2:
		return namedMonth(figures, month)
	case named == 0 && len(figures) == 1:
		return compactDate(figures[0].text, region)
	case named == 0 && len(figures) == 3 && !oneDigit(figures):
		return threeFigures(figures, region)
	}
	return 0, 0, 0, false
}

// oneDigit reports whether somebody leaned on a key: 11/11/11.
func oneDigit(figures []datePart) bool {
	all := figures[0].text + figures[1].text + figures[2].text
	return sameByte(strings.ReplaceAll(all, "0", all[len(all)-1:])) && len(figures[0].text) < 4 && len(figures[2].text) < 4
}

// namedMonth reads 14 Feb 1961, February 14, 1961 and 1961 Feb 14.
func namedMonth(figures []datePart, month int) (y, m, d int, ok bool) {
	a, b := figures[0].text, figures[1].text
	if len(a) == 4 || len(a) == 2 && number(a) > 31 {
		a, b = b, a
	}
	if len(a) > 2 || len(b) != 2 && len(b) != 4 {
		return 0, 0, 0, false
	}
	return fullYear(b), month, number(a), true
}

// fullYear is the year two or four digits mean.
func fullYear(s string) int {
	y := number(s)
	switch {
	case len(s) > 2:
		return y
	case y <= pivotYear:
		return 2000 + y
	}
	return 1900 + y
}

// compactDate reads 19610214 and 14021961, and six digits where they can only
// mean one day.
func compactDate(s, region string) (y, m, d int, ok bool) {
	switch len(s) {
	case 8:
		if y, m, d = number(s[:4]), number(s[4:6]), number(s[6:]); realDay(y, m, d) {
			return y, m, d, true
		}
		m, d, ok = dayAndMonth(number(s[:2]), number(s[2:4]), number(s[4:]), monthFirst(region))
		return number(s[4:]), m, d, ok
	case 6:
		y, m, d = fullYear(s[:2]), number(s[2:4]), number(s[4:])
		yearFirst := realDay(y, m, d)
		m2, d2, last := dayAndMonth(number(s[:2]), number(s[2:4]), fullYear(s[4:]), monthFirst(region))
		switch {
		case yearFirst == last:
			return 0, 0, 0, false
		case yearFirst:
			return y, m, d, true
		}
		return fullYear(s[4:]), m2, d2, true
	}
	return 0, 0, 0, false
}

// threeFigures reads three numbers between separators.
func threeFigures(f []datePart, region string) (y, m, d int, ok bool) {
	a, b, c := f[0].text, f[1].text, f[2].text
	switch {
	case len(b) > 2:
		return 0, 0, 0, false
	case len(a) == 4 && len(c) <= 2:
		return number(a), number(b), number(c), true
	case len(a) > 2 || len(c) != 2 && len(c) != 4:
		return 0, 0, 0, false
	case len(a) == 2 && len(c) == 2 && (number(a) > 31 || yearFirst(region)):
		if y, m, d = fullYear(a), number(b), number(c); realDay(y, m, d) {
			return y, m, d, true
		}
	}
	y = fullYear(c)
	m, d, ok = dayAndMonth(number(a), number(b), y, monthFirst(region) && f[1].sep != '.')
	return y, m, d, ok
}

// dayAndMonth decides which of two numbers is the month, by what the calendar has
// and then by custom.
func dayAndMonth(a, b, y int, monthFirst bool) (m, d int, ok bool) {
	if monthFirst {
		a, b = b, a
	}
	switch {
	case realDay(y, b, a):
		return b, a, true
	case realDay(y, a, b):
		return a, b, true
	}
	return 0, 0, false
}

// monthFirst reports whether 02/03/1961 is a day of February in a country.
func monthFirst(region string) bool {
	switch region {
	case "US", "PR", "GU", "VI", "AS", "MP", "UM", "FM", "MH", "PW", "PH":
		return true
	}
	return false
}

// yearFirst reports whether a country writes 61/02/14.
func yearFirst(region string) bool {
	switch region {
	case "CN", "JP", "KR", "TW", "HK", "MN", "HU", "LT", "SE", "IR", "ZA":
		return true
	}
	return false
}

// dateWords may stand in a date and say nothing: ordinals, of, weekdays.
var dateWords = words(`st nd rd th er o a e of the de del den dia g god goda r roku p rik roku sz
 mon monday tue tues tuesday wed wednesday thu thur thurs thursday fri friday sat saturday sun sunday
 montag dienstag mittwoch donnerstag freitag samstag sonntag lundi mardi mercredi jeudi vendredi samedi dimanche 年 月 日 년 월 일 年生`)

// monthNames holds the month a folded word names.
var monthNames = sync.OnceValue(func() map[string]int {
	names := map[string]int{}
	n := 0
	for line := range strings.Lines(monthTable) {
		for w := range strings.FieldsSeq(line) {
			names[w] = n
		}
		n++
	}
	return names
})

// monthTable holds a month a line, folded as Search does: English, German,
// French, Spanish, Portuguese, Italian, Dutch, the Nordic languages, Polish,
// Czech, Russian, Ukrainian, Romanian, Hungarian, Turkish, Indonesian, Greek.
const monthTable = `
january jan januar janner janvier janv enero ene janeiro gennaio gen januari tammikuuta tammikuu stycznia styczen sty ledna leden yanvarya yanvar yanv sichnya sichen ianuarie ian ocak oca januar ianouariou
february feb februar febr fevrier fevr fev febrero fevereiro febbraio februari helmikuuta helmikuu lutego luty lut unora unor fevralya fevral lyutogo lyutii februarie subat sub fevrouariou
march mar marz maerz mrz mars marzo março marco maart mrt maaliskuuta maaliskuu marca marzec brezna brezen marta mart bereznya berezen martie marcius martiou maret
april apr avril avr abril abr aprile huhtikuuta huhtikuu kwietnia kwiecien kwi dubna duben aprelya aprel kvitnya kviten aprilie aprilis nisan nis apriliou
may mai mayo maio maggio mag mei maj toukokuuta toukokuu maja kvetna kveten maya travnya traven majus mayis maiou mag
june jun juni juin junio junho giugno giu kesakuuta kesakuu czerwca czerwiec cze cervna cerven iyunya iyun chervnya cherven iunie iun junius haziran haz iouniou
july jul juli juillet juil julio julho luglio lug heinakuuta heinakuu lipca lipiec lip cervence cervenec iyulya iyul lipnya lipen iulie iul julius temmuz tem iouliou
august aug aout agosto ago augustus augusti elokuuta elokuu sierpnia sierpien sie srpna srpen avgusta avgust avg serpnya serpen augusztus agustos agu avgoustou agustus
september sep sept septembre septiembre setembro set settembre syyskuuta syyskuu wrzesnia wrzesien wrz zari sentyabrya sentyabr sent veresnya veresen septembrie szeptember eylul eyl septemvriou
october oct oktober okt octobre octubre outubro out ottobre ott lokakuuta lokakuu pazdziernika pazdziernik paz rijna rijen oktyabrya oktyabr zhovtnya zhovten octombrie ekim eki oktovriou
november nov novembre noviembre novembro marraskuuta marraskuu listopada listopad lis listopadu noyabrya noyabr noyab noiembrie kasim kas noemvriou
december dec dezember dez decembre diciembre dic dezembro dicembre joulukuuta joulukuu grudnia grudzien gru prosince prosinec dekabrya dekabr dek grudnya gruden decembrie aralik ara dekemvriou desember des
`
