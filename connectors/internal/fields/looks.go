package fields

import (
	"net/url"
	"path"
	"strconv"
	"strings"

	"leadgate/lead"
	"leadgate/lead/normal"
)

// looksEmail reports whether the whole text has the shape of an e-mail address.
func looksEmail(s string) bool {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at > 64 || len(s) > 254 || strings.ContainsAny(s, " \t\r\n,;<>()[]\"/:") || strings.IndexByte(s[:at], '@') >= 0 {
		return false
	}
	dot := strings.LastIndexByte(s[at:], '.')
	return dot > 1 && len(s)-at-dot > 2
}

// looksPhone reports whether the whole text can be a phone number: 7 to 15
// digits, an extension aside, with nothing but what is written between them. A
// date and a span of time are none.
func looksPhone(s string) bool {
	digits, groups, last := 0, 0, rune(0)
	for i, c := range s {
		switch {
		case c >= '0' && c <= '9':
			if last < '0' || last > '9' {
				groups++
			}
			digits++
		case c == '+' && i == 0:
		case strings.ContainsRune(" -./()\u00a0\u2009\u2010\u2011\u2013", c):
		default:
			return false
		}
		last = c
	}
	return digits >= 7 && digits <= 15 && !(groups == 3 && digits == 8 && looksDate(s))
}

// looksDate reports whether eight digits in three groups are a day.
func looksDate(s string) bool {
	parts := strings.FieldsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	if len(parts) != 3 || s[0] == '+' {
		return false
	}
	year, month := parts[0], parts[1]
	if len(parts[2]) == 4 {
		year = parts[2]
	}
	return len(year) == 4 && (year[:2] == "19" || year[:2] == "20") && (month <= "12" || parts[0] <= "12" || len(parts[0]) == 4)
}

func isURL(s string) bool {
	return (strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://")) && len(s) > len("https://") && !strings.ContainsAny(s, " \r\n\t")
}

func isDecimal(s string) bool {
	whole, part, dotted := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	return allDigits(whole) && (!dotted || allDigits(part)) && len(s) <= 40
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i]-'0' > 9 {
			return false
		}
	}
	return s != ""
}

// code reports whether s is n ASCII letters, as the codes of ISO 3166 and 4217 are.
func code(s string, n int) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return len(s) == n
}

// tick reads the value of a box. ok is false when the text is none.
func tick(s string) (checked, ok bool) {
	switch strings.ToLower(s) {
	case "1", "true", "on", "yes", "y", "checked", "accepted", "agree", "agreed", "ja", "oui", "si", "sí", "sim", "да", "так", "tak", "evet", "áno", "ano", "kyllä", "igen", "da", "ναι", "はい", "是", "예", "네", "نعم", "כן", "ya", "có", "x", "✓", "✔":
		return true, true
	case "0", "false", "off", "no", "n", "unchecked", "declined", "nein", "non", "não", "nao", "нет", "ні", "nie", "nee", "hayır", "hayir", "nej", "nei", "ei", "nem", "ne", "nu", "όχι", "いいえ", "否", "아니요", "لا", "לא", "tidak", "không":
		return false, true
	}
	return false, false
}

// agrees reports whether the text of a box says yes: it speaks of consent and does not deny it.
func agrees(s string) bool {
	read := reading{}.under(s)
	return len(s) <= maxQuestion && read.words&wConsent != 0 && read.words&(wNegation&^wNoise) == 0
}

func salutation(s string) bool {
	switch strings.TrimSuffix(strings.ToLower(s), ".") {
	case "mr", "mrs", "ms", "miss", "mx", "dr", "prof", "herr", "frau", "m", "mme", "mlle", "sr", "sra", "sig", "dhr", "mevr", "bay", "bayan", "pan", "pani":
		return true
	}
	return false
}

// FromURL fills the campaign and the click ids that stand in the query of a
// page's address and are not known yet. A campaign is taken whole or not at all.
func FromURL(a *lead.Attribution, address string) {
	_, query, ok := strings.Cut(address, "?")
	if !ok || !strings.Contains(query, "utm_") && !strings.Contains(query, "clid") && !strings.Contains(query, "braid") && !strings.Contains(query, "li_fat") {
		return
	}
	query, _, _ = strings.Cut(query, "#")
	known := a.Source != "" || a.Medium != "" || a.Campaign != "" || a.Term != "" || a.Content != ""
	m := mapper{}
	m.q.Attribution = *a
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		role, of := exactRole(reading{}.under(unescape(name, "")).joined)
		value = strings.TrimSpace(unescape(value, ""))
		switch {
		case value == "":
		case role == roleUTM && !known:
			fill(utmSlot(&m.q.Attribution, of), value)
		case role == roleClick:
			m.putClick(of, value)
		}
	}
	*a = m.q.Attribution
}

// linkedFile is a file the sender keeps and names by its address.
func linkedFile(address string) lead.Attachment {
	name := ""
	if u, err := url.Parse(address); err == nil && path.Base(u.Path) != "." && path.Base(u.Path) != "/" {
		name = FileName(path.Base(u.Path), 255)
	}
	return lead.Attachment{Kind: "file", Name: name, URL: address}
}

// fileOf reads an object that describes an uploaded file: an address beside its name, type or size.
func fileOf(v Value) (lead.Attachment, bool) {
	var f lead.Attachment
	for _, it := range v.Items {
		if !it.Value.Scalar() {
			return lead.Attachment{}, false
		}
		text := strings.TrimSpace(it.Value.Text)
		switch strings.ToLower(it.Name) {
		case "url", "href", "file_url":
			f.URL = text
		case "name", "filename", "file_name":
			f.Name = FileName(text, 255)
		case "mimetype", "mime_type", "type", "content_type", "contenttype":
			f.Type = text
		case "size":
			f.Size, _ = strconv.ParseInt(text, 10, 64)
		case "id":
			f.Ref = text
		default:
			return lead.Attachment{}, false
		}
	}
	f.Kind = attachmentKind(f.Type)
	return f, isURL(f.URL) && (f.Name != "" || f.Type != "" || f.Size != 0)
}

// looksBorn reports whether a text is a birth date, or one that was mistyped.
func looksBorn(text string) bool {
	if _, ok := normal.Date(text, ""); ok {
		return true
	}
	return len(text) <= 10 && countDigits(text) == 8 && strings.Trim(text, "0123456789-./ ") == ""
}
