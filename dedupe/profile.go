package dedupe

import (
	"slices"

	"leadgate/lead"
	"leadgate/lead/normal"
)

// maxProfiles is how many different profiles a person is compared by. Whoever is
// told in more ways is known by those that came first.
const maxProfiles = 8

// ProfileOf returns what a normalised inquiry tells of its sender. Values that
// point at nobody are left out, but for the digits of numbers that cannot be
// dialled: mistyped or made up, the same person often writes them again.
func ProfileOf(q *lead.Inquiry) lead.Profile {
	p := lead.Profile{Given: q.Name.Given, Middle: q.Name.Middle, Family: q.Name.Family, Born: q.BirthDate}
	for _, id := range q.Identities {
		switch id.Kind {
		case lead.IdentityEmail:
			if e, err := normal.Email(id.Value); err == nil && id.Weak == "" {
				p.Emails = append(p.Emails, e.Key)
			}
		case lead.IdentityPhone:
			if digits := phoneDigits(id); digits != "" {
				p.Phones = append(p.Phones, digits)
			}
		}
	}
	if a := q.Address; a != nil {
		p.Street, p.Number = normal.Street(a.Street, a.Number, "")
		p.Premises = normal.Premises(a.Line2)
		p.City, p.Postcode = normal.City(a.City), normal.Postcode(a.Postcode)
	}
	return p
}

// phoneDigits returns a number as profiles hold it, "" for one that says nothing.
func phoneDigits(id lead.Identity) string {
	if id.Weak == "" {
		return id.Value
	}
	if !normal.Undialled(id.Weak) {
		return ""
	}
	if d := digits(id.Value); len(d) >= 6 {
		return d
	}
	return ""
}

// AddProfile adds a profile to those of a person, unless it tells nothing new,
// and reports whether it did. One that tells more than known ones replaces them.
func AddProfile(list []lead.Profile, p lead.Profile) ([]lead.Profile, bool) {
	if tells(&lead.Profile{}, &p) {
		return list, false
	}
	for i := range list {
		if tells(&list[i], &p) {
			return list, false
		}
	}
	for i := range list {
		if tells(&p, &list[i]) {
			list = slices.Clone(list)
			list[i] = p
			rest := slices.DeleteFunc(list[i+1:], func(o lead.Profile) bool { return tells(&p, &o) })
			return list[:i+1+len(rest)], true
		}
	}
	if len(list) >= maxProfiles {
		return list, false
	}
	return append(slices.Clip(list), p), true
}

// tells reports whether a says all that b says.
func tells(a, b *lead.Profile) bool {
	for _, f := range [...][2]string{{a.Given, b.Given}, {a.Middle, b.Middle}, {a.Family, b.Family}, {a.Born, b.Born}, {a.Street, b.Street},
		{a.Number, b.Number}, {a.Premises, b.Premises}, {a.City, b.City}, {a.Postcode, b.Postcode}} {
		if f[1] != "" && f[0] != f[1] {
			return false
		}
	}
	return includes(a.Emails, b.Emails) && includes(a.Phones, b.Phones)
}

func includes(all, some []string) bool {
	for _, s := range some {
		if !slices.Contains(all, s) {
			return false
		}
	}
	return true
}
