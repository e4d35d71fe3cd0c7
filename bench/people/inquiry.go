package people

import (
	"slices"
	"strings"
	"time"
)

// draft is an inquiry that is being written.
type draft struct {
	Record
	Label
	at time.Time
}

// points notes a value that points at the person and is undamaged.
func (q *draft) points(kind, value string) {
	if k := kind + ":" + value; value != "" && !slices.Contains(q.Keys, k) {
		q.Keys = append(q.Keys, k)
	}
}

func (q *draft) noise(what string) {
	if !slices.Contains(q.Noise, what) {
		q.Noise = append(q.Noise, what)
	}
}

// inquiry writes what somebody leaves in a channel: only the columns that such a
// channel has.
func (w *world) inquiry(e event) *draft {
	q := &draft{at: e.at}
	p := e.person
	q.Person = p.key()
	q.Record[Channel] = e.channel
	switch e.channel {
	case "form":
		w.form(q, p, e.tablet)
	case "chat":
		w.chat(q, p)
	case "phone":
		w.call(q, p)
	case "whatsapp", "telegram", "facebook":
		w.messenger(q, p, e.channel)
	case "email":
		w.mail(q, p)
	case "ad":
		w.ad(q, p)
	case "import":
		w.row(q, p)
	default:
		w.relayed(q, p, e.channel)
	}
	return q
}

// form is a web form: what people type themselves.
func (w *world) form(q *draft, p *person, tablet string) {
	if w.chance(0.02) {
		w.nonsense(q, p)
		return
	}
	if w.chance(0.6) {
		w.twoFields(q, p)
	} else {
		q.Record[Name] = w.line(q, p)
	}
	if w.chance(0.92) || p.apart {
		w.typedEmail(q, p)
	}
	if !p.apart && (w.chance(0.7) || q.Record[Email] == "") {
		w.typedPhone(q, p)
	}
	if p.company != nil && w.chance(0.4) {
		q.Record[Company] = p.company.name
	}
	if w.chance(0.25) || p.apart && p.id%2 == 0 {
		w.home(q, p)
	}
	if w.chance(0.05) {
		w.birth(q, p)
	}
	if w.chance(0.05) && !p.apart {
		q.Record[CustomerID] = p.customer
		q.points("customer", p.customer)
	}
	if !p.apart {
		w.browser(q, p, tablet)
	} else if tablet == "" {
		q.Record[Visitor] = "v-" + w.hex(16)
	}
}

// browser leaves the visitor id.
func (w *world) browser(q *draft, p *person, tablet string) {
	switch {
	case tablet != "":
		q.Record[Visitor] = tablet
		q.noise("tablet")
	case w.chance(0.1): // no cookies
	case p.homeVisitor != "" && w.chance(0.5):
		q.Record[Visitor] = p.homeVisitor
		q.noise("shared browser")
	default:
		q.Record[Visitor] = p.visitorAt(float64(q.at.Sub(w.start)) / float64(year))
	}
	q.points("visitor", q.Record[Visitor])
}

// chat starts with a visitor and seldom gets a whole name.
func (w *world) chat(q *draft, p *person) {
	w.browser(q, p, "")
	if q.Record[Visitor] == "" {
		q.Record[Visitor] = "v-" + w.hex(16)
	}
	switch x := w.IntN(10); {
	case x < 4:
		q.Record[Name] = w.givenOnly(q, p)
	case x < 6:
		q.Record[Name] = w.line(q, p)
	}
	if w.chance(0.55) {
		w.typedEmail(q, p)
	}
	if w.chance(0.2) {
		w.typedPhone(q, p)
	}
}

// call is a telephone call: a number, sometimes what the network calls it.
func (w *world) call(q *draft, p *person) {
	if w.chance(0.06) {
		q.Record[Phone] = pick(w.dice, []string{"", "anonymous", "Unknown", "withheld", "Private", "Restricted", "unavailable", "+266696687"})
		q.noise("withheld")
		return
	}
	n, kind := w.line2(p, q.at)
	q.Record[Phone] = n.e164()
	if w.chance(0.3) { // as the exchange writes it
		q.Record[Phone] = n.region.trunk + n.digits
		if n.region != w.region {
			q.Record[Phone] = "00" + n.region.code + n.digits
		}
	}
	q.points("phone", n.e164())
	if kind != "mobile" {
		q.noise(kind)
	}
	switch {
	case kind == "switchboard" && w.chance(0.35):
		q.Record[Name], q.Record[Company] = p.company.name, p.company.name
	case w.chance(0.15): // fifteen capitals of the network
		s := strings.ToUpper(spell(p.familyAt(q.at)+" "+p.given, 0, true))
		q.Record[Name] = strings.TrimSpace(string([]rune(s)[:min(15, len([]rune(s)))]))
		q.noise("caller name")
	case w.chance(map[string]float64{"switchboard": 0.75, "landline": 0.6}[kind] + 0.2): // noted by whoever answered
		q.Record[Name] = w.line(q, p)
	}
	if q.Record[Name] == "" {
		q.noise("nameless")
	}
}

// line2 picks the number somebody calls from, and what kind it is.
func (w *world) line2(p *person, at time.Time) (n phone, kind string) {
	switch {
	case p.company != nil && w.chance(0.5):
		if !p.work.empty() && w.chance(0.5) {
			return p.work, "direct line"
		}
		return p.company.board, "switchboard"
	case !p.landline.empty() && w.chance(0.25):
		return p.landline, "landline"
	}
	return p.mobileAt(at), "mobile"
}

// messenger gives an id of the account and the name people show there.
func (w *world) messenger(q *draft, p *person, channel string) {
	switch channel {
	case "whatsapp":
		n := p.mobileAt(q.at)
		q.Record[Handle], q.Record[Phone] = strings.TrimPrefix(n.e164(), "+"), n.e164()
		q.points("phone", n.e164())
	case "telegram":
		q.Record[Handle] = p.telegram
		if w.chance(0.15) {
			n := p.mobileAt(q.at)
			q.Record[Phone] = n.e164()
			q.points("phone", n.e164())
		}
	default:
		q.Record[Handle] = p.facebook
	}
	q.points(channel, q.Record[Handle])
	switch x := w.IntN(10); {
	case x < 3 && channel != "facebook":
		q.Record[Name] = w.givenOnly(q, p)
	case x < 4 && channel != "facebook":
		q.Record[Name] = pick(w.dice, nicks()) + " " + pick(w.dice, []string{"🌸", "⚡", "👑", "", "x", "85"})
		q.noise("nickname")
	default:
		q.Record[Name] = w.line(q, p)
	}
}

// mail has an address and a name in one of many styles.
func (w *world) mail(q *draft, p *person) {
	w.sender(q, p)
	if q.Record[Email] == "" {
		return
	}
	switch x := w.IntN(20); {
	case x < 2:
	case x < 3:
		q.Record[Name] = q.Record[Email]
	case x < 5:
		q.Record[Name] = w.givenOnly(q, p)
	case p.company != nil && x < 8:
		q.Record[Name] = w.line(q, p) + pick(w.dice, []string{" | ", " - ", ", "}) + p.company.name
	case x < 9:
		q.Record[Name] = `"` + w.line(q, p) + `"`
	default:
		q.Record[Name] = w.line(q, p)
	}
	if w.chance(0.35) {
		w.typedPhone(q, p) // in the signature
	}
	if p.company != nil && w.chance(0.2) {
		q.Record[Company] = p.company.name
	}
}

// ad is the form of an advertisement, filled in by the network from a profile.
func (w *world) ad(q *draft, p *person) {
	q.Record[Name] = w.line(q, p)
	w.sender(q, p)
	if w.chance(0.8) && !p.apart {
		n := p.mobileAt(q.at)
		q.Record[Phone] = n.e164()
		q.points("phone", n.e164())
	}
	if w.chance(0.3) || p.apart {
		q.Record[City], q.Record[Postcode] = p.address.city, p.address.postcode
		if p.apart && p.id%2 == 0 {
			w.home(q, p)
		}
	}
}

// row is a line of somebody's table.
func (w *world) row(q *draft, p *person) {
	w.twoFields(q, p)
	if w.chance(0.8) || p.apart {
		w.typedEmail(q, p)
	}
	if w.chance(0.7) && !p.apart {
		w.typedPhone(q, p)
	}
	if w.chance(0.7) || p.apart && p.id%2 == 0 {
		w.home(q, p)
	}
	if w.chance(0.3) {
		w.birth(q, p)
	}
	if w.chance(0.4) && !p.apart {
		q.Record[CustomerID] = p.customer
		q.points("customer", p.customer)
	}
	if p.company != nil && w.chance(0.6) {
		q.Record[Company] = p.company.name
	}
}

// relayed is what a portal passes on: the name, an address of the portal's own,
// and the number of those who gave it.
func (w *world) relayed(q *draft, p *person, channel string) {
	q.Record[Channel] = "email"
	if channel != "portal" {
		q.Record[Channel] = "ad"
	}
	portal := pick(w.dice, []string{"homefinder.example", "usedcars.example", "handypros.example"})
	switch w.IntN(3) {
	case 0: // one address for all
		q.Record[Email] = pick(w.dice, []string{"noreply@", "leads@", "notifications@"}) + portal
	case 1: // another one each time
		q.Record[Email] = "buyer-" + w.hex(8) + "@reply." + portal
	default:
		q.Record[Email] = "reply+" + w.hex(10) + "@" + portal
	}
	q.noise("relay")
	q.Record[Name] = w.line(q, p)
	if w.chance(0.55) {
		w.typedPhone(q, p)
	}
	if w.chance(0.3) {
		q.Record[City], q.Record[Postcode] = p.address.city, p.address.postcode
	}
}
