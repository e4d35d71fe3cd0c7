package services

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// askTime bounds a command to a Redis.
const askTime = 10 * time.Second

// do runs one command on a connection of its own.
func (s *RedisServer) do(command ...string) (answer string, err error) {
	c, err := s.dial()
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if err := c.SetDeadline(time.Now().Add(askTime)); err != nil {
		return "", err
	}
	r := bufio.NewReader(c)
	before := [][]string{}
	if p := s.Password(); p != "" {
		before = append(before, []string{"AUTH", p})
	}
	if db := strings.TrimPrefix(s.url.Path, "/"); db != "" {
		before = append(before, []string{"SELECT", db})
	}
	for _, b := range before {
		if _, err := exchange(c, r, b); err != nil {
			return "", err
		}
	}
	return exchange(c, r, command)
}

func (s *RedisServer) dial() (net.Conn, error) {
	d := &net.Dialer{Timeout: askTime}
	if s.url.Scheme != "rediss" {
		return d.Dial("tcp", s.url.Host)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.ca)
	return tls.DialWithDialer(d, "tcp", s.url.Host, &tls.Config{RootCAs: roots})
}

// exchange sends one command in RESP2 and reads its answer.
func exchange(w io.Writer, r *bufio.Reader, command []string) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(command))
	for _, word := range command {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(word), word)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return "", err
	}
	return reply(r)
}

// reply reads one answer in RESP2; nothing reads as the empty string.
func reply(r *bufio.Reader) (string, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimSuffix(line, "\r\n")
	if line == "" {
		return "", errors.New("reading an answer: it is empty")
	}
	rest := line[1:]
	switch line[0] {
	case '+', ':':
		return rest, nil
	case '-':
		return "", errors.New(rest)
	}
	n, err := strconv.Atoi(rest)
	if err != nil || n > 1<<20 {
		return "", fmt.Errorf("reading an answer: %q is no length", rest)
	}
	switch {
	case n < 0:
		return "", nil
	case line[0] == '$':
		body := make([]byte, n+2)
		_, err := io.ReadFull(r, body)
		return string(body[:n]), err
	case line[0] == '*':
		parts := make([]string, n)
		for i := range parts {
			if parts[i], err = reply(r); err != nil {
				return "", err
			}
		}
		return strings.Join(parts, "\n"), nil
	}
	return "", fmt.Errorf("reading an answer: %q is unknown", line[:1])
}
