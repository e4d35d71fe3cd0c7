// Package form takes posts from web forms: from any page, with and without
// JavaScript, as JSON, urlencoded, multipart or JSON sent as text/plain.
//
// A post that is answered with success is kept: the answer comes after
// Env.Accept, and a failing Accept is 503 with Retry-After. A post is refused
// only for what its sender can mend: its size and media type (413, 415), its
// syntax and the answers the form's owner requires (422 with the field), a page
// the owner did not list (403), and far too many posts from one address (429).
// Whatever looks like spam is taken, answered like everything else, and led to
// the quarantine with the reason in words.
//
// The connector also draws the form itself: a page without scripts that works in
// every browser and carries a submission id, so that a double click, a reload
// and a retry are one inquiry, and a render token, so that the time a person took
// to fill it in is known. Pages of the business need neither.
//
// Everything posted is hostile. It reaches the pages only through html/template,
// and errors and logs never.
package form
