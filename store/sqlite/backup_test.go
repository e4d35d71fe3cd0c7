package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"leadgate/lead"
	"leadgate/lead/normal"
	"leadgate/store"
)

// take copies a store into memory.
func take(t *testing.T, path string) (store.Copied, []byte) {
	t.Helper()
	b, err := OpenBackup(t.Context(), path, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	var body []byte
	c, err := b.Copy(t.Context(), func(name string, r io.Reader) error {
		if name != copyName {
			return fmt.Errorf("part %q", name)
		}
		body, err = io.ReadAll(r)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, body
}

func opener(body []byte) func(string) (io.ReadCloser, error) {
	return func(string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
}

// keep stores one inquiry.
func keep(ctx context.Context, s *Store, key string) error {
	q := lead.Inquiry{Key: key, Kind: lead.KindForm, Source: "src", Scope: "src", Received: s.now(), Name: lead.Name{Display: "Ana Belo"},
		Identities: []lead.Identity{{Kind: lead.IdentityEmail, Value: key + "@example.org"}}}
	normal.Inquiry(&q, "FR")
	d := lead.Delivery{ID: lead.DeriveID("src", key), Source: "src", Key: key, At: q.Received, Body: []byte(key)}
	raw, err := d.AppendBinary(nil)
	if err != nil {
		return err
	}
	_, err = s.Apply(ctx, []store.Item{{Delivery: d, Raw: raw, Inquiries: []lead.Inquiry{q}}})
	return err
}

// A copy taken while the store is written holds what was committed before, and
// restores to a store that works.
func TestBackupBesideWrites(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "leadgate.db")
	s := open(t, path, nil)
	defer s.Close()
	for i := range 100 {
		if err := keep(t.Context(), s, fmt.Sprint("before", i)); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			if err := keep(ctx, s, fmt.Sprint("during", i)); err != nil && ctx.Err() == nil {
				t.Error(err)
			}
		}
	})
	c, body := take(t, path)
	stop()
	wg.Wait()

	to := filepath.Join(t.TempDir(), "deep", "leadgate.db")
	if err := Restore(t.Context(), to, c, opener(body)); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(to)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	r := open(t, to, nil)
	defer r.Close()
	for i := range 100 {
		rec, err := r.Receipt(t.Context(), lead.DeriveID("src", fmt.Sprint("before", i)))
		if err != nil || rec.Verdict != lead.Created {
			t.Fatalf("receipt %d: %+v, %v", i, rec, err)
		}
	}
	st, err := r.Stats(t.Context())
	if err != nil || st.Leads.Total < 100 || st.Leads.Total != c.Rows["leads"] {
		t.Errorf("%d leads, the copy says %d: %v", st.Leads.Total, c.Rows["leads"], err)
	}
	if err := keep(t.Context(), r, "after"); err != nil {
		t.Error(err)
	}
	if n, err := r.Index(t.Context(), 1000); err != nil || n == 0 {
		t.Errorf("indexed %d, %v", n, err)
	}
}

// What is not whole, or has no place, is refused, and nothing is left behind.
func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "leadgate.db")
	s := open(t, path, nil)
	for i := range 30 {
		if err := keep(t.Context(), s, fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	c, body := take(t, path)
	change := func(f func(*store.Copied)) store.Copied {
		d := c
		d.Rows = map[string]int64{"leads": c.Rows["leads"]}
		f(&d)
		return d
	}
	damaged := bytes.Clone(body)
	clear(damaged[len(damaged)/2 : len(damaged)/2+20000])
	for name, tc := range map[string]struct {
		c    store.Copied
		body []byte
		to   string
		want error
	}{
		"a store is there":      {c, body, path, lead.ErrConflict},
		"another engine":        {change(func(c *store.Copied) { c.Engine = "postgres" }), body, "", lead.ErrPermanent},
		"a newer schema":        {change(func(c *store.Copied) { c.Schema = 9999 }), body, "", lead.ErrPermanent},
		"another schema inside": {change(func(c *store.Copied) { c.Schema = 0 }), body, "", lead.ErrPermanent},
		"a row too few":         {change(func(c *store.Copied) { c.Rows["leads"]++ }), body, "", lead.ErrPermanent},
		"cut short":             {c, body[:len(body)/2], "", lead.ErrPermanent},
		"damaged":               {c, damaged, "", lead.ErrPermanent},
		"empty":                 {c, nil, "", nil},
	} {
		dir := t.TempDir()
		if tc.to == "" {
			tc.to = filepath.Join(dir, "leadgate.db")
		}
		err := Restore(t.Context(), tc.to, tc.c, opener(tc.body))
		if err == nil || tc.want != nil && !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("%s: left %v", name, left)
		}
	}
	if _, err := OpenBackup(t.Context(), filepath.Join(t.TempDir(), "none.db"), ""); !errors.Is(err, lead.ErrNotFound) {
		t.Errorf("a store that is not there: %v", err)
	}
}
