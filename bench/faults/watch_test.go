package faults

import (
	"context"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"leadgate/bench/oracle"
)

// watch asks every node over and over how it is.
type watch struct {
	t      *testing.T
	cancel context.CancelFunc
	wg     sync.WaitGroup
	nodes  int

	mu   sync.Mutex // guards seen
	seen []sight
}

// sight is what one node said at a moment.
type sight struct {
	at      time.Time
	node    int
	health  *oracle.Health     // nil when the question was another, or when it did not answer
	metrics map[string]float64 // likewise
	err     error
	crowd   float64 // processes that would run, for each processor
}

// askEvery is how often a node is asked for its health, scrapeEvery for its metrics,
// and the times are how long it may take to answer: one that is not healthy in time is
// not green, while metrics of a store that hangs take their time.
const (
	askEvery    = 100 * time.Millisecond
	askTime     = 3 * time.Second
	scrapeEvery = 500 * time.Millisecond
	scrapeTime  = 15 * time.Second
)

// watchNodes asks every node again and again, at most that often.
func watchNodes(t *testing.T, apis []*oracle.API, every time.Duration) *watch {
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	w := &watch{t: t, cancel: cancel, nodes: len(apis)}
	t.Cleanup(w.end)
	for i, api := range apis {
		w.wg.Go(func() {
			w.ask(ctx, max(askEvery, every), askTime, func(ctx context.Context) sight { return healthOf(ctx, i, api) })
		})
		w.wg.Go(func() {
			w.ask(ctx, max(scrapeEvery, every), scrapeTime, func(ctx context.Context) sight { return metricsOf(ctx, i, api) })
		})
	}
	return w
}

func healthOf(ctx context.Context, node int, api *oracle.API) sight {
	s := sight{at: time.Now(), node: node, crowd: crowd()}
	h, err := api.Health(ctx)
	if s.err = err; err == nil {
		s.health = &h
	}
	return s
}

func metricsOf(ctx context.Context, node int, api *oracle.API) sight {
	s := sight{at: time.Now(), node: node, crowd: crowd()}
	s.metrics, _ = api.Metrics(ctx)
	maps.DeleteFunc(s.metrics, func(series string, _ float64) bool { return strings.Contains(series, "_bucket{") }) // the most of them
	return s
}

// ask asks one thing until ctx ends.
func (w *watch) ask(ctx context.Context, every, patience time.Duration, question func(context.Context) sight) {
	for ctx.Err() == nil {
		short, cancel := context.WithTimeout(ctx, patience)
		s := question(short)
		cancel()
		if ctx.Err() != nil {
			return // cut off by us
		}
		w.mu.Lock()
		w.seen = append(w.seen, s)
		w.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-time.After(every):
		}
	}
}

func (w *watch) end() { w.cancel(); w.wg.Wait() }

// all returns what was seen so far.
func (w *watch) all() []sight {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen[:len(w.seen):len(w.seen)]
}

// shown reports whether a node said in a span of time what was wrong, in words of
// /healthz and as a change of a metric. Words may be one of several.
func (w *watch) shown(from, to time.Time, words []string, metric string) error {
	said, changed := false, false
	before := map[int]float64{}
	reasons := map[string]bool{}
	for _, s := range w.all() {
		if s.at.After(to) {
			continue
		}
		if s.metrics != nil {
			v := sum(s.metrics, metric)
			was, known := before[s.node]
			changed = changed || known && v != was
			if s.at.Before(from) {
				before[s.node] = v
			}
		}
		if s.health == nil || s.at.Before(from) {
			continue
		}
		for _, why := range s.health.Why {
			reasons[why] = true
			for _, word := range words {
				said = said || strings.Contains(strings.ToLower(why), word)
			}
		}
	}
	if len(words) > 0 && !said {
		return fmt.Errorf("no node says %q while it lasts; they say %q", words, slices.Sorted(maps.Keys(reasons)))
	}
	if metric != "" && !changed {
		return fmt.Errorf("the metric %s does not show it", metric)
	}
	return nil
}

// relapses counts how often nodes say anew, after a moment, that something is wrong
// with what a word names. What they say of Redis tells since when.
func (w *watch) relapses(from time.Time, word string) (n int) {
	known := map[string]bool{}
	for _, s := range w.all() {
		if s.health == nil {
			continue
		}
		for _, why := range s.health.Why {
			_, since, _ := strings.Cut(why, " since ")
			since, _, _ = strings.Cut(since, ": ")
			key := fmt.Sprint(s.node, since)
			if strings.Contains(strings.ToLower(why), word) && !known[key] {
				known[key] = true
				if at, err := time.Parse(time.RFC3339, since); err == nil && at.After(from) {
					n++
				}
			}
		}
	}
	return n
}

// sum adds up the series of a metric.
func sum(metrics map[string]float64, name string) (total float64) {
	for series, v := range metrics {
		if series == name || strings.HasPrefix(series, name+"{") {
			total += v
		}
	}
	return total
}

// crowd is how many processes would run now, for each processor (proc(5), loadavg).
func crowd() float64 {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(b))
	if len(fields) < 4 {
		return 0
	}
	running, _, _ := strings.Cut(fields[3], "/")
	n, err := strconv.ParseFloat(running, 64)
	if err != nil {
		return 0
	}
	return n / float64(runtime.NumCPU())
}

// ours is the crowd that an installation under load and its senders are themselves.
const ours = 4

// stretch is by how much longer everything takes than it would if nobody else used
// this machine: 1 when nobody does.
func (w *watch) stretch(from time.Time) float64 {
	total, n := 0.0, 0.0
	for _, s := range w.all() {
		if !s.at.Before(from) {
			total, n = total+s.crowd, n+1
		}
	}
	if n == 0 {
		return 1
	}
	return max(1, total/n/ours)
}

// greenAfter waits until all nodes are green, two questions in a row, and returns
// how long after a moment the last one was not.
func (w *watch) greenAfter(from time.Time, most time.Duration) (time.Duration, error) {
	for {
		last := make([]time.Time, w.nodes) // last time it was not green
		good := make([]int, w.nodes)       // answers since
		why := make([]string, w.nodes)
		for _, s := range w.all() {
			if s.at.Before(from) || s.health == nil && s.err == nil {
				continue
			}
			if s.err == nil && s.health.Green() {
				good[s.node]++
				continue
			}
			last[s.node], good[s.node] = s.at, 0
			if why[s.node] = fmt.Sprint(s.err); s.err == nil {
				why[s.node] = fmt.Sprintf("%q, journal %.1f s behind", s.health.Why, s.health.Journal.AgeS)
			}
		}
		all, took := true, time.Duration(0)
		for i := range last {
			all = all && good[i] >= 2
			if !last[i].IsZero() {
				took = max(took, last[i].Sub(from))
			}
		}
		if all {
			return took, nil
		}
		if limit := time.Duration(float64(most) * w.stretch(from)); time.Since(from) > limit {
			return took, fmt.Errorf("not green %v after the end of the fault: %q", limit, why)
		}
		time.Sleep(askEvery)
	}
}
