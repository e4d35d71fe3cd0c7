package blob

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"leadgate/lead"
)

// The kinds of places.
const (
	KindFile  = "file"  // a folder
	KindS3    = "s3"    // a bucket
	KindStore = "store" // rows of the store
)

// Location says where blobs lie for all nodes.
type Location struct {
	Kind string

	Path   string // of the folder, absolute
	Shared bool   // the folder is the same on every node

	Bucket    string
	Prefix    string // of every key, ending in a slash; "" for none
	Endpoint  string // host, or host:port
	Plain     bool   // the endpoint speaks HTTP, not HTTPS
	Region    string // "" to ask the endpoint
	PathStyle bool   // the bucket stands in the path, not in the host name
}

// awsEndpoint is where buckets are looked for when none is named.
const awsEndpoint = "s3.amazonaws.com"

// ParseLocation reads where blobs lie:
//
//	file:PATH[?shared=true]
//	s3://BUCKET[/PREFIX][?endpoint=https://HOST[:PORT]&region=NAME&path-style=true]
//	store
//
// Keys and secrets are no part of it. Errors wrap lead.ErrInvalid and never repeat
// what was given: it may hold a secret that should not be there.
func ParseLocation(text string) (Location, error) {
	var l Location
	var err error
	switch kind, rest, _ := strings.Cut(text, ":"); {
	case text == KindStore:
		return Location{Kind: KindStore}, nil
	case kind == KindFile:
		l, err = parseFile(rest)
	case kind == KindS3:
		l, err = parseS3(text)
	default:
		err = errors.New("must be file:PATH, s3://BUCKET or store")
	}
	if err != nil {
		return Location{}, fmt.Errorf("%w: where blobs lie %w", lead.ErrInvalid, err)
	}
	return l, nil
}

func parseFile(text string) (Location, error) {
	path, query, _ := strings.Cut(text, "?")
	l := Location{Kind: KindFile}
	if path == "" || strings.ContainsRune(path, 0) {
		return l, errors.New("must name a folder after file:")
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return l, errors.New("must name a folder that can be found from here")
	}
	l.Path = abs
	return l, parameters(query, map[string]func(string) error{"shared": yesNo("shared", &l.Shared)})
}

func parseS3(text string) (Location, error) {
	l := Location{Kind: KindS3, Endpoint: awsEndpoint}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return l, errors.New("is no address of the form s3://BUCKET/PREFIX")
	case u.User != nil:
		return l, errors.New("must hold no access key: give it by its own options")
	case u.Fragment != "" || u.Opaque != "" || strings.ContainsRune(u.Path, 0):
		return l, errors.New("is no address of the form s3://BUCKET/PREFIX")
	case !validBucket(u.Host):
		return l, errors.New("must name a bucket after s3://: 3 to 63 small letters, digits, dots and hyphens, a letter or digit at both ends")
	}
	l.Bucket = u.Host
	if p := strings.Trim(u.Path, "/"); p != "" {
		if len(p) > 512 || strings.Contains(p, "//") || strings.Contains("/"+p+"/", "/../") || strings.Contains("/"+p+"/", "/./") {
			return l, errors.New("must have a prefix of up to 512 bytes without empty parts, . and ..")
		}
		l.Prefix = p + "/"
	}
	err = parameters(u.RawQuery, map[string]func(string) error{
		"endpoint":   l.endpoint,
		"region":     l.region,
		"path-style": yesNo("path-style", &l.PathStyle),
	})
	if strings.Contains(l.Bucket, ".") && !l.Plain && !l.PathStyle && err == nil {
		err = errors.New("needs path-style=true: no certificate covers a bucket with dots in the host name")
	}
	return l, err
}

// endpoint reads where the bucket is. Something that is no domain, such as an IP
// address or localhost, has no buckets in its host name.
func (l *Location) endpoint(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("needs an endpoint of the form https://HOST or https://HOST:PORT")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return errors.New("needs an endpoint with a port between 1 and 65535")
		}
	}
	if u.Hostname() == "" || strings.ContainsAny(u.Host, " \t\r\n\\\"<>") {
		return errors.New("needs an endpoint with a host")
	}
	l.Endpoint, l.Plain = u.Host, u.Scheme == "http"
	if _, err := netip.ParseAddr(u.Hostname()); err == nil || !strings.Contains(u.Hostname(), ".") {
		l.PathStyle = true
	}
	return nil
}

func (l *Location) region(text string) error {
	if text == "" || len(text) > 64 || strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return errors.New("needs a region of small letters, digits and hyphens")
	}
	l.Region = text
	return nil
}

// parameters hands each parameter of a query to who reads it.
func parameters(query string, read map[string]func(string) error) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return errors.New("has parameters that cannot be read")
	}
	for name, list := range values {
		f := read[name]
		if f == nil {
			return errors.New("has a parameter that there is not")
		}
		if len(list) != 1 {
			return errors.New("has a parameter twice")
		}
		if err := f(list[0]); err != nil {
			return err
		}
	}
	return nil
}

func yesNo(name string, to *bool) func(string) error {
	return func(text string) error {
		v, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("takes true or false for %s", name)
		}
		*to = *to || v
		return nil
	}
}

func validBucket(name string) bool {
	if len(name) < 3 || len(name) > 63 || strings.Contains(name, "..") {
		return false
	}
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '-' {
			return false
		}
	}
	return !strings.ContainsAny(name[:1]+name[len(name)-1:], ".-") && net.ParseIP(name) == nil
}

// String is the location as ParseLocation reads it.
func (l Location) String() string {
	switch l.Kind {
	case KindFile:
		if l.Shared {
			return "file:" + l.Path + "?shared=true"
		}
		return "file:" + l.Path
	case KindS3:
		scheme := "https"
		if l.Plain {
			scheme = "http"
		}
		q := url.Values{"endpoint": {scheme + "://" + l.Endpoint}}
		if l.Region != "" {
			q.Set("region", l.Region)
		}
		if l.PathStyle {
			q.Set("path-style", "true")
		}
		u := url.URL{Scheme: "s3", Host: l.Bucket, Path: "/" + strings.TrimSuffix(l.Prefix, "/"), RawQuery: q.Encode()}
		return u.String()
	}
	return l.Kind
}

// Installation is what there is around the blobs.
type Installation struct {
	Postgres bool // the store is one that several nodes can use
	Redis    bool // work is handed out to several nodes
	Others   int  // nodes that are registered beside this one
}

// Suits fails with lead.ErrInvalid, and says why and what to do, when blobs of an
// installation cannot lie there.
func (l Location) Suits(in Installation) error {
	switch {
	case l.Kind == KindStore && !in.Postgres:
		return fmt.Errorf("%w: --blobs store needs a Postgres store; with the embedded one leave --blobs out: they are files in the data folder then", lead.ErrInvalid)
	case l.Kind != KindFile || l.Shared:
		return nil
	case in.Postgres && in.Others > 0:
		return fmt.Errorf("%w: blobs lie in a folder of this machine, and %d other node(s) use the same store: they would not find them. "+
			"Give all nodes --blobs store or --blobs s3://BUCKET; or, when the folder is one file system mounted on every node, --blobs file:PATH?shared=true", lead.ErrInvalid, in.Others)
	case in.Redis:
		return fmt.Errorf("%w: blobs lie in a folder of this machine, and --redis hands work out to other nodes: they would not find them. "+
			"Give --blobs store or --blobs s3://BUCKET; or, when the folder is one file system mounted on every node, --blobs file:PATH?shared=true", lead.ErrInvalid)
	}
	return nil
}
