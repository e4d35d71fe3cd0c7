package journal

import (
	"bytes"
	"cmp"
	"errors"
	"io"
)

// windowSize is how much of a file is read at once.
const windowSize = 256 << 10

// window reads a file front to back through one buffer.
type window struct {
	file  io.ReaderAt
	limit int64 // bytes at and after it do not exist
	size  int   // of the buffer; windowSize when 0
	buf   []byte
	off   int64 // of buf in the file
}

// at returns n bytes at off, fewer only where the file ends. They are valid until
// the next call.
func (w *window) at(off int64, n int) ([]byte, error) {
	n = int(max(0, min(int64(n), w.limit-off)))
	if off >= w.off && off+int64(n) <= w.off+int64(len(w.buf)) {
		return w.buf[off-w.off:][:n], nil
	}
	size := cmp.Or(w.size, windowSize)
	fill := int(max(0, min(int64(max(n, size)), w.limit-off)))
	if cap(w.buf) < fill || cap(w.buf) > 4*windowSize && fill <= size { // do not hold on to the room of one long record
		w.buf = make([]byte, max(fill, size))
	}
	got, err := w.file.ReadAt(w.buf[:fill], off)
	w.buf, w.off = w.buf[:got], off
	if err != nil && !errors.Is(err, io.EOF) {
		w.buf = w.buf[:0]
		return nil, err
	}
	return w.buf[:min(n, got)], nil
}

// record returns the record of a segment at off with its header, or ok = false
// when there is none that is whole.
func (w *window) record(off int64, stamp uint64) (h header, record []byte, ok bool, err error) {
	b, err := w.at(off, headerSize)
	if err != nil {
		return header{}, nil, false, err
	}
	h, ok = parseHeader(b, stamp)
	if !ok || off+h.size() > w.limit {
		return header{}, nil, false, nil
	}
	b, err = w.at(off, int(h.size()))
	if err != nil || int64(len(b)) < h.size() || !intact(b) {
		return header{}, nil, false, err
	}
	return h, b, true, nil
}

// find returns where the next magic at or after off begins, or the limit.
func (w *window) find(off int64) (int64, error) {
	for off < w.limit {
		b, err := w.at(off, windowSize)
		if err != nil {
			return 0, err
		}
		if i := bytes.Index(b, []byte(magic)); i >= 0 {
			return off + int64(i), nil
		}
		if len(b) < len(magic) {
			break
		}
		off += int64(len(b) - len(magic) + 1)
	}
	return w.limit, nil
}

// lastByte returns the offset after the last byte in [from, to) that is not zero,
// or from when all are.
func (w *window) lastByte(from, to int64) (int64, error) {
	last := from
	for off := from; off < to; {
		b, err := w.at(off, int(min(windowSize, to-off)))
		if err != nil {
			return 0, err
		}
		if len(b) == 0 {
			break
		}
		off += int64(len(b))
		if rest := bytes.TrimRight(b, "\x00"); len(rest) > 0 {
			last = off - int64(len(b)) + int64(len(rest))
		}
	}
	return last, nil
}
