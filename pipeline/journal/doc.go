// Package journal keeps deliveries on a node's own disk until the store has them.
//
// It is a log of segments. [Journal.Append] answers nil only when the record
// survives a power cut; one writer takes all that wait, writes them with one call
// and syncs them once, so that the cost of a sync is shared by those who wait for
// it. [Journal.Next] hands out every durable entry that is not released, once per
// process and in order of append. [Journal.Release] forgets entries; a segment
// whose entries are all released is removed. Releases are not written down: after
// a restart the entries of segments that still exist come again, and the store
// says which of them it knows.
//
// What holds, whatever the disk does:
//
//   - An acknowledged entry is read back, once per process, until it is released.
//   - An entry that was not acknowledged may or may not come up after a restart.
//     It is never half, never changed, and nothing comes up that nobody appended.
//   - A file whose sync or write failed is never synced or written again. Its
//     acknowledged part stays readable; what lies after it is not handed out.
//   - Damage never stops a start. Bad bytes in acknowledged ground are copied to
//     «segment.corrupt» and counted, a torn end is cut off and kept as
//     «segment.tail» when it holds more than zeros, and all other entries come.
//     These copies hold people's data; who operates the node looks and deletes.
//
// # On disk
//
// A folder of mode 0700 holds «lock» and one file of mode 0600 per segment, named
// by a counter and a random stamp. A segment is a row of records. Every record
// carries the stamp, so that bytes of another segment, or bytes that a sender made
// look like a record, are never taken for one; a sequence number; the distance to
// the begin of the batch it was written in, which tells damage in acknowledged
// ground from the torn end of the last write; and a CRC32C over all of it. The
// first record of a segment says where the segments before it ended.
package journal
