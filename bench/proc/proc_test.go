package proc

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	t.Parallel()
	line := "4242 (a) b (c)) S 1 4242 4242 0 -1 4194560 900 0 0 0 1234 66 0 0 20 0 9 0 100 1000 50 18446744073709551615\n"
	got, err := parseStat([]byte(line))
	if want := 13 * time.Second; err != nil || got != want {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	for _, bad := range []string{"", "1 (x)", "1 (x) S 1 2 3", "1 (x) S 1 1 1 1 1 1 1 1 1 1 -5 6 7", "1 (x) S 1 1 1 1 1 1 1 1 1 1 5 y 7"} {
		if d, err := parseStat([]byte(bad)); err == nil {
			t.Errorf("%q reads as %v", bad, d)
		}
	}
}

func TestParseRSSAnon(t *testing.T) {
	t.Parallel()
	got, err := parseRSSAnon([]byte("Name:\tx\nVmRSS:\t  900 kB\nRssAnon:\t   512 kB\nRssFile:\t 388 kB\n"))
	if err != nil || got != 512<<10 {
		t.Errorf("got %d, %v", got, err)
	}
	for _, bad := range []string{"", "VmRSS: 5 kB\n", "RssAnon: 5 MB\n", "RssAnon: -5 kB\n", "RssAnon:\n"} {
		if n, err := parseRSSAnon([]byte(bad)); err == nil {
			t.Errorf("%q reads as %d", bad, n)
		}
	}
}

// TestTreeCPU: what a child burns counts, while it runs and when it has ended.
func TestTreeCPU(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("sh", "-c", `sh -c 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done'; sh -c 'i=0; while :; do i=$((i+1)); done'`)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if out, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", cmd.Process.Pid)); err == nil {
			exec.Command("kill", append([]string{"-9"}, strings.Fields(string(out))...)...).Run()
		}
		cmd.Process.Kill()
		cmd.Wait()
	}()
	waited := func() (d time.Duration) {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", cmd.Process.Pid))
		if err == nil {
			d, err = parseWaited(b)
		}
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		all, err := TreeCPU(cmd.Process.Pid)
		if err != nil {
			t.Fatal(err)
		}
		if w := waited(); w > 0 && all > w+30*time.Millisecond {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%v in all, %v of them of children that ended", all, waited())
		}
	}
	if parent, err := Parent(cmd.Process.Pid); err != nil || parent != os.Getpid() {
		t.Errorf("its parent is %d, %v", parent, err)
	}
	if _, err := TreeCPU(1 << 30); err == nil {
		t.Error("a process that does not exist used something")
	}
}

func FuzzParsers(f *testing.F) {
	f.Add([]byte("1 (x) S 1 1 1 1 1 1 1 1 1 1 5 6 7"), "/a")
	f.Add([]byte("RssAnon:\t5 kB\n"), "/")
	f.Add([]byte("36 35 98:0 / /a\\040b rw shared:1 - ext4 /dev/x rw\n"), "/a b/c")
	f.Fuzz(func(t *testing.T, b []byte, path string) {
		if d, err := parseStat(b); err == nil && d < 0 {
			t.Errorf("negative processor time %v", d)
		}
		if d, err := parseWaited(b); err == nil && d < 0 {
			t.Errorf("negative processor time %v", d)
		}
		if n, err := parseRSSAnon(b); err == nil && n < 0 {
			t.Errorf("negative memory %d", n)
		}
		mountOf(b, path)
	})
}

func TestMountOf(t *testing.T) {
	t.Parallel()
	const table = `22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
23 22 0:5 / /tmp rw shared:1 master:2 - tmpfs tmpfs rw
24 22 0:6 / /tmp/a\040b rw - xfs /dev/b rw
25 22 0:7 / /srv rw - nfs host:/x rw
26 25 0:8 / /srv rw - btrfs /dev/c rw
garbage
`
	for path, want := range map[string]string{"/": "ext4", "/tmp": "tmpfs", "/tmp/x": "tmpfs", "/tmpfoo": "ext4", "/tmp/a b/c": "xfs", "/srv/d": "btrfs"} {
		if got := mountOf([]byte(table), path); got != want {
			t.Errorf("%s is on %q, want %q", path, got, want)
		}
	}
}

// TestOwnUsage reads this very process: what it burns and holds has to show.
func TestOwnUsage(t *testing.T) {
	t.Parallel()
	pid := os.Getpid()
	before, err := CPU(pid)
	if err != nil {
		t.Fatal(err)
	}
	w := WatchMemory(pid)
	heap := bytes.Repeat([]byte{1}, 64<<20)
	for start := time.Now(); time.Since(start) < 300*time.Millisecond; {
		for i := range heap[:1<<16] {
			heap[i]++
		}
	}
	runtime.KeepAlive(heap)
	after, err := CPU(pid)
	if err != nil || after-before < 20*time.Millisecond {
		t.Errorf("300 ms of work show as %v, %v", after-before, err)
	}
	if most, all := w.Stop(); most < 64<<20 || len(all) < 2 {
		t.Errorf("64 MB show as %d bytes in %d samples", most, len(all))
	}
	if _, err := CPU(1 << 30); err == nil {
		t.Error("a process that is not there used processor time")
	}
}

func TestDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	kind, err := FileSystem(dir)
	if err != nil || kind == "" {
		t.Errorf("file system %q, %v", kind, err)
	}
	h, err := SyncTimes(dir, 5)
	if err != nil || h.Count() != 5 || h.Quantile(0) <= 0 {
		t.Errorf("syncs: %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("%d files left behind", len(left))
	}
	if _, err := FileSystem(dir + "/none"); err == nil {
		t.Error("a folder that is not there is on a file system")
	}
}

func TestChild(t *testing.T) {
	t.Parallel()
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	start := func(script string) (*Child, *strings.Builder) {
		var out strings.Builder
		c, err := Start(shell, []string{"-c", script}, []string{"SAY=hello"}, &out)
		if err != nil {
			t.Fatal(err)
		}
		return c, &out
	}
	c, out := start(`echo $SAY`)
	<-c.Done()
	if err := c.Stop(); err != nil || out.String() != "hello\n" {
		t.Errorf("said %q, %v", out, err)
	}
	c, _ = start(`exec sleep 100`)
	if err := c.Kill(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(fmt.Sprintf("/proc/%d", c.PID())); err == nil {
		t.Error("a killed child is still there")
	}
	c, _ = start(`exec sleep 100`)
	if err := c.Stop(); err == nil {
		t.Error("a child that died of the signal is called stopped")
	}
	if _, err := Start("/nowhere/at/all", nil, nil, nil); err == nil {
		t.Error("nothing was started and nobody said so")
	}
}
