-- +goose Up
-- Jobs have targets: who they need, such as a destination or a host.
ALTER TABLE jobs ADD COLUMN target text NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN since bigint NOT NULL DEFAULT 0;     -- when it was enqueued
ALTER TABLE jobs ADD COLUMN buried_at bigint NOT NULL DEFAULT 0;
UPDATE jobs SET since = (extract(epoch FROM now()) * 1000000)::bigint;
UPDATE jobs SET buried_at = since WHERE buried;

DROP INDEX jobs_due;
CREATE INDEX jobs_due ON jobs (kind, target, due) WHERE NOT buried;
CREATE INDEX jobs_leased ON jobs (kind, target, leased) WHERE NOT buried AND leased <> 0;
CREATE INDEX jobs_buried ON jobs (id) WHERE buried;

-- Targets whose jobs wait until a time, or are buried when it is NULL.
CREATE TABLE held (
	kind   text NOT NULL,
	target text NOT NULL,
	until  bigint,
	cause  text NOT NULL,
	PRIMARY KEY (kind, target)
);

-- Jobs are counted by kind.
DELETE FROM counters WHERE name IN ('jobs.waiting', 'jobs.buried');
DELETE FROM counts WHERE name IN ('jobs.waiting', 'jobs.buried');
INSERT INTO counters (name, value) SELECT 'jobs.waiting.' || kind, count(*) FROM jobs WHERE NOT buried GROUP BY kind;
INSERT INTO counters (name, value) SELECT 'jobs.buried.' || kind, count(*) FROM jobs WHERE buried GROUP BY kind;
