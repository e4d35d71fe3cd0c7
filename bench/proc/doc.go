// Package proc starts, watches and ends the processes a benchmark measures, and
// tells what disk they write to.
//
// What a process used is read from /proc, so that figures are those of the server
// alone and not of the generator beside it. A [Child] is ended by its own process
// id and nothing else.
package proc
