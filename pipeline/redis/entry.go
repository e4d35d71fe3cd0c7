package redis

import (
	"encoding/binary"
	"fmt"

	"leadgate/lead"
	"leadgate/pipeline"
)

// Limits of what one stream entry holds. One delivery that is larger comes alone.
const (
	entryTasks = 64
	entryBytes = 64 << 10
)

// entryFormat is the first byte of what an entry holds.
const entryFormat = 1

// split cuts tasks into runs of which each fits into an entry.
func split(tasks []pipeline.Task) [][]pipeline.Task {
	var out [][]pipeline.Task
	for len(tasks) > 0 {
		n, size := 0, 0
		for n < len(tasks) && n < entryTasks {
			size += len(tasks[n].Raw) + 24
			if n > 0 && size > entryBytes {
				break
			}
			n++
		}
		out = append(out, tasks[:n])
		tasks = tasks[n:]
	}
	return out
}

// appendTasks appends what an entry holds: a format byte, and of each task its id
// and its bytes behind their length.
func appendTasks(b []byte, tasks []pipeline.Task) []byte {
	b = append(b, entryFormat)
	for i := range tasks {
		b = append(b, tasks[i].ID[:]...)
		b = binary.AppendUvarint(b, uint64(len(tasks[i].Raw)))
		b = append(b, tasks[i].Raw...)
	}
	return b
}

// parseTasks reads what appendTasks wrote. The tasks share the memory of b and are
// clipped. What a stranger wrote into a stream is an error, never a task.
func parseTasks(b []byte) ([]pipeline.Task, error) {
	if len(b) == 0 || b[0] != entryFormat {
		return nil, fmt.Errorf("reading stream entry: %w: unknown format", lead.ErrPermanent)
	}
	var out []pipeline.Task
	for b = b[1:]; len(b) > 0; {
		if len(b) < 17 {
			return nil, fmt.Errorf("reading stream entry: %w: cut short", lead.ErrPermanent)
		}
		t := pipeline.Task{ID: lead.ID(b[:16])}
		size, n := binary.Uvarint(b[16:])
		b = b[16:]
		if n <= 0 || size > uint64(len(b)-n) {
			return nil, fmt.Errorf("reading stream entry: %w: cut short", lead.ErrPermanent)
		}
		b = b[n:]
		t.Raw, b = b[:size:size], b[size:]
		out = append(out, t)
	}
	return out, nil
}

// idList is ids one behind the other, for a message.
func idList(ids []lead.ID) []byte {
	b := make([]byte, 0, 16*len(ids))
	for _, id := range ids {
		b = append(b, id[:]...)
	}
	return b
}

func parseIDs(b string) []lead.ID {
	out := make([]lead.ID, 0, len(b)/16)
	for ; len(b) >= 16; b = b[16:] {
		out = append(out, lead.ID([]byte(b[:16])))
	}
	return out
}
