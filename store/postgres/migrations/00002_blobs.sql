-- +goose Up

-- Bodies and files that lie outside of the other tables.
CREATE TABLE blobs (
	name       bytea    PRIMARY KEY,         -- SHA-256 of the bytes
	generation integer  NOT NULL,            -- how often it was removed: part of its key
	state      smallint NOT NULL,            -- 0 there, 1 doomed, 2 gone
	named      boolean  NOT NULL,            -- whether blob_refs has a row of it
	at         bigint   NOT NULL             -- when it was last put, handed out to be removed, or gone
);
CREATE INDEX blobs_unnamed ON blobs (state, at) WHERE NOT named;

-- Which delivery names which blob.
CREATE TABLE blob_refs (
	name     bytea NOT NULL,
	delivery uuid  NOT NULL,
	PRIMARY KEY (name, delivery)
);
CREATE INDEX blob_refs_delivery ON blob_refs (delivery);

-- The bytes themselves, where --blobs store keeps them here. They are mostly packed
-- already, so that nobody tries to pack them again.
CREATE TABLE blob_chunks (
	key  text    COLLATE "C" NOT NULL,
	n    integer NOT NULL,
	data bytea   NOT NULL,
	PRIMARY KEY (key, n)
);
ALTER TABLE blob_chunks ALTER COLUMN data SET STORAGE EXTERNAL;
