package pipeline

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"leadgate/lead"
)

// guard keeps one bad delivery from killing the process again and again. Each
// worker notes what it has in hand in a file of its own before it begins. After an
// unclean end, what stood there is tried once more in company: hundreds were in hand,
// mostly none of them is to blame, and a transaction for each would keep everything
// else waiting. What was in hand at the next unclean end again is tried singly, the
// attempt written first; a delivery over which a process died once in company, and
// then alone, is parked unread: the third death is the last.
//
// The notes are not synced: a process that dies leaves them to the system, and
// after a power cut nobody is to blame.
type guard struct {
	mu       sync.Mutex
	dir      string
	slots    map[int]*os.File
	attempts map[lead.ID]int // suspects, with how often a process died over each since it is one
}

// fatalAttempts is how often a process may die over one delivery, after the first
// time. A delivery with so many is not read again.
const fatalAttempts = 2

const suspectsFile = "suspects.json"

func openGuard(dir string) (*guard, error) {
	g := &guard{dir: filepath.Join(dir, "guard"), slots: map[int]*os.File{}, attempts: map[lead.ID]int{}}
	if err := os.MkdirAll(g.dir, 0o700); err != nil {
		return nil, fmt.Errorf("opening guard: %w", err)
	}
	body, err := os.ReadFile(filepath.Join(g.dir, suspectsFile))
	if err == nil {
		err = json.Unmarshal(body, &g.attempts)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		g.attempts = map[lead.ID]int{} // a torn note accuses nobody
	}
	hands, err := filepath.Glob(filepath.Join(g.dir, "hand-*"))
	if err != nil {
		return nil, fmt.Errorf("opening guard: %w", err)
	}
	counted := map[lead.ID]bool{} // once for each death
	for _, name := range hands {
		body, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("opening guard: %w", err)
		}
		for ; len(body) >= 16; body = body[16:] {
			id := lead.ID(body[:16])
			if n, known := g.attempts[id]; n == 0 && !id.IsZero() && !counted[id] {
				counted[id] = true
				if g.attempts[id] = 0; known {
					g.attempts[id] = 1
				}
			}
		}
	}
	if err := g.save(); err != nil {
		return nil, err
	}
	for _, name := range hands { // only now, that the suspects are written down
		if err := os.Remove(name); err != nil {
			return nil, fmt.Errorf("opening guard: %w", err)
		}
	}
	return g, nil
}

// suspect tells whether a delivery is to be tried singly: two processes died while they
// had it in hand.
func (g *guard) suspect(id lead.ID) (attempts int, yes bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	attempts = g.attempts[id]
	return attempts, attempts > 0
}

// enter notes what a worker takes in hand. A note that cannot be written is no
// reason to stop working.
func (g *guard) enter(slot int, tasks []Task) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(tasks) == 1 && tasks[0].Single {
		g.attempts[tasks[0].ID]++
		_ = g.save()
		return
	}
	f := g.slots[slot]
	if f == nil {
		var err error
		if f, err = os.OpenFile(filepath.Join(g.dir, fmt.Sprintf("hand-%d", slot)), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600); err != nil {
			return
		}
		g.slots[slot] = f
	}
	note := make([]byte, 16*batchEntries)
	for i := range tasks {
		copy(note[16*i:], tasks[i].ID[:])
	}
	_, _ = f.WriteAt(note, 0)
}

// leave notes that a worker is done with what it had.
func (g *guard) leave(slot int, tasks []Task) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.acquit(tasks)
	if f := g.slots[slot]; f != nil {
		_, _ = f.WriteAt(make([]byte, 16*batchEntries), 0)
	}
}

// giveBack notes that a worker stopped in order before it was done: nobody died.
func (g *guard) giveBack(tasks []Task) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(tasks) == 1 && tasks[0].Single {
		g.attempts[tasks[0].ID]--
		_ = g.save()
	}
}

// forget acquits what is in the store.
func (g *guard) forget(ids []lead.ID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	before := len(g.attempts)
	for _, id := range ids {
		delete(g.attempts, id)
	}
	if len(g.attempts) < before {
		_ = g.save()
	}
}

// acquit takes tasks that nobody died over off the suspects. The lock is held.
func (g *guard) acquit(tasks []Task) {
	before := len(g.attempts)
	for i := range tasks {
		delete(g.attempts, tasks[i].ID)
	}
	if len(g.attempts) < before {
		_ = g.save()
	}
}

// save writes the suspects so that they are there whole or not at all.
func (g *guard) save() error {
	path := filepath.Join(g.dir, suspectsFile)
	if len(g.attempts) == 0 {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("noting suspects: %w", err)
		}
		return nil
	}
	body, err := json.Marshal(g.attempts)
	if err != nil {
		return fmt.Errorf("noting suspects: %w", err)
	}
	tmp := path + ".new"
	if err = os.WriteFile(tmp, body, 0o600); err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		return fmt.Errorf("noting suspects: %w", err)
	}
	return nil
}

// clean forgets what was in hand: the process ends in order.
func (g *guard) clean() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	var errs []error
	for slot, f := range g.slots {
		errs = append(errs, f.Close(), os.Remove(f.Name()))
		delete(g.slots, slot)
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("closing guard: %w", err)
	}
	return nil
}
