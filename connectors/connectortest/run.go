package connectortest

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"leadgate/connectors"
	"leadgate/lead"
)

var update = flag.Bool("update", false, "write what came out into the want part of each golden")

// Options say what Run cannot know. The zero value is right for most connectors.
type Options struct {
	PublicURL string // of the source; https://leads.example.com/in/golden when empty
}

// Run plays every testdata/*.txtar of the calling package and tries the laws on
// each. A connector without goldens fails.
func Run(t *testing.T, c connectors.Connector, opt Options) {
	t.Helper()
	for _, file := range files(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			g := load(t, file, &c, opt)
			got := g.play(clone(g.request)).render()
			switch diff := cmp.Diff(g.want, got); {
			case *update:
				if err := os.WriteFile(file, g.update(got), 0o600); err != nil {
					t.Fatal(err)
				}
			case g.want == "":
				t.Errorf("%s wants nothing; -update writes what comes out", file)
			case diff != "":
				t.Errorf("%s (-want +got):\n%s", file, diff)
			}
			for _, broken := range g.broken() {
				t.Error(broken)
			}
		})
	}
}

// Requests reads the requests of all goldens of the calling package, as the edge
// sees them: with all headers. They are seeds for a fuzz target.
func Requests(t testing.TB, c connectors.Connector, opt Options) []lead.Delivery {
	t.Helper()
	var out []lead.Delivery
	for _, file := range files(t) {
		out = append(out, load(t, file, &c, opt).request)
	}
	return out
}

func files(t testing.TB) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join("testdata", "*.txtar"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no goldens in testdata: %v", err)
	}
	return found
}

func load(t testing.TB, file string, c *connectors.Connector, opt Options) *golden {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if opt.PublicURL == "" {
		opt.PublicURL = "https://leads.example.com/in/" + sourceName
	}
	g, err := readGolden(text, c, opt.PublicURL)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return g
}
