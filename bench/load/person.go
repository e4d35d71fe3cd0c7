package load

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
)

// People makes the inquiries of one run. Number n is always the same inquiry.
type People struct {
	run   string
	phone int64 // where the run's phone numbers begin
}

// phones is how many phone numbers there are to give away.
const phones = 1_000_000_000

// NewPeople returns the people of a run. Runs of one gateway need names of their
// own: 1 to 16 letters a-z and digits.
func NewPeople(run string) (People, error) {
	if run == "" || len(run) > 16 || strings.Trim(run, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
		return People{}, fmt.Errorf("run %q: 1 to 16 letters a-z and digits are needed", run)
	}
	h := fnv.New64a()
	h.Write([]byte(run))
	return People{run: run, phone: int64(h.Sum64() % phones)}, nil
}

// Append appends inquiry n as JSON of 600 to 1024 bytes to b.
func (p People) Append(b []byte, n int64) []byte {
	x := mix(n)
	b = append(b, `{"id":"`...)
	b = p.appendID(b, n)
	b = append(b, `","name":"`...)
	b = appendWord(b, x>>20, 2, true)
	b = append(b, ' ')
	b = appendWord(b, x, 4, true)
	b = append(b, `","email":"`...)
	b = appendWord(b, x>>20, 2, false)
	b = append(b, '.')
	b = appendWord(b, x, 4, false)
	b = append(b, '.')
	b = p.appendID(b, n)
	b = append(b, mailDomain...)
	b = append(b, `","phone":"+8613`...)
	b = appendDigits(b, (p.phone+n)%phones, 9)
	b = append(b, `","company":"`...)
	b = appendWord(b, x>>7, 3, true)
	b = append(b, " Windows "...)
	b = strconv.AppendInt(b, n%5000, 10)
	b = append(b, `","message":"Hello, I would like an offer for `...)
	b = strconv.AppendInt(b, n%17+1, 10)
	b = append(b, " windows, reference "...)
	b = p.appendID(b, n)
	b = append(b, '.')
	for i := range 4 + x%3 {
		b = append(b, ' ')
		b = append(b, sentence(x>>3+7*i)...)
	}
	b = append(b, `","utm_source":"google","utm_medium":"cpc","utm_campaign":"campaign-`...)
	b = strconv.AppendInt(b, n%20, 10)
	b = append(b, `","utm_term":"window offer","page":"https://shop.example.com/windows?model=`...)
	b = strconv.AppendUint(b, x%900, 10)
	return append(b, `"}`...)
}

// mailDomain ends every address.
const mailDomain = "@example.com"

// Number tells which inquiry of this run an e-mail address belongs to.
func (p People) Number(email string) (n int64, ok bool) {
	local, ok := strings.CutSuffix(email, mailDomain)
	if !ok {
		return 0, false
	}
	digits, ok := strings.CutPrefix(local[strings.LastIndexByte(local, '.')+1:], p.run+"-")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, err == nil && n >= 0
}

// ID returns what inquiry n calls itself.
func (p People) ID(n int64) string { return string(p.appendID(nil, n)) }

func (p People) appendID(b []byte, n int64) []byte {
	b = append(b, p.run...)
	b = append(b, '-')
	return strconv.AppendInt(b, n, 10)
}

// mix scatters the lower 30 bits of n, one to one, so that neighbours get
// different names and a billion people different ones.
func mix(n int64) uint64 {
	const mask = 1<<30 - 1
	x := uint64(n) & mask
	x = x * 0x2545f491 & mask
	x ^= x >> 15
	x = x * 0x1b873593 & mask
	return x ^ x>>13
}

// appendWord appends a name-like word of the lowest bits of x, five a syllable.
func appendWord(b []byte, x uint64, syllables int, capital bool) []byte {
	const all = "babedalofakimamenoperirotasavelizubriclotrasteplogrischaulyaquenwigi"
	start := len(b)
	for range syllables {
		at := x % 32 * 2
		b = append(b, all[at:at+2]...)
		x >>= 5
	}
	if capital {
		b[start] -= 'a' - 'A'
	}
	return b
}

func appendDigits(b []byte, n int64, width int) []byte {
	for range width {
		b = append(b, '0')
	}
	for i := len(b) - 1; n > 0; i, n = i-1, n/10 {
		b[i] = byte('0' + n%10)
	}
	return b
}

// sentence returns one of a few things people write, about 80 bytes long.
func sentence(x uint64) string {
	switch x % 8 {
	case 0:
		return "We are two adults and have been living here since 2011, and the old frames let the wind in."
	case 1:
		return "The house has two floors, and the kitchen faces the street, which has become rather loud."
	case 2:
		return "Please call me back before noon, or write if that is easier for your people in the office."
	case 3:
		return "A neighbour of ours was very content with the work you did for him in the spring of last year."
	case 4:
		return "We would like wooden frames if they are not much dearer, and triple glass towards the north."
	case 5:
		return "Could somebody come by and measure? We are at home on most days after four in the afternoon."
	case 6:
		return "The heating bill has doubled, so that we want this done before the next winter if possible."
	default:
		return "It would help to know how long it takes, and whether we can stay in the house meanwhile."
	}
}
