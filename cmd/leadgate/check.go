package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"leadgate/lead"
	"leadgate/pipeline"
	"leadgate/pipeline/redis"
	"leadgate/store"
	"leadgate/store/blob"
)

// checkCmd says whether a gateway with this configuration would work, and what is
// wrong when not. It changes nothing: a store of an older version stays what it is, and
// only a bucket is tried with a small blob that goes again.
type checkCmd struct {
	Options
	Live  bool `help:"Only ask the gateway that runs over the data folder whether it lives." xor:"ask"`
	Ready bool `help:"Only ask it whether it would keep a delivery now." xor:"ask"`
}

func (c *checkCmd) Run(in *common, file *configFile) error {
	if c.Live || c.Ready {
		return c.ask(in)
	}
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
	if err == nil && len(list) == 0 {
		fmt.Fprintln(in.stdout, "note  the list of sources is empty: nothing will be taken in")
	}
	_, err = c.network()
	if err == nil {
		_, err = c.outgoing()
	}
	report("network", err, c.Listen)
	_, err = pipeline.ParseRoles(c.Roles)
	report("roles", err, c.Roles)
	detail, err := tryFolder(c.Data)
	report("data folder", err, detail)
	detail = "there"
	if err = c.tryKeys(in.ctx); errors.Is(err, lead.ErrNotFound) {
		detail, err = "serve makes it", nil
	}
	report("secret key", err, detail)
	_, err = c.journal(nil)
	report("journal", err, "quota "+c.JournalQuota+", disk floor "+c.DiskFloor)
	detail, err = c.counts(in.ctx)
	report("store", err, detail)
	c.tryShared(in.ctx, report)
	if r, ok := running(c.Data); ok {
		fmt.Fprintf(in.stdout, "note  a gateway runs over this folder at %s\n", r.Address)
	}
	if bad > 0 {
		fmt.Fprintf(in.stdout, "%d of these must be mended\n", bad)
		return errReported
	}
	return nil
}

// ask is the health check of a container: the image holds nothing else that could ask.
func (c *checkCmd) ask(in *common) error {
	r, ok := running(c.Data)
	if !ok {
		return fmt.Errorf("%w: no gateway answers over %s", lead.ErrUnavailable, c.Data)
	}
	if c.Live {
		fmt.Fprintln(in.stdout, "live")
		return nil
	}
	resp, err := r.client(2 * time.Second).Get(r.Address + "/readyz")
	if err != nil {
		return fmt.Errorf("asking the running gateway: %w: %w", lead.ErrUnavailable, err)
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%w: the gateway would keep no delivery now", lead.ErrUnavailable)
	}
	fmt.Fprintln(in.stdout, "ready")
	return nil
}

// counts says what the store holds.
func (c *checkCmd) counts(ctx context.Context) (string, error) {
	if err := c.stored(); errors.Is(err, lead.ErrNotFound) {
		return "serve makes it", nil
	}
	var st store.Stats
	err := lookAt(ctx, &c.Options, func(s store.Store) (err error) {
		st, err = s.Stats(ctx)
		return err
	})
	if old, ok := errors.AsType[*store.SchemaError](err); ok {
		return old.Error() + ", which serve brings up to date", nil
	}
	return fmt.Sprintf("%d leads, %d parked, %d in quarantine", st.Leads.Total, st.Parked, st.Quarantine), err
}

// tryKeys says whether the keys open what the store holds. A store that cannot be
// opened is another line's.
func (c *checkCmd) tryKeys(ctx context.Context) error {
	vault, err := pipeline.OpenVault(pipeline.VaultOptions{Read: c.readKeys})
	if err != nil || c.stored() != nil {
		return err
	}
	_ = lookAt(ctx, &c.Options, func(s store.Store) error {
		err = vault.Check(ctx, s)
		return nil
	})
	if lead.IsPermanent(err) {
		return err
	}
	return nil
}

// tryShared tries what nodes share beside the store.
func (c *checkCmd) tryShared(ctx context.Context, report func(what string, err error, detail string)) {
	if c.Redis != "" {
		err := c.together()
		if err == nil {
			err = redis.Check(ctx, c.Redis, c.redisOptions())
		}
		report("redis", err, "it answers")
	}
	others := c.otherNodes(ctx)
	l, err := c.tryBlobs(ctx, len(others))
	report("blobs", err, l.String())
	if len(others) == 0 {
		return
	}
	for _, why := range c.misfits(others) {
		if !strings.HasPrefix(why, "blobs: ") || err == nil { // else it is said already
			report("other nodes", errors.New(why), "")
			return
		}
	}
	report("other nodes", nil, fmt.Sprintf("%d over the same store", len(others)))
}

// tryBlobs tries where blobs lie. Nodes that are there already must find them too.
func (c *checkCmd) tryBlobs(ctx context.Context, others int) (blob.Location, error) {
	l, err := c.blobLocation(others)
	if err != nil || l.Kind != blob.KindS3 {
		return l, err
	}
	bucket, err := c.bucket(l)
	if err != nil {
		return l, err
	}
	ctx, cancel := context.WithTimeout(ctx, blobCheckTime)
	defer cancel()
	return l, bucket.Check(ctx)
}

// otherNodes finds the nodes that live beside the one of this folder. When the store
// cannot be asked, its own line says so.
func (c *checkCmd) otherNodes(ctx context.Context) (others []pipeline.Neighbour) {
	if !c.sharedStore() {
		return nil
	}
	_ = lookAt(ctx, &c.Options, func(s store.Store) (err error) {
		others, err = pipeline.Living(ctx, s)
		return err
	})
	own, ok := running(c.Data)
	return slices.DeleteFunc(others, func(n pipeline.Neighbour) bool { return ok && n.Name == own.Node })
}

// tryFolder tries the data folder, or where it will be made.
func tryFolder(data string) (string, error) {
	dir, told := data, data
	for {
		info, err := os.Stat(dir)
		if err == nil && info.IsDir() {
			break
		}
		if parent := filepath.Dir(filepath.Clean(dir)); errors.Is(err, fs.ErrNotExist) && parent != dir {
			dir, told = parent, data+", which serve makes"
			continue
		}
		return "", fmt.Errorf("%w: %s is no folder and cannot be made one", lead.ErrInvalid, dir)
	}
	took, err := trySync(dir)
	return fmt.Sprintf("%s, a sync takes %.2f ms", told, float64(took.Microseconds())/1000), err
}

// trySync writes and syncs a small file, the thing every acceptance waits for.
func trySync(dir string) (took time.Duration, err error) {
	f, err := os.CreateTemp(dir, ".leadgate-check-*")
	if err != nil {
		return 0, fmt.Errorf("cannot be written: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	if _, err := f.Write(make([]byte, 1024)); err != nil {
		return 0, fmt.Errorf("cannot be written: %w", err)
	}
	start := time.Now()
	if err := f.Sync(); err != nil {
		return 0, fmt.Errorf("cannot be synced: %w", err)
	}
	return time.Since(start), nil
}
