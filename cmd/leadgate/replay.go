package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"leadgate/lead"
	"leadgate/store"
)

// replayCmd reads parked deliveries again: over the running gateway, or by itself
// when none runs.
type replayCmd struct {
	Options
	IDs    []string `arg:"" optional:"" name:"id" help:"Deliveries to replay."`
	All    bool     `help:"Replay every parked delivery."`
	Reason string   `help:"Only those whose reason holds this text." placeholder:"TEXT"`
	Source string   `help:"Only those of this source." placeholder:"NAME"`
}

// replayer is what both ways offer.
type replayer interface {
	parked(ctx context.Context, cursor string) ([]store.Held, string, error)
	replay(ctx context.Context, id lead.ID) (store.Receipt, error)
}

func (c *replayCmd) Run(in *common, file *configFile) (err error) {
	if len(c.IDs) == 0 && !c.All {
		return fmt.Errorf("%w: name deliveries, or give --all", lead.ErrInvalid)
	}
	if r, ok := running(c.Data); ok {
		return c.replay(in, &remote{base: r.Address, token: r.Token, client: r.client(time.Minute)})
	}
	if err := c.stored(); err != nil {
		return err
	}
	c.Redis = "" // the store is what nodes share here: this one hands no work out
	n, err := openNode(in.ctx, &c.Options, file, in.stderr, nil, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.close()) }()
	return c.replay(in, n)
}

func (c *replayCmd) replay(in *common, r replayer) error {
	ids, err := c.chosen(in.ctx, r)
	if err != nil {
		return err
	}
	failed := 0
	for _, id := range ids {
		rec, err := r.replay(in.ctx, id)
		if err != nil {
			failed++
			fmt.Fprintf(in.stdout, "%s  %v\n", id, err)
			continue
		}
		fmt.Fprintf(in.stdout, "%s  %s\n", id, rec.Verdict)
	}
	fmt.Fprintf(in.stdout, "%d replayed, %d still parked\n", len(ids)-failed, failed)
	if failed > 0 {
		return errReported
	}
	return nil
}

func (c *replayCmd) chosen(ctx context.Context, r replayer) ([]lead.ID, error) {
	var ids []lead.ID
	for _, text := range c.IDs {
		id, err := lead.ParseID(text)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	for cursor := ""; c.All; {
		items, next, err := r.parked(ctx, cursor)
		if err != nil {
			return nil, err
		}
		for _, h := range items {
			if (c.Source == "" || h.Source == c.Source) && strings.Contains(h.Reason, c.Reason) {
				ids = append(ids, h.ID)
			}
		}
		if cursor = next; next == "" {
			break
		}
	}
	return ids, nil
}

func (n *node) parked(ctx context.Context, cursor string) ([]store.Held, string, error) {
	return n.store.Parked(ctx, store.Page{Limit: 500, Cursor: cursor})
}

func (n *node) replay(ctx context.Context, id lead.ID) (store.Receipt, error) {
	return n.pipeline.Replay(ctx, id, "cli")
}

// remote speaks to the gateway that runs over the same data folder.
type remote struct {
	base, token string
	client      *http.Client
}

func (r *remote) parked(ctx context.Context, cursor string) ([]store.Held, string, error) {
	var out struct {
		Items []store.Held `json:"items"`
		Next  string       `json:"next_cursor"`
	}
	err := r.call(ctx, http.MethodGet, "/api/v1/parked?limit=500&cursor="+url.QueryEscape(cursor), &out)
	return out.Items, out.Next, err
}

func (r *remote) replay(ctx context.Context, id lead.ID) (store.Receipt, error) {
	var rec store.Receipt
	return rec, r.call(ctx, http.MethodPost, "/api/v1/parked/"+id.String()+"/replay", &rec)
}

func (r *remote) call(ctx context.Context, method, path string, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, r.base+path, bytes.NewReader(nil))
	if err != nil {
		return fmt.Errorf("asking the running gateway: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+r.token)
	resp, err := r.client.Do(req)
	if err != nil {
		return fmt.Errorf("asking the running gateway: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		return fmt.Errorf("asking the running gateway: %w", err)
	}
	if resp.StatusCode >= 300 {
		var p struct{ Message string }
		if json.Unmarshal(body, &p) != nil || p.Message == "" {
			p.Message = resp.Status
		}
		return errors.New(p.Message)
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("reading the gateway's answer: %w", err)
	}
	return nil
}
