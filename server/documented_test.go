package server

import (
	"context"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"leadgate/lead"
	"leadgate/pipeline"
	"leadgate/store"
)

// exported are the names of all metrics of ours, after everything was counted once.
func exported(t *testing.T) []string {
	t.Helper()
	n := start(t, nodeOptions{})
	m := NewMetrics()
	m.Accepted("contact", time.Millisecond)
	m.Refused("contact")
	m.Forged("contact")
	m.Stored("contact", lead.Created, time.Millisecond)
	m.Worked(1, time.Millisecond)
	if err := m.Watch(sharing{n.pipeline}, lively{n.store}, n.sources, time.Now); err != nil {
		t.Fatal(err)
	}
	if err := m.WatchCertificates(func() []Certificate { return []Certificate{{Domain: "leads.example.com"}} }, time.Now); err != nil {
		t.Fatal(err)
	}
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range families {
		if strings.HasPrefix(f.GetName(), "leadgate_") {
			names = append(names, f.GetName())
		}
	}
	return names
}

// sharing is a pipeline that shares its work with other nodes.
type sharing struct{ Intake }

func (s sharing) Health() pipeline.Health {
	h := s.Intake.Health()
	h.Shared = true
	return h
}

// lively is a store with a source that was heard of.
type lively struct{ Store }

func (l lively) Stats(ctx context.Context) (store.Stats, error) {
	st, err := l.Store.Stats(ctx)
	st.LastEvent = map[string]time.Time{"contact": time.Now()}
	st.Jobs.Kind("send").Buried = 1
	return st, err
}

var metricName = regexp.MustCompile(`\bleadgate_[a-z_]+`)

// named are the metrics a text names, without what histograms add.
func named(text string) []string {
	var names []string
	for _, name := range metricName.FindAllString(text, -1) {
		for _, suffix := range [...]string{"_bucket", "_sum", "_count"} {
			name = strings.TrimSuffix(name, suffix)
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// The table of metrics tells of each there is and of no other, and alerts ask for
// none that is not there.
func TestMetricsAreDocumented(t *testing.T) {
	t.Parallel()
	there := exported(t)
	docs, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	for line := range strings.Lines(string(docs)) {
		if strings.HasPrefix(line, "| `leadgate_") {
			table.WriteString(line)
		}
	}
	told := named(table.String())
	for _, name := range there {
		if !slices.Contains(told, name) {
			t.Errorf("docs/operations.md does not tell of %s", name)
		}
	}
	for _, name := range named(string(docs)) {
		if !slices.Contains(there, name) {
			t.Errorf("docs/operations.md tells of %s, which is not there", name)
		}
	}
	rules, err := os.ReadFile("../deploy/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	asked := named(string(rules))
	for _, name := range asked {
		if !slices.Contains(there, name) {
			t.Errorf("deploy/alerts.yaml asks for %s, which is not there", name)
		}
	}
	if len(asked) < 10 {
		t.Errorf("alerts ask for %v", asked)
	}
}

// What /healthz says in words stands in the documentation, with what to do.
func TestDegradedStatesAreDocumented(t *testing.T) {
	t.Parallel()
	docs, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("health.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, m := range regexp.MustCompile(`h\.Why, "([^"]+)"`).FindAllStringSubmatch(string(source), -1) {
		found++
		if !strings.Contains(string(docs), "`"+strings.TrimSpace(m[1])) {
			t.Errorf("docs/operations.md does not tell of %q", m[1])
		}
	}
	if found < 4 {
		t.Errorf("%d states", found)
	}
}
