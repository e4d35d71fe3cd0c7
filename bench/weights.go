package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"leadgate/bench/people"
	"leadgate/dedupe"
	"leadgate/lead"
	"leadgate/lead/normal"
)

// weightsMode counts what the outcomes of comparisons are worth, and writes the file
// of weights that dedupe ships with.
type weightsMode struct {
	n   int
	out string
}

// weightPairs are drawn from each sample, half of them of one person.
const weightPairs = 100_000

func (m *weightsMode) flags(fs *flag.FlagSet) {
	fs.IntVar(&m.n, "n", weightPairs, "pairs to draw from each sample; half of them are of one person")
	fs.StringVar(&m.out, "o", "", "file to write, which is dedupe/weights.txt; without it the weights are printed")
}

func (m *weightsMode) run(ctx context.Context, r *report) error {
	if m.n < 1 {
		return errors.New("-n must be positive")
	}
	c, err := countSamples(ctx, m.n)
	switch {
	case err != nil:
		return err
	case m.out == "":
		return c.write(r.text, m.n)
	}
	if err := writeFile(m.out, func(w io.Writer) error { return c.write(w, m.n) }); err != nil {
		return err
	}
	r.say("%d pairs of each of %d samples counted, %s written", m.n, len(c.two), m.out)
	return nil
}

// trainSeed is the seed of the first sample; those for tuning [peopleMode] uses are
// below, those for checking far above.
const trainSeed = 1_000

// training is one kind of records that pairs are drawn from.
type training struct {
	region  string
	options *people.RecordOptions // nil: a stream
}

// trainings are what weights are counted in: tables of all columns, with few faults
// and with many, and streams. Errors come in many mixtures, and weights should not
// rely on one of them.
func trainings() []training {
	address := []people.Column{people.GivenName, people.Surname, people.StreetNumber, people.Address1, people.Address2, people.Suburb, people.Postcode, people.DateOfBirth}
	town := []people.Column{people.GivenName, people.Surname, people.StreetNumber, people.Address1, people.City, people.Postcode, people.DateOfBirth}
	born := []people.Column{people.GivenName, people.Surname, people.DateOfBirth}
	contact := []people.Column{people.GivenName, people.Surname, people.Phone, people.Email, people.Suburb, people.Postcode}
	table := func(region string, faults int, columns []people.Column) training {
		return training{region, &people.RecordOptions{Columns: columns, Copied: 0.5, MostCopies: 3, PerRecord: faults, PerField: 2, Lost: 0.06}}
	}
	list := []training{table("AU", 4, address), table("GB", 2, address), table("US", 1, address), table("DE", 4, town), table("FR", 2, town), table("ES", 1, town),
		table("AU", 2, contact), table("US", 4, contact), table("DE", 1, contact), table("DE", 1, born), table("GB", 2, born)}
	list[1].options.Households = true
	list[9].options.Common = true
	for _, region := range []string{"DE", "US", "UA", "ES", "GB", "FR"} {
		list = append(list, training{region: region})
	}
	return list
}

// sampleRecords is how many records each sample has.
const sampleRecords = 20_000

func countSamples(ctx context.Context, n int) (*counts, error) {
	c := newCounts()
	for i, s := range trainings() {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		set, err := kind{region: s.region, options: s.options}.make(trainSeed+uint64(i), min(sampleRecords, 4*n))
		if err != nil {
			return nil, fmt.Errorf("making a sample: %w", err)
		}
		profiles := make([]lead.Profile, len(set.Records))
		for i, r := range set.Records {
			profiles[i] = profileOf(r, s.region)
		}
		c.next()
		for p := range set.Pairs(trainSeed+uint64(i), n) {
			c.add(dedupe.Outcomes(&profiles[p.A], &profiles[p.B]), p.Same, s.options != nil)
		}
	}
	return c, nil
}

// profileOf returns what a record tells of its sender, as intake would keep it.
func profileOf(r people.Record, region string) lead.Profile {
	q := lead.Inquiry{Kind: lead.KindImport, Name: lead.Name{Given: r[people.GivenName], Family: r[people.Surname]}, Received: time.Unix(1_700_000_000, 0).UTC(),
		BirthDate: r[people.DateOfBirth],
		Address: &lead.Address{Street: r[people.Address1], Number: r[people.StreetNumber], Line2: r[people.Address2], City: cmp.Or(r[people.Suburb], r[people.City]),
			Postcode: r[people.Postcode], State: r[people.State], Country: r[people.Country]}}
	if q.Name == (lead.Name{}) {
		q.Name.Display = r[people.Name]
	}
	for _, id := range [...]lead.Identity{{Kind: lead.IdentityEmail, Value: r[people.Email]}, {Kind: lead.IdentityPhone, Value: r[people.Phone]}} {
		if id.Value != "" {
			q.Identities = append(q.Identities, id)
		}
	}
	normal.Inquiry(&q, region)
	return dedupe.ProfileOf(&q)
}
