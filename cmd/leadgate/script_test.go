package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) { testscript.Main(cleaned{m}, map[string]func(){"leadgate": main}) }

// TestScripts plays every subcommand as a process of its own.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"ready": ready, "post": post, "get": get, "leads": leads, "parked": parked, "private": private,
		},
	})
}

// ready DIR waits until the gateway over a data folder listens, and sets $URL and $TOKEN.
func ready(ts *testscript.TestScript, neg bool, args []string) {
	var r runFile
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		body, err := os.ReadFile(ts.MkAbs(filepath.Join(args[0], "run.json")))
		if err == nil && json.Unmarshal(body, &r) == nil && answers(r.Address+"/readyz") {
			break
		}
		if time.Now().After(deadline) {
			ts.Fatalf("no gateway became ready over %s", args[0])
		}
	}
	ts.Setenv("URL", r.Address)
	ts.Setenv("TOKEN", r.Token)
}

func answers(url string) bool {
	resp, err := http.Get(url)
	return err == nil && resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
}

// post URL STATUS TYPE BODY [HEADER: VALUE …] posts and wants a status; the answer
// goes to standard output.
func post(ts *testscript.TestScript, neg bool, args []string) {
	req, err := http.NewRequest(http.MethodPost, args[0], strings.NewReader(args[3]))
	ts.Check(err)
	req.Header.Set("Content-Type", args[2])
	send(ts, req, args[1], args[4:])
}

// get URL STATUS [HEADER: VALUE …] asks and wants a status.
func get(ts *testscript.TestScript, neg bool, args []string) {
	req, err := http.NewRequest(http.MethodGet, args[0], nil)
	ts.Check(err)
	send(ts, req, args[1], args[2:])
}

func send(ts *testscript.TestScript, req *http.Request, want string, headers []string) {
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	ts.Check(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "%s\n", body)
	if got := fmt.Sprint(resp.StatusCode); got != want {
		ts.Fatalf("status %s, want %s: %s", got, want, body)
	}
}

// private DIR wants that nobody but the owner can read any file below a folder.
func private(ts *testscript.TestScript, neg bool, args []string) {
	files := 0
	ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if files++; err == nil && info.Mode().Perm()&0o077 != 0 {
			err = fmt.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	}))
	if files < 4 {
		ts.Fatalf("only %d files are below %s", files, args[0])
	}
}

// leads N waits until the gateway has N leads.
func leads(ts *testscript.TestScript, neg bool, args []string) {
	waitStat(ts, args[0], func(s stats) int { return s.Leads.Total })
}

// parked N waits until N deliveries are parked.
func parked(ts *testscript.TestScript, neg bool, args []string) {
	waitStat(ts, args[0], func(s stats) int { return s.Parked })
}

type stats struct {
	Leads  struct{ Total int }
	Parked int
}

func waitStat(ts *testscript.TestScript, want string, of func(stats) int) {
	got := ""
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, ts.Getenv("URL")+"/api/v1/stats", nil)
		ts.Check(err)
		req.Header.Set("Authorization", "Bearer "+ts.Getenv("TOKEN"))
		resp, err := http.DefaultClient.Do(req)
		ts.Check(err)
		var s stats
		err = json.NewDecoder(resp.Body).Decode(&s)
		resp.Body.Close()
		ts.Check(err)
		if got = fmt.Sprint(of(s)); got == want {
			return
		}
	}
	ts.Fatalf("there are %s, want %s", got, want)
}
