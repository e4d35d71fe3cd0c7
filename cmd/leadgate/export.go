package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"leadgate/lead"
	"leadgate/store"
)

// exportCmd writes all leads. It opens the store beside a running gateway.
type exportCmd struct {
	Options
	Format string `help:"csv or jsonl." default:"csv" enum:"csv,jsonl"`
	Out    string `help:"File to write. Default: standard output." short:"o" placeholder:"FILE"`
	Status string `help:"Only open, won or lost ones." default:"" enum:",open,won,lost"`
}

func (c *exportCmd) Run(in *common) error {
	return withStore(in.ctx, &c.Options, func(s store.Store) (err error) {
		out := in.stdout
		if c.Out != "" {
			f, err := os.OpenFile(c.Out, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
			if err != nil {
				return fmt.Errorf("writing export: %w", err)
			}
			defer func() { err = errors.Join(err, f.Close()) }()
			out = f
		}
		b := bufio.NewWriter(out)
		write, flush := c.writer(b)
		q := store.Query{Page: store.Page{Limit: 500}, Status: lead.Status(c.Status)}
		for {
			leads, next, err := s.List(in.ctx, q)
			if err != nil {
				return err
			}
			for i := range leads {
				if err := write(&leads[i]); err != nil {
					return fmt.Errorf("writing export: %w", err)
				}
			}
			if q.Cursor = next; next == "" {
				break
			}
		}
		return errors.Join(flush(), b.Flush())
	})
}

// writer returns what writes one lead and what ends the file.
func (c *exportCmd) writer(w io.Writer) (func(*lead.Lead) error, func() error) {
	if c.Format == "jsonl" {
		enc := json.NewEncoder(w)
		return func(l *lead.Lead) error { return enc.Encode(l) }, func() error { return nil }
	}
	cw := csvWriter{w}
	headed := false
	head := func() error {
		if headed {
			return nil
		}
		headed = true
		return cw.write([]string{"number", "id", "created_at", "updated_at", "title", "status", "stage", "source", "origin", "name", "company", "emails", "phones",
			"touches", "owner", "amount", "currency", "tags", "utm_source", "utm_medium", "utm_campaign", "page", "close_reason", "fields"})
	}
	write := func(l *lead.Lead) error {
		fields := ""
		if len(l.Fields) > 0 {
			b, err := json.Marshal(l.Fields)
			if err != nil {
				return err
			}
			fields = string(b)
		}
		row := []string{strconv.FormatInt(l.Number, 10), l.ID.String(), l.CreatedAt.Format(time.RFC3339), l.UpdatedAt.Format(time.RFC3339), l.Title, string(l.Status), l.Stage,
			l.Source, l.Origin, l.Name, l.Company, strings.Join(l.Emails, " "), strings.Join(l.Phones, " "), strconv.Itoa(l.Touches), l.Owner, l.Amount, l.Currency,
			strings.Join(l.Tags, " "), l.Attribution.First.Source, l.Attribution.First.Medium, l.Attribution.First.Campaign, l.Attribution.First.Page, l.CloseReason, fields}
		return errors.Join(head(), cw.write(row))
	}
	return write, head
}
