// Package normal brings values into canonical form: e-mail addresses, phone
// numbers, names, URLs, text, and whole inquiries.
//
// Everything here is pure and safe for concurrent use: no clock, no network, no
// state that changes. Every function is idempotent, so normalising what is
// normal already changes nothing, and no input, however hostile, makes one
// panic or return text that a database or JSON refuses. What cannot be used as
// an identity (role addresses, placeholders, withheld callers) is kept and
// carries the reason in words; only IdentityKey says what may be compared.
package normal
