// Package oracle asks a gateway over its API what became of a load and compares
// that with what was acknowledged.
//
// The law it checks is the one of the whole product: every acknowledged inquiry
// stands in exactly one lead, once, and no two people share a lead. [Verify] says
// how many were lost, stored twice or mixed; it trusts nothing but the pages of
// /api/v1/leads.
package oracle
