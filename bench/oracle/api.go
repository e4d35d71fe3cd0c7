package oracle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// API is a gateway as its API shows it.
type API struct {
	Base   string // scheme, host and port
	Token  string
	Client *http.Client // nil for one with a minute of patience
}

// Lead is what is looked at of a lead.
type Lead struct {
	Number  int64    `json:"number"`
	Emails  []string `json:"emails"`
	Touches int64    `json:"touches"`
}

// Stats is what is looked at of the gateway's counts.
type Stats struct {
	Leads struct {
		Total int64 `json:"total"`
	} `json:"leads"`
	Deliveries int64 `json:"deliveries"`
	Parked     int64 `json:"parked"`
	Quarantine int64 `json:"quarantine"`
	Unindexed  int64 `json:"unindexed"`
	Jobs       struct {
		Waiting int64 `json:"waiting"`
	} `json:"jobs"`
}

// Left is how much is left to do for what is stored.
func (s *Stats) Left() int64 { return s.Unindexed + s.Jobs.Waiting }

// maxAnswer bounds what is read of an answer.
const maxAnswer = 32 << 20

// get returns the body of a 200.
func (a *API) get(ctx context.Context, path string) ([]byte, error) {
	return a.call(ctx, http.MethodGet, path)
}

func (a *API) call(ctx context.Context, method, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, a.Base+path, nil)
	if err != nil {
		return nil, err
	}
	if a.Token != "" {
		req.Header.Set("Authorization", "Bearer "+a.Token)
	}
	client := a.Client
	if client == nil {
		client = &http.Client{Timeout: time.Minute}
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusNotFound {
		return nil, fmt.Errorf("%w: %s", ErrUnknown, req.URL.Path)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", req.URL.Path, resp.Status)
	}
	return body, nil
}

// Ready returns nil when the gateway says that it would keep a delivery now.
func (a *API) Ready(ctx context.Context) error {
	_, err := a.get(ctx, "/readyz")
	return err
}

// Stats asks for the counts.
func (a *API) Stats(ctx context.Context) (s Stats, err error) {
	body, err := a.get(ctx, "/api/v1/stats")
	if err == nil {
		err = json.Unmarshal(body, &s)
	}
	if err != nil {
		return s, fmt.Errorf("asking for stats: %w", err)
	}
	return s, nil
}

// ErrUnknown: the gateway answers that there is no such thing.
var ErrUnknown = errors.New("not found")

// Stored asks whether the delivery with this receipt is committed. The error wraps
// ErrUnknown when the gateway knows of no such delivery.
func (a *API) Stored(ctx context.Context, id string) (bool, error) {
	body, err := a.get(ctx, "/api/v1/receipts/"+url.PathEscape(id))
	var r struct{ State string }
	if err == nil {
		err = json.Unmarshal(body, &r)
	}
	if err != nil {
		return false, fmt.Errorf("asking for a receipt: %w", err)
	}
	return r.State == "stored", nil
}

// ReplayParked has what is parked read again, up to a page of it, and returns how
// many deliveries that were.
func (a *API) ReplayParked(ctx context.Context) (n int, err error) {
	body, err := a.get(ctx, "/api/v1/parked?limit="+strconv.Itoa(pageSize))
	var p struct {
		Items []struct{ ID string }
	}
	if err == nil {
		err = json.Unmarshal(body, &p)
	}
	for _, d := range p.Items {
		if err == nil {
			_, err = a.call(ctx, http.MethodPost, "/api/v1/parked/"+url.PathEscape(d.ID)+"/replay")
			n++
		}
	}
	if err != nil {
		return n, fmt.Errorf("replaying: %w", err)
	}
	return n, nil
}

// pageSize is the largest page the API gives.
const pageSize = 500

// Leads goes through all leads, page by page. An error ends it.
func (a *API) Leads(ctx context.Context) iter.Seq2[Lead, error] {
	return func(yield func(Lead, error) bool) {
		seen := map[string]bool{"": true}
		for cursor := ""; ; {
			page, next, err := a.page(ctx, cursor)
			if err == nil && next != "" && seen[next] {
				err = errors.New("listing leads: the pages go in a circle")
			}
			if err != nil {
				yield(Lead{}, err)
				return
			}
			for _, l := range page {
				if !yield(l, nil) {
					return
				}
			}
			if next == "" {
				return
			}
			seen[next], cursor = true, next
		}
	}
}

func (a *API) page(ctx context.Context, cursor string) ([]Lead, string, error) {
	q := url.Values{"limit": {strconv.Itoa(pageSize)}}
	if cursor != "" {
		q.Set("cursor", cursor)
	}
	body, err := a.get(ctx, "/api/v1/leads?"+q.Encode())
	var p struct {
		Leads []Lead `json:"leads"`
		Next  string `json:"next_cursor"`
	}
	if err == nil {
		err = json.Unmarshal(body, &p)
	}
	if err != nil {
		return nil, "", fmt.Errorf("listing leads: %w", err)
	}
	return p.Leads, p.Next, nil
}
