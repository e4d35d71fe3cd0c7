package people

import (
	"fmt"
	"strconv"
	"strings"
)

// region is a country as far as records show it.
type region struct {
	name        string
	countries   []string // how people write it
	code, trunk string   // of its phone numbers
	mobile      []string // patterns of numbers without code and trunk
	mix         weighted[*culture]
	mail        weighted[string] // domains
	streets     []string
	street      []string // how a street is written, {} is its name
	unit        []string
	numberFirst bool
	cities      []city
	towns       []city // with one postcode each
	endings     []string
}

type city struct {
	name, state, postcode, landline string
	suburbs                         []string
}

// address is where somebody lives.
type address struct {
	number, street, unit, suburb, city, postcode, state, country string
}

// lists are all the names and places there are.
type lists struct {
	cultures map[string]*culture
	regions  map[string]*region
}

func (l *lists) culture(name string) (*culture, error) {
	if c := l.cultures[name]; c != nil {
		return c, nil
	}
	c, err := readCulture(name)
	if err == nil {
		l.cultures[name] = c
	}
	return c, err
}

// region reads a place and the names of those who live there.
func (l *lists) region(name string) (*region, error) {
	if r := l.regions[name]; r != nil {
		return r, nil
	}
	keys, err := readKeys("places/" + name + ".txt")
	if err != nil {
		return nil, fmt.Errorf("region %q: %w", name, err)
	}
	r := &region{name: name}
	for _, k := range keys {
		if err := r.set(l, k); err != nil {
			return nil, fmt.Errorf("region %q: %s: %w", name, k.name, err)
		}
	}
	if len(r.cities) == 0 || len(r.mobile) == 0 || len(r.streets) == 0 || len(r.street) == 0 || len(r.mail.items) == 0 || len(r.mix.items) == 0 {
		return nil, fmt.Errorf("region %q: something is missing", name)
	}
	l.regions[name] = r
	return r, nil
}

func (r *region) set(l *lists, k key) error {
	switch k.name {
	case "country":
		r.countries = split(k.value, ",")
	case "code":
		r.code = k.value
	case "trunk":
		r.trunk = k.value
	case "mobile":
		r.mobile = strings.Fields(k.value)
	case "streets":
		for w := range strings.FieldsSeq(k.value) {
			r.streets = append(r.streets, strings.ReplaceAll(w, "_", " "))
		}
	case "street":
		r.street = split(k.value, ",")
	case "unit":
		r.unit = split(k.value, ",")
	case "order":
		r.numberFirst = k.value == "number first"
	case "town":
		r.endings = strings.Fields(k.value)
	case "city":
		f := split(k.value, "|")
		if len(f) != 5 {
			return fmt.Errorf("%d fields, 5 are needed", len(f))
		}
		c := city{name: f[0], state: f[1], postcode: f[2], landline: f[3]}
		for w := range strings.FieldsSeq(f[4]) {
			c.suburbs = append(c.suburbs, strings.ReplaceAll(w, "_", " "))
		}
		r.cities = append(r.cities, c)
	case "mix":
		return shares(k.value, func(name string, weight float64) error {
			c, err := l.culture(name)
			r.mix.add(c, weight)
			return err
		})
	case "mail":
		return shares(k.value, func(name string, weight float64) error {
			r.mail.add(name, weight)
			return nil
		})
	default:
		return fmt.Errorf("not known")
	}
	return nil
}

// shares reads «name weight, name weight».
func shares(s string, add func(name string, weight float64) error) error {
	for _, part := range split(s, ",") {
		name, number, _ := strings.Cut(part, " ")
		weight, err := strconv.ParseFloat(number, 64)
		if err != nil {
			return err
		}
		if err := add(name, weight); err != nil {
			return err
		}
	}
	return nil
}

func split(s, sep string) []string {
	out := strings.Split(s, sep)
	for i := range out {
		out[i] = strings.TrimSpace(out[i])
	}
	return out
}

// How many towns a region has beside its cities, and how many people live there.
const (
	towns     = 900
	townShare = 0.6
)

// found founds the towns: the same ones whatever the seed of a set. Their postcodes
// begin like those of a city of the same state.
func (r *region) found(d dice) {
	heads := r.mix.items[0].heads
	for len(r.towns) < towns && len(heads) > 0 {
		c := pick(d, r.cities)
		name := pick(d, heads) + pick(d, r.endings)
		if c.name == strings.ToLower(c.name) {
			name = strings.ToLower(name)
		}
		code := []byte(c.postcode)
		for i := range code {
			if code[i] >= '0' && code[i] <= '9' && i > 0 {
				code[i] = '#'
			}
		}
		r.towns = append(r.towns, city{name, c.state, d.digits(string(code)), c.landline, []string{name}})
	}
}

// home draws an address, and the pattern of its landline.
func (r *region) home(d dice) (a address, landline string) {
	// The first cities are the largest.
	c := r.cities[min(d.IntN(len(r.cities)), d.IntN(len(r.cities)))]
	if len(r.towns) > 0 && d.chance(townShare) {
		c = pick(d, r.towns)
	}
	suburb := pick(d, c.suburbs)
	a = address{number: strconv.Itoa(1 + min(d.IntN(60), d.IntN(300))), suburb: suburb, city: c.name, state: c.state, country: r.countries[0], postcode: d.digits(c.postcode)}
	if d.chance(0.06) {
		a.number += string(rune('a' + d.IntN(3)))
	}
	a.street = r.streetName(d, pick(d, r.streets))
	if d.chance(0.25) && len(r.towns) > 0 { // streets are called after people and places
		a.street = r.streetName(d, pick(d, r.towns).name)
	}
	if len(r.unit) > 0 && d.chance(0.3) {
		a.unit = d.digits(pick(d, r.unit))
	}
	return a, c.landline
}

// streetName writes a street in one of the ways of the place.
func (r *region) streetName(d dice, name string) string {
	return strings.ReplaceAll(pick(d, r.street), "{}", name)
}
