package faults

import (
	"context"
	"fmt"
	"maps"
	"slices"
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
	health  oracle.Health
	metrics map[string]float64
	err     error
}

// askEvery and patience of one question: a node that says nothing for that long is
// not green.
const (
	askEvery = 100 * time.Millisecond
	askTime  = 3 * time.Second
)

func watchNodes(t *testing.T, apis []*oracle.API, every time.Duration) *watch {
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	w := &watch{t: t, cancel: cancel, nodes: len(apis)}
	t.Cleanup(w.end)
	for i, api := range apis {
		w.wg.Go(func() {
			for ctx.Err() == nil {
				w.ask(ctx, i, api)
				select {
				case <-ctx.Done():
				case <-time.After(every):
				}
			}
		})
	}
	return w
}

func (w *watch) ask(ctx context.Context, i int, api *oracle.API) {
	short, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	s := sight{at: time.Now(), node: i}
	if s.health, s.err = api.Health(short); s.err == nil {
		s.metrics, s.err = api.Metrics(short)
	}
	if ctx.Err() != nil {
		return // cut off by us
	}
	maps.DeleteFunc(s.metrics, func(series string, _ float64) bool { return strings.Contains(series, "_bucket{") }) // the most of them
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, s)
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
		if s.err != nil {
			continue
		}
		v := sum(s.metrics, metric)
		if s.at.Before(from) {
			before[s.node] = v
			continue
		}
		if s.at.After(to) {
			continue
		}
		was, known := before[s.node]
		changed = changed || known && v != was
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

// sum adds up the series of a metric.
func sum(metrics map[string]float64, name string) (total float64) {
	for series, v := range metrics {
		if series == name || strings.HasPrefix(series, name+"{") {
			total += v
		}
	}
	return total
}

// greenAfter waits until all nodes are green, two questions in a row, and returns
// how long after a moment the last one was not.
func (w *watch) greenAfter(from time.Time, most time.Duration) (time.Duration, error) {
	for {
		last := make([]time.Time, w.nodes) // last time it was not green
		good := make([]int, w.nodes)       // answers since
		why := make([]string, w.nodes)
		for _, s := range w.all() {
			if s.at.Before(from) {
				continue
			}
			if s.err == nil && s.health.Green() {
				good[s.node]++
				continue
			}
			last[s.node], good[s.node] = s.at, 0
			why[s.node] = fmt.Sprintf("%v, journal %.1f s behind, %v", s.health.Why, s.health.Journal.AgeS, s.err)
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
		if time.Since(from) > most {
			return took, fmt.Errorf("not green %v after the end of the fault: %q", most, why)
		}
		time.Sleep(askEvery)
	}
}
