package pipeline

import (
	"context"
	"fmt"
	"strings"

	"leadgate/internal/seal"
	"leadgate/store"
)

// DropUnopened removes from a store what does not open with a ring, and what the store
// knows of keys, so that a node starts with others. nil stands for no key at all. It is
// for a store whose key is lost and over which no node runs. Sources stay; one that has a
// secret is out of force until the secret is given anew. It returns how much was removed.
func DropUnopened(ctx context.Context, st store.State, ring *seal.Ring) (n int, err error) {
	for after := ""; ; {
		page, err := st.States(ctx, "", after, rotateBatch)
		if err != nil {
			return n, fmt.Errorf("dropping what does not open: %w", err)
		}
		for _, v := range page {
			after = v.Key
			ours := strings.HasPrefix(v.Key, sealPrefix)
			if !ours && ring != nil {
				if _, err := ring.Open(statePlace(v.Key), v.Value); err == nil {
					continue
				}
			}
			if err := st.DropState(ctx, store.StateWrite{Key: v.Key, Announce: strings.HasPrefix(v.Key, overlayPrefix)}); err != nil {
				return n, fmt.Errorf("dropping what does not open: %w", err)
			}
			if !ours {
				n++
			}
		}
		if len(page) < rotateBatch {
			return n, nil
		}
	}
}
