-- +goose Up

-- Bodies and files that lie outside of the store.
CREATE TABLE blobs (
	name       BLOB    NOT NULL PRIMARY KEY, -- SHA-256 of the bytes
	generation INTEGER NOT NULL,             -- how often it was removed: part of its key
	state      INTEGER NOT NULL,             -- 0 there, 1 doomed, 2 gone
	named      INTEGER NOT NULL,             -- whether blob_refs has a row of it
	at         INTEGER NOT NULL              -- when it was last put, handed out to be removed, or gone
) WITHOUT ROWID;
CREATE INDEX blobs_unnamed ON blobs (state, at) WHERE named = 0;

-- Which delivery names which blob.
CREATE TABLE blob_refs (
	name     BLOB NOT NULL,
	delivery BLOB NOT NULL,
	PRIMARY KEY (name, delivery)
) WITHOUT ROWID;
CREATE INDEX blob_refs_delivery ON blob_refs (delivery);

-- What was stored before names its blobs too: files of inquiries at once, large
-- bodies as soon as the deliveries have been read (see blobs.go).
INSERT OR IGNORE INTO blob_refs (name, delivery)
	SELECT unhex(t.value), q.delivery FROM inquiries q, json_tree(CASE WHEN json_valid(q.touch) THEN q.touch ELSE '{}' END) t
	WHERE t.key = 'blob' AND t.type = 'text' AND length(t.value) = 64 AND unhex(t.value) IS NOT NULL;
INSERT OR IGNORE INTO blob_refs (name, delivery)
	SELECT unhex(t.value), q.delivery FROM rows r JOIN inquiries q ON q.id = r.inquiry, json_tree(CASE WHEN json_valid(r.row) THEN r.row ELSE '{}' END) t
	WHERE t.key = 'blob' AND t.type = 'text' AND length(t.value) = 64 AND unhex(t.value) IS NOT NULL;
INSERT INTO blobs (name, generation, state, named, at)
	SELECT DISTINCT name, 0, 0, 1, unixepoch() * 1000000 FROM blob_refs;
INSERT INTO counters (name, value)
	SELECT 'blobs.unread', n FROM (SELECT max(n) AS n FROM deliveries) WHERE n IS NOT NULL;
