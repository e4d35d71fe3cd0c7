// Package load makes inquiries of people who do not exist and sends them.
//
// Every inquiry is of a new person with a name, an e-mail address and a phone
// number of their own, so that a gateway which resolves identities has to make a
// lead of each. A [Load] is closed (the next one leaves when the last was
// answered) or open (one leaves at every tick of a fixed rate).
//
// In an open load every tick is sent, however late, and its latency counts from
// the moment it was meant to leave: a server that stalls is charged for all who
// would have come meanwhile. Ticks nobody could send before the load is given up
// are counted as Unsent and their wait so far as their latency.
//
// Which inquiries were acknowledged is kept in a [Set], a bit each.
package load
