package journal

import (
	"encoding/binary"
	"hash/crc32"

	"leadgate/lead"
)

// MaxPayload is the longest payload Append takes, in bytes.
const MaxPayload = 16 << 20

// A record is a header and its payload. Numbers are little-endian:
//
//	 0  magic
//	 4  CRC32C of everything from byte 8 to the end of the payload
//	 8  stamp of the segment
//	16  sequence number in the segment, from 0
//	20  distance in bytes to the begin of the batch it was written in
//	24  length of the payload
//	28  kind, then three zeros
//	32  time of the append, microseconds since 1970
//	40  id
const headerSize = 56

// magic begins every record. Its first byte occurs in no UTF-8 text.
const magic = "\xf7lg\x01"

// kind tells what a record holds.
type kind uint8

const (
	kindHead  kind = 1 // first in a segment: where the segments before it ended
	kindEntry kind = 2
)

// header is the decoded header of a record.
type header struct {
	seq    uint32
	back   uint32
	length uint32
	kind   kind
	at     int64
	id     lead.ID
}

// size returns the length of the whole record.
func (h *header) size() int64 { return headerSize + int64(h.length) }

// parseHeader reads the header at the begin of b; ok is false when it cannot be
// one of the segment with that stamp. It says nothing about the payload.
func parseHeader(b []byte, stamp uint64) (h header, ok bool) {
	if len(b) < headerSize || string(b[:4]) != magic || binary.LittleEndian.Uint64(b[8:]) != stamp {
		return header{}, false
	}
	h = header{
		seq:    binary.LittleEndian.Uint32(b[16:]),
		back:   binary.LittleEndian.Uint32(b[20:]),
		length: binary.LittleEndian.Uint32(b[24:]),
		kind:   kind(b[28]),
		at:     int64(binary.LittleEndian.Uint64(b[32:])),
		id:     lead.ID(b[40:headerSize]),
	}
	known := h.kind == kindHead || h.kind == kindEntry
	return h, known && h.length <= MaxPayload && b[29]|b[30]|b[31] == 0
}

// intact reports whether a whole record, header and payload, is as it was written.
func intact(record []byte) bool {
	return binary.LittleEndian.Uint32(record[4:]) == checksum(record)
}

// appendRecord appends a record that still needs seal.
func appendRecord(b []byte, k kind, id lead.ID, at int64, payload []byte) []byte {
	var h [headerSize]byte
	copy(h[:], magic)
	binary.LittleEndian.PutUint32(h[24:], uint32(len(payload)))
	h[28] = byte(k)
	binary.LittleEndian.PutUint64(h[32:], uint64(at))
	copy(h[40:], id[:])
	return append(append(b, h[:]...), payload...)
}

// seal puts a record at its place: in which segment, as which one, how far from
// the begin of its batch.
func seal(record []byte, stamp uint64, seq, back uint32) {
	binary.LittleEndian.PutUint64(record[8:], stamp)
	binary.LittleEndian.PutUint32(record[16:], seq)
	binary.LittleEndian.PutUint32(record[20:], back)
	binary.LittleEndian.PutUint32(record[4:], checksum(record))
}

func checksum(record []byte) uint32 { return crc32.Checksum(record[8:], castagnoli) }

// castagnoli is the polynomial processors compute by themselves. It never changes.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// recordSize returns the length of the record at the begin of b, which we made.
func recordSize(b []byte) int {
	return headerSize + int(binary.LittleEndian.Uint32(b[24:]))
}

// ending says where a segment ended: nothing at or after end was acknowledged.
type ending struct {
	stamp uint64 // of the segment
	end   int64
}

// appendEndings appends the payload of a head record.
func appendEndings(b []byte, ends []ending) []byte {
	for _, e := range ends {
		b = binary.LittleEndian.AppendUint64(b, e.stamp)
		b = binary.LittleEndian.AppendUint64(b, uint64(e.end))
	}
	return b
}

// parseEndings reads what appendEndings wrote.
func parseEndings(b []byte) []ending {
	var ends []ending
	for ; len(b) >= 16; b = b[16:] {
		e := ending{binary.LittleEndian.Uint64(b), int64(binary.LittleEndian.Uint64(b[8:]))}
		if e.end >= 0 {
			ends = append(ends, e)
		}
	}
	return ends
}
