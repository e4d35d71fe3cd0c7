package pipeline

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"leadgate/store"
)

// Facts are what a node lets the others know of itself, so that what cannot go together
// is found out.
type Facts struct {
	Domains []string `json:"domains,omitzero"`     // for which it has certificates issued
	Local   bool     `json:"local_blobs,omitzero"` // its blobs lie where no other node finds them
}

// presence is what a living node tells.
type presence struct {
	Facts
	Keys  []string `json:"keys"`
	Seals string   `json:"seals"`
	word  int64    // grows with each word of it
}

// Neighbour is a node beside this one.
type Neighbour struct {
	Name string
	Facts
}

// Living returns the nodes that live, or died within the last minute, by their names.
func Living(ctx context.Context, st store.State) ([]Neighbour, error) {
	nodes, err := living(ctx, st)
	if err != nil {
		return nil, fmt.Errorf("asking for living nodes: %w", err)
	}
	var out []Neighbour
	for name, p := range nodes {
		out = append(out, Neighbour{Name: name, Facts: p.Facts})
	}
	slices.SortFunc(out, func(a, b Neighbour) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}

// living returns the living nodes by name.
func living(ctx context.Context, st store.State) (map[string]presence, error) {
	out := map[string]presence{}
	for after := ""; ; {
		page, err := st.States(ctx, nodesPrefix, after, 100)
		if err != nil {
			return nil, err
		}
		for _, r := range page {
			var p presence
			if json.Unmarshal(r.Value, &p) == nil {
				p.word = r.Version
				out[r.Key[len(nodesPrefix):]] = p
			}
			after = r.Key
		}
		if len(page) < 100 {
			return out, nil
		}
	}
}

// Neighbourhood tells the nodes that surely live beside this one from those that are
// only not forgotten yet, such as this one before it was killed. It belongs to one
// goroutine.
type Neighbourhood struct {
	Node  string // this one
	State store.State

	first map[string]int64 // the word of each that was there when it looked first
}

// Look returns the other nodes that said a word since it looked first.
func (n *Neighbourhood) Look(ctx context.Context) ([]Neighbour, error) {
	nodes, err := living(ctx, n.State)
	if err != nil {
		return nil, fmt.Errorf("asking for living nodes: %w", err)
	}
	if n.first == nil {
		n.first = map[string]int64{}
		for name, p := range nodes {
			n.first[name] = p.word
		}
	}
	var out []Neighbour
	for name, p := range nodes {
		if word, ok := n.first[name]; name != n.Node && (!ok || word != p.word) {
			out = append(out, Neighbour{Name: name, Facts: p.Facts})
		}
	}
	slices.SortFunc(out, func(a, b Neighbour) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}
