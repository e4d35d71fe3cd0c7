package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"leadgate/connectors"
	"leadgate/internal/disk/faultfs"
	"leadgate/lead"
	"leadgate/store"
	"leadgate/store/sqlite"
)

// registryOf makes the registry of a node over a store, with one source of the file.
func registryOf(t testing.TB, s RegistryStore, change func(*RegistryOptions), of ...byte) *Registry {
	t.Helper()
	v, _ := vaultOf(t, "", of...)
	list := []connectors.Connector{testKind()}
	fixed, err := BuildSource(list, map[string]any{"name": "fixed", "connector": "kind", "secret": "of the file", "n": 3, "wait": "5s"})
	ok(t, err)
	o := RegistryOptions{Sources: &Sources{}, Fixed: []Source{fixed}, Connectors: list, Region: "FR", Store: s, Vault: v, Every: 10 * time.Millisecond}
	if change != nil {
		change(&o)
	}
	r, err := NewRegistry(o)
	ok(t, err)
	return r
}

// unset is what stands for a secret that is not there, set for one that is.
func unset() map[string]any { return map[string]any{setMark: false} }
func set() map[string]any   { return map[string]any{setMark: true} }

// What is made on one node works there at once and on the others with their next look;
// nobody sees a secret, and one stays when it is not given anew.
func TestRegistryMakesAndChanges(t *testing.T) {
	t.Parallel()
	s, ctx := openSQLite(t), t.Context()
	a, b := registryOf(t, s, nil, 1), registryOf(t, s, nil, 1)
	ok(t, a.Look(ctx))
	ok(t, b.Look(ctx))
	made, err := a.Create(ctx, NewSource{Name: "shop", Connector: "kind", Settings: map[string]any{
		"secret": "canary-one", "n": float64(7), "list": []any{"x"}, "accounts": []any{map[string]any{"id": "1", "token": "canary-two"}},
	}})
	ok(t, err)
	want := ShownSource{Name: "shop", Connector: "kind", Origin: OriginStore, Version: made.Version, Settings: map[string]any{
		"secret": set(), "n": int64(7), "list": []any{"x"}, "accounts": []any{map[string]any{"id": "1", "token": set()}},
	}}
	if diff := cmp.Diff(want, made); diff != "" || made.Version == 0 {
		t.Errorf("made:\n%s", diff)
	}
	src, there := a.o.Sources.Get("shop")
	if !there || src.Settings.Text("secret") != "canary-one" || src.Settings.Groups("accounts")[0].Text("token") != "canary-two" || src.Region != "FR" || src.Title != "shop" {
		t.Fatalf("in force at once: %v %+v", there, src)
	}
	if _, there := b.o.Sources.Get("shop"); there {
		t.Error("another node knows it before it looked")
	}
	ok(t, b.Look(ctx))
	if src, there := b.o.Sources.Get("shop"); !there || src.Settings.Int("n") != 7 {
		t.Error("another node does not know it")
	}
	title, on := "The shop", true
	changed, err := b.Change(ctx, "shop", SourcePatch{Version: made.Version, Title: &title, Disabled: &on, Settings: map[string]any{
		"n": nil, "hook": "https://example.org/x", "secret": set(), "accounts": []any{map[string]any{"id": "2", "token": set()}},
	}})
	ok(t, err)
	want = ShownSource{Name: "shop", Connector: "kind", Title: title, Origin: OriginStore, Disabled: true, Version: changed.Version, Settings: map[string]any{
		"secret": set(), "hook": "https://example.org/x", "list": []any{"x"}, "accounts": []any{map[string]any{"id": "2", "token": set()}},
	}}
	if diff := cmp.Diff(want, changed); diff != "" {
		t.Errorf("changed:\n%s", diff)
	}
	ok(t, a.Look(ctx))
	if _, there := a.o.Sources.Get("shop"); there {
		t.Error("a disabled source takes something in")
	}
	if src, there := a.o.Sources.Find("shop"); !there || src.Settings.Text("secret") != "canary-one" || src.Settings.Groups("accounts")[0].Text("token") != "canary-two" {
		t.Error("what a disabled source took cannot be read")
	}
	list, err := a.List(ctx)
	ok(t, err)
	fixed := ShownSource{Name: "fixed", Connector: "kind", Title: "fixed", Origin: OriginFile, Settings: map[string]any{
		"secret": set(), "n": int64(3), "wait": "5s", "list": []string{}, "table": map[string]string(nil), "on": false, "accounts": []any{},
	}}
	if diff := cmp.Diff([]ShownSource{fixed, want}, list); diff != "" {
		t.Errorf("listed:\n%s", diff)
	}
}

func TestRegistryRefuses(t *testing.T) {
	t.Parallel()
	s, ctx := openSQLite(t), t.Context()
	r := registryOf(t, s, nil, 1)
	ok(t, r.Look(ctx))
	made, err := r.Create(ctx, NewSource{Name: "shop", Connector: "kind", Settings: map[string]any{"secret": "canary"}})
	ok(t, err)
	create := func(n NewSource) error { _, err := r.Create(ctx, n); return err }
	change := func(name string, p SourcePatch) error { _, err := r.Change(ctx, name, p); return err }
	bad := "Europe"
	for what, tc := range map[string]struct {
		err   error
		class error
		field string
	}{
		"a name that is taken":     {create(NewSource{Name: "shop", Connector: "kind"}), lead.ErrConflict, ""},
		"a name of the file":       {create(NewSource{Name: "fixed", Connector: "kind"}), lead.ErrConflict, ""},
		"no name":                  {create(NewSource{Connector: "kind"}), lead.ErrInvalid, "name"},
		"a bad name":               {create(NewSource{Name: "A b", Connector: "kind"}), lead.ErrInvalid, "name"},
		"our name":                 {create(NewSource{Name: ManualSource, Connector: "kind"}), lead.ErrInvalid, "name"},
		"no connector":             {create(NewSource{Name: "x"}), lead.ErrInvalid, "connector"},
		"a bad region":             {create(NewSource{Name: "x", Connector: "kind", Region: bad}), lead.ErrInvalid, "region"},
		"an unknown setting":       {create(NewSource{Name: "x", Connector: "kind", Settings: map[string]any{"name": "y"}}), lead.ErrInvalid, "name"},
		"a missing one":            {create(NewSource{Name: "x", Connector: "kind", Settings: map[string]any{"accounts": []any{map[string]any{}}}}), lead.ErrInvalid, "accounts[0].token"},
		"what the connector says":  {create(NewSource{Name: "x", Connector: "kind", Settings: map[string]any{"secret": "refused"}}), lead.ErrInvalid, "secret"},
		"a secret that is none":    {create(NewSource{Name: "x", Connector: "kind", Settings: map[string]any{"secret": map[string]any{"sealed": "eA=="}}}), lead.ErrInvalid, "secret"},
		"a change of the file's":   {change("fixed", SourcePatch{}), lead.ErrConflict, ""},
		"a change of nothing":      {change("none", SourcePatch{}), lead.ErrNotFound, ""},
		"an old version":           {change("shop", SourcePatch{Version: made.Version - 1}), lead.ErrConflict, ""},
		"keeping what is not set":  {change("shop", SourcePatch{Settings: map[string]any{"accounts": []any{map[string]any{"token": set()}}}}), lead.ErrInvalid, "accounts[0].token"},
		"a bad change":             {change("shop", SourcePatch{Region: &bad}), lead.ErrInvalid, "region"},
		"a change the checks hate": {change("shop", SourcePatch{Settings: map[string]any{"secret": "refused"}}), lead.ErrInvalid, "secret"},
	} {
		var field string
		if f, ok := errors.AsType[*connectors.FieldError](tc.err); ok {
			field = f.Field
		}
		if !errors.Is(tc.err, tc.class) || field != tc.field {
			t.Errorf("%s: %v (field %q), want %v and %q", what, tc.err, field, tc.class, tc.field)
		}
	}
	if src, _ := r.o.Sources.Get("shop"); src == nil || src.Settings.Text("secret") != "canary" {
		t.Error("something changed all the same")
	}
	cleared, err := r.Change(ctx, "shop", SourcePatch{Settings: map[string]any{"secret": unset()}})
	if err != nil || !cmp.Equal(cleared.Settings, map[string]any{"secret": unset()}) {
		t.Errorf("a secret taken away: %v, %v", cleared.Settings, err)
	}
}

// A record that cannot be read is out of force alone and says why; those who ask for it
// hear that it is our fault; mended, it works again.
func TestRegistryBrokenRecord(t *testing.T) {
	t.Parallel()
	s, ctx := openSQLite(t), t.Context()
	r := registryOf(t, s, nil, 1)
	ok(t, r.Look(ctx))
	for _, name := range []string{"good", "moved"} {
		_, err := r.Create(ctx, NewSource{Name: name, Connector: "kind", Settings: map[string]any{"secret": "canary-" + name}})
		ok(t, err)
	}
	records, err := s.Sources(ctx)
	ok(t, err)
	put := func(name, kind string, settings []byte) {
		t.Helper()
		_, err := s.PutSource(ctx, store.SourceRecord{Name: name, Kind: kind, Settings: settings})
		ok(t, err)
	}
	put("copied", "kind", records[1].Settings) // somebody moved a sealed value to another row
	put("clear", "kind", []byte(`{"secret":"in clear"}`))
	put("nothing", "kind", []byte(`null`))
	put("syntax", "kind", []byte(`{`))
	put("future", "hologram", []byte(`{}`))
	put("extra", "kind", []byte(`{"more":1}`))
	put("NOT A NAME", "kind", []byte(`{}`))
	ok(t, r.Look(ctx))
	for _, name := range []string{"good", "moved", "fixed"} {
		if _, there := r.o.Sources.Get(name); !there {
			t.Errorf("%s is out of force", name)
		}
	}
	broken := r.o.Sources.Broken()
	for _, name := range []string{"copied", "clear", "nothing", "syntax", "future", "extra", "NOT A NAME"} {
		if _, there := r.o.Sources.Find(name); there || broken[name] == "" || !r.o.Sources.Unsure(name) || strings.Contains(broken[name], "clear\"") {
			t.Errorf("%s: %q", name, broken[name])
		}
	}
	if r.o.Sources.Unsure("never") || r.o.Sources.Unsure("good") {
		t.Error("nobody knows what is there")
	}
	list, err := r.List(ctx)
	ok(t, err)
	for _, x := range list {
		if (x.Problem != "") != (broken[x.Name] != "") || strings.Contains(fmt.Sprint(x), "in clear") {
			t.Errorf("shown: %+v", x)
		}
	}
	if _, err := r.Change(ctx, "copied", SourcePatch{Settings: map[string]any{"secret": set()}}); !errors.Is(err, lead.ErrInvalid) {
		t.Errorf("keeping a secret nobody can read: %v", err)
	}
	if shown, err := r.Change(ctx, "copied", SourcePatch{Settings: map[string]any{"secret": "given anew"}}); err != nil || shown.Problem != "" {
		t.Errorf("mending: %+v, %v", shown, err)
	}
	if src, there := r.o.Sources.Get("copied"); !there || src.Settings.Text("secret") != "given anew" {
		t.Error("mended, it is not in force")
	}
}

// What was found out at run time stands over the settings on every node, of the file's
// sources too, and a change elsewhere leaves a source as it is.
func TestRegistryOverlay(t *testing.T) {
	t.Parallel()
	s, ctx := openSQLite(t), t.Context()
	a, b := registryOf(t, s, nil, 1), registryOf(t, s, nil, 1)
	ok(t, a.Look(ctx))
	_, err := a.Create(ctx, NewSource{Name: "shop", Connector: "kind", Settings: map[string]any{"secret": "configured", "n": 1.0}})
	ok(t, err)
	ok(t, b.Look(ctx))
	before, _ := b.o.Sources.Get("shop")
	fixed, _ := b.o.Sources.Get("fixed")
	desk := &Desk{State: s, Vault: a.o.Vault}
	src, _ := a.o.Sources.Get("shop")
	state := desk.Env(src, "").State()
	for _, bad := range []string{`{"unknown":1}`, `{"n":"x"}`, `[]`, `{"secret":"refused"}`, `{`} {
		if err := state.Put(ctx, connectors.Overlay, []byte(bad), 0); !errors.Is(err, lead.ErrInvalid) {
			t.Errorf("overlay %s: %v, want ErrInvalid", bad, err)
		}
	}
	ok(t, state.Put(ctx, connectors.Overlay, []byte(`{"secret":"registered"}`), 0))
	ok(t, b.Look(ctx))
	after, _ := b.o.Sources.Get("shop")
	if after.Settings.Text("secret") != "registered" || after.Settings.Int("n") != 1 || before.Settings.Text("secret") != "configured" {
		t.Errorf("settings %q over %q", after.Settings.Text("secret"), before.Settings.Text("secret"))
	}
	if same, _ := b.o.Sources.Get("fixed"); same != fixed {
		t.Error("a source nobody changed is another one now")
	}
	ok(t, desk.Env(fixed, "").State().Put(ctx, connectors.Overlay, []byte(`{"secret":"registered too"}`), 0))
	ok(t, b.Look(ctx))
	if got, _ := b.o.Sources.Get("fixed"); got.Settings.Text("secret") != "registered too" || got == fixed {
		t.Errorf("the file's source has %q", got.Settings.Text("secret"))
	}
	ok(t, state.Drop(ctx, connectors.Overlay))
	ok(t, b.Look(ctx))
	if got, _ := b.o.Sources.Get("shop"); got.Settings.Text("secret") != "configured" {
		t.Errorf("without the overlay: %q", got.Settings.Text("secret"))
	}
	_, err = s.PutState(ctx, store.StateWrite{Key: overlayPrefix + "fixed", Value: []byte("damaged"), Announce: true})
	ok(t, err)
	ok(t, b.Look(ctx))
	if _, there := b.o.Sources.Find("fixed"); there || !b.o.Sources.Unsure("fixed") || b.o.Sources.Unsure("shop") {
		t.Error("an overlay nobody can read")
	}
}

// A node that comes up without its store has the sources it read last, and no one can
// read them on its disk; a snapshot of another key, or a damaged one, is as none.
func TestSnapshot(t *testing.T) {
	t.Parallel()
	s, ctx := openSQLite(t), t.Context()
	path := filepath.Join(t.TempDir(), "sources.sealed")
	with := func(o *RegistryOptions) { o.Snapshot = path }
	a := registryOf(t, s, with, 1)
	if err := a.Restore(ctx); !errors.Is(err, lead.ErrNotFound) || a.o.Sources.Complete() || !a.o.Sources.Unsure("shop") || len(a.Trouble()) != 1 {
		t.Errorf("without a snapshot: %v, %v", err, a.Trouble())
	}
	ok(t, a.Look(ctx))
	_, err := a.Create(ctx, NewSource{Name: "shop", Connector: "kind", Settings: map[string]any{"secret": "canary"}})
	ok(t, err)
	src, _ := a.o.Sources.Get("shop")
	ok(t, (&Desk{State: s, Vault: a.o.Vault}).Env(src, "").State().Put(ctx, connectors.Overlay, []byte(`{"n":9}`), 0))
	ok(t, a.Look(ctx))
	body, err := os.ReadFile(path)
	ok(t, err)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 || strings.Contains(string(body), "shop") {
		t.Errorf("the snapshot has mode %v and names its sources", info.Mode())
	}
	down := &store.Late{}
	b := registryOf(t, down, with, 1)
	ok(t, b.Restore(ctx))
	got, there := b.o.Sources.Get("shop")
	if !there || got.Settings.Text("secret") != "canary" || got.Settings.Int("n") != 9 || !b.o.Sources.Complete() || len(b.Trouble()) != 0 {
		t.Fatalf("restored: %v %v", there, b.Trouble())
	}
	if err := b.Look(ctx); !errors.Is(err, lead.ErrUnavailable) {
		t.Errorf("Look without a store: %v", err)
	}
	if again, _ := b.o.Sources.Get("shop"); again != got {
		t.Error("a store that is down changed a source")
	}
	down.Set(s) // it comes
	ok(t, b.Look(ctx))
	if again, _ := b.o.Sources.Get("shop"); again != got {
		t.Error("the same source is another one")
	}
	if other := registryOf(t, down, with, 2); other.Restore(ctx) == nil || other.o.Sources.Complete() || len(other.Trouble()) != 2 {
		t.Error("a snapshot of another key was taken")
	}
	rotated := registryOf(t, down, with, 2, 1)
	ok(t, rotated.Restore(ctx))
	if rotated.o.Vault.Ring().First() != idOf(1) {
		t.Error("while nobody can be asked, another key seals than did before")
	}
	for i := range body {
		bad := append([]byte{}, body...)
		bad[i] ^= 1
		ok(t, os.WriteFile(path, bad, 0o600))
		if c := registryOf(t, down, with, 1); c.Restore(ctx) == nil {
			t.Fatalf("with byte %d changed it was taken", i)
		}
	}
	ok(t, os.WriteFile(path, nil, 0o600))
	if c := registryOf(t, down, with, 1); c.Restore(ctx) == nil || errors.Is(c.Restore(ctx), lead.ErrNotFound) {
		t.Error("an empty snapshot was taken")
	}
}

// Whatever call to the disk fails, the sources are in force, the old snapshot or the
// new one is there, and the next look mends it.
func TestSnapshotFaults(t *testing.T) {
	t.Parallel()
	s, ctx := openSQLite(t), t.Context()
	for _, kind := range faultfs.Kinds() {
		for n := 1; snapshotFault(ctx, t, s, kind, n); n++ {
		}
	}
}

// snapshotFault lets the n-th call of a kind fail, and reports whether there was one.
func snapshotFault(ctx context.Context, t *testing.T, s RegistryStore, kind faultfs.Kind, n int) bool {
	t.Helper()
	fsys := faultfs.New()
	ok(t, fsys.Mkdir("/d"))
	in := func(o *RegistryOptions) { o.Snapshot, o.FS = "/d/sources.sealed", fsys }
	r := registryOf(t, s, in, 1)
	fsys.Inject(faultfs.Fault{Kind: kind, Nth: n, Err: syscall.EIO, Part: -1})
	ok(t, r.Look(ctx))
	hit := fsys.Hits() > 0
	if _, there := r.o.Sources.Get("fixed"); !there || !r.o.Sources.Complete() || (len(r.Trouble()) > 0) != hit {
		t.Errorf("%s %d: the sources are in force: %v, told: %v", kind, n, there, r.Trouble())
	}
	ok(t, r.Look(ctx))
	if len(r.Trouble()) > 0 {
		t.Errorf("after %s %d: %v", kind, n, r.Trouble())
	}
	fsys.Heal()
	crashed := fsys.Crash(1)
	ok(t, registryOf(t, &store.Late{}, func(o *RegistryOptions) { o.Snapshot, o.FS = "/d/sources.sealed", crashed }, 1).Restore(ctx))
	return hit
}

// Nodes that run hear of a change by themselves, and nobody who reads sees anything
// but one state or the next.
func TestRegistryRun(t *testing.T) {
	t.Parallel()
	s := openSQLite(t)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	nodes := make([]*Registry, 3)
	for i := range nodes {
		nodes[i] = registryOf(t, s, nil, 1)
		ok(t, nodes[i].Look(ctx))
		wg.Go(func() { nodes[i].Run(ctx) })
	}
	_, err := nodes[0].Create(ctx, NewSource{Name: "shop", Connector: "kind", Settings: map[string]any{"secret": "0", "hook": "https://example.org/0"}})
	ok(t, err)
	for _, n := range nodes {
		eventually(t, "a node to know the source", func() bool { _, there := n.o.Sources.Get("shop"); return there })
		wg.Go(func() {
			for ctx.Err() == nil {
				src, there := n.o.Sources.Get("shop")
				if !there || !strings.HasSuffix(src.Settings.Text("hook"), "/"+src.Settings.Text("secret")) {
					t.Error("half a change was seen")
					return
				}
			}
		})
	}
	for i := 1; i <= 20; i++ {
		text := fmt.Sprint(i)
		_, err := nodes[i%3].Change(ctx, "shop", SourcePatch{Settings: map[string]any{"secret": text, "hook": "https://example.org/" + text}})
		ok(t, err)
	}
	for _, n := range nodes {
		eventually(t, "the last change", func() bool { src, _ := n.o.Sources.Get("shop"); return src.Settings.Text("secret") == "20" })
	}
}

// A delivery of a source that cannot be put in force waits in the journal; it is not
// parked, and becomes a lead when the source is mended.
func TestDeliveriesOfBrokenSourceWait(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	src, _ := n.sources.Get("src")
	n.sources.now.Store(&sourceSet{byName: map[string]*Source{}, broken: map[string]string{"src": "no key"}, complete: true})
	id := n.accept(post(1))
	n.sources.now.Store(&sourceSet{byName: map[string]*Source{}}) // the store was never reached
	other := n.accept(post(2))
	time.Sleep(50 * time.Millisecond)
	if v := n.verdict(id); v != "" {
		t.Errorf("while it is broken: %s", v)
	}
	disabled := *src
	disabled.Disabled = true
	n.sources.now.Store(&sourceSet{byName: map[string]*Source{"src": &disabled}, complete: true})
	eventually(t, "both leads", func() bool { return n.verdict(id) == lead.Created && n.verdict(other) == lead.Created })
}

// A source that was made on another node just before the store went away is not gone: a
// node that has not looked since does not park its deliveries.
func TestSourceUnseenIsNotGone(t *testing.T) {
	t.Parallel()
	r := registryOf(t, openSQLite(t), nil, 1)
	now := time.Now()
	p := &Pipeline{o: Options{Queue: &forgetful{}, Sources: r.o.Sources}, now: func() time.Time { return now }}
	d := &lead.Delivery{Source: "shop", At: now}
	ok(t, r.Look(t.Context()))
	now = now.Add(time.Minute)
	if _, err := p.source(d); !errors.Is(err, lead.ErrUnavailable) {
		t.Errorf("after a minute without a look: %v", err)
	}
	r.o.Sources.seen.Store(now.UnixNano())
	if _, err := p.source(d); !lead.IsPermanent(err) {
		t.Errorf("after a look: %v", err)
	}
}

var _ RegistryStore = (*sqlite.Store)(nil)
