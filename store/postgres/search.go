package postgres

import (
	"bytes"
	"context"
	"math/bits"

	"github.com/jackc/pgx/v5"

	"leadgate/lead"
	"leadgate/store"
)

// The search index. Leads are in buckets of 65,536 by their numbers, and what is held
// of a bucket is in pieces: Index writes one of what changed, and merges them as they
// become many. A piece holds all words of its leads and hides what earlier pieces say of
// them. Its words stand in order on pages, so that a prefix is a few pages in a row,
// whatever it is, and each has the leads that have it as runs of bits: a search is a
// walk over the buckets, newest first, that ends when its page is full.
//
// No row of it is a word of a lead. Such rows, and the entries of an index over them,
// would cost more to write than the leads themselves.

// span is the words from one to another.
type span struct{ from, to []byte }

func prefix(s string) span { return span{cutWord(s), append(cutWord(s), 0xff)} }
func whole(s string) span  { return span{cutWord(s), cutWord(s)} }
func cutWord(s string) []byte {
	return []byte(s[:min(len(s), maxWord)])
}

func (s span) holds(word []byte) bool {
	return bytes.Compare(word, s.from) >= 0 && bytes.Compare(word, s.to) <= 0
}

// asking is a search: of every term, a lead must have a word in one of its spans.
type asking struct {
	spans []span
	term  []int // of each span
	terms int
}

func ask(q *store.Query) *asking {
	a := &asking{}
	for _, alternatives := range store.Terms(q.Search) {
		for _, p := range alternatives {
			if p[0] == '=' { // a whole token, as Terms promises
				a.add(whole(p))
			} else {
				a.add(prefix(p))
			}
		}
		a.terms++
	}
	if a.terms == 0 {
		return a
	}
	for _, f := range [...]struct{ by, value string }{{bySource, q.Source}, {byStatus, string(q.Status)}, {byStage, q.Stage}} {
		if f.value != "" {
			a.add(whole(f.by + f.value))
			a.terms++
		}
	}
	return a
}

func (a *asking) add(s span) {
	a.spans = append(a.spans, s)
	a.term = append(a.term, a.terms)
}

// maxBuckets is how many buckets are asked for in one round trip.
const maxBuckets = 32

// search returns one lead more than a page, where there are so many: those that have
// what is asked for and a number below before, newest first.
func (t *tx) search(ctx context.Context, q *store.Query, before int64) ([]lead.Lead, error) {
	leads := []lead.Lead{}
	a := ask(q)
	if a.terms == 0 {
		return leads, nil
	}
	var newest *int64
	if err := t.QueryRow(ctx, `SELECT max(bucket) FROM pieces WHERE bucket <= $1`, bucketOf(before)).Scan(&newest); err != nil || newest == nil {
		return leads, err
	}
	for top, n := *newest, int64(1); top >= 0 && len(leads) <= q.Limit; top, n = top-n, min(2*n, maxBuckets) {
		buckets, err := t.buckets(ctx, a, top-n+1, top)
		if err != nil {
			return nil, err
		}
		for _, b := range buckets {
			if leads, err = t.fill(ctx, leads, q, b.below(before)); err != nil || len(leads) > q.Limit {
				return leads, err
			}
		}
	}
	return leads, nil
}

// fill adds leads by their numbers, newest first, until there is one more than a page.
// Those that were merged or moved since they were indexed are left out.
func (t *tx) fill(ctx context.Context, leads []lead.Lead, q *store.Query, numbers []int64) ([]lead.Lead, error) {
	for n := q.Limit + 1 - len(leads); len(numbers) > 0 && len(leads) <= q.Limit; n *= 2 {
		n = min(n, len(numbers))
		more, err := t.leads(ctx, `SELECT `+leadColumns+` FROM leads WHERE number = ANY($1) AND merged_into IS NULL AND $2 IN ('', source) AND $3 IN ('', status) AND $4 IN ('', stage)
			ORDER BY number DESC LIMIT $5`, numbers[:n], q.Source, string(q.Status), q.Stage, q.Limit+1-len(leads))
		if err != nil {
			return nil, err
		}
		leads, numbers = append(leads, more...), numbers[n:]
	}
	return leads, nil
}

// bucketFound is what was found in a bucket.
type bucketFound struct {
	n     int64
	leads leadSet
}

// below returns the numbers of the leads below another one, newest first.
func (b *bucketFound) below(before int64) []int64 {
	var out []int64
	for i := len(b.leads) - 1; i >= 0; i-- {
		for word := b.leads[i]; word != 0; {
			bit := 63 - bits.LeadingZeros64(word)
			word &^= 1 << bit
			if n := b.n<<bucketBits + int64(i<<6+bit); n < before {
				out = append(out, n)
			}
		}
	}
	return out
}

// pieceFound is a piece with what of it was asked for.
type pieceFound struct {
	n, bucket int64
	leads     []byte
	terms     []*leadSet // of each term; nil for none
}

// buckets returns what is found in some buckets, newest first.
func (t *tx) buckets(ctx context.Context, a *asking, from, to int64) ([]*bucketFound, error) {
	var pieces []*pieceFound
	byID := map[int64]*pieceFound{}
	var b batch
	b.query(`SELECT n, bucket, leads FROM pieces WHERE bucket BETWEEN $1 AND $2 ORDER BY bucket DESC, n DESC`, func(r pgx.Rows) error {
		p := &pieceFound{terms: make([]*leadSet, a.terms)}
		err := r.Scan(&p.n, &p.bucket, &p.leads)
		pieces, byID[p.n] = append(pieces, p), p
		return err
	}, from, to)
	low, high := make([][]byte, len(a.spans)), make([][]byte, len(a.spans))
	for i, s := range a.spans {
		low[i], high[i] = s.from, s.to
	}
	b.query(`SELECT p.n, t.i, g.body FROM pieces p CROSS JOIN unnest($3::bytea[], $4::bytea[]) WITH ORDINALITY t(low, high, i) CROSS JOIN LATERAL (
			SELECT body FROM pages WHERE piece = p.n AND first <= t.high
				AND first >= coalesce((SELECT m.first FROM pages m WHERE m.piece = p.n AND m.first <= t.low ORDER BY m.first DESC LIMIT 1), '')) g
		WHERE p.bucket BETWEEN $1 AND $2`, func(r pgx.Rows) error {
		var n int64
		var i int
		var body []byte
		if err := r.Scan(&n, &i, &body); err != nil {
			return err
		}
		byID[n].read(a.spans[i-1], a.term[i-1], body)
		return nil
	}, from, to, low, high)
	if err := t.send(ctx, &b); err != nil {
		return nil, err
	}
	return together(pieces), nil
}

// read brings the words of a page that are in a span into what a term has.
func (p *pieceFound) read(s span, term int, body []byte) {
	for r := (pageReader{rest: body}); r.next(); {
		if s.holds(r.word) {
			if p.terms[term] == nil {
				p.terms[term] = &leadSet{}
			}
			p.terms[term].addRuns(r.runs)
		}
	}
}

// together brings pieces together, which come newest first.
func together(pieces []*pieceFound) []*bucketFound {
	var out []*bucketFound
	var hidden leadSet
	for _, p := range pieces {
		if len(out) == 0 || out[len(out)-1].n != p.bucket {
			out, hidden = append(out, &bucketFound{n: p.bucket}), leadSet{}
		}
		if all := p.all(); all != nil {
			all.without(&hidden)
			out[len(out)-1].leads.or(all)
		}
		hidden.addRuns(p.leads)
	}
	return out
}

// all returns the leads that have every term; nil for none.
func (p *pieceFound) all() *leadSet {
	first := p.terms[0]
	for _, t := range p.terms {
		if t == nil {
			return nil
		}
	}
	for _, t := range p.terms[1:] {
		first.and(t)
	}
	return first
}
