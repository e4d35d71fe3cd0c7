package oracle

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Health is what a node says of itself.
type Health struct {
	Status  string   `json:"status"` // ok or degraded
	Why     []string `json:"why"`
	Journal struct {
		Depth int64   `json:"depth"`
		AgeS  float64 `json:"age_s"`
	} `json:"journal"`
}

// green is the age of the oldest delivery at which a node still keeps up.
const green = 2 * time.Second

// Green reports whether a node has nothing to complain of and keeps up.
func (h *Health) Green() bool { return h.Status == "ok" && h.Journal.AgeS <= green.Seconds() }

// Health asks a node how it is.
func (a *API) Health(ctx context.Context) (h Health, err error) {
	body, err := a.get(ctx, "/healthz")
	if err == nil {
		err = json.Unmarshal(body, &h)
	}
	if err == nil && h.Status == "" {
		err = errors.New("there is no status")
	}
	if err != nil {
		return h, fmt.Errorf("asking for health: %w", err)
	}
	return h, nil
}

// Metrics scrapes all series, each by its name and labels as they are written.
func (a *API) Metrics(ctx context.Context) (map[string]float64, error) {
	body, err := a.get(ctx, "/metrics")
	if err != nil {
		return nil, fmt.Errorf("asking for metrics: %w", err)
	}
	return parseMetrics(body), nil
}

// parseMetrics reads the text format; lines that are none are left out.
func parseMetrics(body []byte) map[string]float64 {
	all := map[string]float64{}
	for line := range bytes.Lines(body) {
		line = bytes.TrimSpace(line)
		at := bytes.LastIndexByte(line, ' ') // label values may hold blanks, numbers do not
		if at <= 0 || line[0] == '#' {
			continue
		}
		if v, err := strconv.ParseFloat(string(line[at+1:]), 64); err == nil {
			all[string(line[:at])] = v
		}
	}
	return all
}
