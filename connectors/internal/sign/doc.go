// Package sign proves that a delivery comes from its sender, by one verifier for
// all signature schemes, whose differences are rows of a table ([Row]).
//
// It reads the raw bytes as they came and never encodes them anew. Comparisons
// take the same time wherever the values differ. Everything doubtful fails: a
// missing, short, malformed or stale proof, more than ten signatures, a secret
// that is empty or cannot be read. Every failure is connectors.ErrForged itself,
// so that no error can hold a secret, an expected value or a reason.
package sign
