// Package normal brings values into canonical form: e-mail addresses, phone
// numbers, names, URLs, text, and whole inquiries. [Date], [Postcode], [City],
// [Street] and [URLKey] give forms for comparing only.
//
// Everything here is pure and safe for concurrent use: no clock, no network, no
// state that changes. Every function is idempotent, so normalising what is
// normal already changes nothing, and no input, however hostile, makes one
// panic or return text that a database or JSON refuses. What cannot be used as
// an identity (role addresses, placeholders, withheld callers) is kept and
// carries the reason in words; only IdentityKey says what may be compared.
//
// A phone number no plan knows is kept by its digits: with a plus in front when it
// was written so, bare when not, and with an x for each digit that was masked.
package normal
