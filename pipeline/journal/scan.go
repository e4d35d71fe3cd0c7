package journal

// span is a range of bytes of a segment that holds no whole record.
type span struct {
	from, to int64
	lost     int64 // records that were there, as far as the sequence tells; at least 1
}

// findings is what a scan saw of a segment besides its entries.
type findings struct {
	end  int64  // after the last whole record
	bad  []span // in acknowledged ground: damage
	torn []span // of a last write that was not acknowledged
}

// scan reads a whole segment and calls keep for every entry in it, in order. A
// range that is no record is stepped over: reading goes on at the next one that is
// whole, is of this segment and comes later in its sequence.
//
// Which ranges are damage follows from what the records tell. Each says where its
// batch began, and a batch is only written when everything before it is
// acknowledged. sealed is where a later segment says this one ended, or -1: what
// lies after it was never acknowledged and is not looked at.
func scan(w *window, stamp uint64, sealed int64, keep func(off int64, h header)) (findings, error) {
	size := w.limit
	if sealed >= 0 {
		w.limit = min(w.limit, sealed)
		defer func() { w.limit = size }()
	}
	var (
		gaps      []span
		next      int64 // sequence number expected
		confirmed int64 // everything before was acknowledged
		good, off int64
	)
	for off < w.limit {
		h, _, ok, err := w.record(off, stamp)
		if err != nil {
			return findings{}, err
		}
		if !ok || int64(h.seq) < next {
			if off, err = w.find(off + 1); err != nil {
				return findings{}, err
			}
			continue
		}
		if off > good {
			gaps = append(gaps, span{good, off, max(1, int64(h.seq)-next)})
		}
		if h.kind == kindEntry {
			keep(off, h)
		}
		confirmed = max(confirmed, off-int64(h.back))
		next, good, off = int64(h.seq)+1, off+h.size(), off+h.size()
	}
	f := findings{end: good}
	confirmed = max(confirmed, sealed)
	if sealed > good {
		gaps = append(gaps, span{good, min(sealed, size), 1})
		good = min(sealed, size)
	}
	for _, g := range gaps {
		if g.from < confirmed {
			f.bad = append(f.bad, g)
		} else {
			f.torn = append(f.torn, g)
		}
	}
	if good < size {
		f.torn = append(f.torn, span{good, size, 0})
	}
	return f, nil
}
