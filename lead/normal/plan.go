package normal

import (
	"encoding/binary"
	"regexp/syntax"
	"slices"
	"sync"

	"github.com/nyaruka/phonenumbers"
)

// lineType is what a numbering plan says about a number.
type lineType uint8

const (
	lineNone   lineType = iota // not a number of the plan
	lineFixed                  // a landline
	lineMobile                 // a mobile, or a plan that does not tell the two apart
	lineRate                   // toll-free, premium rate or shared cost
	lineOther                  // VoIP, personal numbers, pagers, company-wide numbers
	lineMail                   // access to a voice mailbox
)

// plan is the numbering plan of one calling code as an automaton over digits:
// the patterns of all its regions in one table, so that checking a number costs
// one step a digit. It answers exactly as the metadata's regular expressions do.
type plan struct {
	next   [][10]uint16 // state 0 is the dead end, state 1 the start
	accept []lineType   // what a number is that ends in a state
	trunk  string       // digits dialled before national numbers, where that is all there is to it
}

// check returns what a national number is.
func (p *plan) check(national string) lineType {
	state := uint16(1)
	for i := range len(national) {
		d := national[i] - '0'
		if d > 9 {
			return lineNone
		}
		if state = p.next[state][d]; state == 0 {
			return lineNone
		}
	}
	return p.accept[state]
}

// plans holds a function for every calling code that makes its plan when a number
// of it is first seen. Making all of them takes some 50 ms and half a megabyte.
var plans = sync.OnceValue(func() *[1000]func() *plan {
	byCode := map[int][]*phonenumbers.PhoneMetadata{}
	all, err := phonenumbers.MetadataCollection()
	if err != nil {
		return new([1000]func() *plan) // no plan: every number goes the slow way
	}
	for _, m := range all.GetMetadata() {
		code := int(m.GetCountryCode())
		if m.GetMainCountryForCode() {
			byCode[code] = slices.Insert(byCode[code], 0, m)
			continue
		}
		byCode[code] = append(byCode[code], m)
	}
	var out [1000]func() *plan
	for code, regions := range byCode {
		if code > 0 && code < len(out) {
			out[code] = sync.OnceValue(func() *plan { return newPlan(regions) })
		}
	}
	return &out
})

// planOf returns the plan of a calling code, or nil when there is none.
func planOf(code int) *plan {
	if code <= 0 || code >= 1000 {
		return nil
	}
	if make := plans()[code]; make != nil {
		return make()
	}
	return nil
}

// planFor splits digits into calling code and national number. Calling codes are
// prefix-free, so the first that exists is the one.
func planFor(digits string) (p *plan, code int) {
	for n := 1; n <= 3 && n < len(digits); n++ {
		code = code*10 + int(digits[n-1]-'0')
		if p := planOf(code); p != nil {
			return p, n
		}
	}
	return nil, 0
}

// pattern is one regular expression of the metadata with what matching it means.
type pattern struct {
	prog    *syntax.Prog
	region  int
	kind    patternKind
	lengths []int32 // of numbers it may match; any when empty
}

type patternKind uint8

const (
	kindLeading patternKind = iota // digits that claim a number for a region
	kindGeneral
	kindRate
	kindOther
	kindMail
	kindFixed
	kindMobile
)

// planBuilder turns patterns into a plan by following all of them at once.
type planBuilder struct {
	patterns []pattern
	regions  int
	leads    []bool // the region claims its numbers by leading digits
	same     []bool // the region does not tell mobiles from landlines
	plan     *plan
	states   map[string]uint16
	work     [][]uint32
}

// maxNational is the longest national number of any plan.
const maxNational = 17

func newPlan(regions []*phonenumbers.PhoneMetadata) *plan {
	b := &planBuilder{regions: len(regions), plan: &plan{next: make([][10]uint16, 1), accept: make([]lineType, 1)}, states: map[string]uint16{}}
	for i, m := range regions {
		b.add(i, kindLeading, m.GetLeadingDigits(), nil)
		b.leads, b.same = append(b.leads, m.GetLeadingDigits() != ""), append(b.same, m.GetSameMobileAndFixedLinePattern())
		for _, d := range [...]struct {
			kind patternKind
			desc *phonenumbers.PhoneNumberDesc
		}{
			{kindGeneral, m.GetGeneralDesc()}, {kindRate, m.GetPremiumRate()}, {kindRate, m.GetTollFree()}, {kindRate, m.GetSharedCost()},
			{kindOther, m.GetVoip()}, {kindOther, m.GetPersonalNumber()}, {kindOther, m.GetPager()}, {kindOther, m.GetUan()},
			{kindMail, m.GetVoicemail()}, {kindFixed, m.GetFixedLine()}, {kindMobile, m.GetMobile()},
		} {
			b.add(i, d.kind, d.desc.GetNationalNumberPattern(), d.desc.GetPossibleLength())
		}
	}
	if p := regions[0].GetNationalPrefix(); p != "" && p == regions[0].GetNationalPrefixForParsing() && regions[0].GetNationalPrefixTransformRule() == "" {
		b.plan.trunk = p
	}
	b.build()
	return b.plan
}

// add takes one pattern in. A pattern that does not compile matches nothing.
func (b *planBuilder) add(region int, kind patternKind, expr string, lengths []int32) {
	if expr == "" || expr == "NA" {
		return
	}
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return
	}
	prog, err := syntax.Compile(re.Simplify())
	if err != nil {
		return
	}
	b.patterns = append(b.patterns, pattern{prog: prog, region: region, kind: kind, lengths: lengths})
}

// build makes the states. An item is a pattern and a place in its program; a
// state is the sorted set of items and the number of digits read.
func (b *planBuilder) build() {
	var start []uint32
	for i, p := range b.patterns {
		start = b.follow(start, i, uint32(p.prog.Start))
	}
	b.state(start, 0)
	for at := 1; at < len(b.plan.next); at++ { // grows while it runs
		items, depth := b.work[at-1][1:], int(b.work[at-1][0])
		if depth == maxNational {
			continue
		}
		for d := range rune(10) {
			var next []uint32
			for _, item := range items {
				p, pc := int(item>>16), item&0xffff
				inst := &b.patterns[p].prog.Inst[pc]
				switch {
				case inst.Op == syntax.InstMatch && b.patterns[p].kind == kindLeading:
					next = append(next, item) // leading digits stay matched
				case inst.Op != syntax.InstMatch && inst.MatchRune('0'+d):
					next = b.follow(next, p, inst.Out)
				}
			}
			b.plan.next[at][d] = b.state(next, depth+1)
		}
	}
}

// follow adds the places reached from pc without reading a digit.
func (b *planBuilder) follow(items []uint32, p int, pc uint32) []uint32 {
	inst := &b.patterns[p].prog.Inst[pc]
	switch inst.Op {
	case syntax.InstAlt, syntax.InstAltMatch:
		return b.follow(b.follow(items, p, inst.Out), p, inst.Arg)
	case syntax.InstCapture, syntax.InstNop, syntax.InstEmptyWidth:
		return b.follow(items, p, inst.Out)
	case syntax.InstFail:
		return items
	}
	if item := uint32(p)<<16 | pc; !slices.Contains(items, item) {
		return append(items, item)
	}
	return items
}

// state returns the number of the state with these items, making it when it is new.
func (b *planBuilder) state(items []uint32, depth int) uint16 {
	if !slices.ContainsFunc(items, func(item uint32) bool { return b.patterns[item>>16].kind != kindLeading }) || len(b.plan.next) == 1<<16-1 {
		return 0
	}
	slices.Sort(items)
	key := make([]byte, 0, 4*len(items)+1)
	key = append(key, byte(depth))
	for _, item := range items {
		key = binary.BigEndian.AppendUint32(key, item)
	}
	if s, ok := b.states[string(key)]; ok {
		return s
	}
	s := uint16(len(b.plan.next))
	b.states[string(key)] = s
	b.plan.next = append(b.plan.next, [10]uint16{})
	b.plan.accept = append(b.plan.accept, b.accept(items, depth))
	b.work = append(b.work, append([]uint32{uint32(depth)}, items...))
	return s
}

// accept tells what a number is that ends here. The region is found as the
// metadata means it: the first one that claims the number by its leading digits
// or knows its type.
func (b *planBuilder) accept(items []uint32, depth int) lineType {
	matched := make([][kindMobile + 1]bool, b.regions)
	for _, item := range items {
		p := b.patterns[item>>16]
		if p.prog.Inst[item&0xffff].Op == syntax.InstMatch && (len(p.lengths) == 0 || slices.Contains(p.lengths, int32(depth))) {
			matched[p.region][p.kind] = true
		}
	}
	for r, m := range matched {
		t := typeOf(m, b.same[r])
		if b.leads[r] && m[kindLeading] || !b.leads[r] && t != lineNone || b.regions == 1 {
			return t
		}
	}
	return lineNone
}

// typeOf reads the type off the kinds that matched within one region.
func typeOf(m [kindMobile + 1]bool, same bool) lineType {
	switch {
	case !m[kindGeneral]:
		return lineNone
	case m[kindRate]:
		return lineRate
	case m[kindOther]:
		return lineOther
	case m[kindMail]:
		return lineMail
	case m[kindFixed] && !same && !m[kindMobile]:
		return lineFixed
	case m[kindFixed], m[kindMobile] && !same:
		return lineMobile
	}
	return lineNone
}
