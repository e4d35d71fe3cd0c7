package sqlite

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"unicode/utf8"

	"leadgate/lead"
	"leadgate/store"
)

// The search index holds, for each lead, the tokens of store.Tokens and words that
// keep a search from reading long lists. Asked for a prefix, FTS5 brings the lists of
// all its words together before it gives the first lead; asked for a word, it walks
// one list from its newest end. So short prefixes are words themselves ("an*"), and
// what very many leads have stands apart from what prefixes are looked up in
// ("!gmail.com"): a search asks for those words one by one. So are the filters.
const (
	beginning  = "*" // ends the first one to beginnings letters of a token
	beginnings = 3
	common     = "!" // begins a token of common_words
	bySource   = ":source:"
	byStatus   = ":status:"
	byStage    = ":stage:"
)

const (
	commonAt   = 1000    // leads with a word make it a common one
	countWords = 1 << 15 // words counted at once
)

// vocabulary knows which words are common, and counts the others as they come. It
// belongs to whoever has the writer's turn.
type vocabulary struct {
	common map[string]bool
	counts map[string]int
	fresh  []string // common if the last transaction was committed
}

func (v *vocabulary) load(rows *sql.Rows, err error) error {
	v.common, v.counts = map[string]bool{}, map[string]int{}
	return scanRows(rows, err)(func(r *sql.Rows) error {
		var word string
		err := r.Scan(&word)
		v.common[word] = true
		return err
	})
}

// count reports whether a word is common, with this time.
func (v *vocabulary) count(word string) bool {
	if v.common[word] || slices.Contains(v.fresh, word) {
		return true
	}
	if v.counts[word]++; v.counts[word] >= commonAt {
		v.fresh = append(v.fresh, word)
		return true
	}
	if len(v.counts) >= countWords { // what comes seldom makes room for what comes
		for w, n := range v.counts {
			if v.counts[w] = n / 2; n < 2 {
				delete(v.counts, w)
			}
		}
	}
	return false
}

// text returns what the index holds of a lead.
func (v *vocabulary) text(l *lead.Lead) string {
	var b strings.Builder
	var short []string
	for _, t := range store.Tokens(l) {
		t = token(t)
		if !hasBeginnings(t) {
			b.WriteString(t)
			b.WriteByte(' ')
			continue
		}
		if v.count(t) {
			b.WriteString(common)
		}
		b.WriteString(t)
		b.WriteByte(' ')
		for n, end := 0, 0; n < beginnings && end < len(t); n++ {
			_, size := utf8.DecodeRuneInString(t[end:])
			end += size
			if !slices.Contains(short, t[:end]) {
				short = append(short, t[:end])
			}
		}
	}
	for _, s := range short {
		b.WriteString(s)
		b.WriteString(beginning + " ")
	}
	b.WriteString(token(bySource+l.Source) + " " + token(byStatus+string(l.Status)) + " " + token(byStage+l.Stage))
	return b.String()
}

// hasBeginnings reports whether a token is one that people begin to type: not a
// phone number backwards, nor what stands before an @, of which few are alike.
func hasBeginnings(t string) bool { return t[0] != '-' && t[0] != '=' }

// token makes sure that the index takes a text for one word.
func token(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r == 0x7f {
			return '_'
		}
		return r
	}, s)
}

// match writes a search and its filters as an FTS5 expression, "" when there is
// nothing to look for.
func (s *Store) match(ctx context.Context, q *store.Query) (string, error) {
	var and []string
	for _, alternatives := range store.Terms(q.Search) {
		var or []string
		for _, prefix := range alternatives {
			words, err := s.alternatives(ctx, token(prefix))
			if err != nil {
				return "", err
			}
			or = append(or, words...)
		}
		and = append(and, "("+strings.Join(or, " OR ")+")")
	}
	if len(and) == 0 {
		return "", nil
	}
	for _, f := range [...]struct{ by, value string }{{bySource, q.Source}, {byStatus, string(q.Status)}, {byStage, q.Stage}} {
		if f.value != "" {
			and = append(and, quoted(token(f.by+f.value)))
		}
	}
	return strings.Join(and, " AND "), nil
}

// alternatives returns what the index may hold of a prefix.
func (s *Store) alternatives(ctx context.Context, prefix string) ([]string, error) {
	switch {
	case prefix[0] == '=':
		return []string{quoted(prefix)}, nil // a whole token, as Terms promises
	case !hasBeginnings(prefix):
		return []string{quoted(prefix) + "*"}, nil
	case utf8.RuneCountInString(prefix) <= beginnings:
		return []string{quoted(prefix + beginning)}, nil
	}
	out := []string{quoted(prefix) + "*"}
	err := scanRows(s.read.QueryContext(ctx, `SELECT word FROM common_words WHERE word >= ? AND word < ?`, prefix, prefix+"\U0010FFFF"))(func(r *sql.Rows) error {
		var word string
		err := r.Scan(&word)
		out = append(out, quoted(common+word))
		return err
	})
	return out, err
}

func quoted(word string) string { return `"` + strings.ReplaceAll(word, `"`, `""`) + `"` }

// Index brings leads into the search index; merged ones leave it.
func (s *Store) Index(ctx context.Context, numbers []int64) error {
	values := make([]any, len(numbers))
	for i := range numbers {
		values[i] = numbers[i]
	}
	return s.update(ctx, "indexing leads", func(ctx context.Context) error {
		if err := s.settleWords(ctx); err != nil {
			return err
		}
		return s.each(ctx, `SELECT `+leadColumns+` FROM leads WHERE number IN (%s)`, values, func(r *sql.Rows) error {
			l, err := scanLead(r)
			if err != nil {
				return err
			}
			return s.indexLead(ctx, &l)
		})
	})
}

// settleWords finds out which of the words the last transaction made common are.
func (s *Store) settleWords(ctx context.Context) error {
	st, err := s.stmt(ctx, `SELECT count(*) FROM common_words WHERE word = ?`)
	if err != nil {
		return err
	}
	for _, w := range s.words.fresh {
		var there bool
		if err := st.QueryRowContext(ctx, w).Scan(&there); err != nil {
			return err
		}
		if there {
			s.words.common[w] = true
			delete(s.words.counts, w)
		}
	}
	s.words.fresh = nil
	return nil
}

func (s *Store) indexLead(ctx context.Context, l *lead.Lead) error {
	if l.MergedInto != 0 {
		_, err := s.exec(ctx, `DELETE FROM lead_words WHERE rowid = ?`, l.Number)
		return err
	}
	known := len(s.words.fresh)
	text := s.words.text(l)
	for _, w := range s.words.fresh[known:] {
		if _, err := s.exec(ctx, `INSERT INTO common_words (word) VALUES (?) ON CONFLICT DO NOTHING`, w); err != nil {
			return err
		}
	}
	_, err := s.exec(ctx, `INSERT OR REPLACE INTO lead_words (rowid, words) VALUES (?, ?)`, l.Number, text)
	return err
}
