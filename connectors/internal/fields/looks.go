package fields

import (
	"net/url"
	"path"
	"strconv"
	"strings"

	"leadgate/lead"
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
// digits, an extension aside, with nothing but what is written between them.
func looksPhone(s string) bool {
	digits := 0
	for i, c := range s {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c == '+' && i == 0:
		case strings.ContainsRune(" -./()\u00a0\u2009\u2010\u2011\u2013", c):
		default:
			return false
		}
	}
	return digits >= 7 && digits <= 15
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
	case "1", "true", "on", "yes", "y", "checked", "accepted", "agree", "agreed", "ja", "oui", "si", "sí", "sim", "да", "так", "tak", "evet":
		return true, true
	case "0", "false", "off", "no", "n", "unchecked", "declined", "nein", "non", "não", "nao", "нет", "ні", "nie", "nee", "hayır", "hayir":
		return false, true
	}
	return false, false
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
