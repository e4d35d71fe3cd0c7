package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"leadgate/connectors"
	"leadgate/internal/seal"
	"leadgate/lead"
	"leadgate/store"
)

// RotateStore is what a rotation asks of a store.
type RotateStore interface {
	store.State
	Sources(ctx context.Context) ([]store.SourceRecord, error)
	Reseal(ctx context.Context, values []store.Resealed) (int, error)
}

// Rotation seals everything in the store with the first key of a ring, while nodes
// work. It may be stopped at any moment and run again.
type Rotation struct {
	Vault      *Vault // of a tool: it is no node
	Store      RotateStore
	Connectors []connectors.Connector
	Tell       func(format string, args ...any) // what goes on, for who watches
	Poll       time.Duration                    // between two looks at the nodes; 0 for half a second
}

// Rotated counts what a rotation did.
type Rotated struct {
	Sealed int // anew
	Left   int // what does not open with any key, and stays as it is
}

// rotateBatch is how many values are sealed anew in one transaction.
const rotateBatch = 32

// Run waits until every living node seals with the first key, seals everything else
// with it too, and lets the store forget the others. Then the others may be dropped
// from every ring. It ends with ctx.
func (r *Rotation) Run(ctx context.Context) (Rotated, error) {
	var all Rotated
	if err := r.Vault.Join(ctx, r.Store); err != nil {
		return all, err
	}
	if err := r.await(ctx); err != nil {
		return all, err
	}
	for {
		done, err := r.pass(ctx)
		all.Sealed, all.Left = all.Sealed+done.Sealed, done.Left
		if err != nil {
			return all, fmt.Errorf("sealing anew: %w", err)
		}
		if done.Sealed == 0 {
			break
		}
	}
	if all.Left > 0 {
		return all, fmt.Errorf("sealing anew: %w: %d values do not open with any of the keys; the old keys stay known", lead.ErrPermanent, all.Left)
	}
	return all, r.forget(ctx)
}

// await introduces the first key and waits until all who live seal with it.
func (r *Rotation) await(ctx context.Context) error {
	first, told := r.Vault.given.First(), ""
	for {
		lack, ready, err := r.ready(ctx, first)
		switch {
		case err != nil && ctx.Err() == nil:
			return err
		case err == nil && ready:
			return nil
		}
		if text := strings.Join(lack, ", "); err == nil && text != told && text != "" {
			told = text
			r.Tell("waiting for key %s on: %s", first, text)
		}
		poll := r.Poll
		if poll == 0 {
			poll = 500 * time.Millisecond
		}
		if !sleep(ctx, poll) {
			return fmt.Errorf("waiting for the nodes: %w: key %s is not in use on all of them yet (%s); run it again when it is", lead.ErrUnavailable, first, told)
		}
	}
}

// ready introduces a key when it can be, and reports whether all who live seal with it
// and who does not even hold it.
func (r *Rotation) ready(ctx context.Context, first seal.ID) (lack []string, ready bool, err error) {
	if err := r.Vault.Refresh(ctx, r.Store); err != nil && !errors.Is(err, lead.ErrConflict) {
		return nil, false, err
	}
	nodes, err := living(ctx, r.Store)
	if err != nil {
		return nil, false, fmt.Errorf("asking for living nodes: %w", err)
	}
	ready = r.Vault.Ring().First() == first
	for name, p := range nodes {
		ready = ready && p.Seals == first.String()
		if !slices.Contains(p.Keys, first.String()) {
			lack = append(lack, name)
		}
	}
	slices.Sort(lack)
	return lack, ready, nil
}

// pass goes once over everything that is sealed.
func (r *Rotation) pass(ctx context.Context) (Rotated, error) {
	done, err := r.states(ctx)
	if err != nil {
		return done, err
	}
	more, err := r.sources(ctx)
	return Rotated{Sealed: done.Sealed + more.Sealed, Left: done.Left + more.Left}, err
}

func (r *Rotation) states(ctx context.Context) (done Rotated, err error) {
	ring := r.Vault.Ring()
	for after := ""; ; {
		page, err := r.Store.States(ctx, "", after, rotateBatch)
		if err != nil {
			return done, err
		}
		var batch []store.Resealed
		for _, v := range page {
			after = v.Key
			if strings.HasPrefix(v.Key, sealPrefix) {
				continue
			}
			value, changed, err := reseal(ring, statePlace(v.Key), v.Value)
			if err != nil {
				done.Left++
			} else if changed {
				batch = append(batch, store.Resealed{Key: v.Key, Version: v.Version, Value: value})
			}
		}
		if err := r.write(ctx, batch, &done); err != nil || len(page) < rotateBatch {
			return done, err
		}
	}
}

func (r *Rotation) sources(ctx context.Context) (done Rotated, err error) {
	ring := r.Vault.Ring()
	list, err := r.Store.Sources(ctx)
	if err != nil {
		return done, err
	}
	for _, rec := range list {
		settings, changed, err := resealSettings(ring, rec)
		switch {
		case err != nil:
			done.Left++
		case changed:
			if err := r.write(ctx, []store.Resealed{{Source: rec.Name, Version: rec.Version, Value: settings}}, &done); err != nil {
				return done, err
			}
		}
	}
	return done, nil
}

// write counts what was tried: what somebody changed meanwhile is looked at again in
// the next pass.
func (r *Rotation) write(ctx context.Context, batch []store.Resealed, done *Rotated) error {
	if len(batch) == 0 {
		return nil
	}
	if _, err := r.Store.Reseal(ctx, batch); err != nil {
		return err
	}
	done.Sealed += len(batch)
	return nil
}

// reseal seals a value with the first key of a ring. changed is false when it is
// sealed with it already.
func reseal(ring *seal.Ring, place, value []byte) (sealed []byte, changed bool, err error) {
	plain, err := ring.Open(place, value)
	if err != nil {
		return nil, false, err
	}
	if id, err := seal.KeyOf(value); err != nil || id == ring.First() {
		return value, false, err
	}
	sealed, err = ring.Seal(place, plain)
	return sealed, err == nil, err
}

// forget lets the store know only the first key from now on.
func (r *Rotation) forget(ctx context.Context) error {
	for {
		known, version, err := r.Vault.learn(ctx, r.Store)
		if err != nil {
			return err
		}
		first := r.Vault.Ring().First()
		kept := keyring{Keys: slices.DeleteFunc(known.Keys, func(p keyProof) bool { return p.ID != first.String() })}
		if len(kept.Keys) == len(known.Keys) {
			return nil
		}
		if len(kept.Keys) == 0 {
			return fmt.Errorf("forgetting old keys: %w: the store does not know the new one", lead.ErrConflict)
		}
		if err := putJSON(ctx, r.Store, keyringKey, kept, 0, &version); !errors.Is(err, lead.ErrConflict) {
			return err
		}
	}
}

// resealSettings seals the secrets of a source anew.
func resealSettings(ring *seal.Ring, rec store.SourceRecord) ([]byte, bool, error) {
	raw, err := decodeSettings(rec.Settings)
	if err != nil {
		return nil, false, err
	}
	changed := false
	err = eachSealed(raw, "", func(path string, value []byte) ([]byte, error) {
		sealed, anew, err := reseal(ring, secretPlace(rec.Name, path), value)
		changed = changed || anew
		return sealed, err
	})
	if err != nil || !changed {
		return nil, false, err
	}
	body, err := json.Marshal(raw)
	return body, err == nil, err
}
