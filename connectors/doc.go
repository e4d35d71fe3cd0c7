// Package connectors declares what a connector is: a value that says how one
// kind of source is configured, proven, read and reached.
//
// A connector sees a delivery, its settings and its [Env], nothing else. Parse is
// pure: no clock, no network, no store. docs/connectors.md states the contract in
// MUSTs, and connectortest checks it.
package connectors
