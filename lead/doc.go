// Package lead holds the nouns of leadgate and the pure functions over them.
//
// A [Delivery] is what arrived, untouched. A connector reads it into [Parsed]:
// inquiries, updates of inquiries, and items that could not be read. The rows of
// one inquiry are folded into a [Touch] by [Fold], which gives the same touch for
// every order of the rows. Touches stand in the timeline of a [Lead].
//
// The package does no I/O, reads no clock and keeps no state. Everything it
// stores leaves out what is empty, so that a new field changes no stored row.
package lead
