// Package s3test is a bucket in memory that speaks the protocol of Amazon S3 as far as
// blobs need it, and is as strict: signatures (version 4) are checked, with the hash of
// the payload they cover, and the clock they name. It has the faults of a real one.
// Written from the public description of the protocol.
package s3test

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Server is one endpoint with one bucket.
type Server struct {
	*httptest.Server
	Bucket, Region, AccessKey, SecretKey string
	Host                                 string // of virtual-host style; "" for path style only

	mu      sync.Mutex
	objects map[string]object
	faults  []*Fault
	denied  map[string]bool
	calls   map[string]int
	now     func() time.Time
}

type object struct {
	data []byte
	etag string
	at   time.Time
}

// Fault is what happens to requests of a method, "" for all.
type Fault struct {
	Method string
	Times  int           // how many requests meet it; 0 for all
	Delay  time.Duration // before anything is answered; it ends when the client gives up
	Status int           // answered, with Code; 0 for what is right
	Code   string
	Cut    bool // the connection ends in the middle of the answer
	Change bool // a byte of what is sent or read is another one
}

// New starts a server that ends with the test.
func New(t testing.TB, secure bool) *Server {
	s := &Server{Bucket: "leads", Region: "eu-west-9", AccessKey: "AKIDEXAMPLE", SecretKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
		objects: map[string]object{}, denied: map[string]bool{}, calls: map[string]int{}, now: time.Now}
	if secure {
		s.Server = httptest.NewTLSServer(s)
	} else {
		s.Server = httptest.NewServer(s)
	}
	t.Cleanup(s.Close)
	return s
}

// Inject makes a fault happen from now on.
func (s *Server) Inject(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// Heal ends all faults and permits everything.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
	clear(s.denied)
}

// Deny refuses an action: ListBucket, GetObject, PutObject or DeleteObject.
func (s *Server) Deny(action string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.denied[action] = true
}

// SetNow moves the server's clock.
func (s *Server) SetNow(now func() time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = now
}

// Put lays an object down, and Keys tells of all of them.
func (s *Server) Put(key string, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.objects[key] = object{data: slices.Clone(data), etag: etag(data), at: s.now()}
}

// Object returns what lies under a key, nil for nothing.
func (s *Server) Object(key string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.objects[key].data)
}

// Keys returns all keys in order.
func (s *Server) Keys() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.objects))
}

// Calls returns how many requests of a method came.
func (s *Server) Calls(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[method]
}

// fault returns what is to happen to a request.
func (s *Server) fault(method string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[method]++
	for i, f := range s.faults {
		if f.Method != "" && f.Method != method {
			continue
		}
		if f.Times == 1 {
			s.faults = slices.Delete(s.faults, i, i+1)
		}
		f.Times--
		return *f
	}
	return Fault{}
}

// problem is an answer of the protocol that is not what was asked for.
type problem struct {
	status int
	code   string
	text   string
	region string
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f := s.fault(r.Method)
	body, err := io.ReadAll(r.Body) // only then it is noticed that a client gives up
	if err != nil {
		return
	}
	if f.Delay > 0 {
		select {
		case <-r.Context().Done():
			return
		case <-time.After(f.Delay):
		}
	}
	if f.Cut && r.Method != http.MethodGet {
		hangUp(w)
		return
	}
	if f.Status != 0 {
		s.refuse(w, r, &problem{status: f.Status, code: f.Code, text: "Planted."})
		return
	}
	if f.Change && len(body) > 0 {
		body[len(body)/2] ^= 1
	}
	if p := s.verify(r, body); p != nil {
		s.refuse(w, r, p)
		return
	}
	bucket, key := s.target(r)
	if bucket != s.Bucket {
		s.refuse(w, r, &problem{status: http.StatusNotFound, code: "NoSuchBucket", text: "The specified bucket does not exist"})
		return
	}
	if key == "" {
		s.serveBucket(w, r)
		return
	}
	s.serveObject(w, r, key, body, f)
}

// target splits what a request is about, in path or virtual-host style.
func (s *Server) target(r *http.Request) (bucket, key string) {
	path := strings.TrimPrefix(r.URL.Path, "/")
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if bucket, ok := strings.CutSuffix(host, "."+s.Host); ok && s.Host != "" {
		return bucket, path
	}
	bucket, key, _ = strings.Cut(path, "/")
	return bucket, key
}

// allowed reports whether an action is permitted, and refuses it otherwise.
func (s *Server) allowed(w http.ResponseWriter, r *http.Request, action string) bool {
	s.mu.Lock()
	denied := s.denied[action]
	s.mu.Unlock()
	if denied {
		s.refuse(w, r, &problem{status: http.StatusForbidden, code: "AccessDenied", text: "Access Denied"})
	}
	return !denied
}

func (s *Server) refuse(w http.ResponseWriter, r *http.Request, p *problem) {
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("X-Amz-Request-Id", "0123456789ABCDEF")
	if p.code == "SlowDown" {
		w.Header().Set("Retry-After", "1")
	}
	w.WriteHeader(p.status)
	if r.Method == http.MethodHead {
		return
	}
	answer(w, struct {
		XMLName                                    xml.Name `xml:"Error"`
		Code, Message, Resource, RequestId, HostId string
		Region                                     string `xml:",omitempty"`
	}{Code: p.code, Message: p.text, Resource: r.URL.Path, RequestId: "0123456789ABCDEF", Region: p.region})
}

func answer(w io.Writer, v any) {
	_, _ = io.WriteString(w, xml.Header)
	_ = xml.NewEncoder(w).Encode(v)
}

func (s *Server) serveBucket(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	switch {
	case r.Method == http.MethodHead:
	case r.Method == http.MethodGet && q.Has("location"):
		answer(w, struct {
			XMLName xml.Name `xml:"LocationConstraint"`
			Region  string   `xml:",chardata"`
		}{Region: s.Region})
	case r.Method == http.MethodGet && q.Get("list-type") == "2":
		if s.allowed(w, r, "ListBucket") {
			s.list(w, r)
		}
	default:
		s.refuse(w, r, &problem{status: http.StatusNotImplemented, code: "NotImplemented", text: "Not here."})
	}
}

type listed struct {
	Key, LastModified, ETag, StorageClass string
	Size                                  int
}

// list answers a page of ListObjectsV2.
func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	most, err := strconv.Atoi(q.Get("max-keys"))
	if q.Get("max-keys") == "" {
		most, err = 1000, nil
	}
	if err != nil || most < 0 {
		s.refuse(w, r, &problem{status: http.StatusBadRequest, code: "InvalidArgument", text: "max-keys"})
		return
	}
	after := q.Get("start-after")
	if token := q.Get("continuation-token"); token != "" {
		raw, err := base64.StdEncoding.DecodeString(token)
		if err != nil {
			s.refuse(w, r, &problem{status: http.StatusBadRequest, code: "InvalidArgument", text: "continuation-token"})
			return
		}
		after = string(raw)
	}
	page := struct {
		XMLName               xml.Name `xml:"ListBucketResult"`
		Name, Prefix          string
		KeyCount, MaxKeys     int
		IsTruncated           bool
		NextContinuationToken string `xml:",omitempty"`
		Contents              []listed
	}{Name: s.Bucket, Prefix: q.Get("prefix"), MaxKeys: most}
	most = min(most, 1000)
	last := ""
	s.mu.Lock()
	for _, key := range slices.Sorted(maps.Keys(s.objects)) {
		if !strings.HasPrefix(key, page.Prefix) || key <= after {
			continue
		}
		if len(page.Contents) == most {
			page.IsTruncated, page.NextContinuationToken = true, base64.StdEncoding.EncodeToString([]byte(last))
			break
		}
		o := s.objects[key]
		page.Contents = append(page.Contents, listed{Key: key, LastModified: o.at.UTC().Format("2006-01-02T15:04:05.000Z"), ETag: o.etag, StorageClass: "STANDARD", Size: len(o.data)})
		last = key
	}
	s.mu.Unlock()
	page.KeyCount = len(page.Contents)
	w.Header().Set("Content-Type", "application/xml")
	answer(w, page)
}

func etag(data []byte) string {
	sum := md5.Sum(data)
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

// etag returns the ETag of what lies under a key.
func (s *Server) etag(key string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.objects[key].etag
}

func (s *Server) serveObject(w http.ResponseWriter, r *http.Request, key string, body []byte, f Fault) {
	switch r.Method {
	case http.MethodPut:
		if s.allowed(w, r, "PutObject") {
			s.putObject(w, r, key, body)
		}
	case http.MethodGet, http.MethodHead:
		if s.allowed(w, r, "GetObject") {
			s.getObject(w, r, key, f)
		}
	case http.MethodDelete:
		if s.allowed(w, r, "DeleteObject") {
			s.mu.Lock()
			delete(s.objects, key)
			s.mu.Unlock()
			w.WriteHeader(http.StatusNoContent)
		}
	default:
		s.refuse(w, r, &problem{status: http.StatusMethodNotAllowed, code: "MethodNotAllowed", text: "Not here."})
	}
}

// putObject keeps a body whose checksums, where they are sent, are right.
func (s *Server) putObject(w http.ResponseWriter, r *http.Request, key string, body []byte) {
	if r.ContentLength < 0 {
		s.refuse(w, r, &problem{status: http.StatusLengthRequired, code: "MissingContentLength", text: "You must provide the Content-Length HTTP header."})
		return
	}
	for name, sum := range map[string]func() []byte{
		"Content-Md5":           func() []byte { sum := md5.Sum(body); return sum[:] },
		"X-Amz-Checksum-Sha256": func() []byte { sum := sha256.Sum256(body); return sum[:] },
	} {
		text := r.Header.Get(name)
		if text == "" {
			continue
		}
		sent, err := base64.StdEncoding.DecodeString(text)
		code := ""
		if want := sum(); err != nil || len(sent) != len(want) {
			code = "InvalidDigest"
		} else if !slices.Equal(sent, want) {
			code = "BadDigest"
		}
		if code != "" {
			s.refuse(w, r, &problem{status: http.StatusBadRequest, code: code, text: name})
			return
		}
	}
	s.Put(key, body)
	w.Header().Set("ETag", s.etag(key))
}

func (s *Server) getObject(w http.ResponseWriter, r *http.Request, key string, f Fault) {
	s.mu.Lock()
	o, ok := s.objects[key]
	s.mu.Unlock()
	if !ok {
		s.refuse(w, r, &problem{status: http.StatusNotFound, code: "NoSuchKey", text: "The specified key does not exist."})
		return
	}
	data := slices.Clone(o.data)
	if f.Change && len(data) > 0 {
		data[len(data)/2] ^= 1
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("ETag", o.etag)
	w.Header().Set("Last-Modified", o.at.UTC().Format(http.TimeFormat))
	if r.Method == http.MethodHead {
		return
	}
	if f.Cut {
		_, _ = w.Write(data[:len(data)/2])
		_ = http.NewResponseController(w).Flush()
		hangUp(w)
		return
	}
	_, _ = w.Write(data)
}

// hangUp ends the connection without a further word.
func hangUp(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

// Endpoint is host and port of the server.
func (s *Server) Endpoint() string { return s.Listener.Addr().String() }

// String names the server without its keys.
func (s *Server) String() string { return fmt.Sprintf("bucket %s at %s", s.Bucket, s.Endpoint()) }
