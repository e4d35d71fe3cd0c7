package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"leadgate/connectors/all"
	"leadgate/internal/seal"
	"leadgate/lead"
	"leadgate/pipeline"
	"leadgate/store"
)

// manyNodes reports whether there can be other nodes.
func (o *Options) manyNodes() bool { return o.sharedStore() || o.Redis != "" }

// sharedStore reports whether the store is one that several nodes share.
func (o *Options) sharedStore() bool {
	return strings.HasPrefix(o.Store, "postgres://") || strings.HasPrefix(o.Store, "postgresql://")
}

// together fails when options cannot stand together.
func (o *Options) together() error {
	if o.Redis != "" && !o.sharedStore() {
		return fmt.Errorf("%w: --redis hands work out to other nodes, and they need a store in common: give --store postgres://USER@HOST/DATABASE, or leave --redis out", lead.ErrInvalid)
	}
	return nil
}

// keyFile is the file of the keys, "" when they are given as text.
func (o *Options) keyFile() string {
	if o.SecretKey == "" {
		return filepath.Join(o.Data, "secret.key")
	}
	if _, err := seal.ParseRing(o.SecretKey); err == nil {
		return ""
	}
	return o.SecretKey
}

// readKeys reads the keys that seal secrets, as they are now. It fails with
// lead.ErrNotFound when none is named and this node has not made its own yet. Errors
// repeat nothing of what was given.
func (o *Options) readKeys() (*seal.Ring, error) {
	if o.SecretKey == "" && o.manyNodes() {
		return nil, fmt.Errorf("%w: several nodes can share this store, and they must have one key: give the same --secret-key to all of them (openssl rand -hex 32 makes one)", lead.ErrInvalid)
	}
	path := o.keyFile()
	if path == "" {
		return seal.ParseRing(o.SecretKey)
	}
	body, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && o.SecretKey == "":
		return nil, fmt.Errorf("reading secret key: %w", lead.ErrNotFound)
	case err != nil:
		return nil, fmt.Errorf("reading secret key: %w: --secret-key must be 64 hex digits or a file that holds them", lead.ErrInvalid)
	}
	ring, err := seal.ParseRing(string(body))
	if err != nil {
		return nil, fmt.Errorf("reading secret key: %w: the file does not hold 64 hex digits on each line", lead.ErrInvalid)
	}
	return ring, nil
}

// makeKeys is readKeys for a node, which makes a key of its own where it may.
func (o *Options) makeKeys() (*seal.Ring, error) {
	ring, err := o.readKeys()
	if !errors.Is(err, lead.ErrNotFound) {
		return ring, err
	}
	key, err := seal.NewKey()
	if err != nil {
		return nil, err
	}
	if err := writeFileSynced(o.keyFile(), []byte(key.Hex()+"\n")); err != nil {
		return nil, err
	}
	return seal.NewRing(key)
}

// openVault reads the keys of this node.
func (n *node) openVault() (err error) {
	if _, err := n.o.makeKeys(); err != nil {
		return err
	}
	host, err := os.Hostname()
	if err != nil {
		host = "node"
	}
	n.vault, err = pipeline.OpenVault(pipeline.VaultOptions{Read: n.o.readKeys, Node: host + "-" + rand.Text()[:8], Tell: n.o.facts(), Log: n.log})
	return err
}

// rotateKeyCmd seals everything with a new key, beside gateways that run.
type rotateKeyCmd struct {
	Options
	Drop bool          `help:"Drop the old keys in the end, when nothing is sealed with them any more."`
	Wait time.Duration `help:"How long to wait until every running node has the new key." default:"10m" placeholder:"DURATION"`
}

// Run may be stopped at any moment and run again: what it has done it finds done.
func (c *rotateKeyCmd) Run(in *common) error {
	ring, err := c.readKeys()
	if errors.Is(err, lead.ErrNotFound) {
		return fmt.Errorf("rotating key: %w: there is no key yet; serve makes it", lead.ErrNotFound)
	}
	if err != nil {
		return err
	}
	say := func(format string, args ...any) { fmt.Fprintf(in.stdout, format+"\n", args...) }
	if err := c.stored(); err != nil {
		return err
	}
	if len(ring.IDs()) == 1 {
		if c.Drop {
			return fmt.Errorf("%w: there is one key only, and nothing to drop; rotate-key without --drop makes a new one", lead.ErrConflict)
		}
		if ring, err = c.addKey(ring, say); err != nil {
			return err
		}
	}
	if err := c.rotate(in.ctx, say); err != nil {
		return err
	}
	return c.dropKeys(ring, say)
}

// addKey puts a new key before the one there is.
func (c *rotateKeyCmd) addKey(ring *seal.Ring, say func(string, ...any)) (*seal.Ring, error) {
	path := c.keyFile()
	if path == "" {
		return nil, fmt.Errorf("%w: put a new key before the one there is, in --secret-key of every node (NEW,OLD; openssl rand -hex 32 makes one), and run this again", lead.ErrInvalid)
	}
	key, err := seal.NewKey()
	if err != nil {
		return nil, err
	}
	if ring, err = ring.With(key); err != nil {
		return nil, err
	}
	if err := writeKeys(path, ring); err != nil {
		return nil, err
	}
	say("made key %s, the first line of %s", key.ID(), path)
	if c.manyNodes() {
		say("put this file in place of the one of every other node; running nodes notice it by themselves")
	}
	return ring, nil
}

func (c *rotateKeyCmd) rotate(ctx context.Context, say func(string, ...any)) error {
	vault, err := pipeline.OpenVault(pipeline.VaultOptions{Read: c.readKeys})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.Wait)
	defer cancel()
	return withStore(ctx, &c.Options, func(s store.Store) error {
		r := pipeline.Rotation{Vault: vault, Store: s, Connectors: all.Connectors(), Tell: say}
		done, err := r.Run(ctx)
		say("sealed %d values anew", done.Sealed)
		return err
	})
}

// dropKeys ends a rotation: only the first key is left, or it says how to get there.
func (c *rotateKeyCmd) dropKeys(ring *seal.Ring, say func(string, ...any)) error {
	switch path := c.keyFile(); {
	case path == "":
		say("everything is sealed with key %s; the others can be taken out of --secret-key", ring.First())
	case c.Drop:
		if err := writeKeys(path, ring.Only()); err != nil {
			return err
		}
		say("dropped all keys but %s; what was signed with them is not taken any more", ring.First())
	default:
		say("everything is sealed with key %s; the old keys still prove forms that were drawn before. After a day: leadgate rotate-key --drop", ring.First())
	}
	return nil
}

// writeKeys replaces a file of keys. It stays its owner's, who may be another than us.
func writeKeys(path string, ring *seal.Ring) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("writing keys: %w", err)
	}
	if err := writeFileSynced(path, []byte(ring.Text())); err != nil {
		return err
	}
	if was, ok := info.Sys().(*syscall.Stat_t); ok && int(was.Uid) != os.Getuid() {
		if err := os.Chown(path, int(was.Uid), int(was.Gid)); err != nil {
			return fmt.Errorf("writing keys: %w", err)
		}
	}
	return nil
}
