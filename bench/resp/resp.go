// Package resp speaks with a Redis in as few words as can be: what is measured here is
// the server, and a driver would stand in between. Commands are written without a look
// at answers, and answers are read in order, so that any number of commands can be
// under way (redis.io/docs/reference/protocol-spec).
package resp

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"time"
)

// Conn is one connection. It is for one goroutine that sends and one that receives.
type Conn struct {
	c net.Conn
	w *bufio.Writer
	r *Reader
}

// Dial connects to redis://:PASSWORD@HOST:PORT/DATABASE.
func Dial(address string) (*Conn, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "redis" {
		return nil, errors.New("connecting to Redis: the address is not redis://…") // it holds a password
	}
	c, err := net.DialTimeout("tcp", u.Host, 5*time.Second)
	if err != nil {
		return nil, fmt.Errorf("connecting to Redis: %w", err)
	}
	conn := &Conn{c: c, w: bufio.NewWriterSize(c, 64<<10), r: NewReader(c)}
	for _, command := range conn.greeting(u) {
		if _, err := conn.Do(command...); err != nil {
			return nil, errors.Join(fmt.Errorf("connecting to Redis: %w", err), c.Close())
		}
	}
	return conn, nil
}

func (c *Conn) greeting(u *url.URL) (commands [][]string) {
	if secret, ok := u.User.Password(); ok {
		auth := []string{"AUTH"}
		if u.User.Username() != "" {
			auth = append(auth, u.User.Username())
		}
		commands = append(commands, append(auth, secret))
	}
	if len(u.Path) > 1 {
		commands = append(commands, []string{"SELECT", u.Path[1:]})
	}
	return commands
}

// Close ends the connection.
func (c *Conn) Close() error { return c.c.Close() }

// Do sends a command and waits for its answer.
func (c *Conn) Do(command ...string) (any, error) {
	c.Send(command...)
	if err := c.Flush(); err != nil {
		return nil, err
	}
	return c.Receive()
}

// Send writes a command behind others. Flush tells whether that went well.
func (c *Conn) Send(command ...string) {
	fmt.Fprintf(c.w, "*%d\r\n", len(command))
	for _, word := range command {
		c.w.WriteByte('$')
		c.w.WriteString(strconv.Itoa(len(word)))
		c.w.WriteString("\r\n")
		c.w.WriteString(word)
		c.w.WriteString("\r\n")
	}
}

// Flush sends what was written.
func (c *Conn) Flush() error { return c.w.Flush() }

// Receive reads the next answer: a string, an int64, a []any, or nil. What the server
// refuses is an error.
func (c *Conn) Receive() (any, error) { return c.r.Read() }

// Reader reads answers.
type Reader struct{ r *bufio.Reader }

// NewReader reads from r.
func NewReader(r io.Reader) *Reader { return &Reader{bufio.NewReaderSize(r, 64<<10)} }

// Limits of an answer; more is no answer to anything asked here.
const (
	maxText  = 64 << 20
	maxList  = 1 << 20
	maxDepth = 8
)

// Read reads the next answer. An error of the server leaves the connection as it is;
// every other one ends what can be read.
func (r *Reader) Read() (any, error) { return r.read(0) }

var errFormat = errors.New("reading an answer of Redis: it is not in the protocol")

func (r *Reader) read(depth int) (any, error) {
	line, err := r.r.ReadSlice('\n')
	if err != nil {
		return nil, fmt.Errorf("reading an answer of Redis: %w", err)
	}
	if len(line) < 3 || line[len(line)-2] != '\r' {
		return nil, errFormat
	}
	kind, text := line[0], string(line[1:len(line)-2])
	switch kind {
	case '+':
		return text, nil
	case '-':
		return nil, errors.New("Redis answers: " + text)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, errFormat
	}
	switch {
	case kind == ':':
		return n, nil
	case kind == '$' && n >= -1 && n <= maxText:
		return r.text(int(n))
	case kind == '*' && n >= -1 && n <= maxList && depth < maxDepth:
		return r.list(int(n), depth)
	}
	return nil, errFormat
}

func (r *Reader) text(n int) (any, error) {
	if n < 0 {
		return nil, nil
	}
	b := make([]byte, n+2)
	if _, err := io.ReadFull(r.r, b); err != nil {
		return nil, fmt.Errorf("reading an answer of Redis: %w", err)
	}
	if b[n] != '\r' || b[n+1] != '\n' {
		return nil, errFormat
	}
	return string(b[:n]), nil
}

func (r *Reader) list(n, depth int) (any, error) {
	if n < 0 {
		return nil, nil
	}
	var out []any
	for range n {
		v, err := r.read(depth + 1)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}
