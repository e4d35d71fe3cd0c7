package connectortest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"

	"leadgate/connectors"
	"leadgate/lead"
)

// peer is the address all requests come from.
const peer = "198.51.100.7"

// desk is a handler of a connector that serves, with its Env and what it logs.
type desk struct {
	env     *Env
	handler http.Handler
	log     *strings.Builder
}

// open starts the handler anew, with an Env that accepted nothing yet.
func (s *subject) open() (desk, error) {
	d := desk{log: &strings.Builder{}}
	d.env = NewEnv(connectors.Source{Name: sourceName, Title: "Golden", Kind: s.c.Kind, Settings: s.settings}, s.url, d.log)
	d.env.SetNow(s.now)
	if s.c.Serve == nil {
		return d, fmt.Errorf("opening %s: it has no way in", s.c.Kind)
	}
	var err error
	d.handler, err = s.c.Serve(d.env)
	return d, err
}

// post sends a request through the handler.
func (k desk) post(d lead.Delivery) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	k.handler.ServeHTTP(w, request(d))
	return w
}

// request makes of a delivery the request it came as.
func request(d lead.Delivery) *http.Request {
	r := &http.Request{
		Method: d.Method, URL: &url.URL{Path: "/" + d.Path, RawQuery: d.Query}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Host: "leads.example.com", RemoteAddr: peer + ":40000", RequestURI: "/" + d.Path,
		Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(d.Body))), ContentLength: int64(len(d.Body)),
	}
	for _, h := range d.Header {
		r.Header[h.Name] = append(r.Header[h.Name], h.Value)
	}
	client := connectors.Client{Addr: netip.MustParseAddr(peer)}
	return r.WithContext(connectors.WithClient(context.Background(), client))
}

// texts are what the sender and the log saw of an answer.
func (k desk) texts(w *httptest.ResponseRecorder) []string {
	out := []string{w.Body.String(), k.log.String()}
	for name, values := range w.Header() {
		out = append(out, name, strings.Join(values, "\n"))
	}
	return out
}
