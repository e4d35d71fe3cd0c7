package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// forget lets PostgreSQL count statements anew, where it counts them at all.
func (s *servers) forget(ctx context.Context) error {
	_, err := s.db.ExecContext(ctx, `CREATE EXTENSION IF NOT EXISTS pg_stat_statements`)
	if err == nil {
		_, err = s.db.ExecContext(ctx, `SELECT pg_stat_statements_reset()`)
	}
	if err != nil {
		return fmt.Errorf("counting statements, for which shared_preload_libraries has to name pg_stat_statements: %w", err)
	}
	return nil
}

// statements prints where PostgreSQL spent its time on so many leads: the statements
// that took the most, as they were sent, without a value in them.
func (s *servers) statements(ctx context.Context, r *report, name string, most int, leads int64) (err error) {
	rows, err := s.db.QueryContext(ctx, `SELECT query, calls, total_exec_time * 1000, rows FROM pg_stat_statements ORDER BY total_exec_time DESC LIMIT $1`, most)
	if err != nil {
		return fmt.Errorf("asking for statements: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var query string
		var calls, touched int64
		var took float64
		if err := rows.Scan(&query, &calls, &took, &touched); err != nil {
			return fmt.Errorf("asking for statements: %w", err)
		}
		n := float64(max(leads, 1))
		r.say("%s: %6.1f µs a lead, %6d calls, %5.2f rows a lead: %s", name, took/n, calls, float64(touched)/n, brief(query))
	}
	return rows.Err()
}

// brief is a statement on one line, cut short.
func brief(query string) string {
	text := []rune(strings.Join(strings.Fields(query), " "))
	return string(text[:min(len(text), 110)])
}
