package connectortest

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"

	"leadgate/connectors"
	"leadgate/lead"
)

// State implements connectors.Env, in memory.
func (e *Env) State() connectors.State { return stateOf{env: e} }

// Lease implements connectors.Env. A lease is lost only when the test takes it with
// LoseLease.
func (e *Env) Lease(ctx context.Context, name string, f func(context.Context, connectors.Env) error) error {
	held, err := e.turns.take(ctx, name)
	if err != nil {
		return err
	}
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(held.lost, cancel)
	defer stop()
	err = f(running, &leased{Env: e, held: held})
	if held.lost.Err() != nil {
		return fmt.Errorf("running %s: %w", name, lead.ErrConflict)
	}
	held.lose() // from now on nothing is written under it
	e.turns.give(name, held)
	return err
}

// LoseLease takes a lease from whatever runs under it, as another node would.
func (e *Env) LoseLease(name string) { e.turns.give(name, nil) }

// leased is the Env of what runs under a lease.
type leased struct {
	*Env
	held *turn
}

// State implements connectors.Env.
func (l *leased) State() connectors.State { return stateOf{env: l.Env, held: l.held} }

// turn is a lease somebody holds.
type turn struct {
	lost context.Context
	lose context.CancelFunc
	free chan struct{} // closed when it is given back
}

// turns are the leases by name.
type turns struct {
	mu   sync.Mutex
	held map[string]*turn
}

func (t *turns) take(ctx context.Context, name string) (*turn, error) {
	for {
		t.mu.Lock()
		before := t.held[name]
		if before == nil {
			lost, lose := context.WithCancel(context.Background())
			now := &turn{lost: lost, lose: lose, free: make(chan struct{})}
			if t.held == nil {
				t.held = map[string]*turn{}
			}
			t.held[name] = now
			t.mu.Unlock()
			return now, nil
		}
		t.mu.Unlock()
		select {
		case <-before.free:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// give frees a lease; nil stands for whoever has it.
func (t *turns) give(name string, held *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now := t.held[name]; now != nil && (held == nil || held == now) {
		now.lose()
		close(now.free)
		delete(t.held, name)
	}
}

// state is what sources keep. The zero value is empty.
type state struct {
	mu      sync.Mutex
	version int64
	values  map[string]connectors.Value
}

// stateOf is the State of an Env, under a lease or under none.
type stateOf struct {
	env  *Env
	held *turn
}

// Get implements connectors.State.
func (s stateOf) Get(ctx context.Context, key string) (connectors.Value, error) {
	if err := ctx.Err(); err != nil {
		return connectors.Value{}, err
	}
	st := &s.env.state
	st.mu.Lock()
	defer st.mu.Unlock()
	v, ok := st.values[key]
	if !ok || !v.Expires.IsZero() && !s.env.Now().Before(v.Expires) {
		return connectors.Value{}, lead.ErrNotFound
	}
	v.Data = bytes.Clone(v.Data)
	return v, nil
}

// Put implements connectors.State.
func (s stateOf) Put(ctx context.Context, key string, data []byte, ttl time.Duration) error {
	_, err := s.write(ctx, key, &connectors.Value{Data: data}, ttl, nil)
	return err
}

// Swap implements connectors.State.
func (s stateOf) Swap(ctx context.Context, key string, data []byte, ttl time.Duration, version int64) (int64, error) {
	return s.write(ctx, key, &connectors.Value{Data: data}, ttl, &version)
}

// Drop implements connectors.State.
func (s stateOf) Drop(ctx context.Context, key string) error {
	_, err := s.write(ctx, key, nil, 0, nil)
	return err
}

// write puts a value in place, or removes it when v is nil.
func (s stateOf) write(ctx context.Context, key string, v *connectors.Value, ttl time.Duration, version *int64) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if key == "" || len(key) > 100 || v != nil && len(v.Data) > connectors.StateMost {
		return 0, fmt.Errorf("writing state: %w", lead.ErrInvalid)
	}
	now, st := s.env.Now(), &s.env.state
	st.mu.Lock()
	defer st.mu.Unlock()
	there, ok := st.values[key]
	if ok && !there.Expires.IsZero() && !now.Before(there.Expires) {
		there = connectors.Value{}
	}
	if s.held != nil && s.held.lost.Err() != nil || version != nil && *version != there.Version {
		return 0, fmt.Errorf("writing state: %w", lead.ErrConflict)
	}
	if v == nil {
		delete(st.values, key)
		return 0, nil
	}
	st.version++
	kept := connectors.Value{Data: bytes.Clone(v.Data), Version: st.version}
	if ttl > 0 {
		kept.Expires = now.Add(ttl)
	}
	if st.values == nil {
		st.values = map[string]connectors.Value{}
	}
	st.values[key] = kept
	return kept.Version, nil
}
