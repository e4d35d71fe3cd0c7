package resp

import (
	"reflect"
	"strings"
	"testing"

	"leadgate/internal/services"
)

func TestRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]any{
		"+OK\r\n":                       "OK",
		":-7\r\n":                       int64(-7),
		"$-1\r\n":                       nil,
		"$5\r\na\r\nbc\r\n":             "a\r\nbc",
		"*-1\r\n":                       nil,
		"*2\r\n$1\r\na\r\n*1\r\n:1\r\n": []any{"a", []any{int64(1)}},
	} {
		if got, err := NewReader(strings.NewReader(text)).Read(); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q reads %#v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "+OK", "+OK\n", "$3\r\nab", "$1\r\nabc", "$-2\r\n", "*99999999999\r\n", ":x\r\n", "?1\r\n", "-ERR no\r\n", strings.Repeat("*1\r\n", 100)} {
		if got, err := NewReader(strings.NewReader(text)).Read(); err == nil {
			t.Errorf("%q reads %#v", text, got)
		}
	}
}

// TestPipeline sends before it reads.
func TestPipeline(t *testing.T) {
	t.Parallel()
	c, err := Dial(services.Redis(t).URL())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.Send("SET", "k", "\r\n\x00")
	c.Send("GET", "k")
	c.Send("NO SUCH")
	c.Send("DEL", "k")
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []any{"OK", "\r\n\x00", nil, int64(1)} {
		if got, err := c.Receive(); got != want || (err == nil) != (want != nil) {
			t.Errorf("got %#v, %v, want %#v", got, err, want)
		}
	}
	if _, err := Dial("redis://:wrong@" + strings.SplitN(services.Redis(t).URL(), "@", 2)[1]); err == nil || strings.Contains(err.Error(), "wrong@") {
		t.Errorf("a wrong password: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("*2\r\n$1\r\na\r\n:1\r\n-ERR\r\n"))
	f.Fuzz(func(_ *testing.T, b []byte) {
		r := NewReader(strings.NewReader(string(b)))
		for range 100 {
			if _, err := r.Read(); err != nil {
				return
			}
		}
	})
}
