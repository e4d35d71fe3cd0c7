package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"leadgate/bench/people"
)

// Seeds for tuning and seeds for checking never meet: whoever changes rules or
// weights looks at the errors of the first and leaves the second alone.
const (
	tuneSeed  = 100
	checkSeed = 7_000
)

// peopleMode measures how well leadgate dedupe tells people apart.
type peopleMode struct {
	place
	n     int
	seed  uint64
	tune  bool
	rules string
	only  string
	csv   string
	v     bool
	cost  int
}

func (m *peopleMode) flags(fs *flag.FlagSet) {
	m.place.flags(fs)
	fs.IntVar(&m.n, "n", 10_000, "records of each kind")
	fs.BoolVar(&m.tune, "tune", false, "take the seeds that are for tuning, not those for checking")
	fs.Uint64Var(&m.seed, "seed", 0, "added to the seed of every kind; another number gives other people")
	fs.StringVar(&m.rules, "rules", "exact,keys,all", "rules to compare: exact keys, keys with protection, all with scores")
	fs.StringVar(&m.only, "only", "", "leave out the kinds whose name does not contain this")
	fs.StringVar(&m.csv, "csv", "", "write the files into this folder, with the truth beside them, and run nothing")
	fs.IntVar(&m.cost, "cost", 150_000, "records of the stream the cost of a decision is measured on; 0 leaves it out")
	fs.BoolVar(&m.v, "v", false, "say what errors come from")
}

// kind is one kind of file that is scored.
type kind struct {
	name    string
	file    string
	region  string
	options *people.RecordOptions // nil: a stream

	f1, precision float64 // bars; 0 is none
	noFalse       bool    // bar: not one wrong pair
}

// kinds are what is scored. The bars are those of public collections of the same
// columns and about as many faults.
func kinds() []kind {
	records := func(most, faults int, lost float64, columns ...people.Column) *people.RecordOptions {
		return &people.RecordOptions{Columns: columns, Copied: 0.5, MostCopies: most, PerRecord: faults, PerField: 2, Lost: lost}
	}
	address := []people.Column{people.GivenName, people.Surname, people.StreetNumber, people.Address1, people.Address2, people.Suburb, people.Postcode, people.State, people.DateOfBirth}
	households := records(3, 4, 0.06, address...)
	households.Households = true
	hard := records(1, 1, 0, people.GivenName, people.Surname, people.DateOfBirth)
	hard.Copied, hard.Common = 0.11, true
	return []kind{
		{name: "names, address, birth date", file: "address", region: "AU", options: records(5, 4, 0.06, address...), f1: 0.999, noFalse: true},
		{name: "the same, one fault", file: "address-one", region: "AU", options: records(1, 1, 0.06, address...), f1: 0.999, noFalse: true},
		{name: "the same, households and twins", file: "address-households", region: "GB", options: households},
		{name: "names, phone, suburb, postcode", file: "phone", region: "AU", options: records(5, 2, 0.06, people.GivenName, people.Surname, people.Phone, people.Suburb, people.Postcode), f1: 0.985},
		{name: "names, birth date only", file: "birth", region: "DE", options: hard, f1: 0.955},
		{name: "stream DE", file: "stream-de", region: "DE", precision: 0.98},
		{name: "stream US", file: "stream-us", region: "US", precision: 0.98},
		{name: "stream UA", file: "stream-ua", region: "UA", precision: 0.98},
		{name: "stream ES", file: "stream-es", region: "ES", precision: 0.98},
		{name: "stream GB", file: "stream-gb", region: "GB", precision: 0.98},
	}
}

func (k kind) make(seed uint64, n int) (*people.Set, error) {
	if k.options == nil {
		return people.Stream(seed, n, k.region)
	}
	o := *k.options
	o.Region = k.region
	return people.Records(seed, n, o)
}

func (m *peopleMode) run(ctx context.Context, r *report) error {
	seed := checkSeed + m.seed
	if m.tune {
		seed = tuneSeed + m.seed
	}
	if m.n < 1 || !m.tune && seed < checkSeed || m.tune && seed >= checkSeed {
		return errors.New("-n must be positive, and -seed so small that seeds for tuning and for checking do not meet")
	}
	list := slices.DeleteFunc(kinds(), func(k kind) bool { return !strings.Contains(k.name, m.only) && !strings.Contains(k.file, m.only) })
	if len(list) == 0 {
		return fmt.Errorf("no kind is called %q", m.only)
	}
	if m.csv == "" {
		done, err := m.prepare(ctx, r)
		if err != nil {
			return err
		}
		defer done()
		r.say("%d records a kind, seeds from %d; P, R and F1 over pairs of records; after: when a perfect reviewer has worked off the queue", m.n, seed)
		r.say("%-31s %-6s %7s %7s %7s %6s %6s %6s %7s %6s %7s %9s", "kind", "rules", "P", "R", "F1", "worst", "mixed", "queue", "true", "R", "F1 after", "records/s")
	}
	for i, k := range list {
		s, err := k.make(seed+uint64(i), m.n)
		if err != nil {
			return err
		}
		if m.csv != "" {
			err = writeSet(m.csv, k.file, s)
		} else {
			err = m.score(ctx, r, k, s)
		}
		if err != nil {
			return err
		}
	}
	if m.csv != "" || m.cost == 0 {
		return nil
	}
	return m.price(ctx, r, seed)
}

// price measures what deciding costs while many people are known.
func (m *peopleMode) price(ctx context.Context, r *report, seed uint64) error {
	s, err := people.Stream(seed, m.cost, "DE")
	if err != nil {
		return err
	}
	if err := writeSet(m.dir, "cost", s); err != nil {
		return err
	}
	out, err := exec.CommandContext(ctx, m.bin, "dedupe", "--region", "DE", filepath.Join(m.dir, "cost.csv")).Output()
	if err != nil {
		return fmt.Errorf("running dedupe: %w", err)
	}
	r.say("%d records of a stream:\n%s", m.cost, bytes.TrimSpace(out))
	_, within, found := bytes.Cut(bytes.TrimSpace(out), []byte("99 in 100 within "))
	p99, err := time.ParseDuration(string(within))
	if !found || err != nil {
		return errors.New("reading the summary of dedupe: it does not say how long deciding took")
	}
	r.atMost("deciding, in memory, p99", float64(p99.Microseconds())/1000, "ms", 1)
	return nil
}

// writeSet writes FILE.csv and FILE.truth.csv.
func writeSet(dir, file string, s *people.Set) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("writing records: %w", err)
	}
	return errors.Join(writeFile(filepath.Join(dir, file+".csv"), s.WriteCSV), writeFile(filepath.Join(dir, file+".truth.csv"), s.WriteTruth))
}

// score runs leadgate over one file, by each set of rules, and prints a line each.
func (m *peopleMode) score(ctx context.Context, r *report, k kind, s *people.Set) error {
	if err := writeSet(m.dir, k.file, s); err != nil {
		return err
	}
	truth := s.Truth()
	if k.options == nil {
		ideal := people.Compare(truth, s.Reachable())
		r.say("%-31s %-6s %7.4f %7.4f %7.4f  what is reachable by undamaged values alone, names aside", k.name, "-", ideal.Precision(), ideal.Recall(), ideal.F1())
		r.figure(k.name+", reachable by values", ideal.Recall())
	}
	for rules := range strings.SplitSeq(m.rules, ",") {
		began := time.Now()
		a, err := resolve(ctx, m.bin, filepath.Join(m.dir, k.file+".csv"), k.region, rules)
		if err != nil {
			return fmt.Errorf("%s by %s: %w", k.name, rules, err)
		}
		speed := float64(len(s.Records)) / time.Since(began).Seconds()
		if err := a.check(s); err != nil {
			return fmt.Errorf("%s by %s: %w", k.name, rules, err)
		}
		c, q := people.Compare(truth, a.person), people.Review(truth, a.person, a.pairs)
		r.say("%-31s %-6s %7.4f %7.4f %7.4f %6d %6d %6d %7.3f %6.4f %7.4f %9.0f", k.name, rules, c.Precision(), c.Recall(), c.F1(), c.Worst, c.Mixed, q.Pairs, q.Precision(), q.After.Recall(), q.After.F1(), speed)
		r.figure(k.name+", "+rules, map[string]any{"precision": c.Precision(), "recall": c.Recall(), "f1": c.F1(), "score": c, "queue": q, "queue_precision": q.Precision(), "f1_after": q.After.F1(), "per_second": speed})
		if m.v {
			wrong, missed := s.Faults(a.person)
			r.say("    wrong: %s", causes(wrong))
			r.say("    missed: %s", causes(missed))
		}
		if rules == "all" {
			k.bars(r, c)
		}
	}
	return nil
}

func (k kind) bars(r *report, c people.Score) {
	if k.f1 > 0 {
		r.atLeast(k.name+": F1", c.F1(), "", k.f1)
	}
	if k.precision > 0 {
		r.atLeast(k.name+": precision", c.Precision(), "", k.precision)
	}
	if k.noFalse {
		r.atMost(k.name+": wrong pairs", float64(c.Wrong), "", 0)
	}
}

// mostCauses is how many causes of errors are told.
const mostCauses = 12

// causes lists what errors come from, the most frequent first.
func causes(n map[string]int) string {
	names := slices.SortedFunc(maps.Keys(n), func(a, b string) int {
		if n[a] != n[b] {
			return n[b] - n[a]
		}
		return strings.Compare(a, b)
	})
	if len(names) == 0 {
		return "none"
	}
	var out []string
	for _, name := range names[:min(len(names), mostCauses)] {
		out = append(out, fmt.Sprintf("%s %d", name, n[name]))
	}
	if more := len(names) - len(out); more > 0 {
		out = append(out, fmt.Sprintf("%d more", more))
	}
	return strings.Join(out, ", ")
}
