package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"leadgate/lead"
)

// chunk is how many values one IN list holds.
const chunk = 64

// each runs a query with an IN list over all values, a chunk at a time, on the
// writing connection. The rest of a chunk is filled with NULL, which matches nothing.
func (s *Store) each(ctx context.Context, text string, values []any, row func(*sql.Rows) error, more ...any) error {
	size := chunk
	switch len(values) {
	case 0:
		return nil
	case 1:
		size = 1
	}
	text = fmt.Sprintf(text, strings.TrimSuffix(strings.Repeat("?,", size), ","))
	for part := range slices.Chunk(values, size) {
		args := make([]any, size, size+len(more))
		copy(args, part)
		st, err := s.stmt(ctx, text)
		if err != nil {
			return err
		}
		if err := scanRows(st.QueryContext(ctx, append(args, more...)...))(row); err != nil {
			return err
		}
	}
	return nil
}

// scanRows calls row for each row of a query and closes it.
func scanRows(rows *sql.Rows, err error) func(func(*sql.Rows) error) error {
	return func(row func(*sql.Rows) error) error {
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := row(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	}
}

func blobs(ids []lead.ID) []any {
	out := make([]any, len(ids))
	for i := range ids {
		out[i] = ids[i][:]
	}
	return out
}

func texts(list []string) []any {
	out := make([]any, len(list))
	for i := range list {
		out[i] = list[i]
	}
	return out
}
