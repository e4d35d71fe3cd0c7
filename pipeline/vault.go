package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"leadgate/internal/seal"
	"leadgate/lead"
	"leadgate/store"
)

// Vault holds a node's keys, and says which of them seals. It is safe for concurrent use.
//
// The store knows with which keys anything in it may be sealed, each with a proof: a
// node that lacks one of them does not start. A new key seals nothing before every
// node that lives holds it: nodes tell each other through the store which keys they
// have. So keys are rotated while all nodes run, in any order.
type Vault struct {
	o    VaultOptions
	ring atomic.Pointer[seal.Ring] // led by the key that seals
	why  atomic.Pointer[string]    // what is wrong with the keys; nil for nothing

	mu    sync.Mutex // guards what follows
	given *seal.Ring // as it was read last
	told  time.Time  // when the others last heard of this node, by a clock that only goes on
	heard []byte     // what they heard
}

// VaultOptions are what a vault is made of.
type VaultOptions struct {
	Read func() (*seal.Ring, error) // the keys as they are now; asked again and again
	Node string                     // names this node among the living ones; "" for a tool that is none
	Tell Facts                      // what the others are to know of this node beside its keys
	Log  *slog.Logger
}

// Where the vault keeps what nodes tell each other. None of it is sealed.
const (
	sealPrefix  = "seal/"
	keyringKey  = sealPrefix + "keyring"
	nodesPrefix = sealPrefix + "node/"
)

// Times of a living node.
const (
	nodeTold  = 20 * time.Second // between two words of it
	nodeLives = time.Minute      // after its last word
)

// OpenVault reads the keys. Until Join the first of them leads.
func OpenVault(o VaultOptions) (*Vault, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	ring, err := o.Read()
	if err != nil {
		return nil, err
	}
	v := &Vault{o: o, given: ring}
	v.ring.Store(ring)
	return v, nil
}

// NewVault returns the vault of keys that never change.
func NewVault(ring *seal.Ring) *Vault {
	v := &Vault{o: VaultOptions{Read: func() (*seal.Ring, error) { return ring, nil }, Log: slog.New(slog.DiscardHandler)}, given: ring}
	v.ring.Store(ring)
	return v
}

// Ring returns the keys, led by the one that seals now.
func (v *Vault) Ring() *seal.Ring { return v.ring.Load() }

// Node names this node among the living ones.
func (v *Vault) Node() string { return v.o.Node }

// Trouble says what is wrong with the keys, "" for nothing.
func (v *Vault) Trouble() string {
	if why := v.why.Load(); why != nil {
		return *why
	}
	return ""
}

// keyring is what the store knows of keys: those that anything may be sealed with.
type keyring struct {
	Keys []keyProof `json:"keys"`
}

// keyProof opens with the key it is of, and no other.
type keyProof struct {
	ID    string `json:"id"`
	Proof []byte `json:"proof"`
}

func (k *keyring) has(id seal.ID) bool {
	return slices.ContainsFunc(k.Keys, func(p keyProof) bool { return p.ID == id.String() })
}

const proofText = "leadgate"

// prove makes the proof of the ring's first key.
func prove(r *seal.Ring) (keyProof, error) {
	id := r.First().String()
	body, err := r.Seal(seal.Place("key", id), []byte(proofText))
	return keyProof{ID: id, Proof: body}, err
}

// Join checks the keys against those of the store, before anything is opened or
// sealed. The first node tells the store its key. A key that is missing, or is not the
// one it says to be, is lead.ErrPermanent.
func (v *Vault) Join(ctx context.Context, st store.State) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	// First it is told that this node lives: whoever introduces a key later waits for it.
	// With what it seals it does not know yet.
	if _, err := v.tellSeals(ctx, st, ""); err != nil {
		return fmt.Errorf("checking secret key: %w", err)
	}
	known, _, err := v.learn(ctx, st)
	if err == nil {
		err = opens(v.given, known)
	}
	if err == nil {
		v.lead(v.given, known)
		_, err = v.tell(ctx, st)
	}
	if err != nil {
		end, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer stop()
		return fmt.Errorf("checking secret key: %w", errors.Join(err, v.Leave(end, st)))
	}
	return nil
}

// Check checks the keys against those of the store as Join does, and writes nothing.
func (v *Vault) Check(ctx context.Context, st store.State) error {
	known, _, err := knownKeys(ctx, st)
	if err == nil {
		err = opens(v.Ring(), known)
	}
	if err != nil && !errors.Is(err, lead.ErrNotFound) {
		return fmt.Errorf("checking secret key: %w", err)
	}
	return nil
}

// knownKeys reads what the store knows of keys.
func knownKeys(ctx context.Context, st store.State) (known keyring, version int64, err error) {
	r, err := st.State(ctx, keyringKey)
	if err != nil {
		return known, 0, err
	}
	if err := json.Unmarshal(r.Value, &known); err != nil || len(known.Keys) == 0 {
		return known, 0, fmt.Errorf("%w: what the store knows of its keys cannot be read", lead.ErrPermanent)
	}
	return known, r.Version, nil
}

// learn reads what the store knows of keys, and makes it known when it is the first.
func (v *Vault) learn(ctx context.Context, st store.State) (keyring, int64, error) {
	for {
		known, version, err := knownKeys(ctx, st)
		if !errors.Is(err, lead.ErrNotFound) {
			return known, version, err
		}
		if err := v.register(ctx, st, v.given, keyring{}, 0); err != nil && !errors.Is(err, lead.ErrConflict) {
			return known, 0, err
		}
	}
}

// register lets the store know the first key of a ring. It is lead.ErrConflict when
// what the store knows has changed.
func (v *Vault) register(ctx context.Context, st store.State, ring *seal.Ring, known keyring, version int64) error {
	p, err := prove(ring)
	if err != nil {
		return err
	}
	known.Keys = append(slices.Clone(known.Keys), p)
	return putJSON(ctx, st, keyringKey, known, 0, &version)
}

func putJSON(ctx context.Context, st store.State, key string, value any, ttl time.Duration, version *int64) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	_, err = st.PutState(ctx, store.StateWrite{Key: key, Value: body, TTL: ttl, If: version})
	return err
}

// opens fails with lead.ErrPermanent unless a ring holds every key the store knows.
func opens(ring *seal.Ring, known keyring) error {
	for _, p := range known.Keys {
		_, err := ring.Open(seal.Place("key", p.ID), p.Proof)
		switch {
		case errors.Is(err, seal.ErrKey):
			return fmt.Errorf("%w: the store holds secrets sealed with key %s, and --secret-key does not give that key; give it, as the only one or behind a new one", lead.ErrPermanent, p.ID)
		case err != nil:
			return fmt.Errorf("%w: the store's proof of key %s does not open", lead.ErrPermanent, p.ID)
		}
	}
	return nil
}

// lead puts a ring in force, led by its first key that the store knows.
func (v *Vault) lead(ring *seal.Ring, known keyring) {
	for _, id := range ring.IDs() {
		if known.has(id) {
			ring = ring.Led(id)
			break
		}
	}
	if now := v.ring.Load(); now == nil || !now.Equal(ring) {
		v.ring.Store(ring)
	}
}

// LeadBy lets a key lead that led before, while the store cannot be asked.
func (v *Vault) LeadBy(id seal.ID) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.ring.Store(v.given.Led(id))
}

// Refresh reads the keys again, tells the others which ones this node has, and lets a
// new key lead once every living node holds it. Keys that lack one the store needs are
// not taken; Trouble says so.
func (v *Vault) Refresh(ctx context.Context, st store.State) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	given, err := v.o.Read()
	if err != nil {
		v.complain(ctx, "the secret key cannot be read any more; the one read before is still in use")
		given = v.given
	}
	if given.Equal(v.given) && given.First() == v.Ring().First() { // nothing is new here
		return v.stay(ctx, st, err == nil)
	}
	known, version, err := v.learn(ctx, st)
	if err != nil {
		return fmt.Errorf("checking secret key: %w", err)
	}
	if err := opens(given, known); err != nil {
		v.complain(ctx, "--secret-key was changed and lacks a key that secrets are still sealed with; the keys from before are still in use")
		_, err := v.tell(ctx, st)
		return err
	}
	v.why.Store(nil)
	v.given = given
	v.lead(given, known)
	if _, err := v.tell(ctx, st); err != nil || known.has(given.First()) {
		return err
	}
	if lack, err := lacking(ctx, st, given.First()); err != nil || len(lack) > 0 {
		return err
	}
	if err := v.register(ctx, st, given, known, version); err != nil {
		return fmt.Errorf("introducing secret key: %w", err)
	}
	v.o.Log.InfoContext(ctx, "secrets are sealed with a new key", "key", given.First())
	v.ring.Store(given)
	_, err = v.tell(ctx, st)
	return err
}

// stay goes on with the same keys. As often as it tells of itself, it looks whether the
// others have introduced one it lacks: it was stopped for long, then.
func (v *Vault) stay(ctx context.Context, st store.State, readable bool) error {
	told, err := v.tell(ctx, st)
	if err != nil || !readable || !told && v.Trouble() == "" {
		return err
	}
	known, _, err := v.learn(ctx, st)
	if err != nil {
		return fmt.Errorf("checking secret key: %w", err)
	}
	if opens(v.given, known) != nil {
		v.complain(ctx, "other nodes seal with a key that --secret-key does not give here; give it the new key before the old one")
	} else {
		v.why.Store(nil)
		v.lead(v.given, known) // a rotation may have forgotten the key that led
	}
	return nil
}

func (v *Vault) complain(ctx context.Context, why string) {
	if before := v.why.Swap(&why); before == nil || *before != why {
		v.o.Log.ErrorContext(ctx, why)
	}
}

// tell lets the others know which keys this node has, when that is news, and reports
// whether it was.
func (v *Vault) tell(ctx context.Context, st store.State) (bool, error) {
	return v.tellSeals(ctx, st, v.Ring().First().String())
}

func (v *Vault) tellSeals(ctx context.Context, st store.State, seals string) (bool, error) {
	if v.o.Node == "" {
		return false, nil
	}
	p := presence{Facts: v.o.Tell, Seals: seals}
	for _, id := range v.given.IDs() {
		p.Keys = append(p.Keys, id.String())
	}
	body, err := json.Marshal(p)
	if err != nil || bytes.Equal(body, v.heard) && time.Since(v.told) < nodeTold {
		return false, err
	}
	now := time.Now()
	if err := putJSON(ctx, st, nodesPrefix+v.o.Node, p, nodeLives, nil); err != nil {
		return false, fmt.Errorf("telling of this node's keys: %w", err)
	}
	v.told, v.heard = now, body
	return true, nil
}

// Leave takes this node off the living ones, so that nobody waits for it.
func (v *Vault) Leave(ctx context.Context, st store.State) error {
	if v.o.Node == "" {
		return nil
	}
	return st.DropState(ctx, store.StateWrite{Key: nodesPrefix + v.o.Node})
}

// lacking returns the living nodes that do not hold a key.
func lacking(ctx context.Context, st store.State, id seal.ID) ([]string, error) {
	nodes, err := living(ctx, st)
	var out []string
	for name, p := range nodes {
		if !slices.Contains(p.Keys, id.String()) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out, err
}

// statePlace is where a value of State is sealed for.
func statePlace(key string) []byte { return seal.Place("state", key) }
