package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"leadgate/store"
)

// checkCmd says whether a gateway with this configuration would work, and what is
// wrong when not.
type checkCmd struct{ Options }

func (c *checkCmd) Run(in *common, file *configFile) error {
	bad := 0
	report := func(what string, err error, detail string) {
		if err != nil {
			bad++
			fmt.Fprintf(in.stdout, "FAIL  %-14s %v\n", what, err)
			return
		}
		fmt.Fprintf(in.stdout, "ok    %-14s %s\n", what, detail)
	}
	list, err := file.build(c.Region)
	report("sources", err, fmt.Sprintf("%d", len(list)))
	_, err = c.network()
	report("network", err, c.Listen)
	took, err := trySync(c.Data)
	report("data folder", err, fmt.Sprintf("%s, a sync takes %.2f ms", c.Data, float64(took.Microseconds())/1000))
	_, err = c.secretKey()
	report("secret key", err, "there")
	_, err = c.journal(nil)
	report("journal", err, "quota "+c.JournalQuota+", disk floor "+c.DiskFloor)
	var st store.Stats
	err = withStore(in.ctx, &c.Options, func(s store.Store) (err error) {
		st, err = s.Stats(in.ctx)
		return err
	})
	report("store", err, fmt.Sprintf("%d leads, %d parked, %d in quarantine", st.Leads.Total, st.Parked, st.Quarantine))
	if r, ok := running(c.Data); ok {
		fmt.Fprintf(in.stdout, "note  a gateway runs over this folder at %s\n", r.Address)
	}
	if bad > 0 {
		fmt.Fprintf(in.stdout, "%d of these must be mended\n", bad)
		return errReported
	}
	return nil
}

// trySync writes and syncs a small file, the thing every acceptance waits for.
func trySync(dir string) (took time.Duration, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, fmt.Errorf("cannot be made: %w", err)
	}
	path := filepath.Join(dir, ".check")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return 0, fmt.Errorf("cannot be written: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(path)) }()
	if _, err := f.Write(make([]byte, 1024)); err != nil {
		return 0, fmt.Errorf("cannot be written: %w", err)
	}
	start := time.Now()
	if err := f.Sync(); err != nil {
		return 0, fmt.Errorf("cannot be synced: %w", err)
	}
	return time.Since(start), nil
}
