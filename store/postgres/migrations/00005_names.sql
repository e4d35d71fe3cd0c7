-- +goose Up

-- What was counted of names is read by every transaction, of everything else only by
-- who looks at the counters: those rows stay out of the index, which costs them nothing.
CREATE INDEX counts_names ON counts (name) WHERE name LIKE 'names.%';
