-- +goose Up
-- Times are microseconds since 1970, ids are 16 bytes, JSON leaves out what is empty.

-- What arrived, as it was encoded for the journal, and what became of it.
CREATE TABLE deliveries (
	n        INTEGER PRIMARY KEY,
	id       BLOB    NOT NULL UNIQUE,
	source   TEXT    NOT NULL,
	at       INTEGER NOT NULL,
	receipt  TEXT    NOT NULL,            -- JSON: verdict, lead, outcomes of its inquiries
	parked   TEXT,                        -- why it is parked; NULL when it is not
	attempts INTEGER NOT NULL DEFAULT 0,
	raw      BLOB    NOT NULL
);
CREATE INDEX deliveries_parked ON deliveries (n) WHERE parked IS NOT NULL;

-- One row an inquiry: its rows folded. With a single row that is all there is.
CREATE TABLE inquiries (
	n        INTEGER PRIMARY KEY,
	id       BLOB    NOT NULL UNIQUE,     -- derived from (scope, key)
	key      TEXT    NOT NULL,
	lead     INTEGER NOT NULL,            -- 0 in quarantine and while it waits
	person   INTEGER NOT NULL,            -- 0 too when only its conversation led to the lead
	at       INTEGER NOT NULL,            -- the provider's time, else when it was taken
	taken    INTEGER NOT NULL,
	delivery BLOB    NOT NULL,
	verdict  TEXT    NOT NULL,            -- '' while only updates are there, 'ignored' while it waits for a lead
	reason   TEXT    NOT NULL,
	content  INTEGER NOT NULL,            -- hash of one without a key, else 0
	touch    TEXT    NOT NULL
);
CREATE INDEX inquiries_lead ON inquiries (lead, taken) WHERE lead > 0;
CREATE INDEX inquiries_held ON inquiries (n) WHERE verdict = 'quarantined';

-- The rows of inquiries that have more than one, none but updates, or one that folding changes.
CREATE TABLE rows (
	inquiry BLOB NOT NULL,
	event   TEXT NOT NULL,
	row     TEXT NOT NULL,
	PRIMARY KEY (inquiry, event)
) WITHOUT ROWID;

-- Inquiries that may not make a lead and wait for one, by what it will be found by.
CREATE TABLE waiting (
	key     TEXT NOT NULL,
	inquiry BLOB NOT NULL,
	PRIMARY KEY (key, inquiry)
) WITHOUT ROWID;

CREATE TABLE persons (
	id          INTEGER PRIMARY KEY,
	name        TEXT    NOT NULL,         -- JSON
	company     TEXT    NOT NULL,
	holds       TEXT    NOT NULL,         -- groups of values they hold, a line each
	profiles    TEXT    NOT NULL,         -- JSON: what they were told to be
	last_lead   INTEGER NOT NULL,
	merged_into INTEGER                   -- NULL when the person stands
);
CREATE INDEX persons_merged ON persons (merged_into) WHERE merged_into IS NOT NULL;

-- Who holds which value. Person 0 holds conversations that are in quarantine. A value
-- with very many holders takes further ones under value and name.
CREATE TABLE holders (
	key    TEXT    NOT NULL,
	person INTEGER NOT NULL,
	heard  INTEGER NOT NULL,
	PRIMARY KEY (key, person)
) WITHOUT ROWID;

-- Under which hashes a person is found who resembles a sender: see dedupe.Blocks.
CREATE TABLE blocks (
	key    INTEGER NOT NULL,
	person INTEGER NOT NULL,
	PRIMARY KEY (key, person)
) WITHOUT ROWID;

-- Known persons of whom something new was told since they were compared with others.
CREATE TABLE grown (person INTEGER PRIMARY KEY);

-- How many persons live in a postcode or town, and under key 0 how many of whom it is
-- known where: see dedupe.Areas.
CREATE TABLE areas (key INTEGER PRIMARY KEY, persons INTEGER NOT NULL);

CREATE TABLE leads (
	number      INTEGER PRIMARY KEY,
	id          BLOB    NOT NULL UNIQUE,
	person      INTEGER NOT NULL,
	status      TEXT    NOT NULL,
	stage       TEXT    NOT NULL,
	source      TEXT    NOT NULL,
	touches     INTEGER NOT NULL,
	created     INTEGER NOT NULL,
	updated     INTEGER NOT NULL,
	merged_into INTEGER,                  -- NULL when the lead stands
	data        TEXT    NOT NULL          -- JSON: everything else
);
CREATE UNIQUE INDEX leads_open ON leads (person) WHERE status = 'open' AND merged_into IS NULL;
CREATE INDEX leads_list ON leads (source, status, stage, number) WHERE merged_into IS NULL; -- lists with any filter: see list.go
CREATE INDEX leads_person ON leads (person) WHERE status <> 'open'; -- of one person, beside the open one
CREATE INDEX leads_merged ON leads (merged_into) WHERE merged_into IS NOT NULL;

-- What leads are found by: search.go says what the words are. Each is one token,
-- whatever is in it.
CREATE VIRTUAL TABLE lead_words USING fts5 (
	words, content = '', contentless_delete = 1, detail = none,
	tokenize = "ascii tokenchars '!""#$%&''()*+,-./:;<=>?@[\]^_`{|}~'"
);

-- Words so many leads have that they are looked up, not searched through.
CREATE TABLE common_words (word TEXT PRIMARY KEY) WITHOUT ROWID;

CREATE TABLE entries (
	n    INTEGER PRIMARY KEY,
	lead INTEGER NOT NULL,
	at   INTEGER NOT NULL,
	entry TEXT   NOT NULL
);
CREATE INDEX entries_lead ON entries (lead, at);

CREATE TABLE merges (
	n          INTEGER PRIMARY KEY,
	at         INTEGER NOT NULL,
	person     INTEGER NOT NULL,
	into_person INTEGER NOT NULL,
	lead       INTEGER NOT NULL,
	into_lead  INTEGER NOT NULL,
	moved_lead INTEGER NOT NULL,
	reason     TEXT    NOT NULL,
	score      REAL    NOT NULL DEFAULT 0,
	actor      TEXT    NOT NULL DEFAULT '', -- who merged them by hand
	seen       INTEGER NOT NULL DEFAULT 0,  -- the newest inquiry there was before
	before     TEXT    NOT NULL,          -- JSON: what the merge changed of the survivors
	undone     INTEGER
);
CREATE INDEX merges_into ON merges (into_person) WHERE undone IS NULL;
CREATE INDEX merges_leads ON merges (into_lead) WHERE undone IS NULL AND person = 0;

CREATE TABLE reviews (
	n      INTEGER PRIMARY KEY,
	a      INTEGER NOT NULL,
	b      INTEGER NOT NULL,
	at     INTEGER NOT NULL,
	reason TEXT    NOT NULL,
	score  REAL    NOT NULL DEFAULT 0,
	decided_at  INTEGER,                  -- NULL while it is open
	decided_by  TEXT,
	decided_how TEXT,                     -- merged or not-same
	UNIQUE (a, b)
);
CREATE INDEX reviews_open ON reviews (n) WHERE decided_at IS NULL;

-- Persons that a human said are not the same, both ways round. What was said of a
-- merged person counts for the survivor.
CREATE TABLE not_same (
	person INTEGER NOT NULL,
	other  INTEGER NOT NULL,
	at     INTEGER NOT NULL,
	actor  TEXT    NOT NULL,
	PRIMARY KEY (person, other)
) WITHOUT ROWID;

CREATE TABLE jobs (
	id       INTEGER PRIMARY KEY,
	kind     TEXT    NOT NULL,
	key      TEXT    NOT NULL,
	payload  BLOB    NOT NULL,
	due      INTEGER NOT NULL,
	leased   INTEGER NOT NULL DEFAULT 0,  -- when the lease ends: whoever settles the job names it
	again    INTEGER,                     -- when to do it once more; NULL unless it was enqueued while leased
	attempts INTEGER NOT NULL DEFAULT 0,
	cause    TEXT    NOT NULL DEFAULT '',
	buried   INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX jobs_due ON jobs (kind, due) WHERE buried = 0;
CREATE UNIQUE INDEX jobs_key ON jobs (kind, key) WHERE key <> '' AND buried = 0;

-- Leads that changed since they were brought into lead_words, a row a transaction.
CREATE TABLE unindexed (
	n     INTEGER PRIMARY KEY,
	leads BLOB NOT NULL                  -- their numbers, as varints
);

CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE sources (
	name     TEXT PRIMARY KEY,
	kind     TEXT NOT NULL,
	title    TEXT NOT NULL,
	region   TEXT NOT NULL,
	settings BLOB NOT NULL,
	disabled INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE stages (
	position INTEGER PRIMARY KEY,
	id       TEXT NOT NULL UNIQUE,
	title    TEXT NOT NULL,
	meaning  TEXT NOT NULL CHECK (meaning IN ('open', 'won', 'lost')),
	ask      INTEGER NOT NULL
);

CREATE TABLE tokens (
	name    TEXT PRIMARY KEY,
	hash    BLOB NOT NULL UNIQUE,
	created INTEGER NOT NULL,
	expires INTEGER NOT NULL
) WITHOUT ROWID;
