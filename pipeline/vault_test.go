package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"leadgate/connectors"
	"leadgate/internal/seal"
	"leadgate/lead"
	"leadgate/store"
	"leadgate/store/sqlite"
)

// openSQLite opens a store in a folder of its own.
func openSQLite(t testing.TB) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(context.Background(), sqlite.Options{Path: filepath.Join(t.TempDir(), "leadgate.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// keys are the keys a node is given, which a test changes.
type keys struct {
	mu   sync.Mutex
	ring *seal.Ring
	err  error
}

func (k *keys) set(t testing.TB, of ...byte) {
	t.Helper()
	var list []seal.Key
	for _, b := range of {
		list = append(list, seal.Key{b})
	}
	ring, err := seal.NewRing(list...)
	if err != nil {
		t.Fatal(err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ring, k.err = ring, nil
}

func (k *keys) read() (*seal.Ring, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.ring, k.err
}

func idOf(b byte) seal.ID { return seal.Key{b}.ID() }

// vaultOf opens a vault of keys; "" for the node stands for a tool.
func vaultOf(t testing.TB, node string, of ...byte) (*Vault, *keys) {
	t.Helper()
	k := &keys{}
	k.set(t, of...)
	v, err := OpenVault(VaultOptions{Read: k.read, Node: node})
	if err != nil {
		t.Fatal(err)
	}
	return v, k
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A node with another key is refused at its start, in words that help, and changes
// nothing; of two first nodes with different keys one is.
func TestVaultRefusesWrongKey(t *testing.T) {
	t.Parallel()
	s := openSQLite(t)
	first, _ := vaultOf(t, "a", 1)
	ok(t, first.Join(t.Context(), s))
	wrong, _ := vaultOf(t, "b", 2)
	err := wrong.Join(t.Context(), s)
	if !errors.Is(err, lead.ErrPermanent) || !strings.Contains(err.Error(), idOf(1).String()) || !strings.Contains(err.Error(), "--secret-key") {
		t.Errorf("Join with another key: %v", err)
	}
	again, _ := vaultOf(t, "c", 1)
	ok(t, again.Join(t.Context(), s))
	behind, _ := vaultOf(t, "d", 3, 1)
	ok(t, behind.Join(t.Context(), s))
	if behind.Ring().First() != idOf(1) {
		t.Error("a key nobody else has seals at once")
	}
	rec, err := s.State(t.Context(), keyringKey)
	ok(t, err)
	_, err = s.PutState(t.Context(), store.StateWrite{Key: keyringKey, Value: []byte(strings.Replace(string(rec.Value), idOf(1).String(), idOf(3).String(), 1))})
	ok(t, err)
	if err := behind.Join(t.Context(), s); !errors.Is(err, lead.ErrPermanent) { // it has both keys, and the proof is the other's
		t.Errorf("Join with a proof of another key: %v", err)
	}
}

// A node never tells that it seals with a key that it does not seal with: a rotation
// would take its word, and forget the key it does seal with.
func TestVaultTellsTheTruth(t *testing.T) {
	t.Parallel()
	s := openSQLite(t)
	first, _ := vaultOf(t, "a", 1)
	ok(t, first.Join(t.Context(), s))
	later, _ := vaultOf(t, "b", 2, 1)
	seen := &tellings{Store: s}
	ok(t, later.Join(t.Context(), seen))
	for _, p := range seen.told {
		if p.Seals == idOf(2).String() {
			t.Errorf("told was %+v, and it seals with %v", p, later.Ring().First())
		}
	}
	nodes, err := living(t.Context(), s)
	ok(t, err)
	if nodes["b"].Seals != idOf(1).String() {
		t.Errorf("known of the node is %+v", nodes["b"])
	}
}

// tellings notes what a node tells of itself.
type tellings struct {
	*sqlite.Store
	told []presence
}

func (s *tellings) PutState(ctx context.Context, w store.StateWrite) (int64, error) {
	var p presence
	if strings.HasPrefix(w.Key, nodesPrefix) && json.Unmarshal(w.Value, &p) == nil {
		s.told = append(s.told, p)
	}
	return s.Store.PutState(ctx, w)
}

// A node whose first key was forgotten while it joined does not go on sealing with a
// key the store does not know: whoever drops the key from the files would lose that.
func TestVaultLeavesForgottenKey(t *testing.T) {
	t.Parallel()
	s := openSQLite(t)
	v, _ := vaultOf(t, "a", 1, 2)
	ok(t, v.Join(t.Context(), s))
	other, err := seal.NewRing(seal.Key{2})
	ok(t, err)
	p, err := prove(other)
	ok(t, err)
	ok(t, putJSON(t.Context(), s, keyringKey, keyring{Keys: []keyProof{p}}, 0, nil)) // a rotation's end
	for range 3 {
		v.told = time.Time{} // a while later
		ok(t, v.Refresh(t.Context(), s))
		known, _, err := knownKeys(t.Context(), s)
		ok(t, err)
		if !known.has(v.Ring().First()) {
			t.Errorf("it seals with %v, and known is %+v", v.Ring().First(), known)
		}
	}
}

func TestVaultFirstNodesRace(t *testing.T) {
	t.Parallel()
	s := openSQLite(t)
	var wg sync.WaitGroup
	joined := make(chan byte, 8)
	for i := range byte(8) {
		v, _ := vaultOf(t, fmt.Sprint(i), i%2+1)
		wg.Go(func() {
			if v.Join(t.Context(), s) == nil {
				joined <- i%2 + 1
			}
		})
	}
	wg.Wait()
	close(joined)
	seen := map[byte]int{}
	for k := range joined {
		seen[k]++
	}
	if len(seen) != 1 || seen[1]+seen[2] != 4 {
		t.Errorf("joined by key: %v, want the four nodes of one key", seen)
	}
}

// A new key seals only when every living node can open it; nodes get it in any order,
// and one that died is not waited for once it is known to be dead.
func TestVaultNewKeyWaitsForAll(t *testing.T) {
	t.Parallel()
	s, ctx := openSQLite(t), t.Context()
	a, ka := vaultOf(t, "a", 1)
	b, kb := vaultOf(t, "b", 1)
	for _, v := range []*Vault{a, b} {
		ok(t, v.Join(ctx, s))
		ok(t, v.Refresh(ctx, s))
	}
	ka.set(t, 2, 1)
	for range 3 {
		ok(t, a.Refresh(ctx, s))
		ok(t, b.Refresh(ctx, s))
	}
	if a.Ring().First() != idOf(1) || !a.Ring().Has(idOf(2)) {
		t.Errorf("a seals with %s while b cannot open it", a.Ring().First())
	}
	kb.set(t, 2, 1)
	ok(t, b.Refresh(ctx, s)) // b sees that all have it
	ok(t, a.Refresh(ctx, s))
	if a.Ring().First() != idOf(2) || b.Ring().First() != idOf(2) {
		t.Errorf("a seals with %s and b with %s, want the new key", a.Ring().First(), b.Ring().First())
	}
	late, _ := vaultOf(t, "c", 1)
	if err := late.Join(ctx, s); !errors.Is(err, lead.ErrPermanent) {
		t.Errorf("a node without the new key joins: %v", err)
	}
	ka.set(t, 2) // too early: things are sealed with the old one
	ok(t, a.Refresh(ctx, s))
	if !a.Ring().Has(idOf(1)) || a.Trouble() == "" {
		t.Errorf("the old key was dropped while it is needed: %v, %q", a.Ring(), a.Trouble())
	}
	ka.err = errors.New("gone")
	ok(t, a.Refresh(ctx, s))
	if !a.Ring().Has(idOf(1)) || !strings.Contains(a.Trouble(), "cannot be read") {
		t.Errorf("the file is gone: %v, %q", a.Ring(), a.Trouble())
	}
	ka.set(t, 2, 1)
	ok(t, a.Refresh(ctx, s))
	if a.Trouble() != "" {
		t.Errorf("all is well again: %q", a.Trouble())
	}
	ok(t, b.Leave(ctx, s))
	if nodes, err := living(ctx, s); err != nil || len(nodes) != 1 || nodes["a"].Seals != idOf(2).String() {
		t.Errorf("living: %v, %v", nodes, err)
	}
}

// A node that joins is waited for from then on, and one that slept through a rotation
// hears that it lacks the new key.
func TestVaultSleeper(t *testing.T) {
	t.Parallel()
	s, ctx := openSQLite(t), t.Context()
	a, ka := vaultOf(t, "a", 1)
	b, kb := vaultOf(t, "b", 1)
	ok(t, a.Join(ctx, s))
	ok(t, b.Join(ctx, s)) // and has not looked at anything yet
	ka.set(t, 2, 1)
	ok(t, a.Refresh(ctx, s))
	if a.Ring().First() != idOf(1) {
		t.Error("a node that just joined was not waited for")
	}
	ok(t, b.Leave(ctx, s)) // it sleeps so long that it is taken for dead
	ok(t, a.Refresh(ctx, s))
	if a.Ring().First() != idOf(2) {
		t.Error("a dead node is waited for")
	}
	b.told = time.Now().Add(-nodeTold)
	ok(t, b.Refresh(ctx, s))
	if b.Trouble() == "" {
		t.Error("it does not know that it lacks a key")
	}
	kb.set(t, 2, 1)
	ok(t, b.Refresh(ctx, s))
	if b.Trouble() != "" || b.Ring().First() != idOf(2) {
		t.Errorf("with the key: %q, %v", b.Trouble(), b.Ring())
	}
}

// everythingOpens counts values sealed with each key, and fails when one does not open.
func everythingOpens(t testing.TB, s *sqlite.Store, ring *seal.Ring, list []connectors.Connector) map[seal.ID]int {
	t.Helper()
	out := map[seal.ID]int{}
	states, err := s.States(t.Context(), "", "", 10_000)
	ok(t, err)
	for _, v := range states {
		if strings.HasPrefix(v.Key, sealPrefix) {
			continue
		}
		_, err := ring.Open(statePlace(v.Key), v.Value)
		ok(t, err)
		id, err := seal.KeyOf(v.Value)
		ok(t, err)
		out[id]++
	}
	records, err := s.Sources(t.Context())
	ok(t, err)
	for _, rec := range records {
		_, err := openSettings(ring, connectorOf(list, rec.Kind).Fields, rec.Name, rec.Settings)
		ok(t, err)
		raw, err := decodeSettings(rec.Settings)
		ok(t, err)
		ok(t, eachSealed(raw, "", func(_ string, value []byte) ([]byte, error) {
			id, err := seal.KeyOf(value)
			out[id]++
			return value, err
		}))
	}
	return out
}

// A rotation that is stopped again and again, beside a node that writes with the old
// key until it has heard of the new one, ends with everything sealed anew and nothing
// lost, and the old key can go.
func TestRotation(t *testing.T) {
	t.Parallel()
	s, ctx := openSQLite(t), t.Context()
	node, given := vaultOf(t, "a", 1)
	ok(t, node.Join(ctx, s))
	ok(t, node.Refresh(ctx, s))
	list := []connectors.Connector{testKind()}
	put := func(key, text string) error {
		sealed, err := node.Ring().Seal(statePlace(key), []byte(text))
		if err == nil {
			_, err = s.PutState(context.Background(), store.StateWrite{Key: key, Value: sealed})
		}
		return err
	}
	for i := range 3 * rotateBatch {
		ok(t, put(fmt.Sprintf("source/x/%03d", i), fmt.Sprint(i)))
	}
	settings, err := sealSettings(node.Ring(), list[0].Fields, "shop", map[string]any{"secret": "s3cret", "accounts": []any{map[string]any{"token": "t0ken"}}})
	ok(t, err)
	_, err = s.PutSource(ctx, store.SourceRecord{Name: "shop", Kind: "kind", Settings: settings})
	ok(t, err)

	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { // the node goes on working
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			if err := errors.Join(node.Refresh(context.Background(), s), put("source/x/busy", fmt.Sprint(i))); err != nil && !errors.Is(err, lead.ErrConflict) {
				t.Error(err)
				return
			}
			time.Sleep(time.Millisecond)
		}
	})
	given.set(t, 2, 1)
	rotate := func(wait time.Duration) error {
		tool, _ := vaultOf(t, "", 2, 1)
		ctx, cancel := context.WithTimeout(ctx, wait)
		defer cancel()
		_, err := (&Rotation{Vault: tool, Store: s, Connectors: list, Tell: t.Logf, Poll: time.Millisecond}).Run(ctx)
		return err
	}
	tries := 1
	for wait := time.Millisecond; ; wait *= 2 {
		err := rotate(wait)
		if err == nil {
			break
		}
		if !errors.Is(err, lead.ErrUnavailable) && !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("stopped after %v: %v", wait, err)
		}
		tries++
	}
	close(stop)
	wg.Wait()
	t.Logf("%d tries", tries)
	fresh, _ := vaultOf(t, "", 2)
	if got := everythingOpens(t, s, fresh.Ring(), list); len(got) != 1 || got[idOf(2)] != 3*rotateBatch+1+2 {
		t.Errorf("sealed by key: %v", got)
	}
	ok(t, fresh.Join(ctx, s)) // the old key is needed no more
	old, _ := vaultOf(t, "", 1)
	if err := old.Join(ctx, s); !errors.Is(err, lead.ErrPermanent) {
		t.Errorf("a node with the old key alone joins: %v", err)
	}
	given.set(t, 2)
	ok(t, node.Refresh(ctx, s))
	if node.Trouble() != "" || node.Ring().Has(idOf(1)) {
		t.Errorf("the old key stays: %v, %q", node.Ring(), node.Trouble())
	}
}

// What does not open is left as it is, and the old key is not forgotten for it.
func TestRotationKeepsWhatItCannotOpen(t *testing.T) {
	t.Parallel()
	s, ctx := openSQLite(t), t.Context()
	v, _ := vaultOf(t, "", 1)
	ok(t, v.Join(ctx, s))
	_, err := s.PutState(ctx, store.StateWrite{Key: "source/x/y", Value: []byte("nobody sealed this")})
	ok(t, err)
	tool, _ := vaultOf(t, "", 2, 1)
	done, err := (&Rotation{Vault: tool, Store: s, Tell: t.Logf}).Run(ctx)
	if !errors.Is(err, lead.ErrPermanent) || done.Left != 1 {
		t.Errorf("Run = %+v, %v", done, err)
	}
	var known keyring
	rec, err := s.State(ctx, keyringKey)
	ok(t, err)
	ok(t, json.Unmarshal(rec.Value, &known))
	if !known.has(idOf(1)) || !known.has(idOf(2)) {
		t.Errorf("known: %v", known)
	}
	if r, err := s.State(ctx, "source/x/y"); err != nil || string(r.Value) != "nobody sealed this" {
		t.Errorf("it is now %q, %v", r.Value, err)
	}
}

// A node that does not get the new key is named, and nothing is sealed with it.
func TestRotationWaits(t *testing.T) {
	t.Parallel()
	s, ctx := openSQLite(t), t.Context()
	node, _ := vaultOf(t, "slow-node", 1)
	ok(t, node.Join(ctx, s))
	ok(t, node.Refresh(ctx, s))
	tool, _ := vaultOf(t, "", 2, 1)
	var told strings.Builder
	short, cancel := context.WithCancel(ctx)
	defer cancel()
	_, err := (&Rotation{Vault: tool, Store: s, Poll: time.Millisecond, Tell: func(f string, a ...any) {
		fmt.Fprintf(&told, f+"\n", a...)
		cancel()
	}}).Run(short)
	if !errors.Is(err, lead.ErrUnavailable) || !strings.Contains(err.Error(), "slow-node") || strings.Count(told.String(), "slow-node") != 1 {
		t.Errorf("Run = %v, told %q", err, told.String())
	}
	if tool.Ring().First() != idOf(1) {
		t.Error("the new key seals already")
	}
}

// testKind is a connector with every type of setting, two of them secret.
func testKind() connectors.Connector {
	return connectors.Connector{Kind: "kind", Fields: []connectors.Field{
		{Name: "secret", Type: connectors.Secret}, {Name: "hook", Type: connectors.URL}, {Name: "n", Type: connectors.Integer, Max: 1 << 52},
		{Name: "wait", Type: connectors.Duration}, {Name: "list", Type: connectors.Texts}, {Name: "table", Type: connectors.Table}, {Name: "on", Type: connectors.Flag},
		{Name: "accounts", Type: connectors.Groups, Fields: []connectors.Field{{Name: "id", Type: connectors.Text}, {Name: "token", Type: connectors.Secret, Required: true}}},
	}, Parse: parseJSON, Check: func(s connectors.Settings) error {
		if s.Text("secret") == "refused" {
			return &connectors.FieldError{Field: "secret", Problem: "is refused"}
		}
		return nil
	}}
}
