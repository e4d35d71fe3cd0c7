package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"leadgate/bench/people"
)

// writeFile makes a file and fills it.
func writeFile(name string, fill func(w io.Writer) error) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("writing records: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriter(f)
	return errors.Join(fill(w), w.Flush())
}

// resolve runs leadgate dedupe over a file and reads what it says.
func resolve(ctx context.Context, bin, file, region, rules string) (*answer, error) {
	cmd := exec.CommandContext(ctx, bin, "dedupe", "--format", "csv", "--region", region, "--rules", rules, "--json", file)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("running dedupe: %w", err)
	}
	a, errRead := readAnswer(out)
	out.Close() // whoever goes on writing what cannot be read ends by it
	if err := cmd.Wait(); err != nil && (errRead == nil || complaint.Len() > 0) {
		return nil, fmt.Errorf("running dedupe: %w: %s", err, bytes.TrimSpace(complaint.Bytes()))
	}
	return a, errRead
}

// answer is what leadgate dedupe says.
type answer struct {
	order  []string          // records as they were answered
	person map[string]string // of each record
	pairs  [][2]string       // for review
}

// readAnswer reads a line of JSON for each record, and one with the pairs for review.
func readAnswer(r io.Reader) (*answer, error) {
	a := &answer{person: map[string]string{}}
	dec := json.NewDecoder(r)
	done := false
	for {
		var line struct {
			ID, Person string
			Pairs      *[]struct{ A, B string }
		}
		err := dec.Decode(&line)
		switch _, twice := a.person[line.ID]; {
		case errors.Is(err, io.EOF) && done:
			return a, nil
		case errors.Is(err, io.EOF):
			return nil, errors.New("reading the answer of dedupe: the line with the pairs is missing")
		case err != nil:
			return nil, fmt.Errorf("reading the answer of dedupe: %w", err)
		case done:
			return nil, errors.New("reading the answer of dedupe: it goes on behind the pairs")
		case line.Pairs != nil:
			done = true
			for _, p := range *line.Pairs {
				a.pairs = append(a.pairs, [2]string{p.A, p.B})
			}
		case line.ID == "" || line.Person == "" || twice:
			return nil, fmt.Errorf("reading the answer of dedupe: record %d has no id, no person, or comes twice", len(a.order)+1)
		default:
			a.order = append(a.order, line.ID)
			a.person[line.ID] = line.Person
		}
	}
}

// check holds what was said against what was asked: every record once, in its order;
// a person is named by one of its records; pairs are of records.
func (a *answer) check(s *people.Set) error {
	if len(a.order) != len(s.Records) {
		return fmt.Errorf("checking the answer of dedupe: %d records, not %d", len(a.order), len(s.Records))
	}
	first := map[string]bool{}
	for i, id := range a.order {
		p := a.person[id]
		if id != s.Records[i][people.ID] {
			return fmt.Errorf("checking the answer of dedupe: record %d is %s, not %s", i+1, id, s.Records[i][people.ID])
		}
		if !first[p] && p != id {
			return fmt.Errorf("checking the answer of dedupe: the first record of %s is %s", p, id)
		}
		first[p] = true
	}
	for _, p := range a.pairs {
		if a.person[p[0]] == "" || a.person[p[1]] == "" {
			return fmt.Errorf("checking the answer of dedupe: pair %s and %s is not of records", p[0], p[1])
		}
	}
	return nil
}
