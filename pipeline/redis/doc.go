// Package redis spreads work over nodes through Redis streams, and carries what is
// live between them: fan-out, presence, rate limits.
//
// Guarantees: nothing depends on what Redis keeps; the journal of the node that
// took a delivery has it until the store does. No request and no worker waits for
// Redis. When Redis is down, slow, full or read-only, this node does its own work
// by itself at once, and goes back to Redis by itself. A stream entry exists
// exactly while it is undelivered or in somebody's hands.
//
// All keys and channels start with the prefix, so that several gateways can share
// one Redis. Each stream and what belongs to it have one hash tag, so that every
// script touches one slot of a Cluster:
//
//	lg:{s0}:q    stream of work, group "work"; an entry holds deliveries of one node
//	lg:{s0}:i    incarnation: a random value, made by whoever finds it missing
//	lg:{s0}:b    heartbeats of consumers: a number that moves
//	lg:{s0}:t    how often a process died over a delivery that was worked alone
//	lg:{l0}:…    level of a rate limit, by hash of its client
//	lg:{p:…}     who is present at a topic, on which node
//	lg:done:…    channel: what was stored of a node's deliveries
//	lg:bus       channel: live messages of all topics
package redis
