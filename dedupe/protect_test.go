package dedupe

import (
	"strings"
	"testing"
	"time"

	"leadgate/lead"
)

const (
	mobile   = "call +33612345678"
	landline = "call +33142685300"
	days     = 24 * time.Hour
)

// TestProtection holds what a value of somebody known may say of who writes: the
// last inquiry of each line is asked about, after those before it were taken.
func TestProtection(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		after  time.Duration
		forms  []lead.Inquiry
		person int64  // who it is taken for; 0 for nobody
		reason string // is in the decision's
		review bool   // somebody is put before a human
	}{
		"the same mailbox":                              {0, []lead.Inquiry{form("Ana Belo", "mail ana@example.org"), form("", "mail ana@example.org")}, 1, "same email", false},
		"the same mailbox, another name":                {0, []lead.Inquiry{form("Ana Belo", "mail ana@example.org"), form("Igor Petrov", "mail ana@example.org")}, 0, "different name", false},
		"the same mailbox, a new family name":           {0, []lead.Inquiry{form("Ana Belo", "mail ana@example.org"), form("Ana Petrova", "mail ana@example.org")}, 0, "other family name", true},
		"a family's mailbox, nobody's name":             {0, []lead.Inquiry{form("Ana Belo", "mail familie.belo@example.org"), form("", "mail familie.belo@example.org")}, 1, "same email", false},
		"a family's mailbox, one of its names":          {0, []lead.Inquiry{form("Ana Belo", "mail familie.belo@example.org"), form("Igor", "mail familie.belo@example.org")}, 0, "different name", false},
		"a family's mailbox, another number":            {0, []lead.Inquiry{form("Ana Belo", "mail familie.belo@example.org", mobile), form("", "mail familie.belo@example.org", "call +33698765432")}, 1, "same email", false},
		"a family's mailbox, the same name, new number": {0, []lead.Inquiry{form("Ana Belo", "mail familie.belo@example.org", mobile), form("Ana Belo", "mail familie.belo@example.org", "call +33698765432")}, 1, "same email", false},
		"own mailbox, another number":                   {0, []lead.Inquiry{form("Ana Belo", "mail ana@example.org", mobile), form("", "mail ana@example.org", "call +33698765432")}, 1, "same email", false},
		"a switchboard's extension":                     {0, []lead.Inquiry{form("Ana Belo", "call +33 1 42 68 53 00 ext. 12", "mail ana@example.org"), form("", "call +33 1 42 68 53 00 ext. 14", "mail igor@example.org")}, 0, "", false},
		"a mobile, another mailbox":                     {0, []lead.Inquiry{form("Ana Belo", mobile, "mail ana@example.org"), form("", mobile, "mail belo.a@example.org")}, 1, "same phone", false},
		"a landline, another word as a name":            {0, []lead.Inquiry{form("Ana", landline), form("Igor", landline)}, 0, "", false},
		"a landline, the same word":                     {0, []lead.Inquiry{form("Ana", landline), form("Ana", landline)}, 1, "same phone", false},
		"a mobile, another word as a name":              {0, []lead.Inquiry{form("Ana", mobile), form("Igor", mobile)}, 1, "same phone", false},
		"a landline, a nickname":                        {0, []lead.Inquiry{form("Bob", landline), form("Robert Miller", landline)}, 1, "same phone", false},
		"a landline, a name told by the address":        {0, []lead.Inquiry{form("Ana Belo", landline), form("", landline, "mail igor.petrov@example.org")}, 0, "", false},
		"a shared number, another value":                {0, []lead.Inquiry{form("Ana Belo", mobile, "mail ana@example.org"), form("Igor Petrov", mobile), form("", mobile, "mail other@example.org")}, 2, "", false},
		"a shared number, nobody's name":                {0, []lead.Inquiry{form("Ana Belo", mobile), form("Igor Petrov", mobile), form("", mobile)}, 2, "same phone", false},
		"a shared number, one of the names":             {0, []lead.Inquiry{form("Ana Belo", mobile), form("Igor Petrov", mobile), form("Ana Belo", mobile)}, 1, "same phone", false},
		"a company's number":                            {0, []lead.Inquiry{form("Acme GmbH", landline), form("Ana Belo", landline)}, 0, "a company's number", false},
		"a company again":                               {0, []lead.Inquiry{form("Acme GmbH", mobile), form("Acme GmbH", mobile)}, 1, "same phone", false},
		"a number after five months":                    {150 * days, []lead.Inquiry{form("Ana Belo", mobile), form("", mobile)}, 1, "same phone", false},
		"a number that was silent for half a year":      {181 * days, []lead.Inquiry{form("Ana Belo", mobile), form("", mobile, "mail igor@example.net")}, 0, "", false},
		"a silent number, and nothing else":             {181 * days, []lead.Inquiry{form("Ana Belo", mobile), form("", mobile)}, 1, "same phone", false},
		"a silent number with the name":                 {400 * days, []lead.Inquiry{form("Ana Belo", mobile), form("Ana Belo", mobile)}, 1, "same phone", false},
		"a silent number with half the name":            {400 * days, []lead.Inquiry{form("Ana Belo", mobile), form("Ana", mobile)}, 1, "same phone", false},
		"a silent number with the mailbox":              {400 * days, []lead.Inquiry{form("Ana Belo", mobile, "mail ana@example.org"), form("", mobile, "mail ana@example.org")}, 1, "same email", false},
		"a mailbox that was silent":                     {400 * days, []lead.Inquiry{form("Ana Belo", "mail ana@example.org"), form("", "mail ana@example.org")}, 1, "same email", false},
		"a messenger, whatever the name":                {400 * days, []lead.Inquiry{form("Ana Belo", "chat 7"), form("Igor Petrov", "chat 7")}, 1, "same chat", false},
		"WhatsApp's id is the number, another name":     {0, []lead.Inquiry{form("Ana Belo", "whatsapp 33612345678", mobile), form("Igor Petrov", "whatsapp 33612345678", mobile)}, 0, "different name", false},
		"another customer id":                           {0, []lead.Inquiry{form("Ana Belo", "mail ana@example.org", "customer 7"), form("Ana Belo", "mail ana@example.org", "customer 8")}, 0, "another customer id", true},
		"the same customer id, whatever the name":       {0, []lead.Inquiry{form("Ana Belo", "customer 7"), form("Igor Petrov", "customer 7")}, 1, "same customer", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, b := asked(t, c.after, c.forms...)
			if d.Person != c.person || !strings.Contains(d.Reason, c.reason) || len(d.Review) > 0 != c.review || len(d.Merge) > 0 {
				t.Errorf("%+v, want person %d because of %q, review %v\nknown: %+v", d, c.person, c.reason, c.review, b.persons)
			}
		})
	}
}

func TestBrowser(t *testing.T) {
	t.Parallel()
	ana := form("Ana Belo", "visitor v1", "mail ana@example.org")
	for name, c := range map[string]struct {
		after  time.Duration
		forms  []lead.Inquiry
		person int64
	}{
		"soon, without a name":                         {days, []lead.Inquiry{ana, form("", "visitor v1")}, 1},
		"at the end of the window":                     {30 * days, []lead.Inquiry{ana, form("", "visitor v1")}, 1},
		"after the window":                             {31 * days, []lead.Inquiry{ana, form("", "visitor v1")}, 0},
		"the same name, a new address":                 {days, []lead.Inquiry{ana, form("Ana Belo", "visitor v1", "mail belo@example.net")}, 1},
		"the same name after the window":               {31 * days, []lead.Inquiry{ana, form("Ana Belo", "visitor v1", "mail belo@example.net")}, 0},
		"no name, a new address":                       {days, []lead.Inquiry{ana, form("", "visitor v1", "mail igor@example.net")}, 0},
		"no name, a number":                            {days, []lead.Inquiry{ana, form("", "visitor v1", mobile)}, 1},
		"another name":                                 {days, []lead.Inquiry{ana, form("Igor Petrov", "visitor v1")}, 0},
		"another word as a name":                       {days, []lead.Inquiry{ana, form("Igor", "visitor v1")}, 0},
		"a browser that two use":                       {days, []lead.Inquiry{ana, form("Igor Petrov", "visitor v1"), form("", "visitor v1")}, 0},
		"a browser that two use, one of the names":     {days, []lead.Inquiry{ana, form("Igor Petrov", "visitor v1"), form("Ana Belo", "visitor v1")}, 0},
		"a company number first told from the browser": {days, []lead.Inquiry{ana, form("Acme GmbH", "visitor v1", landline), form("Acme GmbH", "visitor v1", landline)}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if d, b := asked(t, c.after, c.forms...); d.Person != c.person {
				t.Errorf("%+v, want person %d\nknown: %+v", d, c.person, b.persons)
			}
		})
	}
}

// TestNumberAsID holds when the id of a messenger is only a phone number.
func TestNumberAsID(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ids  []lead.Identity
		want bool // that the first one is a key of its own
	}{
		"a number of its own":   {[]lead.Identity{{Kind: "whatsapp", Value: "33612345678"}, {Kind: lead.IdentityPhone, Value: "+33612345678"}}, false},
		"another number":        {[]lead.Identity{{Kind: "whatsapp", Value: "33612345678"}, {Kind: lead.IdentityPhone, Value: "+33612345679"}}, true},
		"no number told":        {[]lead.Identity{{Kind: "whatsapp", Value: "33612345678"}}, true},
		"a number that is weak": {[]lead.Identity{{Kind: "whatsapp", Value: "33612345678"}, {Kind: lead.IdentityPhone, Value: "+33612345678", Weak: "placeholder"}}, true},
		"a customer id":         {[]lead.Identity{{Kind: lead.IdentityCustomer, Value: "33612345678"}, {Kind: lead.IdentityPhone, Value: "+33612345678"}}, true},
		"a short id":            {[]lead.Identity{{Kind: "chat", Value: "3361234"}, {Kind: lead.IdentityPhone, Value: "+3361234"}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := false
			for _, k := range keysOf("", c.ids...) {
				got = got || k.Kind == c.ids[0].Kind
			}
			if got != c.want {
				t.Errorf("is a key: %v, want %v", got, c.want)
			}
		})
	}
}
