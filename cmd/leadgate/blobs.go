package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"leadgate/lead"
	"leadgate/store/blob"
	"leadgate/store/blob/s3"
	"leadgate/store/postgres"
)

const (
	blobCheckTime = 5 * time.Second  // a start waits for a bucket to answer
	placeTime     = 30 * time.Second // one call of where blobs lie may take
)

// blobLocation is where blobs lie for all nodes. Without an option that is where every
// node finds them: rows of a store that nodes share, else this node's folder.
// others is how many nodes are known to live beside this one.
func (o *Options) blobLocation(others int) (blob.Location, error) {
	text := o.Blobs
	switch {
	case text != "":
	case o.sharedStore():
		text = blob.KindStore
	default:
		text = blob.KindFile + ":" + filepath.Join(o.Data, "blobs")
	}
	l, err := blob.ParseLocation(text)
	if err != nil {
		return l, fmt.Errorf("--blobs: %w", err)
	}
	return l, l.Suits(blob.Installation{Postgres: o.sharedStore(), Redis: o.Redis != "", Others: others})
}

// blobFolder is the folder where blobs lie for all nodes; where that is none, the one of
// the data folder, which a node still reads.
func (o *Options) blobFolder() (string, error) {
	l, err := o.blobLocation(0)
	if err == nil && l.Kind == blob.KindFile {
		return l.Path, nil
	}
	return filepath.Join(o.Data, "blobs"), err
}

// openBlobs makes the depot of this node. Where all nodes find blobs in this node's own
// folder, nothing is copied; else bodies only wait in a folder for their commit. What lay
// in the folder of the data is still read.
func (n *node) openBlobs(ctx context.Context) error {
	l, err := n.o.blobLocation(0)
	if err != nil {
		return err
	}
	bo := blob.Options{Rows: n.store}
	own := filepath.Join(n.o.Data, "blobs")
	if _, missing := os.Stat(own); missing == nil && !(l.Kind == blob.KindFile && same(own, l.Path)) {
		if bo.Earlier, err = blob.OpenFiles(own); err != nil {
			return err
		}
	}
	if l.Kind == blob.KindFile && !l.Shared {
		bo.Local, err = blob.OpenFiles(l.Path)
		n.blobs = blob.NewDepot(bo)
		return err
	}
	if bo.Local, err = blob.OpenFiles(filepath.Join(n.o.Data, "staging")); err != nil {
		return err
	}
	place, err := n.openPlace(ctx, l)
	if err != nil {
		return err
	}
	bo.Place = blob.NewBreaker(place, placeTime, nil)
	n.blobs = blob.NewDepot(bo)
	return nil
}

// same reports whether two paths lead to one folder, if by links.
func same(a, b string) bool {
	if here, err := os.Stat(a); err == nil {
		if there, err := os.Stat(b); err == nil {
			return os.SameFile(here, there)
		}
	}
	return false
}

// openPlace opens where blobs lie for all nodes.
func (n *node) openPlace(ctx context.Context, l blob.Location) (blob.Store, error) {
	switch l.Kind {
	case blob.KindFile:
		return blob.OpenShared(l.Path)
	case blob.KindS3:
		return n.openBucket(ctx, l)
	}
	return &n.chunks, nil
}

// openBucket opens a bucket and tries it. One that does not answer now is no reason not
// to start: deliveries with large bodies wait. One that never will is.
func (n *node) openBucket(ctx context.Context, l blob.Location) (blob.Store, error) {
	bucket, err := n.o.bucket(l)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, blobCheckTime)
	defer cancel()
	if err := bucket.Check(ctx); errors.Is(err, lead.ErrInvalid) {
		return nil, err
	} else if err != nil {
		n.log.WarnContext(ctx, "the blob store does not answer; large bodies wait on this node's disk", "err", err)
	}
	return bucket, nil
}

func (o *Options) bucket(l blob.Location) (*s3.Bucket, error) {
	return s3.Open(l, s3.Keys{Access: o.BlobsAccessKey, Secret: o.BlobsSecretKey}, nil)
}

// chunks are blobs in the rows of a store that may not be open yet.
type chunks struct {
	there atomic.Pointer[postgres.Store]
}

var errNoChunks = fmt.Errorf("%w: the store is not open yet", lead.ErrUnavailable)

// Put implements blob.Store.
func (c *chunks) Put(ctx context.Context, key string, data []byte) error {
	s := c.there.Load()
	if s == nil {
		return errNoChunks
	}
	return s.Chunks().Put(ctx, key, data)
}

// Get implements blob.Store.
func (c *chunks) Get(ctx context.Context, key string) ([]byte, error) {
	s := c.there.Load()
	if s == nil {
		return nil, errNoChunks
	}
	return s.Chunks().Get(ctx, key)
}

// Delete implements blob.Store.
func (c *chunks) Delete(ctx context.Context, key string) error {
	s := c.there.Load()
	if s == nil {
		return errNoChunks
	}
	return s.Chunks().Delete(ctx, key)
}

// List implements blob.Store.
func (c *chunks) List(ctx context.Context, after string, n int) ([]string, error) {
	s := c.there.Load()
	if s == nil {
		return nil, errNoChunks
	}
	return s.Chunks().List(ctx, after, n)
}

// collector removes the blobs nobody names. It must be made before anything is accepted.
func (n *node) collector() *blob.Collector {
	return blob.NewCollector(n.blobs, func() (time.Time, bool) {
		s := n.journal.Stats()
		return s.Oldest, s.Unread == 0
	}, n.log)
}
