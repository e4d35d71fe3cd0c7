package normal

import (
	"strings"
	"sync"
)

// The reasons an address is no identity, as they are shown.
const (
	weakRole        = "role address"
	weakPlaceholder = "placeholder"
	weakRelay       = "relay address of a portal"
	weakMachine     = "address of a machine"
)

// weakEmail returns why an address points at nobody in particular, or "".
func weakEmail(local, base, domain string) string {
	if relayDomain(domain) || relayLocal(local, domain) {
		return weakRelay
	}
	name := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`.-_"`, r) {
			return -1
		}
		return r
	}, base)
	switch {
	case placeholderAddress(name, domain):
		return weakPlaceholder
	case strings.HasPrefix(name, "noreply"), strings.HasPrefix(name, "donotreply"), strings.HasPrefix(name, "mailerdaemon"), strings.HasPrefix(name, "bounces"):
		return weakMachine
	case roleName(base, name, domain):
		return weakRole
	}
	return ""
}

// roleName reports whether a mailbox stands for a task: info, info2, sales.team,
// and at a company's own domain also what starts like one: info.berlin. The name
// is the local part without signs.
func roleName(local, name, domain string) bool {
	role := roleLocals()
	bare := strings.TrimRight(name, "0123456789")
	if role[name] || len(bare) > 3 && len(name)-len(bare) < 3 && role[bare] { // pr17 may be anybody, and so may contact4711
		return true
	}
	if !isASCII(name) && role[Search(name)] {
		return true
	}
	first := strings.IndexAny(local, ".-_")
	if first <= 0 {
		return false
	}
	if leadingRoles()[local[:first]] && first+1 < len(local) && leadingDigits(local[first+1:]) == 0 && !freeDomain(domain) {
		return true
	}
	for part := range strings.FieldsFuncSeq(local, func(r rune) bool { return r == '.' || r == '-' || r == '_' }) {
		if !role[part] {
			return false
		}
	}
	return true
}

// placeholderAddress reports whether somebody typed anything just to get past
// the form. A made-up name alone is not enough, nor is a made-up domain: people
// are called Test, and example.org has good addresses in documentation. At a
// provider where everybody is, it is enough.
func placeholderAddress(name, domain string) bool {
	first, rest, _ := strings.Cut(domain, ".")
	if rest == "invalid" || strings.HasSuffix(rest, ".invalid") || rest == "localdomain" {
		return true
	}
	switch {
	case nothingLocals()[name]:
		return true
	case fakeLocals()[name]:
		return fakeDomains()[first] || freeDomain(domain) && !alsoNames()[name]
	case numberedFakes()[strings.TrimRight(name, "0123456789")], sameByte(name):
		return freeDomain(domain) || name == first || len(name) == 1 && len(first) == 1
	}
	return len(name) == 1 && len(first) == 1 || name == first && fakeDomains()[first]
}

// relayDomain reports whether a sub-domain says that a portal stands between:
// reply.portal.com, messages.portal.com. Private relays that give a person one
// lasting address for us (Apple, Firefox) are good identities.
func relayDomain(domain string) bool {
	if domain == "privaterelay.appleid.com" || domain == "relay.firefox.com" {
		return false
	}
	labels := strings.Count(domain, ".") + 1
	for ; labels > 2; labels-- {
		label, rest, _ := strings.Cut(domain, ".")
		if relayLabels()[label] {
			return true
		}
		domain = rest
	}
	return false
}

// relayLocal reports whether a local part is a portal's ticket for one
// conversation: reply+1a2b3c@, or a marketplace's alias.
func relayLocal(local, domain string) bool {
	if strings.IndexByte(local, '=') > 0 { // an envelope's address, rewritten on its way
		for _, p := range [...]string{"srs0=", "srs1=", "prvs=", "msprvs1="} {
			if strings.HasPrefix(local, p) {
				return true
			}
		}
	}
	head, tail, tagged := strings.Cut(local, "+")
	if tagged && len(tail) >= 6 && relayLabels()[head] {
		return true
	}
	return strings.HasPrefix(domain, "marketplace.amazon.")
}

// words returns a set of the words of a text, made when it is first asked for.
func words(text string) func() map[string]bool {
	return sync.OnceValue(func() map[string]bool {
		set := map[string]bool{}
		for w := range strings.FieldsSeq(text) {
			set[w] = true
		}
		return set
	})
}

// sameByte reports whether s is one character repeated.
func sameByte(s string) bool { return s != "" && strings.Trim(s, s[:1]) == "" }

// The lists below hold names without the . - _ people write in them.
var (
	// nothingLocals say in the name itself that there is no address.
	nothingLocals = words(`example noemail nomail noone nobodyhere noemailprovided noemailaddress notprovided notavailable notgiven nohavemail donthave donthaveone
 fakeemail fakemail fake null undefined asdf asdfasdf asdfg asdfgh asdfghjkl qwertyuiop sdfsdf keineemail keinemail pasdemail notengo sinemail sincorreo semail semmail
 nemaemail netpochty netmail brakmaila brak yourname youremail yourmail deinname deinemail votrenom votreemail tucorreo seuemail`)
	// fakeLocals are made up only together with one of fakeDomains.
	fakeLocals = words(`test testing tester tests test1 test123 teste prueba prova essai none no na nono nope nein nada niet net nil
 name user username email mail me you someone somebody anyone anybody anon anonymous unknown foo bar baz foobar abc abcd abcdef xyz xxx xx yyy zzz aaa aa bbb
 qwe qwer qwert qwerty asd asda sdf fgh 123 1234 12345 123456 111 000 sample demo dummy temp nobody noreply`)
	// alsoNames are those of fakeLocals people are called.
	alsoNames = words(`nada bar nono`)
	// numberedFakes are made up also with a number behind, at providers where anything is taken.
	numberedFakes = words(`test tester testing asdf qwerty qwert fake fakemail noemail nomail none dummy demo example`)
	// fakeDomains are first labels of domains that go with them.
	fakeDomains = words(`test testing test1 test123 teste prueba example none no na nono nope nein nada nil noemail nomail fake fakemail fakeemail
 domain mydomain yourdomain somedomain anon anonymous unknown nowhere invalid foo bar baz foobar abc abcd abcdef xyz xxx xx aaa aa bbb
 qwe qwer qwert qwerty asd asda asdf asdfasdf asdfg sdf fgh 123 1234 12345 123456 111 sample demo dummy temp null undefined`)
	// leadingRoles are those nobody writes in front of a person's name.
	leadingRoles = words(`info infos office sales service support contact kontakt contacto contato contatti vertrieb verkauf ventas vendas biuro
 sekretariat secretariat reception empfang billing booking reservations orders helpdesk marketing newsletter webmaster`)
	// relayLabels are sub-domains behind which portals pass messages on.
	relayLabels = words(`reply replies replyto message messages messaging msg relay relays mailrelay convo conversation conversations chat inbound
 guest guests member members marketplace anon anonymous masked proxy notification notifications notify bounce bounces noreply lead leads enquiry enquiries`)
)
