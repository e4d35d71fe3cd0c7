package server

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Certificate is one that the gateway answers with, as health and metrics tell of it.
type Certificate struct {
	Domain   string    `json:"domain"`
	NotAfter time.Time `json:"not_after,omitzero"` // zero while there is none
	Problem  string    `json:"problem,omitzero"`   // in words; "" when all is well
}

// WatchCertificates adds when certificates end, asked at scrape time.
func (m *Metrics) WatchCertificates(list func() []Certificate, now func() time.Time) error {
	return m.registry.Register(&certified{list: list, now: now})
}

// certified collects the ends of certificates.
type certified struct {
	list func() []Certificate
	now  func() time.Time
}

// Describe implements prometheus.Collector; the gauges are found by collecting.
func (*certified) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c *certified) Collect(out chan<- prometheus.Metric) {
	desc := gauge("certificate_expires_seconds", "Time until the certificate of a domain ends; 0 while there is none, negative when it has ended.", "domain")
	for _, x := range c.list() {
		left := 0.0
		if !x.NotAfter.IsZero() {
			left = x.NotAfter.Sub(c.now()).Seconds()
		}
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, left, x.Domain)
	}
}
