package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"leadgate/connectors"
	"leadgate/internal/disk"
	"leadgate/internal/seal"
	"leadgate/lead"
	"leadgate/store"
)

// RegistryStore is what the registry asks of a store.
type RegistryStore interface {
	store.State
	Sources(ctx context.Context) ([]store.SourceRecord, error)
	SourcesRevision(ctx context.Context) (int64, error)
	PutSource(ctx context.Context, s store.SourceRecord) (int64, error)
}

// RegistryOptions are what a registry is made of.
type RegistryOptions struct {
	Sources    *Sources // kept up to date
	Fixed      []Source // of the configuration file; they win over those of the store and cannot be changed
	Connectors []connectors.Connector
	Region     string // of sources without one
	Store      RegistryStore
	Vault      *Vault
	Snapshot   string        // path of the sealed snapshot; "" for none
	FS         disk.FS       // nil for the system's
	Every      time.Duration // between two looks at the store; 0 for a second
	Log        *slog.Logger
}

// Registry keeps the sources in force the same as what the configuration file and the
// store say, on every node, within seconds and without a restart. A source that cannot
// be read is out of force alone, and Sources says why.
//
// The last set it read is kept sealed in the data folder, so that a node starts with it
// and accepts while the store is down.
type Registry struct {
	o       RegistryOptions
	trouble atomic.Pointer[string] // with the snapshot; nil for none

	mu       sync.Mutex // guards what follows
	revision int64      // in force; -1 before the first
	ring     *seal.Ring // it was built with
	made     map[string]made
	kept     string // what the snapshot on disk holds, and the key it is sealed with
}

// made is a source with what it was built from: the same gives the same pointer, so
// that nobody notices.
type made struct {
	from string
	ring *seal.Ring
	src  *Source
}

// definition is all that the sources of the store are built from.
type definition struct {
	Revision int64                      `json:"revision"`
	Records  []store.SourceRecord       `json:"records"`
	Overlays map[string]json.RawMessage `json:"overlays"`
}

// overlayPrefix is where in State the settings stand that a source found out at run time.
const overlayPrefix = "overlay/"

// NewRegistry makes a registry and puts the fixed sources in force. Until others were
// read or restored, nobody can say what is not there.
func NewRegistry(o RegistryOptions) (*Registry, error) {
	if o.FS == nil {
		o.FS = disk.OS()
	}
	if o.Every == 0 {
		o.Every = time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	set, err := newSet(o.Fixed)
	if err != nil {
		return nil, err
	}
	o.Sources.now.Store(set)
	o.Sources.seen.Store(1) // long ago
	return &Registry{o: o, revision: -1, made: map[string]made{}}, nil
}

// Run looks every second, with jitter, whether sources or keys have changed, until ctx
// ends. A store that is down changes nothing.
func (r *Registry) Run(ctx context.Context) {
	for sleep(ctx, r.o.Every*3/4+rand.N(r.o.Every/2)) {
		if err := r.Look(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, lead.ErrUnavailable) {
			r.o.Log.ErrorContext(ctx, "reading sources", "err", err)
		}
	}
}

// Look reads what has changed since it looked last.
func (r *Registry) Look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, registryPatience)
	defer cancel()
	keys := r.o.Vault.Refresh(ctx, r.o.Store)
	asked := time.Now()
	n, err := r.o.Store.SourcesRevision(ctx)
	if err != nil {
		return err
	}
	r.mu.Lock()
	same := n == r.revision && r.o.Vault.Ring() == r.ring
	r.mu.Unlock()
	if same {
		r.o.Sources.seen.Store(asked.UnixNano())
		return keys
	}
	return errors.Join(r.Load(ctx), keys)
}

// registryPatience is how long a store that hangs may hold up a look at it.
const registryPatience = 4 * time.Second

// Load reads the sources from the store, puts them in force and keeps the snapshot.
func (r *Registry) Load(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	ring, asked := r.o.Vault.Ring(), time.Now()
	def, broken, err := r.read(ctx, ring)
	if err != nil {
		return fmt.Errorf("reading sources: %w", err)
	}
	r.apply(ctx, ring, def, broken)
	r.o.Sources.seen.Store(asked.UnixNano())
	r.keep(ctx, ring, def)
	return nil
}

// read reads what the sources are built from. The revision comes first: what changes
// meanwhile is read again.
func (r *Registry) read(ctx context.Context, ring *seal.Ring) (def definition, broken map[string]string, err error) {
	if def.Revision, err = r.o.Store.SourcesRevision(ctx); err != nil {
		return def, nil, err
	}
	if def.Records, err = r.o.Store.Sources(ctx); err != nil {
		return def, nil, err
	}
	def.Overlays, broken = map[string]json.RawMessage{}, map[string]string{}
	for after := ""; ; {
		page, err := r.o.Store.States(ctx, overlayPrefix, after, 100)
		if err != nil {
			return def, nil, err
		}
		for _, v := range page {
			after = v.Key
			name := v.Key[len(overlayPrefix):]
			plain, err := ring.Open(statePlace(v.Key), v.Value)
			if err != nil {
				broken[name] = err.Error()
			} else {
				def.Overlays[name] = plain
			}
		}
		if len(page) < 100 {
			return def, broken, nil
		}
	}
}

// apply puts in force what can be built. broken are names that cannot.
func (r *Registry) apply(ctx context.Context, ring *seal.Ring, def definition, broken map[string]string) {
	set := &sourceSet{byName: map[string]*Source{}, broken: map[string]string{}, complete: true}
	now := make(map[string]made, len(r.made))
	put := func(name, from string, build func() (Source, error)) {
		why := broken[name]
		if m, ok := r.made[name]; ok && m.from == from && m.ring == ring && why == "" {
			set.byName[name], now[name] = m.src, m
			return
		}
		if why == "" {
			src, err := build()
			if err == nil {
				set.byName[name], now[name] = &src, made{from, ring, &src}
				return
			}
			why = plainly(err)
		}
		set.broken[name] = why
		if r.o.Sources.Broken()[name] != why {
			r.o.Log.ErrorContext(ctx, "source cannot be put in force", "source", name, "reason", why)
		}
	}
	for i := range r.o.Fixed {
		src := r.o.Fixed[i]
		put(src.Name, string(def.Overlays[src.Name]), func() (Source, error) { return r.overlay(src, def.Overlays[src.Name]) })
	}
	for _, rec := range def.Records {
		if set.byName[rec.Name] != nil || set.broken[rec.Name] != "" { // the file has it
			continue
		}
		from := fmt.Sprintf("%d %s", rec.Version, def.Overlays[rec.Name])
		put(rec.Name, from, func() (Source, error) { return r.build(ring, rec, def.Overlays[rec.Name]) })
	}
	r.o.Sources.now.Store(set)
	r.made, r.revision, r.ring = now, def.Revision, ring
}

// build makes the source of a record.
func (r *Registry) build(ring *seal.Ring, rec store.SourceRecord, overlay json.RawMessage) (Source, error) {
	c := connectorOf(r.o.Connectors, rec.Kind)
	if c == nil {
		return Source{}, fmt.Errorf("%w: this leadgate knows no connector %q", lead.ErrInvalid, rec.Kind)
	}
	if err := checkName(rec.Name); err != nil {
		return Source{}, err
	}
	raw, err := openSettings(ring, c.Fields, rec.Name, rec.Settings)
	if err != nil {
		return Source{}, err
	}
	src, err := build(r.o.Connectors, r.head(rec), raw)
	if err != nil {
		return src, err
	}
	src.Disabled = rec.Disabled
	return r.overlay(src, overlay)
}

func (r *Registry) head(rec store.SourceRecord) connectors.Source {
	h := connectors.Source{Name: rec.Name, Kind: rec.Kind, Title: rec.Title, Region: rec.Region}
	if h.Region == "" {
		h.Region = r.o.Region
	}
	return h
}

func (r *Registry) overlay(src Source, overlay json.RawMessage) (Source, error) {
	if len(overlay) == 0 {
		return src, nil
	}
	var raw map[string]any
	if err := json.Unmarshal(overlay, &raw); err != nil {
		return src, fmt.Errorf("%w: what was found out for it is no JSON object", lead.ErrPermanent)
	}
	return overlaid(src, raw)
}

// Trouble says in words what is wrong beside single sources: with the keys, with the
// snapshot, or that the store was never reached. It is empty when all is well.
func (r *Registry) Trouble() []string {
	var out []string
	if why := r.o.Vault.Trouble(); why != "" {
		out = append(out, "keys: "+why)
	}
	if why := r.trouble.Load(); why != nil {
		out = append(out, "snapshot: "+*why)
	}
	if !r.o.Sources.Complete() {
		out = append(out, "sources: those of the store are not known yet")
	}
	return out
}
