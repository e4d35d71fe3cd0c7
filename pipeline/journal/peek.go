package journal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"leadgate/internal/disk"
	"leadgate/lead"
)

// Peek reads the journal of a folder that another process may own, and changes
// nothing. It calls each with every entry that was durable when it was called and is
// not released, and may call it with others: with those appended meanwhile, with
// released ones whose segment is still there, and with some that nobody was told are
// kept. A segment that is removed meanwhile is passed over: the store has all of it.
//
// Errors: lead.ErrUnavailable when the disk cannot read a segment or ctx ends, and
// what each answers. A folder that is not there holds nothing.
func Peek(ctx context.Context, dir string, each func(Entry) error) error {
	j := Journal{fs: disk.OS(), opt: Options{Dir: dir}}
	files, err := j.fs.List(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading journal: %w: %w", lead.ErrUnavailable, err)
	}
	var segs []*segment
	for _, f := range files {
		if s, ok := parseName(f.Name); ok {
			segs = append(segs, s)
		}
	}
	slices.SortFunc(segs, func(a, b *segment) int { return cmp.Compare(a.id, b.id) })
	for _, s := range segs {
		if err := j.peek(ctx, s, each); err != nil {
			return fmt.Errorf("reading journal: segment %s: %w", s.name(), err)
		}
	}
	return nil
}

// peek reads one segment. Its length is asked after it was opened: what was durable
// before then lies below it.
func (j *Journal) peek(ctx context.Context, s *segment, each func(Entry) error) error {
	file, err := os.Open(j.path(s.name() + segmentSuffix))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: %w", lead.ErrUnavailable, err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("%w: %w", lead.ErrUnavailable, err)
	}
	w := window{file: file, limit: info.Size()}
	var failed error
	_, err = scan(&w, s.stamp, -1, func(off int64, _ header) {
		if failed == nil {
			failed = ctx.Err()
		}
		if failed != nil {
			return
		}
		e, ok, err := entry(&w, s, off)
		switch {
		case err != nil:
			failed = fmt.Errorf("%w: %w", lead.ErrUnavailable, err)
		case ok:
			failed = each(e)
		}
	})
	if err != nil {
		return fmt.Errorf("%w: %w", lead.ErrUnavailable, err)
	}
	return failed
}
