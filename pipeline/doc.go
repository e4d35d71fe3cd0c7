// Package pipeline leads a delivery from its acceptance to its lead.
//
//	Accept     → journal, and only then the receipt
//	forwarder  journal → queue
//	worker     queue → Parse → normal form → store.Apply, a batch a transaction
//	release    what the store has leaves the journal
//
// Guarantees: what Accept took is in the journal until the store has it; a
// delivery that cannot be read or stored is parked with its bytes; a poison
// delivery stops nothing but itself; a store that is down stops the workers and
// not Accept; memory stays flat whatever the backlog, because what waits, waits
// on disk.
package pipeline
