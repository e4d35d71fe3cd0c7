package redis

import (
	"testing"
	"time"

	"leadgate/internal/services"
)

// TestSlowProbe: an idle node whose Redis answers late works by itself, says why, and
// comes back.
func TestSlowProbe(t *testing.T) {
	t.Parallel()
	r := services.Redis(t)
	p := services.NewProxy(t, r.Addr())
	n := closed(t, open(t, p.URL(t, r.URL()), Options{Work: true}))
	if said := n.Trouble(); said != "" {
		t.Errorf("all is well, and it says %q", said)
	}
	p.Slow(t, slow+50*time.Millisecond)
	eventually(t, "work without Redis", func() bool { return n.State().Open })
	if n.Trouble() == "" {
		t.Error("it does not say why")
	}
	p.Heal(t)
	closed(t, n)
}
