package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"leadgate/internal/disk"
	"leadgate/internal/seal"
	"leadgate/lead"
)

// snapshotMost bounds what is read of a snapshot that is none.
const snapshotMost = 256 << 20

func snapshotPlace() []byte { return seal.Place("snapshot") }

// keep writes what was read into the snapshot, when it differs. One that cannot be
// written is tried again with the next change, and Trouble says so.
func (r *Registry) keep(ctx context.Context, ring *seal.Ring, def definition) {
	if r.o.Snapshot == "" {
		return
	}
	plain, err := json.Marshal(def)
	same := ring.First().String() + string(plain)
	if err == nil && same == r.kept {
		return
	}
	if err == nil {
		err = r.write(ring, plain)
	}
	if err != nil {
		why := "it cannot be written; a restart while the store is down would find older sources"
		if r.trouble.Swap(&why) == nil {
			r.o.Log.ErrorContext(ctx, "writing snapshot of sources", "err", err)
		}
		r.revision = -1 // the next look comes here again
		return
	}
	r.kept = same
	r.trouble.Store(nil)
}

func (r *Registry) write(ring *seal.Ring, plain []byte) error {
	sealed, err := ring.Seal(snapshotPlace(), plain)
	if err != nil {
		return err
	}
	return disk.WriteFile(r.o.FS, r.o.Snapshot, filepath.Dir(r.o.Snapshot), sealed)
}

// Restore puts in force what the snapshot holds, for a start without the store. It is
// lead.ErrNotFound when there is none.
func (r *Registry) Restore(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	body, err := disk.ReadFile(r.o.FS, r.o.Snapshot)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("reading snapshot of sources: %w", lead.ErrNotFound)
	case err == nil && len(body) > snapshotMost:
		err = seal.ErrDamaged
	}
	var plain []byte
	if err == nil {
		plain, err = r.o.Vault.Ring().Open(snapshotPlace(), body)
	}
	var def definition
	if err == nil {
		err = json.Unmarshal(plain, &def)
	}
	if err != nil {
		why := "it cannot be read"
		r.trouble.Store(&why)
		return fmt.Errorf("reading snapshot of sources: %w", err)
	}
	if id, err := seal.KeyOf(body); err == nil {
		r.o.Vault.LeadBy(id)
	}
	ring := r.o.Vault.Ring()
	r.apply(ctx, ring, def, nil)
	r.revision = -1 // the store may say the same number of something else
	r.kept = ring.First().String() + string(plain)
	return nil
}
