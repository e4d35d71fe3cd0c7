package main

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"leadgate/lead"
	"leadgate/lead/normal"
)

// record is one row of a file of people: texts by the name of their column.
type record struct {
	row  int // from 1
	text map[string]string
	odd  string // what is wrong with it, without its values; "" for nothing
}

// maxRecord is the longest line of JSON that is read, in bytes.
const maxRecord = 1 << 20

// records reads the rows of a file one after the other.
func (c *dedupeCmd) records(r io.Reader) iter.Seq2[record, error] {
	if c.Format == "jsonl" {
		return jsonRecords(r)
	}
	return csvRecords(r)
}

// csvRecords reads rows of values. A row may leave out its last ones. One with more
// values than there are columns is read as far as they go, and said to be odd.
func csvRecords(r io.Reader) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		in := csv.NewReader(skipBOM(r))
		in.FieldsPerRecord, in.LazyQuotes, in.ReuseRecord = -1, true, true
		var head []string
		for n := 0; ; n++ {
			row, err := in.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(record{}, err)
				return
			}
			if n == 0 {
				for _, name := range row {
					head = append(head, columnName(name))
				}
				if !slices.ContainsFunc(head, knownColumn) {
					yield(record{}, fmt.Errorf("%w: no column is known: is it comma-separated, with names in the first row?", lead.ErrInvalid))
					return
				}
				continue
			}
			rec := record{row: n, text: make(map[string]string, len(head))}
			for i, v := range row {
				switch v = strings.TrimSpace(v); {
				case v == "":
				case i < len(head):
					rec.text[head[i]] = v
				case rec.odd == "":
					line, _ := in.FieldPos(0)
					rec.odd = fmt.Sprintf("line %d: %d values for %d columns; is one of them not quoted?", line, len(row), len(head))
				}
			}
			if !yield(rec, nil) {
				return
			}
		}
	}
}

func jsonRecords(r io.Reader) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		lines := bufio.NewScanner(skipBOM(r))
		lines.Buffer(make([]byte, 0, 64<<10), maxRecord)
		n := 0
		for line := 1; lines.Scan(); line++ {
			if strings.TrimSpace(lines.Text()) == "" {
				continue
			}
			n++
			rec, err := jsonRecord(lines.Bytes(), n)
			if err != nil {
				yield(record{}, fmt.Errorf("line %d: %w", line, err))
				return
			}
			if !yield(rec, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(record{}, err)
		}
	}
}

func jsonRecord(line []byte, row int) (record, error) {
	var values map[string]any
	dec := json.NewDecoder(strings.NewReader(string(line)))
	dec.UseNumber()
	if err := dec.Decode(&values); err != nil {
		return record{}, fmt.Errorf("%w: not a JSON object: %w", lead.ErrInvalid, err)
	}
	if dec.More() {
		return record{}, fmt.Errorf("%w: more than one object on a line", lead.ErrInvalid)
	}
	rec := record{row: row, text: make(map[string]string, len(values))}
	for name, v := range values {
		switch v := v.(type) {
		case string:
			rec.text[columnName(name)] = strings.TrimSpace(v)
		case json.Number:
			rec.text[columnName(name)] = v.String()
		case bool:
			rec.text[columnName(name)] = strconv.FormatBool(v)
		}
	}
	return rec, nil
}

func columnName(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// skipBOM drops the byte order mark that spreadsheets write.
func skipBOM(r io.Reader) io.Reader {
	b := bufio.NewReader(r)
	if mark, _ := b.Peek(3); string(mark) == "\ufeff" {
		b.Discard(3)
	}
	return b
}

// knownColumn reports whether a column says something of a person.
func knownColumn(name string) bool {
	switch name {
	case "handle", "given_name", "surname", "name", "email", "phone", "company", "street_number", "address_1", "address_2", "suburb", "city", "postcode",
		"date_of_birth", "visitor", "customer_id":
		return true
	}
	return false
}

// id is how the file names the record; its place when it does not.
func (r record) id() string { return cmp.Or(r.text["id"], strconv.Itoa(r.row)) }

// inquiry returns what the record says, in normal form.
func (r record) inquiry(region string) lead.Inquiry {
	t := r.text
	q := lead.Inquiry{Kind: lead.KindImport, Source: "file", Scope: "file", Channel: cmp.Or(t["channel"], "import"), Company: t["company"],
		Name: lead.Name{Given: t["given_name"], Family: t["surname"]}, Received: time.Unix(1_700_000_000, 0).UTC()}
	if t["given_name"] == "" && t["surname"] == "" {
		q.Name = lead.Name{Display: t["name"]}
	}
	if at, ok := recordTime(t["at"]); ok {
		q.At, q.Received = at, at
	}
	for _, id := range [...]lead.Identity{
		{Kind: lead.IdentityCustomer, Value: t["customer_id"]}, {Kind: "handle", Value: t["handle"], Scope: q.Channel},
		{Kind: lead.IdentityEmail, Value: t["email"]}, {Kind: lead.IdentityPhone, Value: t["phone"]}, {Kind: lead.IdentityVisitor, Value: t["visitor"]},
	} {
		if id.Value != "" {
			q.Identities = append(q.Identities, id)
		}
	}
	q.Address = &lead.Address{Street: t["address_1"], Number: t["street_number"], Line2: t["address_2"], City: cmp.Or(t["suburb"], t["city"]),
		Postcode: t["postcode"], State: t["state"], Country: t["country"]}
	q.BirthDate = t["date_of_birth"]
	if c := strings.ToUpper(t["country"]); len(c) == 2 && normal.KnownRegion(c) {
		region = c
	}
	normal.Inquiry(&q, region)
	return q
}

// recordTime reads when a record was made, in the notations files use.
func recordTime(s string) (time.Time, bool) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && n > 1e8 {
		for n > 1e11 { // milliseconds, microseconds
			n /= 1000
		}
		return time.Unix(n, 0).UTC(), true
	}
	for _, layout := range [...]string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02 15:04", "2006-01-02"} {
		if at, err := time.Parse(layout, s); err == nil {
			return at.UTC(), true
		}
	}
	return time.Time{}, false
}
