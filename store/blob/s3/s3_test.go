package s3

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"leadgate/lead"
	"leadgate/store/blob"
	"leadgate/store/blob/blobtest"
	"leadgate/store/blob/s3/s3test"
)

// open returns the bucket of a server, in path style, under a prefix.
func open(t *testing.T, s *s3test.Server, change func(*blob.Location, *Keys)) *Bucket {
	t.Helper()
	l := blob.Location{Kind: blob.KindS3, Bucket: s.Bucket, Prefix: "lead gate/ä/", Endpoint: s.Endpoint(), Plain: s.TLS == nil, PathStyle: true, Region: s.Region}
	k := Keys{Access: s.AccessKey, Secret: s.SecretKey}
	if change != nil {
		change(&l, &k)
	}
	tr := newTransport()
	if s.TLS != nil {
		tr.TLSClientConfig = s.Client().Transport.(*http.Transport).TLSClientConfig
	}
	if !l.PathStyle { // every name leads to the server
		if tr.TLSClientConfig != nil {
			tr.TLSClientConfig = &tls.Config{RootCAs: tr.TLSClientConfig.RootCAs, ServerName: "example.com", MinVersion: tls.VersionTLS12}
		}
		tr.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, s.Endpoint())
		}
	}
	t.Cleanup(tr.CloseIdleConnections)
	b, err := Open(l, k, tr)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func virtual(s *s3test.Server) func(*blob.Location, *Keys) {
	s.Host = "s3.example.test"
	return func(l *blob.Location, _ *Keys) { l.PathStyle, l.Endpoint = false, s.Host }
}

func TestBucket(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		secure bool
		change func(*s3test.Server) func(*blob.Location, *Keys)
	}{
		"path":         {change: func(*s3test.Server) func(*blob.Location, *Keys) { return nil }},
		"virtual, TLS": {secure: true, change: virtual},
		"no region, no prefix": {change: func(*s3test.Server) func(*blob.Location, *Keys) {
			return func(l *blob.Location, _ *Keys) { l.Region, l.Prefix = "", "" }
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			blobtest.Run(t, func(t *testing.T) blobtest.Place {
				s := s3test.New(t, c.secure)
				b := open(t, s, c.change(s))
				if err := b.Check(t.Context()); err != nil {
					t.Fatal(err)
				}
				return blobtest.Place{Store: b, Damage: func(t *testing.T, key string) {
					data := s.Object(b.l.Prefix + key)
					data[len(data)/2] ^= 1
					s.Put(b.l.Prefix+key, data)
				}}
			})
		})
	}
}

// What is wrong at start is said in words, without any secret.
func TestCheckTells(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*blob.Location, *Keys)
		set    func(*s3test.Server)
		class  error
		says   string
	}{
		"bucket":    {change: func(l *blob.Location, _ *Keys) { l.Bucket = "others" }, class: lead.ErrInvalid, says: `no bucket "others"`},
		"access":    {change: func(_ *blob.Location, k *Keys) { k.Access = "AKIDOTHER" }, class: lead.ErrInvalid, says: "does not know the access key"},
		"secret":    {change: func(_ *blob.Location, k *Keys) { k.Secret = "hunter2" }, class: lead.ErrInvalid, says: "secret key does not belong"},
		"region":    {change: func(l *blob.Location, _ *Keys) { l.Region = "us-east-1" }, class: lead.ErrInvalid, says: "another region"},
		"list":      {set: func(s *s3test.Server) { s.Deny("ListBucket") }, class: lead.ErrInvalid, says: "to list, the access key may not"},
		"put":       {set: func(s *s3test.Server) { s.Deny("PutObject") }, class: lead.ErrInvalid, says: "to put, the access key may not"},
		"get":       {set: func(s *s3test.Server) { s.Deny("GetObject") }, class: lead.ErrInvalid, says: "to get, the access key may not"},
		"delete":    {set: func(s *s3test.Server) { s.Deny("DeleteObject") }, class: lead.ErrInvalid, says: "to delete, the access key may not"},
		"clock":     {set: func(s *s3test.Server) { s.SetNow(func() time.Time { return time.Now().Add(time.Hour) }) }, class: lead.ErrInvalid, says: "clock"},
		"throttled": {set: func(s *s3test.Server) { s.Inject(s3test.Fault{Status: 503, Code: "SlowDown"}) }, class: lead.ErrUnavailable, says: "503 SlowDown"},
		"broken":    {set: func(s *s3test.Server) { s.Inject(s3test.Fault{Status: 500, Code: "InternalError"}) }, class: lead.ErrUnavailable, says: "500 InternalError"},
		"cut":       {set: func(s *s3test.Server) { s.Inject(s3test.Fault{Method: "PUT", Cut: true}) }, class: lead.ErrUnavailable, says: "unavailable"},
		"away":      {set: func(s *s3test.Server) { s.Close() }, class: lead.ErrUnavailable, says: "cannot be reached"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := s3test.New(t, false)
			b := open(t, s, c.change)
			if c.set != nil {
				c.set(s)
			}
			err := b.Check(t.Context())
			if !errors.Is(err, c.class) || !strings.Contains(err.Error(), c.says) || c.class == lead.ErrUnavailable && lead.IsPermanent(err) {
				t.Errorf("Check = %v, want %v and %q", err, c.class, c.says)
			}
			for _, secret := range []string{s.SecretKey, "hunter2", s.AccessKey, "AKIDOTHER"} {
				if err != nil && strings.Contains(err.Error(), secret) {
					t.Errorf("the error holds a key: %v", err)
				}
			}
		})
	}
}

// While deliveries flow every trouble with the bucket is one that waiting may end.
func TestTroubleIsUnavailable(t *testing.T) {
	t.Parallel()
	data := []byte("body")
	key := blob.Name(data)
	for _, f := range []s3test.Fault{
		{Status: 403, Code: "AccessDenied"}, {Status: 403, Code: "SignatureDoesNotMatch"}, {Status: 404, Code: "NoSuchBucket"}, {Status: 503, Code: "SlowDown"},
		{Status: 500, Code: "InternalError"}, {Status: 429, Code: "TooManyRequests"}, {Status: 400, Code: "BadDigest"}, {Cut: true}, {Delay: time.Hour},
	} {
		t.Run(fmt.Sprintf("%+v", f), func(t *testing.T) {
			t.Parallel()
			s := s3test.New(t, false)
			b := open(t, s, nil)
			if err := b.Put(t.Context(), key, data); err != nil {
				t.Fatal(err)
			}
			s.Inject(f)
			guarded := blob.NewBreaker(b, time.Second, nil)
			_, err := guarded.Get(t.Context(), key)
			for what, err := range map[string]error{"Put": guarded.Put(t.Context(), key, data), "Get": err} {
				if !errors.Is(err, lead.ErrUnavailable) || errors.Is(err, lead.ErrNotFound) || lead.IsPermanent(err) {
					t.Errorf("%s = %v, want ErrUnavailable", what, err)
				}
			}
			s.Heal()
			if _, err := b.Get(t.Context(), key); err != nil {
				t.Errorf("Get afterwards: %v", err)
			}
		})
	}
}

// Bytes that change on their way there are refused, and on their way back found out.
func TestChangedOnTheWay(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		s := s3test.New(t, secure)
		b := open(t, s, nil)
		data := []byte("a body of some length")
		s.Inject(s3test.Fault{Method: "PUT", Change: true})
		if err := b.Put(t.Context(), blob.Name(data), data); !errors.Is(err, lead.ErrUnavailable) || len(s.Keys()) > 0 {
			t.Errorf("Put = %v, and %d objects are there", err, len(s.Keys()))
		}
		s.Heal()
		if err := b.Put(t.Context(), blob.Name(data), data); err != nil {
			t.Fatal(err)
		}
		s.Inject(s3test.Fault{Method: "GET", Change: true, Times: 1})
		if _, err := b.Get(t.Context(), blob.Name(data)); !errors.Is(err, lead.ErrPermanent) {
			t.Errorf("Get = %v, want ErrPermanent", err)
		}
	}
}

// A moment of trouble is not passed on.
func TestShortTrouble(t *testing.T) {
	t.Parallel()
	s := s3test.New(t, false)
	b := open(t, s, nil)
	for _, f := range []s3test.Fault{{Status: 503, Code: "SlowDown", Times: 1}, {Status: 500, Code: "InternalError", Times: 2}, {Method: "PUT", Cut: true, Times: 1}} {
		s.Inject(f)
		if err := b.Put(t.Context(), blob.Name(nil), nil); err != nil {
			t.Errorf("%+v: %v", f, err)
		}
	}
}

// What others keep under the prefix is none of ours.
func TestForeignObjects(t *testing.T) {
	t.Parallel()
	s := s3test.New(t, false)
	b := open(t, s, nil)
	s.Put("other", nil)
	for _, name := range []string{"readme.txt", "0/" + blob.Name(nil), "zz"} {
		s.Put(b.l.Prefix+name, nil)
	}
	if err := b.Put(t.Context(), blob.Name(nil), nil); err != nil {
		t.Fatal(err)
	}
	keys, err := b.List(t.Context(), "", 10)
	if err != nil || len(keys) != 1 || keys[0] != blob.Name(nil) {
		t.Errorf("List = %v, %v", keys, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	for _, k := range []Keys{{Access: "a"}, {Secret: "hunter2"}} {
		if _, err := Open(blob.Location{Endpoint: "h", Bucket: "leads"}, k, nil); !errors.Is(err, lead.ErrInvalid) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Open = %v", err)
		}
	}
}
