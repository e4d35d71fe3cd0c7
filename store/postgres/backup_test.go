package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"sync"
	"testing"

	"leadgate/internal/services"
	"leadgate/lead"
	"leadgate/lead/normal"
	"leadgate/store"
)

// takeCopy copies a store into memory.
func takeCopy(t *testing.T, dsn string) (store.Copied, map[string][]byte) {
	t.Helper()
	b, err := OpenBackup(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string][]byte{}
	c, err := b.Copy(t.Context(), func(name string, r io.Reader) (err error) {
		parts[name], err = io.ReadAll(r)
		return err
	})
	if err := errors.Join(err, b.Close()); err != nil {
		t.Fatal(err)
	}
	return c, parts
}

func opener(parts map[string][]byte) func(string) (io.ReadCloser, error) {
	return func(name string) (io.ReadCloser, error) {
		body, ok := parts[name]
		if !ok {
			return nil, fmt.Errorf("no part %s", name)
		}
		return io.NopCloser(bytes.NewReader(body)), nil
	}
}

// keepOne stores one inquiry, whose text is hostile to whoever copies it as text.
func keepOne(ctx context.Context, s *Store, key string) error {
	q := lead.Inquiry{Key: key, Kind: lead.KindForm, Source: "src", Scope: "src", Received: s.now(), Name: lead.Name{Display: "Ana Belo"},
		Text: "tab\there\nand \\. a backslash \\N", Identities: []lead.Identity{{Kind: lead.IdentityEmail, Value: key + "@example.org"}}}
	normal.Inquiry(&q, "FR")
	d := lead.Delivery{ID: lead.DeriveID("src", key), Source: "src", Key: key, At: q.Received, Body: []byte(key + "\x00\xff\\")}
	raw, err := d.AppendBinary(nil)
	if err != nil {
		return err
	}
	_, err = s.Apply(ctx, []store.Item{{Delivery: d, Raw: raw, Inquiries: []lead.Inquiry{q}}})
	return err
}

// A copy taken while several write, directly and through a pooler in transaction mode,
// holds what was committed before, and restores to a store that works.
func TestBackupBesideWrites(t *testing.T) {
	s, db := opened(t, nil)
	for i := range 60 {
		if err := keepOne(t.Context(), s, fmt.Sprint("before", i)); err != nil {
			t.Fatal(err)
		}
	}
	for name, dsn := range map[string]string{"direct": db.DSN(), "pooled": db.Bouncer(t)} {
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for w := range 3 {
			wg.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					if err := keepOne(ctx, s, fmt.Sprintf("%s%d-%d", name, w, i)); err != nil && ctx.Err() == nil {
						t.Error(err)
					}
				}
			})
		}
		c, parts := takeCopy(t, dsn)
		stop()
		wg.Wait()
		checkRestored(t, c, parts)
	}
}

func checkRestored(t *testing.T, c store.Copied, parts map[string][]byte) {
	t.Helper()
	to := services.Postgres(t).Database(t)
	if err := Restore(t.Context(), Options{DSN: to.Bouncer(t), Migrate: to.DSN()}, c, opener(parts)); err != nil {
		t.Fatal(err)
	}
	r := open(t, Options{DSN: to.DSN()})
	defer r.Close()
	for i := range 60 {
		id := lead.DeriveID("src", fmt.Sprint("before", i))
		rec, err := r.Receipt(t.Context(), id)
		if err != nil || rec.Verdict != lead.Created {
			t.Fatalf("receipt %d: %+v, %v", i, rec, err)
		}
		d, err := r.Raw(t.Context(), id)
		if err != nil || !bytes.Equal(d.Body, fmt.Appendf(nil, "before%d\x00\xff\\", i)) {
			t.Fatalf("delivery %d came back as %q, %v", i, d.Body, err)
		}
	}
	st, err := r.Stats(t.Context())
	if err != nil || st.Leads.Total < 60 || st.Leads.Total != c.Rows["leads"] {
		t.Errorf("%d leads, the copy says %d: %v", st.Leads.Total, c.Rows["leads"], err)
	}
	for i := range 20 { // numbers and ids go on where they were
		if err := keepOne(t.Context(), r, fmt.Sprint("after", i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := Restorable(t.Context(), Options{DSN: to.DSN()}, c); !errors.Is(err, lead.ErrConflict) {
		t.Errorf("over a store: %v", err)
	}
	if _, err := OpenBackup(t.Context(), services.Postgres(t).Database(t).DSN()); !errors.Is(err, lead.ErrNotFound) {
		t.Errorf("a database without a store: %v", err)
	}
}

// What is not whole is refused in one transaction, after which the database can be
// restored into again.
func TestRestoreRefuses(t *testing.T) {
	s, db := opened(t, nil)
	for i := range 20 {
		if err := keepOne(t.Context(), s, fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	c, parts := takeCopy(t, db.DSN())
	change := func(f func(*store.Copied)) store.Copied {
		d := c
		d.Rows = maps.Clone(c.Rows)
		f(&d)
		return d
	}
	without := func(name string) map[string][]byte {
		p := maps.Clone(parts)
		p[name] = p[name][:len(p[name])/2]
		return p
	}
	to := services.Postgres(t).Database(t)
	o := Options{DSN: to.DSN()}
	for name, tc := range map[string]struct {
		c     store.Copied
		parts map[string][]byte
	}{
		"another engine":  {change(func(c *store.Copied) { c.Engine = "sqlite" }), parts},
		"a newer schema":  {change(func(c *store.Copied) { c.Schema = 9999 }), parts},
		"a row too few":   {change(func(c *store.Copied) { c.Rows["leads"]++ }), parts},
		"a table too few": {change(func(c *store.Copied) { delete(c.Rows, "leads") }), parts},
		"a part cut":      {c, without("deliveries.copy")},
		"another cut":     {c, without("leads.copy")},
		"no list":         {c, without(tablesName)},
	} {
		if err := Restore(t.Context(), o, tc.c, opener(tc.parts)); err == nil {
			t.Errorf("%s: restored", name)
		} else if !lead.IsPermanent(err) && name != "no list" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := Restore(t.Context(), o, c, opener(parts)); err != nil {
		t.Errorf("after all of these: %v", err)
	}
}
