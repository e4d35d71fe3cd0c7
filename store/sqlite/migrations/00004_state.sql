-- +goose Up

-- A source has a version, so that two people do not undo each other's change unseen.
ALTER TABLE sources ADD COLUMN version INTEGER NOT NULL DEFAULT 1;

-- Numbers that only grow: 'sources', which every node asks for, and 'state', which
-- versions of values are taken from.
CREATE TABLE revisions (name TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO revisions (name, n) VALUES ('sources', 1), ('state', 0);

-- Small sealed values by key.
CREATE TABLE state (
	key     TEXT    NOT NULL PRIMARY KEY,
	value   BLOB    NOT NULL,
	version INTEGER NOT NULL,
	expires INTEGER                       -- NULL for never
);
CREATE INDEX state_expires ON state (expires) WHERE expires IS NOT NULL;

-- Who may do what only one may do at a time. Rows stay, so that epochs only grow.
CREATE TABLE leases (
	name   TEXT    PRIMARY KEY,
	owner  TEXT    NOT NULL,
	epoch  INTEGER NOT NULL,
	until  INTEGER NOT NULL,              -- 0 when nobody holds it
	ttl    INTEGER NOT NULL               -- what it was taken for, in microseconds
) WITHOUT ROWID;
