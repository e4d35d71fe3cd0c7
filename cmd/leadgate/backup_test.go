package main

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"leadgate/internal/services"
	"leadgate/lead"
)

// loaded is a gateway under load, and the receipts it gave.
type loaded struct {
	*process
	mu    sync.Mutex
	acked map[string]bool // receipt ids
}

// send posts people until ctx ends; every tenth body is large enough for a blob.
func (l *loaded) send(ctx context.Context, c int) {
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for i := 0; ctx.Err() == nil; i++ {
		more := ""
		if i%10 == 0 {
			more = large(fmt.Sprint(c, i))
		}
		body := fmt.Sprintf(`{"name":"Person %d","email":"p%d.%d@example.org","message":"hello","submission_id":"s%d-%d"%s}`, i, i, c, i, c, more)
		resp, err := client.Post(l.address()+"/f/contact", "application/json", strings.NewReader(body))
		if err != nil {
			continue
		}
		var receipt struct{ ID string }
		err = json.NewDecoder(resp.Body).Decode(&receipt)
		resp.Body.Close()
		if err == nil && resp.StatusCode == http.StatusOK {
			l.mu.Lock()
			l.acked[receipt.ID] = true
			l.mu.Unlock()
		}
	}
}

// large are fields of a post that is not kept in a row: it is longer than 64 KB.
func large(salt string) string {
	var b strings.Builder
	for i := range 5 {
		fmt.Fprintf(&b, `,"more%d":%q`, i, salt+strings.Repeat(" long", 3<<10))
	}
	return b.String()
}

func (l *loaded) receipts() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for id := range l.acked {
		out = append(out, id)
	}
	return out
}

// leadgate runs a subcommand of the built program.
func (p *process) leadgate(args ...string) (stdout, stderr []byte, err error) {
	var out, errs bytes.Buffer
	cmd := exec.Command(p.exe, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.Bytes(), errs.Bytes(), err
}

// Row 39: of a backup taken under load, as a folder and as a tar, everything that was
// acknowledged before it began comes back, once.
func TestBackupUnderLoad(t *testing.T) {
	t.Parallel()
	l := &loaded{process: newProcess(t, "--segment-size", "1MB"), acked: map[string]bool{}}
	l.start()
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for c := range 8 {
		wg.Go(func() { l.send(ctx, c) })
	}
	dir := t.TempDir()
	time.Sleep(time.Second)
	before := l.receipts()
	if _, msg, err := l.leadgate("backup", filepath.Join(dir, "folder"), "--data", l.data); err != nil {
		t.Fatalf("backup: %v\n%s", err, msg)
	}
	between := l.receipts()
	archive, msg, err := l.leadgate("backup", "-", "--data", l.data)
	if err != nil {
		t.Fatalf("backup: %v\n%s", err, msg)
	}
	stop()
	wg.Wait()
	l.kill()
	if err := os.WriteFile(filepath.Join(dir, "backup.tar"), archive, 0o600); err != nil {
		t.Fatal(err)
	}
	if len(before) < 50 || len(between) == len(before) {
		t.Fatalf("%d receipts before, %d between: no load", len(before), len(between))
	}
	key := filepath.Join(l.data, "secret.key")
	for from, want := range map[string][]string{"folder": before, "backup.tar": between} {
		r := &process{t: t, exe: l.exe, data: filepath.Join(dir, "restored-"+from), flags: []string{"--secret-key", key}}
		if _, msg, err := r.leadgate("restore", filepath.Join(dir, from), "--data", r.data, "--secret-key", key); err != nil {
			t.Fatalf("%s: restore: %v\n%s", from, err, msg)
		}
		r.start()
		r.holds(t, from, want)
		r.kill()
	}
}

// The same of two nodes over Postgres: the journal of one first, then the whole of the
// other.
func TestBackupOfTwoNodes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	key := strings.Repeat("5e", 32)
	shared := []string{"--store", services.Postgres(t).Database(t).DSN(), "--secret-key", key, "--segment-size", "1MB"}
	one := &loaded{process: newProcess(t, shared...), acked: map[string]bool{}}
	two := &loaded{process: &process{t: t, exe: one.exe, data: filepath.Join(dir, "two"), flags: shared}, acked: map[string]bool{}}
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for n, l := range []*loaded{one, two} {
		l.start()
		for c := range 4 {
			wg.Go(func() { l.send(ctx, 10*n+c) })
		}
	}
	time.Sleep(2 * time.Second)
	before := append(one.receipts(), two.receipts()...)
	for _, args := range [][]string{
		{"backup", filepath.Join(dir, "journal"), "--only", "journal", "--data", two.data},
		{"backup", filepath.Join(dir, "whole"), "--data", one.data},
	} {
		if _, msg, err := one.leadgate(append(args, shared...)...); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, msg)
		}
	}
	stop()
	wg.Wait()
	one.kill()
	two.kill()
	if len(before) < 20 {
		t.Fatalf("%d receipts before: no load", len(before))
	}
	r := &process{t: t, exe: one.exe, data: filepath.Join(dir, "restored"), flags: append([]string{"--store", services.Postgres(t).Database(t).DSN()}, shared[2:]...)}
	for _, from := range []string{"whole", "journal"} {
		if _, msg, err := r.leadgate(append([]string{"restore", filepath.Join(dir, from), "--data", r.data}, r.flags...)...); err != nil {
			t.Fatalf("restoring %s: %v\n%s", from, err, msg)
		}
	}
	r.start()
	r.holds(t, "two nodes", before)
	r.kill()
}

// holds wants every receipt to be stored, each for a lead of its own.
func (p *process) holds(t *testing.T, name string, receipts []string) {
	t.Helper()
	var h struct {
		Status  string
		Why     []string
		Journal struct{ Depth int }
		Parked  int
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if p.ask("/healthz", &h); h.Journal.Depth == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %d deliveries stay in the journal: %s %v", name, h.Journal.Depth, h.Status, h.Why)
		}
	}
	missing, owners := 0, map[lead.ID]int{}
	for _, id := range receipts {
		var r struct {
			State string
			Lead  lead.ID `json:"lead_id"`
		}
		if p.ask("/api/v1/receipts/"+id, &r); r.State != "stored" || r.Lead.IsZero() {
			missing++
		}
		if owners[r.Lead]++; owners[r.Lead] > 1 {
			t.Errorf("%s: two receipts have lead %s", name, r.Lead)
		}
	}
	if missing > 0 || h.Parked > 0 {
		t.Errorf("%s: %d of %d acknowledged are not there, %d parked", name, missing, len(receipts), h.Parked)
	}
	mails := map[string]int{}
	k := &killed{process: p}
	k.page(func(l lead.Lead) {
		if l.Touches != 1 {
			t.Errorf("%s: lead %d has %d touches", name, l.Number, l.Touches)
		}
		for _, mail := range l.Emails {
			if mails[mail]++; mails[mail] > 1 {
				t.Errorf("%s: two leads have one address", name)
			}
		}
	})
	t.Logf("%s: %d acknowledged before are there, %d leads in all", name, len(receipts), len(mails))
}

// sample makes a data folder with something in every place, without a gateway: leads
// and a blob that are stored, and a delivery that waits in the journal.
func sample(t *testing.T) string {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	g := startGateway(t, data)
	for i := range 3 {
		body := fmt.Sprintf(`{"name":"Ana Belo","email":"p%d@example.org","message":"hello","submission_id":"s%d"%s}`, i, i, large(fmt.Sprint(i)))
		resp, err := http.Post(g.url+"/f/contact", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("status %d", resp.StatusCode)
		}
	}
	return data
}

// command runs a subcommand in this process.
func command(t *testing.T, stdin io.Reader, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	p := &program{getenv: func(string) string { return "" }, stdin: stdin, stdout: &out, stderr: io.Discard}
	err := p.run(t.Context(), args)
	return out.String(), err
}

// A backup that is cut short, changed or of somebody else is refused before anything is
// touched.
func TestRestoreTouchesNothing(t *testing.T) {
	t.Parallel()
	data := sample(t)
	key := filepath.Join(data, "secret.key")
	archive, err := command(t, nil, "backup", "-", "--data", data)
	if err != nil {
		t.Fatal(err)
	}
	names := members(t, archive)
	if names[len(names)-1] != manifestName || slices.ContainsFunc(names, func(n string) bool { return strings.Contains(n, "key") }) {
		t.Fatalf("it holds %v", names)
	}
	secret, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(archive, strings.TrimSpace(string(secret))) {
		t.Error("the secret key is in the backup")
	}
	body := bytes.Index([]byte(archive), []byte("SQLite format 3")) + 9000
	flipped := []byte(archive)
	flipped[body] ^= 1
	for name, tc := range map[string]struct {
		archive []byte
		flags   []string
		want    error
	}{
		"cut at the end":      {[]byte(archive[:len(archive)-3000]), []string{"--secret-key", key}, lead.ErrPermanent},
		"cut in the middle":   {[]byte(archive[:len(archive)/2]), []string{"--secret-key", key}, lead.ErrPermanent},
		"empty":               {nil, []string{"--secret-key", key}, lead.ErrPermanent},
		"a byte changed":      {flipped, []string{"--secret-key", key}, lead.ErrPermanent},
		"no key":              {[]byte(archive), nil, lead.ErrInvalid},
		"another key":         {[]byte(archive), []string{"--secret-key", strings.Repeat("ab", 32)}, lead.ErrInvalid},
		"no tar":              {bytes.Repeat([]byte("no tar at all. "), 999), []string{"--secret-key", key}, lead.ErrPermanent},
		"a name that escapes": {tarOf(t, "../../outside"), []string{"--secret-key", key}, lead.ErrPermanent},
		"a name nobody has":   {tarOf(t, "store/../x"), []string{"--secret-key", key}, lead.ErrPermanent},
		"no manifest":         {tarOf(t, "store/leadgate.db"), []string{"--secret-key", key}, lead.ErrPermanent},
	} {
		to := filepath.Join(t.TempDir(), "to")
		_, err := command(t, bytes.NewReader(tc.archive), append([]string{"restore", "-", "--data", to}, tc.flags...)...)
		if !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
		if left := filesBelow(t, to); len(left) > 0 {
			t.Errorf("%s: left %v", name, left)
		}
	}
	to := filepath.Join(t.TempDir(), "to")
	if _, err := command(t, strings.NewReader(archive), "restore", "-", "--data", to, "--without-key"); err != nil {
		t.Fatal(err)
	}
	if _, err := command(t, strings.NewReader(archive), "restore", "-", "--data", to, "--without-key"); !errors.Is(err, lead.ErrConflict) {
		t.Errorf("over a store: %v", err)
	}
	if got, want := blobsBelow(t, to), blobsBelow(t, data); !slices.Equal(got, want) || len(got) < 3 {
		t.Errorf("blobs %v, want %v", got, want)
	}
}

// Blobs that lie in a folder of their own are part of a backup, and are restored there.
func TestBackupOfABlobFolder(t *testing.T) {
	t.Parallel()
	data, from, to := filepath.Join(t.TempDir(), "data"), t.TempDir(), t.TempDir()
	g := startGateway(t, data, "--blobs", "file:"+from)
	g.want(http.MethodPost, "/f/contact", `{"email":"ana@example.org"`+large("x")+`}`, http.StatusOK)
	g.untilLeads(1)
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	archive, err := command(t, nil, "backup", "-", "--data", data, "--blobs", "file:"+from)
	if err != nil {
		t.Fatal(err)
	}
	restored := filepath.Join(t.TempDir(), "data")
	if _, err := command(t, strings.NewReader(archive), "restore", "-", "--data", restored, "--secret-key", filepath.Join(data, "secret.key"), "--blobs", "file:"+to); err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	if err := findBlobs(to, found); err != nil || len(found) != 1 {
		t.Errorf("%d blobs are restored: %v", len(found), err)
	}
}

// Without the key that is lost, a restored gateway starts under a new one, with all but
// what was sealed.
func TestRestoreWithoutKey(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	g := startGateway(t, data)
	g.want(http.MethodPost, "/api/v1/sources", `{"name":"partner","connector":"webhook","settings":{"auth":"bearer","secret":"open-sesame-1234"}}`, http.StatusCreated)
	g.want(http.MethodPost, "/api/v1/sources", `{"name":"second","connector":"form"}`, http.StatusCreated)
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	archive, err := command(t, nil, "backup", "-", "--data", data)
	if err != nil {
		t.Fatal(err)
	}
	for name, flags := range map[string][]string{"no key": nil, "another key": {"--secret-key", strings.Repeat("cd", 32)}} {
		to := filepath.Join(t.TempDir(), "to")
		if _, err := command(t, strings.NewReader(archive), append([]string{"restore", "-", "--data", to, "--without-key"}, flags...)...); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		g := startGateway(t, to, flags...)
		g.want(http.MethodPost, "/f/second", `{"email":"ana@example.org"}`, http.StatusOK)
		g.want(http.MethodPost, "/in/partner", `{}`, http.StatusServiceUnavailable) // its secret is lost
		g.want(http.MethodPatch, "/api/v1/sources/partner", `{"settings":{"secret":"open-sesame-5678"}}`, http.StatusOK)
		g.want(http.MethodPost, "/in/partner", `{}`, http.StatusUnauthorized)
	}
}

// members are the names in a tar.
func members(t *testing.T, archive string) []string {
	t.Helper()
	var names []string
	for r := tar.NewReader(strings.NewReader(archive)); ; {
		head, err := r.Next()
		if errors.Is(err, io.EOF) {
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		if head.Mode != 0o600 {
			t.Errorf("%s has mode %o", head.Name, head.Mode)
		}
		names = append(names, head.Name)
	}
}

func tarOf(t *testing.T, name string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := errors.Join(w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg}), w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func filesBelow(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, name)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return out
}

func blobsBelow(t *testing.T, data string) []string {
	t.Helper()
	var names []string
	for _, f := range filesBelow(t, filepath.Join(data, "blobs")) {
		names = append(names, filepath.Base(f))
	}
	slices.Sort(names)
	return names
}

// A folder is refused while it holds anything; a backup into one that was interrupted
// is recognised, and so is a restore.
func TestUnfinishedBackupAndRestore(t *testing.T) {
	t.Parallel()
	data := sample(t)
	dir := filepath.Join(t.TempDir(), "backup")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := &program{getenv: func(string) string { return "" }, stdout: io.Discard, stderr: io.Discard}
	if err := p.run(ctx, []string{"backup", dir, "--data", data}); err == nil {
		t.Fatal("an interrupted backup reports success")
	}
	if err := os.MkdirAll(filepath.Join(dir, "store"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := command(t, nil, "restore", dir, "--data", filepath.Join(t.TempDir(), "to"), "--without-key")
	if !errors.Is(err, lead.ErrPermanent) || !strings.Contains(err.Error(), "never finished") {
		t.Errorf("restoring an unfinished backup: %v", err)
	}
	if _, err := command(t, nil, "backup", dir, "--data", data); !errors.Is(err, lead.ErrConflict) {
		t.Errorf("a backup into a folder that holds something: %v", err)
	}
	if left := filesBelow(t, filepath.Join(data, ".backup")); len(left) > 0 {
		t.Errorf("left in the data folder: %v", left)
	}
	to := t.TempDir()
	if err := os.WriteFile(filepath.Join(to, restoringName), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"serve", "--listen", "127.0.0.1:0"}, {"token", "add", "x"}, {"restore", dir}} {
		if _, err := command(t, nil, append(args, "--data", to)...); !errors.Is(err, lead.ErrConflict) {
			t.Errorf("%s over an unfinished restore: %v", args[0], err)
		}
	}
}

// journalAlone makes a backup of a journal with three deliveries that no store knows.
func journalAlone(t *testing.T) (dir string) {
	t.Helper()
	data := sample(t)
	// A journal whose deliveries the store does not know: that of a node with another store.
	other := filepath.Join(t.TempDir(), "other")
	if _, err := command(t, nil, "token", "add", "x", "--data", other); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(other, "journal"), os.DirFS(filepath.Join(data, "journal"))); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(other, "blobs"), os.DirFS(filepath.Join(data, "blobs"))); err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(t.TempDir(), "backup")
	if _, err := command(t, nil, "backup", dir, "--only", "journal", "--data", other); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A journal goes beside one that is there. When it does not get in, nothing tells to
// throw away what was there before, and the gateway starts over it.
func TestJournalAloneDoesNotGetIn(t *testing.T) {
	t.Parallel()
	dir, to := journalAlone(t), filepath.Join(t.TempDir(), "to")
	if err := startGateway(t, to).stop(); err != nil {
		t.Fatal(err)
	}
	_, err := command(t, nil, "restore", dir, "--data", to, "--without-key", "--disk-floor", "1000TB")
	if err == nil || strings.Contains(err.Error(), "empty") {
		t.Fatalf("a restore that got no room: %v", err)
	}
	if _, err := command(t, nil, "token", "add", "y", "--data", to); err != nil {
		t.Errorf("what was there before is no longer used: %v", err)
	}
	if _, err := command(t, nil, "restore", dir, "--data", to, "--without-key"); err != nil {
		t.Errorf("once more, with room: %v", err)
	}
}

// What waits in another node's journal is brought in by itself.
func TestBackupOfAJournalAlone(t *testing.T) {
	t.Parallel()
	dir := journalAlone(t)
	body, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		t.Fatal(err)
	}
	m, err := readManifest(body)
	if err != nil {
		t.Fatal(err)
	}
	if m.Store != nil || m.Journal != 3 || m.Blobs.Count < 3 {
		t.Fatalf("manifest %s", body)
	}
	to := filepath.Join(t.TempDir(), "to")
	if _, err := command(t, nil, "token", "add", "x", "--data", to); err != nil { // a store that is there is no hindrance
		t.Fatal(err)
	}
	if _, err := command(t, nil, "restore", dir, "--data", to, "--without-key"); err != nil {
		t.Fatal(err)
	}
	g := startGateway(t, to)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		n := g.leads()
		if n == 3 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d leads", n)
		}
	}
}

func FuzzManifest(f *testing.F) {
	f.Add([]byte(`{"format":1,"store":{"engine":"sqlite","parts":["leadgate.db"]},"parts":[{"name":"store/leadgate.db"}]}`))
	f.Add([]byte(`{"format":1,"parts":[{"name":"store/../../x"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := readManifest(body)
		if err != nil {
			return
		}
		for _, p := range m.Parts {
			if !filepath.IsLocal(p.Name) || !inBackup(p.Name) || p.Name == manifestName {
				t.Errorf("a part is called %q", p.Name)
			}
		}
	})
}
