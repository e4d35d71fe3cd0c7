-- +goose Up
-- Jobs have targets: who they need, such as a destination or a host.
ALTER TABLE jobs ADD COLUMN target TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN since INTEGER NOT NULL DEFAULT 0;   -- when it was enqueued
ALTER TABLE jobs ADD COLUMN buried_at INTEGER NOT NULL DEFAULT 0;
UPDATE jobs SET since = CAST(unixepoch('subsec') * 1000000 AS INTEGER);
UPDATE jobs SET buried_at = since WHERE buried = 1;

DROP INDEX jobs_due;
CREATE INDEX jobs_due ON jobs (kind, target, due) WHERE buried = 0;
CREATE INDEX jobs_leased ON jobs (kind, target, leased) WHERE buried = 0 AND leased <> 0;
CREATE INDEX jobs_buried ON jobs (id) WHERE buried = 1;

-- Targets whose jobs wait until a time, or are buried when it is NULL.
CREATE TABLE held (
	kind   TEXT NOT NULL,
	target TEXT NOT NULL,
	until  INTEGER,
	cause  TEXT NOT NULL,
	PRIMARY KEY (kind, target)
) WITHOUT ROWID;

-- Jobs are counted by kind.
DELETE FROM counters WHERE name IN ('jobs.waiting', 'jobs.buried');
INSERT INTO counters (name, value) SELECT 'jobs.waiting.' || kind, count(*) FROM jobs WHERE buried = 0 GROUP BY kind;
INSERT INTO counters (name, value) SELECT 'jobs.buried.' || kind, count(*) FROM jobs WHERE buried = 1 GROUP BY kind;
