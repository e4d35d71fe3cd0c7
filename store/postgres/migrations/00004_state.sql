-- +goose Up

-- A source has a version, so that two people do not undo each other's change unseen.
ALTER TABLE sources ADD COLUMN version bigint NOT NULL DEFAULT 1;

-- Numbers that only grow: 'sources', which every node asks for, and 'state', which
-- versions of values are taken from.
CREATE TABLE revisions (name text PRIMARY KEY, n bigint NOT NULL);
INSERT INTO revisions (name, n) VALUES ('sources', 1), ('state', 0);

-- Small sealed values by key, in the order of its bytes.
CREATE TABLE state (
	key     text   COLLATE "C" PRIMARY KEY,
	value   bytea  NOT NULL,
	version bigint NOT NULL,
	expires bigint                        -- NULL for never
);
CREATE INDEX state_expires ON state (expires) WHERE expires IS NOT NULL;

-- Who may do what only one may do at a time. Rows stay, so that epochs only grow.
CREATE TABLE leases (
	name   text   PRIMARY KEY,
	owner  text   NOT NULL,
	epoch  bigint NOT NULL,
	until  bigint NOT NULL,               -- 0 when nobody holds it
	ttl    bigint NOT NULL                -- what it was taken for, in microseconds
);
