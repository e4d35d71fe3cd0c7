package main

import (
	"bytes"
	"io"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"
)

// deployed reads a file of the folder deploy.
func deployed(t *testing.T, name string) string {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("..", "..", "deploy", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// commandLine parses arguments as the program would, without running anything.
func commandLine(args ...string) error {
	var c cli
	parser, err := kong.New(&c, kong.Name("leadgate"), kong.Writers(io.Discard, io.Discard), kong.Exit(func(int) {}))
	if err == nil {
		_, err = parser.Parse(args)
	}
	return err
}

// variables are the environment variables the program reads.
func variables() []string {
	var names []string
	for f := range reflect.TypeFor[Options]().Fields() {
		name := "LEADGATE_" + strings.ToUpper(optionKey(f))
		names = append(names, name, name+"_FILE")
	}
	return names
}

// What the files say of the command line and the environment is what there is.
func TestDeployOptions(t *testing.T) {
	t.Parallel()
	flags := map[string]bool{"--build": true, "--data-checksums": true, "--from-literal": true, "--start-period": true, "--interval": true, "--timeout": true, "--retries": true,
		"--from": true, "--chown": true, "--maxmemory": true, "--maxmemory-policy": true, "--appendonly": true, "--requirepass": true} // of other programs
	var c cli
	parser, err := kong.New(&c, kong.Name("leadgate"))
	if err != nil {
		t.Fatal(err)
	}
	var add func(*kong.Node)
	add = func(n *kong.Node) {
		for _, f := range n.Flags {
			flags["--"+f.Name] = true
		}
		for _, child := range n.Children {
			add(child)
		}
	}
	add(parser.Model.Node)
	known := variables()
	for _, file := range []string{"Dockerfile", "compose.yaml", "kubernetes.yaml", "leadgate.service"} {
		text := deployed(t, file)
		for _, f := range regexp.MustCompile(`(^|[\s"'\[(])(--[a-z][a-z-]+)`).FindAllStringSubmatch(text, -1) {
			if !flags[f[2]] {
				t.Errorf("%s: there is no %s", file, f[2])
			}
		}
		for _, v := range regexp.MustCompile(`LEADGATE_[A-Z_]+`).FindAllString(text, -1) {
			if v != "LEADGATE_" && !slices.Contains(known, v) {
				t.Errorf("%s: nobody reads %s", file, v)
			}
		}
	}
}

func TestDockerfile(t *testing.T) {
	t.Parallel()
	text := deployed(t, "Dockerfile")
	root := filepath.Join("..", "..")
	stages := 0
	var last string
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || words[0] == "#":
		case words[0] == "FROM":
			stages++
			last = words[1]
		case words[0] == "COPY" && !strings.Contains(line, "--from="):
			for _, source := range words[1 : len(words)-1] {
				if _, err := os.Stat(filepath.Join(root, source)); err != nil {
					t.Errorf("COPY %s: %v", source, err)
				}
			}
		case words[0] == "USER":
			user, group, ok := strings.Cut(words[1], ":")
			uid, err := strconv.Atoi(user)
			gid, errGroup := strconv.Atoi(group)
			if !ok || err != nil || errGroup != nil || uid == 0 || gid == 0 {
				t.Errorf("USER %s: want numbers that are not root's", words[1])
			}
		}
	}
	if stages != 2 || last != "scratch" {
		t.Errorf("%d stages, the last from %s", stages, last)
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(mod)
	if version == nil || !strings.Contains(text, "FROM golang:"+string(version[1])+" ") {
		t.Errorf("the image is built with another Go than go.mod asks for, %s", version)
	}
	for _, want := range []string{"CGO_ENABLED=0", "LEADGATE_DATA=/var/lib/leadgate", "VOLUME /var/lib/leadgate", "/out/data /var/lib/leadgate", "./cmd/leadgate"} {
		if !strings.Contains(text, want) {
			t.Errorf("it lacks %s", want)
		}
	}
	for _, args := range execForms(text) {
		if args[0] != "/leadgate" && args[0] != "serve" {
			t.Errorf("it runs %v", args)
		} else if rest := args[1:]; args[0] == "/leadgate" && len(rest) > 0 {
			if err := commandLine(rest...); err != nil {
				t.Errorf("%v: %v", args, err)
			}
		}
	}
	for line := range strings.Lines(deployed(t, "Dockerfile.dockerignore")) {
		for _, needed := range []string{"go.mod", "go.sum", "cmd", "lead", "server", "store", "console", "connectors", "pipeline", "dedupe", "internal"} {
			if strings.TrimSpace(line) == needed {
				t.Errorf("the build needs %s", needed)
			}
		}
	}
}

// execForms are the lists of words that an image runs.
func execForms(text string) (out [][]string) {
	for _, m := range regexp.MustCompile(`(?m)(?:CMD|ENTRYPOINT) (\[.*\])$`).FindAllStringSubmatch(text, -1) {
		var words []string
		if yaml.Unmarshal([]byte(m[1]), &words) == nil {
			out = append(out, words)
		}
	}
	return out
}

func TestCompose(t *testing.T) {
	t.Parallel()
	type service struct {
		Image, User string
		Command     []string
		ReadOnly    bool     `yaml:"read_only"`
		CapDrop     []string `yaml:"cap_drop"`
		SecurityOpt []string `yaml:"security_opt"`
		Environment map[string]string
		Secrets     []string
		Volumes     []string
		Healthcheck struct{ Test []string }
		DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
		Networks    any
	}
	var file struct {
		Services map[string]service
		Volumes  map[string]any
		Secrets  map[string]struct{ File string }
		Networks map[string]struct {
			IPAM struct {
				Config []struct {
					Subnet, Gateway string
					Range           string `yaml:"ip_range"`
				}
			}
		}
	}
	text := deployed(t, "compose.yaml")
	if err := yaml.Unmarshal([]byte(text), &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Services) != 5 {
		t.Fatalf("%d services", len(file.Services))
	}
	journals := map[string]bool{}
	for name, s := range file.Services {
		if len(s.Healthcheck.Test) < 2 {
			t.Errorf("%s has no health check", name)
		}
		if strings.HasSuffix(s.Image, ":latest") {
			t.Errorf("%s: any version may come", name)
		}
		for _, secret := range s.Secrets {
			if file.Secrets[secret].File == "" {
				t.Errorf("%s: there is no secret %s", name, secret)
			}
		}
		for _, v := range s.Volumes {
			volume, _, _ := strings.Cut(v, ":")
			if _, ok := file.Volumes[volume]; !ok {
				t.Errorf("%s: there is no volume %s", name, volume)
			}
		}
		for on, how := range s.DependsOn {
			if _, ok := file.Services[on]; !ok || how.Condition != "service_healthy" {
				t.Errorf("%s waits for %s to be %q", name, on, how.Condition)
			}
		}
		if s.Image != "leadgate" {
			continue
		}
		if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
			t.Errorf("%s may do more than it needs", name)
		}
		journals[strings.Join(s.Volumes, " ")] = true
		if len(s.Volumes) != 1 || !strings.HasSuffix(s.Volumes[0], ":/var/lib/leadgate") {
			t.Errorf("%s: volumes %v", name, s.Volumes)
		}
		for _, args := range [][]string{s.Command, s.Healthcheck.Test[2:]} {
			if err := commandLine(args...); err != nil {
				t.Errorf("%s: %v: %v", name, args, err)
			}
		}
		for variable, value := range s.Environment {
			if secret, ok := strings.CutPrefix(value, "/run/secrets/"); ok != strings.HasSuffix(variable, "_FILE") || ok && !slices.Contains(s.Secrets, secret) {
				t.Errorf("%s: %s is %s", name, variable, value)
			}
		}
		o := &Options{Listen: s.Environment["LEADGATE_LISTEN"], TrustedProxies: strings.Split(s.Environment["LEADGATE_TRUSTED_PROXIES"], ","), PublicURL: "https://leads.example.com"}
		if _, err := o.network(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !strings.Contains(text, "ipv4_address: "+o.TrustedProxies[0]+"}") {
			t.Errorf("%s trusts %v, where no proxy is", name, o.TrustedProxies)
		}
	}
	// Docker gives the first free address to whoever starts first, and the proxy starts
	// last: its own must be none that is given.
	net := file.Networks["inside"].IPAM.Config[0]
	given, err := netip.ParsePrefix(net.Range)
	if fixed := netip.MustParseAddr("172.30.0.2"); err != nil || given.Contains(fixed) || !netip.MustParsePrefix(net.Subnet).Contains(fixed) || net.Gateway != "172.30.0.1" {
		t.Errorf("the proxy's address can be somebody else's: %+v", net)
	}
	if pg := strings.Join(file.Services["postgres"].Healthcheck.Test, " "); !strings.Contains(pg, "-h 127.0.0.1") {
		t.Errorf("while Postgres makes its files it says on its socket alone that it is ready: %s", pg)
	}
	if len(journals) != 2 {
		t.Errorf("%d nodes have a journal of their own, want 2", len(journals))
	}
	if redis := strings.Join(file.Services["redis"].Command, " "); !strings.Contains(redis, "--maxmemory-policy noeviction") {
		t.Errorf("Redis may throw work away: %s", redis)
	}
	if pg := strings.Join(file.Services["postgres"].Command, " "); !strings.Contains(pg, "synchronous_commit=on") {
		t.Errorf("Postgres may forget what it committed: %s", pg)
	}
}

// object is what the tests read of anything in Kubernetes.
type object struct {
	Kind     string
	Metadata struct{ Name string }
	Data     map[string]string
	Spec     struct {
		Selector       any
		MaxUnavailable int    `yaml:"maxUnavailable"`
		ServiceName    string `yaml:"serviceName"`
		Replicas       int
		Template       struct {
			Metadata struct{ Labels map[string]string }
			Spec     struct {
				SecurityContext struct {
					RunAsNonRoot   bool                  `yaml:"runAsNonRoot"`
					RunAsUser      int                   `yaml:"runAsUser"`
					RunAsGroup     int                   `yaml:"runAsGroup"`
					SeccompProfile struct{ Type string } `yaml:"seccompProfile"`
				} `yaml:"securityContext"`
				Containers []container
			}
		}
		VolumeClaimTemplates []struct{ Metadata struct{ Name string } } `yaml:"volumeClaimTemplates"`
	}
}

type container struct {
	Name, Image string
	Args        []string
	Env         []struct{ Name, Value string }
	Ports       []struct {
		Name          string
		ContainerPort int `yaml:"containerPort"`
	}
	StartupProbe    probe `yaml:"startupProbe"`
	LivenessProbe   probe `yaml:"livenessProbe"`
	ReadinessProbe  probe `yaml:"readinessProbe"`
	SecurityContext struct {
		AllowPrivilegeEscalation *bool `yaml:"allowPrivilegeEscalation"`
		ReadOnlyRootFilesystem   bool  `yaml:"readOnlyRootFilesystem"`
		Capabilities             struct{ Drop []string }
	} `yaml:"securityContext"`
	VolumeMounts []struct {
		Name      string
		MountPath string `yaml:"mountPath"`
	} `yaml:"volumeMounts"`
}

type probe struct {
	HTTPGet struct{ Path, Port string } `yaml:"httpGet"`
}

func TestKubernetes(t *testing.T) {
	t.Parallel()
	objects := map[string]object{}
	for doc := range strings.SplitSeq(deployed(t, "kubernetes.yaml"), "\n---\n") {
		var o object
		if err := yaml.Unmarshal([]byte(doc), &o); err != nil {
			t.Fatal(err)
		}
		objects[o.Kind+"/"+o.Metadata.Name] = o
	}
	set, ok := objects["StatefulSet/leadgate"]
	if !ok || len(set.Spec.Template.Spec.Containers) != 1 || set.Spec.Replicas < 2 {
		t.Fatalf("objects %+v", objects)
	}
	if _, ok := objects["Service/"+set.Spec.ServiceName]; !ok {
		t.Errorf("there is no service %q", set.Spec.ServiceName)
	}
	if objects["PodDisruptionBudget/leadgate"].Spec.MaxUnavailable != 1 {
		t.Error("more than one node may be taken at once")
	}
	c := set.Spec.Template.Spec.Containers[0]
	if err := commandLine(c.Args...); err != nil {
		t.Errorf("%v: %v", c.Args, err)
	}
	checkPod(t, set, c)
	g := startGateway(t, t.TempDir())
	for name, p := range map[string]probe{"startup": c.StartupProbe, "liveness": c.LivenessProbe, "readiness": c.ReadinessProbe} {
		resp, err := http.Get(g.url + p.HTTPGet.Path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK || p.HTTPGet.Port != c.Ports[0].Name {
			t.Errorf("%s asks %+v: %d", name, p.HTTPGet, resp.StatusCode)
		}
	}
	if c.LivenessProbe.HTTPGet.Path != "/livez" || c.ReadinessProbe.HTTPGet.Path != "/readyz" {
		t.Error("a node that cannot keep deliveries must be left out, not killed")
	}
	// The configuration, with the address of the arguments, is one that starts.
	file := &configFile{getenv: func(string) string { return "" }}
	if err := file.read([]byte(objects["ConfigMap/leadgate"].Data["leadgate.yaml"])); err != nil {
		t.Fatal(err)
	}
	if _, err := file.build(""); err != nil {
		t.Error(err)
	}
	if file.values["trusted_proxies"] == nil || file.values["public_url"] == nil {
		t.Error("it listens in clear and trusts no proxy")
	}
}

// checkPod wants least rights, and the data folder on a volume of each replica's own.
func checkPod(t *testing.T, set object, c container) {
	t.Helper()
	sc := set.Spec.Template.Spec.SecurityContext
	if !sc.RunAsNonRoot || sc.RunAsUser != 65532 || sc.RunAsGroup != 65532 || sc.SeccompProfile.Type != "RuntimeDefault" {
		t.Errorf("the pod runs as %+v", sc)
	}
	if e := c.SecurityContext.AllowPrivilegeEscalation; e == nil || *e || !c.SecurityContext.ReadOnlyRootFilesystem || !slices.Equal(c.SecurityContext.Capabilities.Drop, []string{"ALL"}) {
		t.Errorf("the container may do more than it needs: %+v", c.SecurityContext)
	}
	at := map[string]string{}
	for _, m := range c.VolumeMounts {
		at[m.Name] = m.MountPath
	}
	if len(set.Spec.VolumeClaimTemplates) != 1 || at[set.Spec.VolumeClaimTemplates[0].Metadata.Name] != "/var/lib/leadgate" {
		t.Errorf("the journal is on no volume of its own: %v", at)
	}
	for _, e := range c.Env {
		if !strings.HasPrefix(e.Value, at["secrets"]+"/") {
			t.Errorf("%s is %s, which is not mounted", e.Name, e.Value)
		}
	}
}

func TestUnit(t *testing.T) {
	t.Parallel()
	lines := map[string][]string{}
	for line := range strings.Lines(deployed(t, "leadgate.service")) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(key, "#") {
			lines[key] = append(lines[key], value)
		}
	}
	for key, want := range map[string]string{"DynamicUser": "yes", "StateDirectory": "leadgate", "StateDirectoryMode": "0700", "UMask": "0077", "ProtectSystem": "strict", "NoNewPrivileges": "yes",
		"CapabilityBoundingSet": "", "Restart": "always", "StartLimitIntervalSec": "0", "LimitNOFILE": "65536", "MemoryDenyWriteExecute": "yes", "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX"} {
		if got := lines[key]; len(got) != 1 || got[0] != want {
			t.Errorf("%s is %v, want %q", key, got, want)
		}
	}
	args := strings.Fields(lines["ExecStart"][0])
	if err := commandLine(args[1:]...); err != nil || args[0] != "/usr/local/bin/leadgate" {
		t.Errorf("ExecStart %v: %v", args, err)
	}
	if i := slices.Index(args, "--data"); i < 0 || args[i+1] != "/var/lib/"+lines["StateDirectory"][0] {
		t.Errorf("the data folder is not the one it may write: %v", args)
	}
	// A stop in order takes longer than no time: see the times in serve.go.
	if stop, err := strconv.Atoi(lines["TimeoutStopSec"][0]); err != nil || float64(stop) < (drainTime+shutdownTime).Seconds()+5 {
		t.Errorf("TimeoutStopSec=%v", lines["TimeoutStopSec"])
	}
	if bytes.Contains([]byte(deployed(t, "leadgate.service")), []byte("\t")) {
		t.Error("tabs are no spaces to systemd")
	}
}

// Every alert is whole, and the documentation says what to do about it.
func TestAlerts(t *testing.T) {
	t.Parallel()
	docs, err := os.ReadFile(filepath.Join("..", "..", "docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr string
				Labels      struct{ Severity string }
				Annotations struct{ Summary string }
			}
		}
	}
	if err := yaml.Unmarshal([]byte(deployed(t, "alerts.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	alerts := map[string]bool{}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			if alerts[r.Alert] || r.Expr == "" || r.Labels.Severity != "page" && r.Labels.Severity != "ticket" || r.Annotations.Summary == "" || strings.Count(r.Expr, "(") != strings.Count(r.Expr, ")") {
				t.Errorf("%s is not whole", r.Alert)
			}
			if !strings.Contains(string(docs), "**"+r.Alert+"**") {
				t.Errorf("docs/operations.md does not say what to do about %s", r.Alert)
			}
			alerts[r.Alert] = true
		}
	}
	for _, m := range regexp.MustCompile(`\*\*(Leadgate[A-Za-z]+)\*\*`).FindAllStringSubmatch(string(docs), -1) {
		if !alerts[m[1]] {
			t.Errorf("docs/operations.md tells of %s, which is no alert", m[1])
		}
	}
}
