package people

import (
	"encoding/csv"
	"fmt"
	"io"
)

// Column is one of the columns that leadgate dedupe knows.
type Column int

// The columns, in the order in which they are written.
const (
	ID Column = iota
	Channel
	At
	Handle
	GivenName
	Surname
	Name
	Email
	Phone
	Company
	StreetNumber
	Address1
	Address2
	Suburb
	City
	Postcode
	State
	Country
	DateOfBirth
	Visitor
	CustomerID
	columns // how many there are
)

// String returns the column's name in a file.
func (c Column) String() string {
	if c < 0 || c >= columns {
		return fmt.Sprintf("Column(%d)", int(c))
	}
	return [columns]string{"id", "channel", "at", "handle", "given_name", "surname", "name", "email", "phone", "company", "street_number", "address_1", "address_2",
		"suburb", "city", "postcode", "state", "country", "date_of_birth", "visitor", "customer_id"}[c]
}

// Columns returns all columns in their order.
func Columns() []Column {
	all := make([]Column, columns)
	for i := range all {
		all[i] = Column(i)
	}
	return all
}

// Record is one row; what is not known is empty.
type Record [columns]string

// Label is the truth about a record.
type Label struct {
	Person string   // who it is from
	Keys   []string // values that point at the person and are undamaged, in one notation
	Noise  []string // what was done to it
}

// Set is a list of records with the truth.
type Set struct {
	Columns []Column // those that are in use
	Records []Record
	Labels  []Label // of the record with the same index

	people map[string]ties
}

// ties are what a person has in common with others; zero is nothing.
type ties struct {
	name                                    string
	household, office, tablet, recycled, id int
	twin                                    bool
}

// Truth returns who each record is from, by the record's id.
func (s *Set) Truth() map[string]string {
	out := make(map[string]string, len(s.Records))
	for i, r := range s.Records {
		out[r[ID]] = s.Labels[i].Person
	}
	return out
}

// WriteCSV writes the records with a line of column names first.
func (s *Set) WriteCSV(w io.Writer) error {
	line := make([]string, len(s.Columns))
	for i, c := range s.Columns {
		line[i] = c.String()
	}
	return writeLines(w, line, len(s.Records), func(n int) {
		for i, c := range s.Columns {
			line[i] = s.Records[n][c]
		}
	})
}

// WriteTruth writes who each record is from: id, person.
func (s *Set) WriteTruth(w io.Writer) error {
	line := []string{"id", "person"}
	return writeLines(w, line, len(s.Records), func(n int) { line[0], line[1] = s.Records[n][ID], s.Labels[n].Person })
}

// writeLines writes the line as it is, and again after each call of next.
func writeLines(w io.Writer, line []string, n int, next func(n int)) error {
	out := csv.NewWriter(w)
	_ = out.Write(line) // Error tells
	for i := range n {
		next(i)
		_ = out.Write(line)
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("writing records: %w", err)
	}
	return nil
}
