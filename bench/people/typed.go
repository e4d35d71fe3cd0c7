package people

import (
	"strings"
	"time"
	"unicode"
)

// written returns given and family name as somebody writes them on a day: in
// their script, with or without accents, sometimes short, sometimes mistyped.
func (w *world) written(q *draft, p *person) (given, family string) {
	given, family = p.given, p.familyAt(q.at)
	if family != p.family {
		q.noise("name before wedding")
	}
	if w.chance(0.09) {
		if n := p.nickname(w.dice); n != "" {
			given = n
			q.noise("nickname")
		}
	}
	latin, scheme := p.typing.latin, p.typing.scheme
	if w.chance(0.06) {
		latin, scheme = !latin, w.IntN(3)
	}
	switch p.culture.name {
	case "cyrillic", "greek":
		if latin {
			given, family = spell(given, scheme, true), spell(family, scheme, true)
			q.noise("transliterated")
		}
	default:
		if p.typing.plain != w.chance(0.05) {
			given, family = spell(given, scheme, true), spell(family, scheme, true)
		}
	}
	slip := 0.015 * p.typing.careless
	if w.chance(slip) {
		given = typos(w.dice, given)
		q.noise("name typo")
	}
	if w.chance(slip * 1.3) {
		family = typos(w.dice, family)
		q.noise("name typo")
	}
	return given, family
}

// twoFields fills a field for each name.
func (w *world) twoFields(q *draft, p *person) {
	given, family := w.written(q, p)
	switch x := w.IntN(100); {
	case x < 2:
		given, family = family, given
		q.noise("swapped")
	case x < 7:
		family = ""
		q.noise("no family name")
	case x < 9:
		given = first(given) + pick(w.dice, []string{"", "."})
		q.noise("initial")
	case x < 11 && p.middle != "":
		given += " " + p.middle
	}
	q.Record[GivenName], q.Record[Surname] = w.cased(q, given), w.cased(q, family)
}

// line is the whole name on one line.
func (w *world) line(q *draft, p *person) string {
	given, family := w.written(q, p)
	s := given + " " + family
	switch x := w.IntN(100); {
	case x < 6:
		s = family + ", " + given
		q.noise("family name first")
	case x < 9:
		s = family + " " + given
		q.noise("swapped")
	case x < 12:
		s = first(given) + ". " + family
		q.noise("initial")
	case x < 14:
		s = given + " " + first(family) + "."
		q.noise("initial")
	case x < 16:
		s = pick(w.dice, []string{"Dr. ", "Mr ", "Mrs ", "Herr ", "Frau ", "Dipl.-Ing. ", "Sr. ", "Mme "}) + s
	case x < 20 && p.middle != "":
		s = given + " " + p.middle + " " + family
	case x < 22 && p.middle != "":
		s = given + " " + first(p.middle) + ". " + family
	case x < 25:
		s = given
		q.noise("no family name")
	}
	return w.cased(q, s)
}

// givenOnly is how people call themselves in a chat.
func (w *world) givenOnly(q *draft, p *person) string {
	given, _ := w.written(q, p)
	q.noise("no family name")
	return w.cased(q, given)
}

// cased writes some names in capitals or without any.
func (w *world) cased(q *draft, s string) string {
	switch x := w.IntN(100); {
	case x < 3:
		q.noise("capitals")
		return strings.ToUpper(s)
	case x < 8:
		return strings.ToLower(s)
	case x < 9:
		return " " + strings.ReplaceAll(s, " ", "  ") + " "
	}
	return s
}

// sender is the address somebody writes from; it has no typo.
func (w *world) sender(q *draft, p *person) string {
	address := p.email
	switch {
	case p.company != nil && w.chance(0.12):
		q.Record[Email] = p.company.role
		q.noise("role mailbox")
		return ""
	case p.shared != "" && w.chance(0.3):
		address = p.shared
		q.noise("shared mailbox")
	case p.apart && p.id%2 == 0: // a new one each time
		address = w.mailbox(p, w.region.mail.draw(w.dice))
		q.noise("another address")
	case p.second != "" && w.chance(0.25):
		address = p.second
	}
	q.Record[Email] = address
	q.points("email", address)
	return address
}

// typedEmail is an address with what goes wrong in a field.
func (w *world) typedEmail(q *draft, p *person) {
	before := len(q.Keys)
	address := w.sender(q, p)
	if address == "" {
		return
	}
	local, domain, _ := strings.Cut(address, "@")
	slip := 0.012 * p.typing.careless
	switch {
	case p.apart && p.id%2 != 0 && w.chance(0.5), w.chance(slip):
		local = strings.ReplaceAll(typos(w.dice, local), " ", "")
		q.noise("email typo")
	case w.chance(slip):
		domain = w.domainTypo(domain)
		q.noise("email typo")
	}
	q.Record[Email] = local + "@" + domain
	if q.Record[Email] != address {
		q.Keys = q.Keys[:before]
		return
	}
	switch x := w.IntN(100); {
	case x < 2:
		q.Record[Email] = local + pick(w.dice, []string{"+web", "+shop", "+offers", "+1"}) + "@" + domain
		q.noise("plus tag")
	case x < 5 && domain == "gmail.com":
		q.Record[Email] = dotted(w.dice, local) + "@" + domain
		q.noise("dots")
	case x < 6 && domain == "gmail.com":
		q.Record[Email] = local + "@googlemail.com"
	case x < 10:
		q.Record[Email] = strings.ToUpper(address[:1]) + address[1:]
	case x < 11:
		q.Record[Email] = strings.ToUpper(address)
	case x < 12:
		q.Record[Email] = " " + address + " "
	}
}

// dotted takes the dots of a local part away, or puts one in.
func dotted(d dice, local string) string {
	if plain := strings.ReplaceAll(local, ".", ""); plain != local && plain != "" {
		return plain
	}
	if len(local) < 4 {
		return local
	}
	i := d.between(1, len(local)-1)
	return local[:i] + "." + local[i:]
}

// domainTypo damages a domain the way people do.
func (w *world) domainTypo(domain string) string {
	first, rest, _ := strings.Cut(domain, ".")
	switch w.IntN(5) {
	case 0:
		return first + "." + strings.Replace(rest, "com", "con", 1)
	case 1:
		return first + "." + rest[:len(rest)-1]
	}
	return strings.ReplaceAll(typos(w.dice, first), " ", "") + "." + rest
}

// typedPhone is a number in any notation, sometimes with a wrong digit.
func (w *world) typedPhone(q *draft, p *person) {
	if p.apart {
		return
	}
	n, kind := w.line2(p, q.at)
	text := n.written(w.dice, w.region)
	if kind == "switchboard" && w.chance(0.2) {
		text += pick(w.dice, []string{" ext. ", " x", " ext "}) + w.digits("@#")
	}
	q.Record[Phone] = text
	if w.chance(0.012 * p.typing.careless) {
		q.Record[Phone] = digitTypo(w.dice, text)
		q.noise("phone typo")
		return
	}
	q.points("phone", n.e164())
	if kind != "mobile" {
		q.noise(kind)
	}
}

// home writes the address.
func (w *world) home(q *draft, p *person) {
	a := p.address
	if p.company != nil && w.chance(0.3) {
		a = p.company.address
	}
	street := a.street
	if w.chance(0.25) {
		street = otherwise(street)
	}
	if w.chance(0.015 * p.typing.careless) {
		street = typos(w.dice, street)
		q.noise("address typo")
	}
	if w.chance(0.5) {
		q.Record[StreetNumber], q.Record[Address1] = a.number, street
	} else if q.Record[Address1] = street + " " + a.number; w.region.numberFirst {
		q.Record[Address1] = a.number + " " + street
	}
	if w.chance(0.8) {
		q.Record[Address2] = a.unit
	}
	if w.chance(0.4) {
		q.Record[Suburb] = a.suburb
	}
	q.Record[City], q.Record[Postcode] = a.city, a.postcode
	if w.chance(0.5) {
		q.Record[State] = a.state
	}
	if w.chance(0.6) {
		q.Record[Country] = pick(w.dice, w.region.countries)
	}
	if w.chance(0.01 * p.typing.careless) {
		q.Record[Postcode] = digitTypo(w.dice, a.postcode)
		q.noise("address typo")
	}
}

// otherwise writes the same street in another way.
func otherwise(street string) string {
	for _, e := range [][2]string{{"straße", "str."}, {"strasse", "straße"}, {"str.", "straße"}, {" Street", " St"}, {" St", " Street"}, {" Road", " Rd"}, {" Rd", " Road"},
		{" Avenue", " Ave"}, {" Ave", " Avenue"}, {"Calle ", "C/ "}, {"C/ ", "Calle "}, {"Avenida ", "Avda. "}, {"вулиця ", "вул. "}, {"вул. ", ""}, {"avenue ", "av. "},
		{"boulevard ", "bd "}, {" street", " st"}, {" road", " rd"}} {
		if i := strings.Index(street, e[0]); i >= 0 && (i+len(e[0]) == len(street) || strings.HasSuffix(e[0], " ")) {
			return street[:i] + e[1] + street[i+len(e[0]):]
		}
	}
	return strings.Map(unicode.ToLower, street)
}

// birth writes the birth date, mostly the way machines do.
func (w *world) birth(q *draft, p *person) {
	q.Record[DateOfBirth] = p.born.Format(time.DateOnly)
	if w.chance(0.02) {
		q.Record[DateOfBirth] = digitTypo(w.dice, q.Record[DateOfBirth])
		q.noise("birth date typo")
	}
}

// nonsense is a form filled in just to get past it, wholly or in part.
func (w *world) nonsense(q *draft, p *person) {
	q.noise("placeholder")
	q.Record[Email] = pick(w.dice, []string{"test@test.com", "asdf@asdf.com", "no@email.com", "none@none.com", "a@a.com", "test@example.com", "xxx@xxx.com", "noemail@noemail.com"})
	q.Record[Phone] = pick(w.dice, []string{"0000000", "1234567890", "0000000000", "1111111111", "0123456789", "9999999999", "12345", ""})
	if w.chance(0.5) {
		q.Record[Name] = pick(w.dice, []string{"asdf", "test", "Test Test", "asdf asdf", "xxx", "Test User", "qwe rty", "no name"})
		return
	}
	q.Record[Name] = w.line(q, p)
	if w.chance(0.4) { // only the address is made up
		w.typedPhone(q, p)
	}
}
