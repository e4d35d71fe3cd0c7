package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"leadgate/connectors"
	"leadgate/lead"
	"leadgate/store"
)

// State implements connectors.Env.
func (e *env) State() connectors.State { return &sourceState{env: e} }

// Lease implements connectors.Env.
func (e *env) Lease(ctx context.Context, name string, f func(context.Context, connectors.Env) error) error {
	if !stateKey.MatchString(name) {
		return fmt.Errorf("taking lease: %w: a name is as a key of State", lead.ErrInvalid)
	}
	return e.desk.Leases.Run(ctx, "source/"+e.src.Name+"/"+name, func(ctx context.Context, held store.Lease) error {
		under := *e
		under.held = &held
		return f(ctx, &under)
	})
}

// sourceState is the sealed state of one source.
type sourceState struct{ env *env }

var stateKey = regexp.MustCompile(`^[A-Za-z0-9._/:@+-]{1,100}$`)

// key is where a value of the source stands in the store: apart from those of all
// other sources, and the overlay of its settings where every node looks for it.
func (s *sourceState) key(name string) (string, error) {
	switch {
	case name == connectors.Overlay:
		return overlayPrefix + s.env.src.Name, nil
	case !stateKey.MatchString(name):
		return "", fmt.Errorf("%w: a key has 1 to 100 letters, digits and ._/:@+-", lead.ErrInvalid)
	}
	return "source/" + s.env.src.Name + "/" + name, nil
}

// Get implements connectors.State.
func (s *sourceState) Get(ctx context.Context, name string) (connectors.Value, error) {
	key, err := s.key(name)
	if err != nil {
		return connectors.Value{}, fmt.Errorf("reading state: %w", err)
	}
	r, err := s.env.desk.State.State(ctx, key)
	if err != nil {
		return connectors.Value{}, err
	}
	plain, err := s.env.desk.Vault.Ring().Open(statePlace(key), r.Value)
	if err != nil {
		return connectors.Value{}, fmt.Errorf("reading state: %w", err)
	}
	return connectors.Value{Data: plain, Version: r.Version, Expires: r.Expires}, nil
}

// Put implements connectors.State.
func (s *sourceState) Put(ctx context.Context, name string, data []byte, ttl time.Duration) error {
	_, err := s.write(ctx, name, data, ttl, nil)
	return err
}

// Swap implements connectors.State.
func (s *sourceState) Swap(ctx context.Context, name string, data []byte, ttl time.Duration, version int64) (int64, error) {
	return s.write(ctx, name, data, ttl, &version)
}

// Drop implements connectors.State.
func (s *sourceState) Drop(ctx context.Context, name string) error {
	key, err := s.key(name)
	if err != nil {
		return fmt.Errorf("removing state: %w", err)
	}
	return s.env.desk.State.DropState(ctx, store.StateWrite{Key: key, Lease: s.env.held, Announce: strings.HasPrefix(key, overlayPrefix)})
}

func (s *sourceState) write(ctx context.Context, name string, data []byte, ttl time.Duration, version *int64) (int64, error) {
	key, err := s.key(name)
	switch {
	case err != nil:
		return 0, fmt.Errorf("writing state: %w", err)
	case len(data) > connectors.StateMost:
		return 0, fmt.Errorf("writing state: %w: a value has at most %d bytes", lead.ErrInvalid, connectors.StateMost)
	}
	w := store.StateWrite{Key: key, TTL: ttl, If: version, Lease: s.env.held}
	if name == connectors.Overlay {
		w.Announce = true
		if err := s.checkOverlay(data); err != nil {
			return 0, fmt.Errorf("writing state: %w", err)
		}
	}
	if w.Value, err = s.env.desk.Vault.Ring().Seal(statePlace(key), data); err != nil {
		return 0, fmt.Errorf("writing state: %w", err)
	}
	return s.env.desk.State.PutState(ctx, w)
}

// checkOverlay refuses what would put the source out of force on every node.
func (s *sourceState) checkOverlay(data []byte) error {
	var raw map[string]any
	if err := json.Unmarshal(data, &raw); err != nil {
		return fmt.Errorf("%w: an overlay is a JSON object of settings", lead.ErrInvalid)
	}
	_, err := overlaid(*s.env.src, raw)
	return err
}
