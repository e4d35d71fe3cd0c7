package blob

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"leadgate/lead"
)

func TestParseLocation(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Location{
		"store":                       {Kind: KindStore},
		"file:/var/lib/blobs":         {Kind: KindFile, Path: "/var/lib/blobs"},
		"file:///mnt/x?shared=true":   {Kind: KindFile, Path: "/mnt/x", Shared: true},
		"s3://leads":                  {Kind: KindS3, Bucket: "leads", Endpoint: awsEndpoint},
		"s3://leads/a/b/?region=eu-1": {Kind: KindS3, Bucket: "leads", Prefix: "a/b/", Endpoint: awsEndpoint, Region: "eu-1"},
		"s3://leads?endpoint=https://minio.example:9000&path-style=true": {Kind: KindS3, Bucket: "leads", Endpoint: "minio.example:9000", PathStyle: true},
		"s3://leads?endpoint=http://127.0.0.1:9000":                      {Kind: KindS3, Bucket: "leads", Endpoint: "127.0.0.1:9000", Plain: true, PathStyle: true},
		"s3://leads?endpoint=http://minio:9000":                          {Kind: KindS3, Bucket: "leads", Endpoint: "minio:9000", Plain: true, PathStyle: true},
	} {
		got, err := ParseLocation(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", text, diff)
		}
	}
}

func TestParseLocationRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "file:", "file:x?shared=maybe", "file:x?other=1", "file:x?shared=true&shared=true", "ftp://x", "s3:", "s3://", "s3://AB", "s3://ab", "s3://a_b_c", "s3://-abc", "s3://1.2.3.4",
		"s3://a..b", "s3://KEY:hunter2@leads", "s3://leads/a//b", "s3://leads/../x", "s3://leads?endpoint=minio", "s3://leads?endpoint=https://", "s3://leads?endpoint=https://h:0",
		"s3://leads?endpoint=https://k:hunter2@h", "s3://leads?region=", "s3://leads?region=EU", "s3://leads?secret=hunter2", "s3://leads?endpoint=https://h/hunter2", "s3://leads#hunter2",
		"s3://my.leads", "store:x", "s3://leads?endpoint=%zz", "store?hunter2",
	} {
		got, err := ParseLocation(text)
		if !errors.Is(err, lead.ErrInvalid) || got != (Location{}) {
			t.Errorf("%q: %+v, %v", text, got, err)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: the error repeats a secret: %v", text, err)
		}
	}
}

// Whatever is read is read the same way from what it says of itself, and no error
// repeats what was given.
func FuzzParseLocation(f *testing.F) {
	for _, s := range []string{"store", "file:/a?shared=1", "s3://leads/p/q?endpoint=https://h.example:1&region=eu&path-style=1", "s3://a.b-c/%20?path-style=t", "s3://k:topsecretvalue@leads"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l, err := ParseLocation(text)
		if err != nil {
			if len(text) > 12 && strings.Contains(err.Error(), text) {
				t.Errorf("the error repeats what was given: %v", err)
			}
			return
		}
		again, err := ParseLocation(l.String())
		if err != nil || again != l {
			t.Errorf("%q is %+v, and %q is %+v, %v", text, l, l.String(), again, err)
		}
	})
}

func TestSuits(t *testing.T) {
	t.Parallel()
	local, shared := Location{Kind: KindFile, Path: "/b"}, Location{Kind: KindFile, Path: "/b", Shared: true}
	bucket, rows := Location{Kind: KindS3}, Location{Kind: KindStore}
	for _, c := range []struct {
		l  Location
		in Installation
		ok bool
	}{
		{local, Installation{}, true}, {local, Installation{Postgres: true}, true}, {local, Installation{Postgres: true, Others: 1}, false},
		{local, Installation{Postgres: true, Redis: true}, false}, {local, Installation{Redis: true}, false},
		{shared, Installation{Postgres: true, Redis: true, Others: 3}, true}, {bucket, Installation{Postgres: true, Redis: true, Others: 3}, true},
		{rows, Installation{Postgres: true, Redis: true, Others: 3}, true}, {rows, Installation{}, false}, {bucket, Installation{}, true},
	} {
		if err := c.l.Suits(c.in); (err == nil) != c.ok || err != nil && !errors.Is(err, lead.ErrInvalid) {
			t.Errorf("%v in %+v: %v", c.l, c.in, err)
		}
	}
}
