package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"leadgate/store"
)

// A word that becomes common, is common, or became so in a transaction that failed
// is found like any other, by every prefix and on every page.
func TestCommonWords(t *testing.T) {
	t.Parallel()
	path, at := filepath.Join(t.TempDir(), "leadgate.db"), time.Now().UTC()
	s := open(t, path, nil)
	defer func() { s.Close() }()
	n := 0
	add := func() {
		n++
		it := benchItem(n, at)
		it.Inquiries[0].Company = "Windows Limited"
		if _, err := s.Apply(t.Context(), []store.Item{it}); err != nil {
			t.Fatal(err)
		}
		if err := s.Index(t.Context(), []int64{int64(n)}); err != nil {
			t.Fatal(err)
		}
	}
	add()
	s.words.counts["windows"], s.words.counts["@example.com"] = commonAt-2, commonAt-2
	add() // one before
	err := s.update(t.Context(), "failing", func(ctx context.Context) error {
		l, err := s.Lead(ctx, benchLead(t, s, 1))
		return errors.Join(err, s.settleWords(ctx), s.indexLead(ctx, &l), errors.New("planted"))
	})
	if err == nil || len(s.words.fresh) != 2 {
		t.Fatalf("%v, %v became common in a transaction that failed", err, s.words.fresh)
	}
	add() // two become common
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path, nil) // which a restart does not forget
	if !s.words.common["windows"] || !s.words.common["@example.com"] {
		t.Errorf("common after a restart: %v", s.words.common)
	}
	add()
	for _, word := range []string{"windows", "@example.com"} {
		for end := 1; end <= len(word); end++ {
			cursor, found := "", 0
			for {
				leads, next, err := s.List(t.Context(), store.Query{Page: store.Page{Limit: 3, Cursor: cursor}, Search: word[:end]})
				if err != nil {
					t.Fatal(err)
				}
				found += len(leads)
				if cursor = next; cursor == "" {
					break
				}
			}
			if found != n {
				t.Errorf("%q finds %d leads, want %d", word[:end], found, n)
			}
		}
	}
}

func benchLead(t *testing.T, s *Store, number int64) (id [16]byte) {
	t.Helper()
	var b []byte
	if err := s.read.QueryRowContext(t.Context(), `SELECT id FROM leads WHERE number = ?`, number).Scan(&b); err != nil {
		t.Fatal(err)
	}
	return blobID(b)
}

// What is counted stays small, and what comes often survives what comes once.
func TestCounting(t *testing.T) {
	t.Parallel()
	v := vocabulary{common: map[string]bool{}, counts: map[string]int{}}
	for i := range 10 * countWords {
		v.count(strconv.Itoa(i))
		if i%8 == 0 {
			v.count("often")
		}
		if len(v.counts) > countWords {
			t.Fatalf("%d words are counted", len(v.counts))
		}
	}
	if fmt.Sprint(v.fresh) != "[often]" {
		t.Errorf("common: %v", v.fresh)
	}
}
