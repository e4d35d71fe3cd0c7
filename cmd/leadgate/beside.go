package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"leadgate/lead"
	"leadgate/pipeline"
	"leadgate/store/blob"
)

// facts are what the other nodes are to know of this one.
func (o *Options) facts() pipeline.Facts {
	l, err := o.blobLocation(0)
	return pipeline.Facts{Domains: o.TLSAuto, Local: err == nil && l.Kind == blob.KindFile && !l.Shared}
}

// misfits says in words what of this node and those beside it cannot go together; empty
// is well.
func (o *Options) misfits(others []pipeline.Neighbour) []string {
	var out []string
	if _, err := o.blobLocation(len(others)); err != nil {
		out = append(out, "blobs: "+strings.TrimPrefix(err.Error(), lead.ErrInvalid.Error()+": "))
	}
	own := o.facts()
	for _, n := range others {
		if n.Local && !own.Local {
			out = append(out, fmt.Sprintf("blobs: node %s keeps them in a folder of its own machine, where this one does not find them; give all nodes the same --blobs", n.Name))
		}
		for _, domain := range own.Domains {
			if slices.Contains(n.Domains, domain) {
				out = append(out, fmt.Sprintf("certificates: node %s has them issued for %s too, and the authority's challenge reaches only one of both; "+
					"let one proxy in front speak TLS, or give all nodes the same --tls-cert and --tls-key", n.Name, domain))
			}
		}
	}
	return out
}

// beside watches who lives beside this node. Two nodes that do not go together are no
// reason to stop either: what they take is kept, and said to be wrong until it is mended.
type beside struct {
	o    *Options
	look func(context.Context) ([]pipeline.Neighbour, error)
	log  *slog.Logger
	why  atomic.Pointer[[]string]
}

// besideEvery is how often a node looks who is beside it.
const besideEvery = 5 * time.Second

func (n *node) beside() *beside {
	hood := &pipeline.Neighbourhood{Node: n.vault.Node(), State: n.store}
	return &beside{o: n.o, look: hood.Look, log: n.log}
}

// Trouble says in words what does not go together; it is empty when all is well.
func (b *beside) Trouble() []string {
	if why := b.why.Load(); why != nil {
		return *why
	}
	return nil
}

// run looks until ctx ends.
func (b *beside) run(ctx context.Context) {
	for {
		b.once(ctx)
		t := time.NewTimer(besideEvery*3/4 + rand.N(besideEvery/2))
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
		}
	}
}

// once looks, and logs what is new. A store that does not answer changes nothing.
func (b *beside) once(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, besideEvery)
	defer cancel()
	others, err := b.look(ctx)
	if err != nil {
		if !errors.Is(err, lead.ErrUnavailable) {
			b.log.WarnContext(ctx, "looking who is beside this node", "err", err)
		}
		return
	}
	before, now := b.Trouble(), b.o.misfits(others)
	b.why.Store(&now)
	for _, why := range now {
		if !slices.Contains(before, why) {
			b.log.ErrorContext(ctx, "this node does not go together with another one", "why", why)
		}
	}
	if len(before) > 0 && len(now) == 0 {
		b.log.InfoContext(ctx, "this node goes together with those beside it again")
	}
}
