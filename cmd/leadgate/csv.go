package main

import (
	"io"
	"regexp"
	"strings"
)

// csvWriter writes rows that no spreadsheet takes for formulas: every cell is
// quoted, whatever separator a country's spreadsheets use, and guarded.
type csvWriter struct{ w io.Writer }

func (c csvWriter) write(row []string) error {
	var b strings.Builder
	for i, cell := range row {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`"` + strings.ReplaceAll(guarded(cell), `"`, `""`) + `"`)
	}
	b.WriteByte('\n')
	_, err := io.WriteString(c.w, b.String())
	return err
}

// formula is how a cell begins that a spreadsheet may run, full-width forms
// included. Apostrophes before it count, so that each guard can be told from the
// text it guards.
var formula = regexp.MustCompile(`^'*[=+\-@\t\r\n＝＋－＠]`)

var onlyPhones = regexp.MustCompile(`^\+\d{6,15}( \+\d{6,15})*$`)

// guarded puts an apostrophe before what a spreadsheet may run. Phone numbers begin
// with + and stay as they are. Whoever reads such a file takes one apostrophe off
// every cell that formula matches and that begins with one.
func guarded(cell string) string {
	if onlyPhones.MatchString(cell) || !formula.MatchString(cell) {
		return cell
	}
	return "'" + cell
}
