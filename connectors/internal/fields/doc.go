// Package fields reads what forms and unknown senders post (JSON, urlencoded,
// multipart) into a tree of named values, and maps such a tree to an inquiry by
// the usual names of its fields, in several languages.
//
// Decoding keeps the sender's order and exact numbers, takes any bytes, repairs
// NUL and invalid UTF-8, and refuses only broken syntax and what passes [Limits];
// such errors wrap lead.ErrInvalid and never quote the input. Mapping drops
// nothing: what has no place in the inquiry stays as one of its Fields.
// Both are pure: the same bytes give the same inquiry.
package fields
