package pipeline

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sync/atomic"
	"time"

	"leadgate/connectors"
	"leadgate/lead"
)

// Source is a configured source with the code for its kind.
type Source struct {
	connectors.Source
	Connector *connectors.Connector
	Disabled  bool // it takes nothing in; what it took before is still read
}

// Scope returns where keys and threads of the source's inquiries are unique.
func (s *Source) Scope() string {
	if s.Connector.Scope != nil {
		if scope := s.Connector.Scope(s.Settings); scope != "" {
			return scope
		}
	}
	return s.Name
}

// Sources are the sources in force. They are replaced as a whole while they are read:
// who has got one keeps it to the end of what it does.
type Sources struct {
	now  atomic.Pointer[sourceSet]
	seen atomic.Int64 // when they were last known to be those of the store, in nanoseconds since 1970; 0 when no store has any
}

// sourceSet is one state of the sources. It does not change.
type sourceSet struct {
	byName   map[string]*Source
	broken   map[string]string // names of those that cannot be put in force, with the reason
	complete bool              // no other source can be there
}

var sourceName = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)

// Set checks the sources and puts them in force, as all there are. Names are unique
// and stay for ever.
func (s *Sources) Set(list []Source) error {
	set, err := newSet(list)
	if err != nil {
		return err
	}
	set.complete = true
	s.now.Store(set)
	return nil
}

func newSet(list []Source) (*sourceSet, error) {
	set := &sourceSet{byName: make(map[string]*Source, len(list))}
	for i := range list {
		src := &list[i]
		if err := checkName(src.Name); err != nil {
			return nil, err
		}
		if set.byName[src.Name] != nil {
			return nil, fmt.Errorf("source %q: %w: the name is taken twice", src.Name, lead.ErrInvalid)
		}
		set.byName[src.Name] = src
	}
	return set, nil
}

func (s *Sources) set() *sourceSet {
	if set := s.now.Load(); set != nil {
		return set
	}
	return &sourceSet{}
}

// Get returns a source that takes something in, by name.
func (s *Sources) Get(name string) (*Source, bool) {
	src, ok := s.set().byName[name]
	return src, ok && !src.Disabled
}

// Find returns a source by name, also one that takes nothing in any more.
func (s *Sources) Find(name string) (*Source, bool) {
	src, ok := s.set().byName[name]
	return src, ok
}

// Unsure reports whether a source of this name may be there all the same: it cannot
// be put in force, or the sources were not read yet.
func (s *Sources) Unsure(name string) bool {
	set := s.set()
	return set.byName[name] == nil && (!set.complete || set.broken[name] != "")
}

// stale reports whether nobody has compared them with those of the store for so long.
func (s *Sources) stale(now time.Time, span time.Duration) bool {
	seen := s.seen.Load()
	return seen != 0 && now.Sub(time.Unix(0, seen)) > span
}

// Complete reports whether all sources are known.
func (s *Sources) Complete() bool { return s.set().complete }

// Broken returns the sources that cannot be put in force, with the reason in words.
// It must not be changed.
func (s *Sources) Broken() map[string]string { return s.set().broken }

// All returns the sources that take something in, in order of their names; nil before
// any were read.
func (s *Sources) All() []*Source {
	m := s.set().byName
	if m == nil {
		return nil
	}
	out := make([]*Source, 0, len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if src := m[name]; !src.Disabled {
			out = append(out, src)
		}
	}
	return out
}
