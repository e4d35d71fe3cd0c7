package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math"
	"math/rand/v2"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"leadgate/connectors"
	"leadgate/connectors/all"
	"leadgate/internal/disk"
	"leadgate/lead"
	"leadgate/lead/normal"
	"leadgate/pipeline"
	"leadgate/pipeline/journal"
	"leadgate/pipeline/redis"
	"leadgate/store"
	"leadgate/store/blob"
	"leadgate/store/postgres"
	"leadgate/store/sqlite"
)

// node is what a running gateway is made of, in the order it is opened.
type node struct {
	o        *Options
	log      *slog.Logger
	roles    pipeline.Roles
	vault    *pipeline.Vault
	blobs    *blob.Depot
	chunks   chunks // where blobs lie when that is the store
	store    *store.Late
	open     func(context.Context) error // opens the store
	opening  chan error                  // answers for an opening that takes long; nil for none
	giveUp   context.CancelFunc          // ends it
	journal  *journal.Journal
	sources  *pipeline.Sources
	limits   *pipeline.Limits
	redis    *redis.Node // nil when no other node shares the work
	registry *pipeline.Registry
	leases   *pipeline.Leaser
	pipeline *pipeline.Pipeline
}

// openNode opens everything up to the pipeline. meter may be nil. A patient one comes
// without a store that cannot be opened now: await opens it, and until then the node
// accepts for the sources it knows.
func openNode(ctx context.Context, o *Options, file *configFile, stderr io.Writer, meter pipeline.Meter, patient bool) (n *node, err error) {
	n = &node{o: o, log: o.logger(stderr), sources: &pipeline.Sources{}, store: &store.Late{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, n.close())
		}
	}()
	if err := o.unfinished(); err != nil { // no patience brings the rest of it
		return n, err
	}
	if err := o.together(); err != nil {
		return n, err
	}
	if n.roles, err = pipeline.ParseRoles(o.Roles); err != nil {
		return n, fmt.Errorf("--roles: %w", err)
	}
	list, err := file.build(o.Region)
	if err != nil {
		return n, err
	}
	if err := disk.MakeDir(disk.OS(), o.Data); err != nil {
		return n, fmt.Errorf("making the data folder: %w", err)
	}
	if err := n.openVault(); err != nil {
		return n, err
	}
	n.registry, err = pipeline.NewRegistry(pipeline.RegistryOptions{Sources: n.sources, Fixed: list, Connectors: all.Connectors(), Region: o.Region, Store: n.store,
		Vault: n.vault, Snapshot: filepath.Join(o.Data, "sources.sealed"), Log: n.log})
	if err != nil {
		return n, err
	}
	jo, err := o.journal(n.log)
	if err != nil {
		return n, err
	}
	if n.journal, err = journal.Open(jo); err != nil {
		return n, err
	}
	courtesy := &pipeline.Courtesy{}
	n.open = func(ctx context.Context) error { return n.openStore(ctx, courtesy.Yield) }
	if err := n.findSources(ctx, patient); err != nil {
		return n, err
	}
	n.leases = &pipeline.Leaser{Store: n.store, Owner: lead.NewID().String(), Log: n.log}
	if err := n.openBlobs(ctx); err != nil {
		return n, err
	}
	queue, err := n.openQueue(ctx)
	if err != nil {
		return n, err
	}
	var bus pipeline.Bus // and no bus that is none
	if n.redis != nil {
		bus = n.redis
	}
	index := 0
	if o.manyNodes() {
		index = pieceOfIndex
	}
	n.pipeline, err = pipeline.New(pipeline.Options{Index: index, Company: o.sharedStore(), Queue: queue, Bus: bus, Journal: n.journal, Store: n.store, Blobs: n.blobs, Sources: n.sources, Dir: o.Data, Meter: meter,
		Courtesy: courtesy, Leases: n.leases, Log: n.log, Roles: n.roles})
	return n, err
}

// pieceOfIndex is how many leads PostgreSQL brings into the search index at once: each
// time is a piece of the index, whose pages cost the same for few leads as for many.
const pieceOfIndex = 4096

// openQueue returns the queue this node's workers pull from: one that it shares with
// other nodes when there is a Redis, else nil for one of its own.
func (n *node) openQueue(ctx context.Context) (pipeline.Queue, error) {
	n.limits = pipeline.NewLimits()
	if n.o.Redis == "" {
		return nil, nil
	}
	ro := n.o.redisOptions()
	ro.Name, _ = os.Hostname() // only to be recognised by people who look into Redis
	ro.Work, ro.Limits, ro.Log = n.roles.Work, n.limits, n.log
	var err error
	if n.redis, err = redis.Open(ctx, n.o.Redis, ro); err != nil {
		return nil, fmt.Errorf("--redis: %w", err)
	}
	return n.redis, nil
}

func (o *Options) redisOptions() redis.Options {
	return redis.Options{Prefix: o.RedisPrefix, CAFile: o.RedisCA, AllowEviction: o.RedisEviction}
}

// openStore opens the store and checks the keys against it, before anybody uses it.
func (n *node) openStore(ctx context.Context, yield func()) error {
	s, err := openStore(ctx, n.o, yield)
	if err != nil {
		return err
	}
	if err := n.vault.Join(ctx, s); err != nil {
		return errors.Join(err, s.Close())
	}
	if shared, ok := s.(*postgres.Store); ok {
		n.chunks.there.Store(shared)
	}
	n.store.Set(s)
	return nil
}

// findSources reads the sources from the store, or from what is left of it here.
func (n *node) findSources(ctx context.Context, patient bool) error {
	err := n.openSoon(ctx, patient)
	if err == nil {
		err = n.registry.Load(ctx)
	}
	if err == nil || !patient || hopeless(err) {
		return err
	}
	n.log.ErrorContext(ctx, "the store cannot be opened; deliveries wait in the journal", "err", err)
	switch err := n.registry.Restore(ctx); {
	case errors.Is(err, lead.ErrNotFound):
		n.log.WarnContext(ctx, "no snapshot of sources is here; those that are not in the configuration file answer 503")
	case err != nil:
		n.log.ErrorContext(ctx, "those sources that are not in the configuration file answer 503", "err", err)
	}
	return nil
}

// openPatience is how long a start waits for a store that does not answer.
const openPatience = 5 * time.Second

// openSoon opens the store. A patient one is lead.ErrUnavailable when that takes long,
// and goes on with it.
func (n *node) openSoon(ctx context.Context, patient bool) error {
	if !patient {
		return n.open(ctx)
	}
	ctx, n.giveUp = context.WithCancel(ctx)
	opened := make(chan error, 1)
	go func() { opened <- n.open(ctx) }()
	select {
	case err := <-opened:
		return err
	case <-time.After(openPatience):
		n.opening = opened
		return fmt.Errorf("opening store: %w: it does not answer", lead.ErrUnavailable)
	}
}

// await opens the store, trying again until ctx ends, and returns at once when it is
// there. An error means that waiting does not help.
func (n *node) await(ctx context.Context) error {
	for wait := time.Second; !n.store.There(); wait = min(2*wait, 15*time.Second) {
		err := n.opened(ctx, wait/2+rand.N(wait/2))
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			n.log.InfoContext(ctx, "the store is open")
		case hopeless(err):
			return err
		}
	}
	return nil
}

// hopeless reports whether it does not help to try again.
func hopeless(err error) bool { return lead.IsPermanent(err) || errors.Is(err, lead.ErrInvalid) }

// opened waits for an opening that is under way, or for a while, and then opens the
// store itself.
func (n *node) opened(ctx context.Context, wait time.Duration) error {
	if n.opening != nil {
		select {
		case err := <-n.opening:
			n.opening = nil
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(wait):
		return n.open(ctx)
	}
}

func (n *node) close() error {
	var errs []error
	if n.redis != nil {
		errs = append(errs, n.redis.Close())
	}
	if n.giveUp != nil {
		n.giveUp()
	}
	if n.opening != nil {
		<-n.opening // its error was reported, or nobody waits for it any more
	}
	if n.journal != nil {
		errs = append(errs, n.journal.Close())
	}
	return errors.Join(append(errs, n.store.Close())...)
}

// openStore opens the store an option names, and makes it where there is none. yield
// is called by an engine that works in this process.
func openStore(ctx context.Context, o *Options, yield func()) (store.Store, error) {
	if err := o.unfinished(); err != nil {
		return nil, err
	}
	return openEngine(ctx, o, engine{yield: yield})
}

// engine is how a store is opened.
type engine struct {
	yield func() // called by one that works in this process; nil for never
	look  bool   // nothing is made or changed
}

// openEngine is openStore over a restore that did not end.
func openEngine(ctx context.Context, o *Options, e engine) (store.Store, error) {
	if o.sharedStore() {
		s, err := postgres.Open(ctx, postgres.Options{DSN: o.Store, Migrate: o.StoreMigrate, NoMigrate: e.look})
		if err != nil {
			return nil, err // and no store that is none
		}
		return s, nil
	}
	path, err := o.storePath()
	if err != nil {
		return nil, err
	}
	s, err := sqlite.Open(ctx, sqlite.Options{Path: path, Yield: e.yield, NoMigrate: e.look})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// storePath is the file of the embedded store.
func (o *Options) storePath() (string, error) {
	path, ok := strings.CutPrefix(o.Store, "sqlite:")
	switch {
	case o.Store == "":
		return filepath.Join(o.Data, "leadgate.db"), nil
	case !ok || path == "":
		return "", fmt.Errorf("%w: --store is sqlite:PATH or postgres://USER@HOST/DATABASE", lead.ErrInvalid)
	}
	return path, nil
}

// stored fails with lead.ErrNotFound when nothing was ever kept where the options
// say: a misspelt folder must not look like a gateway without leads.
func (o *Options) stored() error {
	if o.sharedStore() {
		return nil
	}
	path, err := o.storePath()
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("opening store: %w: there is no %s; is --data right?", lead.ErrNotFound, path)
	} else if err != nil {
		return fmt.Errorf("opening store: %w", err)
	}
	return nil
}

func (o *Options) logger(w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.LogLevel)); err != nil {
		level = slog.LevelInfo
	}
	ho := &slog.HandlerOptions{Level: level}
	if o.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, ho))
	}
	return slog.New(slog.NewTextHandler(w, ho))
}

// writeFileSynced puts a private file in place. It returns nil only when the file
// survives a power cut; until then the one before it does.
func writeFileSynced(path string, body []byte) error {
	if err := disk.WriteFile(disk.OS(), path, filepath.Dir(path), body); err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Base(path), err)
	}
	return nil
}

func (o *Options) journal(log *slog.Logger) (journal.Options, error) {
	jo := journal.Options{Dir: filepath.Join(o.Data, "journal"), Log: log, Now: time.Now}
	for _, s := range [...]struct {
		name, text string
		to         *int64
	}{{"journal-quota", o.JournalQuota, &jo.Quota}, {"disk-floor", o.DiskFloor, &jo.FreeFloor}, {"segment-size", o.SegmentSize, &jo.SegmentSize}} {
		n, err := bytesOf(s.text)
		if err != nil {
			return jo, fmt.Errorf("--%s: %w", s.name, err)
		}
		*s.to = n
	}
	if jo.FreeFloor == 0 {
		jo.FreeFloor = -1 // no floor at all
	}
	return jo, nil
}

// bytesOf reads a size such as 64MB (multiples of 1024).
func bytesOf(text string) (int64, error) {
	digits := strings.TrimRight(text, "KMGTBkmgtb")
	n, err := strconv.ParseInt(digits, 10, 64)
	shift, ok := map[string]uint{"": 0, "B": 0, "KB": 10, "MB": 20, "GB": 30, "TB": 40}[strings.ToUpper(text[len(digits):])]
	if err != nil || !ok || n < 0 || n > math.MaxInt64>>shift {
		return 0, fmt.Errorf("%w: a size is a number with B, KB, MB, GB or TB", lead.ErrInvalid)
	}
	return n << shift, nil
}

// build makes the sources of the configuration, or the one form there is without any.
// A source without a region of its own has the installation's.
func (f *configFile) build(region string) ([]pipeline.Source, error) {
	if region != "" && !normal.KnownRegion(region) {
		return nil, fmt.Errorf("%w: --region must be a country's code of two letters, such as FR", lead.ErrInvalid)
	}
	blocks := f.sources
	if !f.declared {
		blocks = []sourceBlock{{values: map[string]any{"name": "contact", "connector": "form", "title": "Contact"}}}
	}
	list := all.Connectors()
	out := make([]pipeline.Source, 0, len(blocks))
	for _, b := range blocks {
		src, err := pipeline.BuildSource(list, b.values)
		if err != nil {
			var at string
			if bad, ok := errors.AsType[*connectors.FieldError](err); ok {
				at = bad.Field
			}
			return nil, f.problem(b.line(at), "source %v: %v", b.values["name"], err)
		}
		src.Region = cmp.Or(src.Region, region)
		out = append(out, src)
		if err := (&pipeline.Sources{}).Set(out); err != nil { // the names, as far as they go
			return nil, f.problem(b.line("name"), "%v", err)
		}
	}
	return out, nil
}

// loopback reports whether only this machine reaches the address to listen on.
func (o *Options) loopback() bool {
	host, _, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return false
	}
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// tls reports whether this gateway speaks TLS itself.
func (o *Options) tls() bool { return o.TLSCert != "" || len(o.TLSAuto) > 0 }

// network checks the address to listen on. Anything but loopback needs TLS or a
// trusted proxy in front, so that nobody's inquiry crosses the open net in clear.
func (o *Options) network() ([]netip.Prefix, error) {
	var trusted []netip.Prefix
	for _, t := range o.TrustedProxies {
		p, err := netip.ParsePrefix(t)
		if err != nil {
			a, err := netip.ParseAddr(t)
			if err != nil {
				return nil, fmt.Errorf("%w: --trusted-proxies takes addresses and networks, not %q", lead.ErrInvalid, t)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		trusted = append(trusted, p)
	}
	if (o.TLSCert == "") != (o.TLSKey == "") {
		return nil, fmt.Errorf("%w: --tls-cert and --tls-key belong together", lead.ErrInvalid)
	}
	if _, _, err := net.SplitHostPort(o.Listen); err != nil {
		return nil, fmt.Errorf("%w: --listen is HOST:PORT", lead.ErrInvalid)
	}
	if err := o.checkAuto(); err != nil {
		return nil, err
	}
	if !o.loopback() && !o.tls() && len(trusted) == 0 {
		return nil, fmt.Errorf("%w: listening on %s would take inquiries in clear text from anywhere: give --tls-auto, or --tls-cert and --tls-key, or name the proxy in front with --trusted-proxies", lead.ErrInvalid, o.Listen)
	}
	if o.PublicURL != "" {
		u, err := url.Parse(o.PublicURL)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fmt.Errorf("%w: --public-url must be a full http or https address", lead.ErrInvalid)
		}
		o.PublicURL = strings.TrimRight(o.PublicURL, "/")
	}
	return trusted, nil
}
