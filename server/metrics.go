package server

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"leadgate/lead"
	"leadgate/pipeline"
	"leadgate/store"
)

// Metrics counts what happens, for Prometheus. It hears the pipeline as its Meter.
type Metrics struct {
	registry *prometheus.Registry
	handler  http.Handler
	sources  *pipeline.Sources // nil until Watch
	accepted *prometheus.CounterVec
	refused  *prometheus.CounterVec
	forged   *prometheus.CounterVec
	verdicts *prometheus.CounterVec
	accept   prometheus.Histogram
	stored   prometheus.Histogram
	batch    prometheus.Histogram
	work     prometheus.Histogram
}

var _ pipeline.Meter = (*Metrics)(nil)

// NewMetrics makes metrics in a registry of their own.
func NewMetrics() *Metrics {
	vec := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "leadgate", Name: name, Help: help}, labels)
	}
	hist := func(name, help string, buckets []float64) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "leadgate", Name: name, Help: help, Buckets: buckets})
	}
	// 0.25 ms to 30 s; what latencies are held against, 10, 20, 50 and 100 ms, are bounds.
	times := []float64{.00025, .0005, .001, .002, .003, .005, .0075, .01, .015, .02, .03, .04, .05, .075, .1, .15, .2, .3, .5, 1, 2, 5, 10, 30}
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		accepted: vec("accepted_total", "Deliveries that became durable.", "source"),
		refused:  vec("refused_total", "Deliveries that could not be kept (answered 503).", "source"),
		forged:   vec("forged_total", "Posts without a valid proof of origin.", "source"),
		verdicts: vec("inquiries_total", "Inquiries by what became of them.", "source", "verdict"),
		accept:   hist("accept_seconds", "Time to make a delivery durable.", times),
		stored:   hist("stored_seconds", "Time from taking a delivery to the commit of its inquiry.", times),
		batch:    hist("batch_deliveries", "Deliveries a worker stored in one go.", prometheus.ExponentialBuckets(1, 2, 10)),
		work:     hist("batch_seconds", "Time to read and store a batch.", times),
	}
	m.registry.MustRegister(m.accepted, m.refused, m.forged, m.verdicts, m.accept, m.stored, m.batch, m.work,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.handler = promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
	return m
}

// Watch adds what is asked at scrape time: the journal, what waits, what is broken, and how long
// each source has been quiet. Call it before anything is scraped.
func (m *Metrics) Watch(in Intake, st Store, sources *pipeline.Sources, now func() time.Time) error {
	m.sources = sources
	return m.registry.Register(&watched{in: in, st: st, sources: sources, now: now})
}

// ServeHTTP answers a scrape. Counters of a source that takes something are there from
// the first scrape on, as zero: rules see nothing of a growth to a first value.
func (m *Metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if m.sources != nil {
		for _, src := range m.sources.All() {
			for _, c := range [...]*prometheus.CounterVec{m.accepted, m.refused, m.forged} {
				c.WithLabelValues(src.Name)
			}
		}
	}
	m.handler.ServeHTTP(w, r)
}

// Accepted implements pipeline.Meter.
func (m *Metrics) Accepted(source string, took time.Duration) {
	m.accepted.WithLabelValues(source).Inc()
	m.accept.Observe(took.Seconds())
}

// Refused implements pipeline.Meter.
func (m *Metrics) Refused(source string) { m.refused.WithLabelValues(source).Inc() }

// Forged counts a post without a valid proof.
func (m *Metrics) Forged(source string) { m.forged.WithLabelValues(source).Inc() }

// Stored implements pipeline.Meter.
func (m *Metrics) Stored(source string, v lead.Verdict, since time.Duration) {
	m.verdicts.WithLabelValues(source, string(v)).Inc()
	m.stored.Observe(since.Seconds())
}

// Worked implements pipeline.Meter.
func (m *Metrics) Worked(deliveries int, took time.Duration) {
	m.batch.Observe(float64(deliveries))
	m.work.Observe(took.Seconds())
}

// watched collects gauges when it is asked.
type watched struct {
	in      Intake
	st      Store
	sources *pipeline.Sources
	now     func() time.Time
}

func gauge(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("leadgate_"+name, help, labels, nil)
}

// Describe implements prometheus.Collector; the gauges are found by collecting.
func (*watched) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c *watched) Collect(out chan<- prometheus.Metric) {
	send := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	h := c.in.Health()
	age := 0.0
	if h.Journal.Depth > 0 && !h.Journal.Oldest.IsZero() {
		age = c.now().Sub(h.Journal.Oldest).Seconds()
	}
	send(gauge("journal_depth", "Deliveries in the journal that the store does not have yet."), float64(h.Journal.Depth))
	send(gauge("journal_bytes", "Bytes of the journal's segments."), float64(h.Journal.Bytes))
	send(gauge("journal_age_seconds", "Age of the oldest delivery the store does not have yet."), age)
	send(gauge("journal_corrupt_records", "Damaged records that were set aside."), float64(h.Journal.Corrupt))
	send(gauge("in_flight", "Deliveries between journal and store."), float64(h.Flight))
	if h.Shared {
		up := 1.0
		if h.Queue != "" {
			up = 0
		}
		send(gauge("redis_up", "Whether this node shares its work with others through Redis."), up)
	}
	send(gauge("sources_broken", "Sources that cannot be put in force; /healthz says why."), float64(len(c.sources.Broken())))
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	st, err := c.st.Stats(ctx)
	up := 1.0
	if err != nil || h.Store != "" {
		up = 0
	}
	send(gauge("store_up", "Whether the store answers and takes inquiries."), up)
	if err == nil {
		c.counts(send, st)
	}
}

func (c *watched) counts(send func(*prometheus.Desc, float64, ...string), st store.Stats) {
	send(gauge("parked", "Deliveries that wait for a human because they could not be read or stored."), float64(st.Parked))
	send(gauge("quarantine", "Inquiries in quarantine."), float64(st.Quarantine))
	send(gauge("unindexed", "Leads that wait to be found by what is new of them."), float64(st.Unindexed))
	c.jobs(send, &st.Jobs)
	leads := gauge("leads", "Leads by the meaning of their stage.", "status")
	send(leads, float64(st.Leads.Open), string(lead.Open))
	send(leads, float64(st.Leads.Won), string(lead.Won))
	send(leads, float64(st.Leads.Lost), string(lead.Lost))
	last := gauge("source_quiet_seconds", "Time since the last delivery of a source.", "source")
	for source, at := range st.LastEvent {
		send(last, c.now().Sub(at).Seconds(), source)
	}
}

func (c *watched) jobs(send func(*prometheus.Desc, float64, ...string), st *store.JobStats) {
	send(gauge("jobs_waiting", "Jobs in the outbox, those in work included."), float64(st.Waiting))
	send(gauge("jobs_buried", "Jobs that were given up."), float64(st.Buried))
	byKind := gauge("jobs", "Jobs by kind and state: waiting (for their time, their target or a place), running, dead.", "kind", "state")
	held := map[string]int{}
	for _, h := range st.Held {
		held[h.Kind]++
	}
	targets := gauge("jobs_held_targets", "Targets whose jobs wait because they asked for a pause, fail, or are gone (a hundred at most).", "kind")
	for _, k := range st.Kinds {
		send(byKind, float64(max(0, k.Waiting-k.Running)), k.Kind, "waiting")
		send(byKind, float64(k.Running), k.Kind, "running")
		send(byKind, float64(k.Buried), k.Kind, "dead")
		send(targets, float64(held[k.Kind]), k.Kind)
	}
}
