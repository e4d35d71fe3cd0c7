package pipeline

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sync/atomic"

	"leadgate/connectors"
	"leadgate/lead"
)

// Source is a configured source with the code for its kind.
type Source struct {
	connectors.Source
	Connector *connectors.Connector
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

// Sources are the sources in force. Set replaces them as a whole while they are read.
type Sources struct {
	byName atomic.Pointer[map[string]*Source]
}

var sourceName = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)

// Set checks the sources and puts them in force. Names are unique and stay for ever.
func (s *Sources) Set(list []Source) error {
	m := make(map[string]*Source, len(list))
	for i := range list {
		src := &list[i]
		if !sourceName.MatchString(src.Name) {
			return fmt.Errorf("source %q: %w: a name has 1 to 40 of a-z, 0-9 and -", src.Name, lead.ErrInvalid)
		}
		if src.Name == ManualSource {
			return fmt.Errorf("source %q: %w: the name is that of leads entered by hand", src.Name, lead.ErrInvalid)
		}
		if m[src.Name] != nil {
			return fmt.Errorf("source %q: %w: the name is taken twice", src.Name, lead.ErrInvalid)
		}
		m[src.Name] = src
	}
	s.byName.Store(&m)
	return nil
}

// Get returns a source by name.
func (s *Sources) Get(name string) (*Source, bool) {
	m := s.byName.Load()
	if m == nil {
		return nil, false
	}
	src, ok := (*m)[name]
	return src, ok
}

// All returns the sources in order of their names.
func (s *Sources) All() []*Source {
	m := s.byName.Load()
	if m == nil {
		return nil
	}
	out := make([]*Source, 0, len(*m))
	for _, name := range slices.Sorted(maps.Keys(*m)) {
		out = append(out, (*m)[name])
	}
	return out
}
