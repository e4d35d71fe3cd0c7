// Package s3 keeps blobs in a bucket of Amazon S3 or of anything that speaks its
// protocol. The SHA-256 in a blob's name is part of what is signed, so that the
// server refuses bytes that changed on the way, over HTTP and HTTPS alike.
package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"leadgate/lead"
	"leadgate/store/blob"
)

// Keys are what requests are signed with. Both empty means the environment
// (AWS_ACCESS_KEY_ID …), then ~/.aws/credentials, then the role of the machine.
type Keys struct {
	Access, Secret string
}

// Bucket is a blob.Store. It has no time-out of its own but for silence: put a
// blob.Breaker in front of it.
type Bucket struct {
	core minio.Core
	l    blob.Location
}

var _ blob.Store = (*Bucket)(nil)

const (
	// tries is how often a request is made that may succeed the next time.
	tries = 3
	// silence is how long the server may take to begin its answer.
	silence = 20 * time.Second
	// largest bounds what is read of one object.
	largest = 1 << 30
)

// Open returns the bucket of a location; nothing is asked yet. transport may be nil.
func Open(l blob.Location, keys Keys, transport http.RoundTripper) (*Bucket, error) {
	if (keys.Access == "") != (keys.Secret == "") {
		return nil, fmt.Errorf("opening bucket: %w: an access key and a secret key belong together", lead.ErrInvalid)
	}
	if transport == nil {
		transport = newTransport()
	}
	style := minio.BucketLookupDNS
	if l.PathStyle {
		style = minio.BucketLookupPath
	}
	c, err := minio.New(l.Endpoint, &minio.Options{Creds: keys.provider(transport), Secure: !l.Plain, Region: l.Region, BucketLookup: style, Transport: transport, MaxRetries: tries})
	if err != nil {
		return nil, fmt.Errorf("opening bucket: %w: the endpoint cannot be used", lead.ErrInvalid)
	}
	return &Bucket{core: minio.Core{Client: c}, l: l}, nil
}

func (k Keys) provider(transport http.RoundTripper) *credentials.Credentials {
	if k.Access != "" {
		return credentials.NewStaticV4(k.Access, k.Secret, "")
	}
	return credentials.NewChainCredentials([]credentials.Provider{
		&credentials.EnvAWS{}, &credentials.FileAWSCredentials{},
		&credentials.IAM{Client: &http.Client{Transport: transport, Timeout: silence}},
	})
}

func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   5 * time.Second,
		ResponseHeaderTimeout: silence,
		ExpectContinueTimeout: 2 * time.Second,
		IdleConnTimeout:       time.Minute,
		MaxIdleConnsPerHost:   16,
		DisableCompression:    true,
	}
}

// Put keeps bytes under a key. It returns nil only when the bucket has them whole.
func (b *Bucket) Put(ctx context.Context, key string, data []byte) error {
	if err := blob.CheckKey(key); err != nil {
		return fmt.Errorf("keeping blob: %w", err)
	}
	opts := minio.PutObjectOptions{ContentType: "application/octet-stream", DisableContentSha256: true} // no signature in chunks: the name is the hash of it all
	if _, err := b.core.PutObject(ctx, b.l.Bucket, b.l.Prefix+key, bytes.NewReader(data), int64(len(data)), "", blob.NameOf(key), opts); err != nil {
		return fmt.Errorf("keeping blob: %w", b.classed(err))
	}
	return nil
}

// Get returns the bytes under a key, checked against its name.
func (b *Bucket) Get(ctx context.Context, key string) ([]byte, error) {
	if err := blob.CheckKey(key); err != nil {
		return nil, fmt.Errorf("reading blob: %w", err)
	}
	data, err := b.read(ctx, key)
	if err == nil {
		err = blob.Check(key, data)
	}
	if err != nil {
		return nil, fmt.Errorf("reading blob: %w", err)
	}
	return data, nil
}

func (b *Bucket) read(ctx context.Context, key string) (data []byte, err error) {
	body, info, _, err := b.core.GetObject(ctx, b.l.Bucket, b.l.Prefix+key, minio.GetObjectOptions{})
	if err != nil {
		return nil, b.classed(err)
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	if info.Size < 0 || info.Size > largest {
		return nil, fmt.Errorf("%w: it is larger than any blob", lead.ErrPermanent)
	}
	data = make([]byte, info.Size)
	if _, err := io.ReadFull(body, data); err != nil {
		return nil, b.classed(err)
	}
	return data, nil
}

// Delete removes what lies under a key.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	if err := blob.CheckKey(key); err != nil {
		return fmt.Errorf("removing blob: %w", err)
	}
	err := b.core.RemoveObject(ctx, b.l.Bucket, b.l.Prefix+key, minio.RemoveObjectOptions{})
	if err = b.classed(err); err != nil && !errors.Is(err, lead.ErrNotFound) {
		return fmt.Errorf("removing blob: %w", err)
	}
	return nil
}

// List returns keys in order. What else lies under the prefix is passed over.
func (b *Bucket) List(ctx context.Context, after string, n int) ([]string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var keys []string
	opts := minio.ListObjectsOptions{Prefix: b.l.Prefix, Recursive: true, StartAfter: b.l.Prefix + after, MaxKeys: min(n, 1000)}
	if after == "" {
		opts.StartAfter = ""
	}
	for o := range b.core.ListObjectsIter(ctx, b.l.Bucket, opts) {
		if o.Err != nil {
			return nil, fmt.Errorf("listing blobs: %w", b.classed(o.Err))
		}
		if key := strings.TrimPrefix(o.Key, b.l.Prefix); blob.ValidKey(key) {
			keys = append(keys, key)
		}
		if len(keys) == n {
			break
		}
	}
	return keys, nil
}

// Check puts, reads, lists and removes a small blob. lead.ErrInvalid means that
// waiting does not help, and the text says what to change; lead.ErrUnavailable that
// the bucket does not answer now.
func (b *Bucket) Check(ctx context.Context) error {
	data := []byte("leadgate can keep blobs here")
	key := blob.Name(data)
	for _, step := range []struct {
		doing string
		do    func() error
	}{
		{"list", func() error { _, err := b.List(ctx, "", 1); return err }},
		{"put", func() error { return b.Put(ctx, key, data) }},
		{"get", func() error { _, err := b.Get(ctx, key); return err }},
		{"delete", func() error { return b.Delete(ctx, key) }},
	} {
		err := step.do()
		if p, ok := errors.AsType[*Problem](err); ok && p.lasting() {
			return fmt.Errorf("trying the blob store: %w: to %s, %s", lead.ErrInvalid, step.doing, p.text())
		} else if err != nil {
			return fmt.Errorf("trying the blob store: %w", err)
		}
	}
	return nil
}

// Problem is what the server said, in words. It is lead.ErrUnavailable: what is wrong
// with a bucket or a key can be put right while deliveries wait.
type Problem struct {
	Code   string // of the protocol
	Status int    // of HTTP
	bucket string
}

// Error tells the problem in words.
func (p *Problem) Error() string { return lead.ErrUnavailable.Error() + ": " + p.text() }

// Unwrap makes errors.Is find the class.
func (p *Problem) Unwrap() error { return lead.ErrUnavailable }

func (p *Problem) text() string {
	switch p.Code {
	case minio.NoSuchBucket:
		return fmt.Sprintf("there is no bucket %q at the endpoint: make it, or correct its name", p.bucket)
	case minio.AccessDenied, "AllAccessDisabled":
		return fmt.Sprintf("the access key may not do this in bucket %q: it needs s3:ListBucket, s3:GetObject, s3:PutObject and s3:DeleteObject", p.bucket)
	case "InvalidAccessKeyId":
		return "the endpoint does not know the access key"
	case "SignatureDoesNotMatch":
		return "the secret key does not belong to the access key"
	case "ExpiredToken", "InvalidToken", "TokenRefreshRequired":
		return "the key is no longer valid"
	case "RequestTimeTooSkewed":
		return "the clock of this machine is wrong by more than the endpoint allows"
	case "AuthorizationHeaderMalformed", "PermanentRedirect", "InvalidRegion", "IllegalLocationConstraintException":
		return fmt.Sprintf("bucket %q is in another region: give it with region=", p.bucket)
	}
	return fmt.Sprintf("the endpoint answered %d %s", p.Status, p.Code)
}

// lasting reports whether somebody must change something.
func (p *Problem) lasting() bool {
	return p.Status >= 300 && p.Status < 500 && p.Status != http.StatusTooManyRequests && p.Status != http.StatusRequestTimeout &&
		p.Code != "SlowDown" && p.Code != "RequestTimeout" && p.Code != "OperationAborted"
}

// classed gives an error its class, in words that hold no secret and no address.
func (b *Bucket) classed(err error) error {
	if err == nil {
		return nil
	}
	if r, ok := errors.AsType[minio.ErrorResponse](err); ok && r.StatusCode != 0 {
		if r.Code == minio.NoSuchKey || r.StatusCode == http.StatusNotFound && r.Code != minio.NoSuchBucket {
			return lead.ErrNotFound
		}
		return &Problem{Code: r.Code, Status: r.StatusCode, bucket: b.l.Bucket}
	}
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: the endpoint did not answer in time: %w", lead.ErrUnavailable, err)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fmt.Errorf("%w: the endpoint ended the connection", lead.ErrUnavailable)
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	if n, ok := errors.AsType[net.Error](err); ok {
		return fmt.Errorf("%w: the endpoint cannot be reached: %w", lead.ErrUnavailable, n)
	}
	return fmt.Errorf("%w: %w", lead.ErrUnavailable, err)
}
