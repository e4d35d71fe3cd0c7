package form

import (
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"leadgate/connectors"
	"leadgate/lead"
)

func TestLimits(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	d.LimitBy(limited(connectors.Soft))
	if w := d.do("POST", "/", "name=Ida", "Content-Type", urlencoded); w.Code != 200 {
		t.Fatalf("status %d behind the soft limit, want 200", w.Code)
	}
	q := d.inquiry(t, 1)
	if q.Lane != lead.LaneQuarantine || !strings.Contains(q.Reason, "30 posts a minute") {
		t.Errorf("lane %q, reason %q", q.Lane, q.Reason)
	}
	if d.Clients()[0] != "2001:db8:1:2::/64" {
		t.Errorf("counted %q, want the /64", d.Clients()[0])
	}
	d.LimitBy(limited(connectors.Hard))
	w := d.do("POST", "/", "name=Ida", "Content-Type", urlencoded)
	if w.Code != 429 || w.Header().Get("Retry-After") == "" || len(d.Accepted()) != 1 {
		t.Errorf("status %d, Retry-After %q, %d accepted", w.Code, w.Header().Get("Retry-After"), len(d.Accepted()))
	}
}

func TestNobodyIsLimitedForAPrivatePeer(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		client  connectors.Client
		counted int
	}{
		{connectors.Client{}, 0},
		{connectors.Client{Addr: netip.MustParseAddr("127.0.0.1")}, 0},
		{connectors.Client{Addr: netip.MustParseAddr("10.1.2.3")}, 0},
		{connectors.Client{Addr: netip.MustParseAddr("10.1.2.3"), Named: true}, 1},
		{connectors.Client{Addr: netip.MustParseAddr("198.51.100.7")}, 1},
	} {
		d := setup(t, nil)
		d.LimitBy(limited(connectors.Hard))
		r := httptest.NewRequest("POST", "/", strings.NewReader("name=Ida"))
		r.Header.Set("Content-Type", urlencoded)
		w := httptest.NewRecorder()
		d.handler.ServeHTTP(w, r.WithContext(connectors.WithClient(r.Context(), tc.client)))
		if len(d.Clients()) != tc.counted || (w.Code == 429) != (tc.counted == 1) {
			t.Errorf("%v: counted %v, status %d", tc.client, d.Clients(), w.Code)
		}
	}
}
