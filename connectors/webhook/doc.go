// Package webhook takes posts of any sender that can make an HTTP request: JSON,
// urlencoded, multipart, plain or gzip.
//
// The preset generic maps fields by their usual names in several languages and
// needs nothing of the sender. A mapping, a jq program, brings any other JSON into
// those names. Named presets are data: a file under presets with the signature
// scheme and the mapping of one sender, and a golden under testdata.
//
// A post is one inquiry; a list of objects, alone or under leads, items or data,
// is several. Nothing posted is dropped: what has no place in an inquiry is kept
// as its field. A post of a named sender that cannot be read is kept and parked,
// any other is refused with a reason.
package webhook
