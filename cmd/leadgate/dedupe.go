package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"leadgate/dedupe"
	"leadgate/lead"
	"leadgate/lead/normal"
	"leadgate/store"
)

// dedupeCmd says who the records of a file are from, as intake would: the file is
// one batch, its people are known to nobody before, and nothing is stored.
type dedupeCmd struct {
	Config string `help:"Configuration file (YAML); nothing of it counts here." placeholder:"FILE" hidden:""`
	Format string `help:"csv or jsonl." default:"csv" enum:"csv,jsonl"`
	Region string `help:"Country whose phone numbers and dates may come in its own notation (ISO 3166, such as FR)." placeholder:"XX"`
	JSON   bool   `name:"json" help:"Write a JSON line a record and one of the pairs to be reviewed. Default: a summary."`
	Rules  string `help:"all, keys (known values with their protection, nothing that only resembles), or exact (known values whatever the name)." default:"all" enum:"all,keys,exact"`
	File   string `arg:"" optional:"" help:"File to read. Default: standard input." placeholder:"FILE"`
}

// Help says what a file may hold.
func (c *dedupeCmd) Help() string {
	return `Columns, each of which may be missing, in any order and case: id, channel, at, handle, given_name, surname, name, email, phone, company, ` +
		`street_number, address_1, address_2, suburb, city, postcode, state, country, date_of_birth, visitor, customer_id. Others say nothing. ` +
		`A record without an id is named by its place in the file.`
}

func (c *dedupeCmd) Run(in *common) error {
	if c.Region = strings.ToUpper(c.Region); c.Region != "" && !normal.KnownRegion(c.Region) {
		return fmt.Errorf("--region %s: %w: not a country whose numbers are known", c.Region, lead.ErrInvalid)
	}
	file := in.stdin
	if c.File != "" && c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return fmt.Errorf("reading records: %w", err)
		}
		defer f.Close()
		file = f
	}
	rules := map[string]dedupe.Rules{"all": dedupe.All, "keys": dedupe.Known, "exact": dedupe.Exact}[c.Rules]
	b := newBook(rules)
	for r, err := range c.records(file) {
		if err != nil {
			return fmt.Errorf("reading records: %w", err)
		}
		if in.ctx.Err() != nil {
			return in.ctx.Err()
		}
		if r.odd != "" {
			fmt.Fprintln(in.stderr, r.odd)
		}
		q := r.inquiry(c.Region)
		began := time.Now()
		b.take(q, r.id())
		b.took = append(b.took, time.Since(began))
	}
	if !c.JSON {
		return b.summarise(in.stdout)
	}
	return b.write(in.stdout)
}

// book is what a file says of people, decided record by record.
type book struct {
	snap    *store.Snapshot
	records []bookRecord
	first   map[int64]string // the id of the first record of each person
	named   map[string]bool  // ids that name a person
	reviews []store.ReviewRow
	took    []time.Duration // of each decision
	person  int64
	number  int64
}

type bookRecord struct {
	id, reason string
	person     int64
}

func newBook(rules dedupe.Rules) *book {
	b := &book{first: map[int64]string{}, named: map[string]bool{}}
	b.snap = &store.Snapshot{Known: map[lead.ID]bool{}, Inquiries: map[lead.ID]*store.InquiryState{}, Holders: map[string][]*store.Holder{},
		Persons: map[int64]*store.PersonState{}, Leads: map[int64]*store.LeadState{}, Waiting: map[string][]lead.ID{}, Receipts: map[lead.ID]*store.ReceiptState{},
		Blocks: map[int64][]store.BlockRow{}, Names: map[string]lead.NameCount{}, Areas: map[int64]int64{}, Rules: rules, Stages: lead.DefaultStages(),
		NextPerson: func() int64 { b.person++; return b.person }, NextLead: func() int64 { b.number++; return b.number }}
	return b
}

// take decides whose a record is, exactly as intake does.
func (b *book) take(q lead.Inquiry, id string) {
	q.Key = fmt.Sprint(len(b.records))
	d := lead.Delivery{ID: lead.DeriveID(q.Source, q.Key), Source: q.Source, Key: q.Key, At: q.Received}
	changes, receipts := store.Plan(b.snap, []store.Item{{Delivery: d, Inquiries: []lead.Inquiry{q}}}, q.Received)
	st := b.snap.Inquiries[lead.DeriveID(q.Scope, q.Key)]
	b.records = append(b.records, bookRecord{id: id, reason: receipts[0].Inquiries[0].Reason, person: st.Person})
	if b.first[st.Person] == "" {
		if b.named[id] { // an id that two rows have would make two people one
			id = fmt.Sprintf("%s#%d", id, len(b.records))
		}
		b.first[st.Person], b.named[id] = id, true
	}
	b.reviews = append(b.reviews, changes.Reviews...)
	delete(b.snap.Inquiries, st.ID) // no record is heard of twice
	delete(b.snap.Known, d.ID)
}

// final follows a person to whom they were merged into in the end.
func (b *book) final(person int64) int64 {
	for p := b.snap.Persons[person]; p != nil && p.MergedInto != 0; p = b.snap.Persons[person] {
		person = p.MergedInto
	}
	return person
}

// write writes a line a record in order of arrival, then the pairs to be reviewed.
// A person is named by the id of its first record.
func (b *book) write(w io.Writer) error {
	buffer := bufio.NewWriter(w)
	enc := json.NewEncoder(buffer)
	for _, r := range b.records {
		line := struct {
			ID     string `json:"id"`
			Person string `json:"person"`
			Reason string `json:"reason"`
		}{r.id, b.first[b.final(r.person)], r.reason}
		if err := enc.Encode(line); err != nil {
			return fmt.Errorf("writing persons: %w", err)
		}
	}
	if err := errors.Join(enc.Encode(map[string]any{"pairs": b.pairs()}), buffer.Flush()); err != nil {
		return fmt.Errorf("writing persons: %w", err)
	}
	return nil
}

// summarise writes what came out, and how long deciding took, in four lines.
func (b *book) summarise(w io.Writer) error {
	persons := map[int64]bool{}
	for _, r := range b.records {
		persons[b.final(r.person)] = true
	}
	_, err := fmt.Fprintf(w, "records  %d\npersons  %d\nreview   %d pairs\n", len(b.records), len(persons), len(b.pairs()))
	if n := len(b.took); n > 0 && err == nil {
		slices.Sort(b.took)
		_, err = fmt.Fprintf(w, "deciding %v a record, 99 in 100 within %v\n", b.took[n/2].Round(time.Microsecond/10), b.took[n*99/100].Round(time.Microsecond))
	}
	return err
}

// pair is two persons a human should look at, each named by its first record.
type pair struct {
	A      string  `json:"a"`
	B      string  `json:"b"`
	Score  float64 `json:"score"`
	Reason string  `json:"reason"`
}

// pairs are those that are still two, each once, with what speaks most for them.
func (b *book) pairs() []pair {
	out := []pair{}
	at := map[[2]int64]int{}
	for _, r := range b.reviews {
		x, y := b.final(r.A), b.final(r.B)
		key := [2]int64{min(x, y), max(x, y)}
		if x == y {
			continue
		}
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key] = i
			out = append(out, pair{A: b.first[key[0]], B: b.first[key[1]], Score: r.Score, Reason: r.Reason})
		}
		if r.Score > out[i].Score {
			out[i].Score, out[i].Reason = r.Score, r.Reason
		}
	}
	return out
}
