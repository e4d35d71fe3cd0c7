package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"leadgate/connectors"
	"leadgate/lead"
	"leadgate/store"
)

// Where a source is configured.
const (
	OriginFile  = "file"
	OriginStore = "store"
)

// ShownSource is a source as faces show it. Of its secrets nothing is shown but
// whether they are set.
type ShownSource struct {
	Name      string         `json:"name"`
	Connector string         `json:"connector"`
	Title     string         `json:"title"`
	Region    string         `json:"region"`
	Origin    string         `json:"origin"` // file or store
	Disabled  bool           `json:"disabled"`
	Version   int64          `json:"version"` // 0 for one of the file
	Problem   string         `json:"problem,omitzero"`
	Settings  map[string]any `json:"settings"`
}

// NewSource is a source somebody makes.
type NewSource struct {
	Name      string         `json:"name"`
	Connector string         `json:"connector"`
	Title     string         `json:"title"`
	Region    string         `json:"region"`
	Disabled  bool           `json:"disabled"`
	Settings  map[string]any `json:"settings"`
}

// SourcePatch is a change of a source; nil fields stay as they are. Of the settings
// those that are given change: nil takes one away, and {"set": true} leaves a secret as it is.
type SourcePatch struct {
	Version  int64          `json:"version"` // it was read with; 0 for whatever is there
	Title    *string        `json:"title"`
	Region   *string        `json:"region"`
	Disabled *bool          `json:"disabled"`
	Settings map[string]any `json:"settings"`
}

// List returns all sources, those of the file and those of the store, in order of
// their names.
func (r *Registry) List(ctx context.Context) ([]ShownSource, error) {
	records, err := r.o.Store.Sources(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing sources: %w", err)
	}
	out := make([]ShownSource, 0, len(r.o.Fixed)+len(records))
	for i := range r.o.Fixed {
		src := &r.o.Fixed[i]
		out = append(out, ShownSource{Name: src.Name, Connector: src.Kind, Title: src.Title, Region: src.Region, Origin: OriginFile,
			Problem: r.o.Sources.Broken()[src.Name], Settings: shownSettings(src.Connector.Fields, rawOf(src.Connector.Fields, src.Settings))})
	}
	for _, rec := range records {
		out = append(out, r.shown(rec))
	}
	slices.SortStableFunc(out, func(a, b ShownSource) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

func (r *Registry) shown(rec store.SourceRecord) ShownSource {
	s := ShownSource{Name: rec.Name, Connector: rec.Kind, Title: rec.Title, Region: rec.Region, Origin: OriginStore, Disabled: rec.Disabled,
		Version: rec.Version, Settings: map[string]any{}}
	raw, err := decodeSettings(rec.Settings)
	if c := connectorOf(r.o.Connectors, rec.Kind); c != nil && err == nil {
		s.Settings = shownSettings(c.Fields, raw)
	}
	if s.Problem = r.o.Sources.Broken()[rec.Name]; r.fixed(rec.Name) {
		s.Problem = "the configuration file has a source of this name, which is the one in force"
	}
	return s
}

func (r *Registry) fixed(name string) bool {
	return slices.ContainsFunc(r.o.Fixed, func(s Source) bool { return s.Name == name })
}

// Create makes a source, in force on this node at once and on the others within
// seconds. What is wrong with it is a connectors.FieldError; a name that is or ever
// was taken is lead.ErrConflict.
func (r *Registry) Create(ctx context.Context, n NewSource) (ShownSource, error) {
	if err := checkName(n.Name); err != nil {
		return ShownSource{}, &connectors.FieldError{Field: "name", Problem: "has 1 to 40 of a-z, 0-9 and -, and is not " + ManualSource}
	}
	taken := &lead.Refusal{Class: lead.ErrConflict, Field: "name", Text: "is taken; a source's name is for ever"}
	if r.fixed(n.Name) {
		return ShownSource{}, taken
	}
	rec := store.SourceRecord{Name: n.Name, Kind: n.Connector, Title: n.Title, Region: n.Region, Disabled: n.Disabled}
	shown, err := r.put(ctx, rec, n.Settings)
	if errors.Is(err, lead.ErrConflict) {
		return ShownSource{}, taken
	}
	return shown, err
}

// Change changes a source of the store. One of the file, and one that somebody else
// has changed meanwhile, is lead.ErrConflict.
func (r *Registry) Change(ctx context.Context, name string, p SourcePatch) (ShownSource, error) {
	if r.fixed(name) {
		return ShownSource{}, &lead.Refusal{Class: lead.ErrConflict, Text: "the source stands in the configuration file and is changed there"}
	}
	records, err := r.o.Store.Sources(ctx)
	if err != nil {
		return ShownSource{}, fmt.Errorf("changing source: %w", err)
	}
	i := slices.IndexFunc(records, func(rec store.SourceRecord) bool { return rec.Name == name })
	if i < 0 {
		return ShownSource{}, fmt.Errorf("changing source: %w", lead.ErrNotFound)
	}
	rec := records[i]
	changed := &lead.Refusal{Class: lead.ErrConflict, Text: "somebody else has changed the source meanwhile"}
	if p.Version != 0 && p.Version != rec.Version {
		return ShownSource{}, changed
	}
	c := connectorOf(r.o.Connectors, rec.Kind)
	if c == nil {
		return ShownSource{}, &lead.Refusal{Class: lead.ErrConflict, Text: "this leadgate does not know its connector"}
	}
	raw, err := merged(c.Fields, r.readable(c, rec), p.Settings)
	if err != nil {
		return ShownSource{}, err
	}
	for to, v := range map[*string]*string{&rec.Title: p.Title, &rec.Region: p.Region} {
		if v != nil {
			*to = *v
		}
	}
	if p.Disabled != nil {
		rec.Disabled = *p.Disabled
	}
	shown, err := r.put(ctx, rec, raw)
	if errors.Is(err, lead.ErrConflict) {
		return ShownSource{}, changed
	}
	return shown, err
}

// readable returns what of a record's settings can be read, so that one that is broken
// can be mended by giving what is lost anew.
func (r *Registry) readable(c *connectors.Connector, rec store.SourceRecord) map[string]any {
	raw, err := decodeSettings(rec.Settings)
	if err != nil {
		return map[string]any{}
	}
	ring := r.o.Vault.Ring()
	opened, err := onSecrets(c.Fields, raw, "", func(path string, v any) (any, error) {
		plain, err := openSecret(ring, rec.Name, path, v)
		if err != nil {
			return nil, nil // as if it had never been set
		}
		return plain, nil
	})
	if err != nil {
		return map[string]any{}
	}
	return opened
}

// put checks a source as the configuration file's are checked, seals its secrets and
// stores it.
func (r *Registry) put(ctx context.Context, rec store.SourceRecord, raw map[string]any) (ShownSource, error) {
	if raw == nil {
		raw = map[string]any{}
	}
	src, err := build(r.o.Connectors, r.head(rec), raw)
	if err != nil {
		return ShownSource{}, err
	}
	if rec.Settings, err = sealSettings(r.o.Vault.Ring(), src.Connector.Fields, rec.Name, raw); err != nil {
		return ShownSource{}, fmt.Errorf("writing source: %w", err)
	}
	if rec.Version, err = r.o.Store.PutSource(ctx, rec); err != nil {
		return ShownSource{}, fmt.Errorf("writing source: %w", err)
	}
	if err := r.Load(ctx); err != nil { // it is stored, and the next look finds it
		r.o.Log.WarnContext(ctx, "reading sources", "err", err)
	}
	return r.shown(rec), nil
}
