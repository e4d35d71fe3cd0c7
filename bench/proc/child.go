package proc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// Child is a process of ours. Every Child that Start returned has to be ended by
// Stop or Kill.
type Child struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error         // how; readable once done is closed
}

// stopTime is how long a child may take to stop by itself.
const stopTime = 20 * time.Second

// Start starts a program. What it says goes to out; nil drops it. The child does
// not end with a context: whoever starts it ends it.
func Start(path string, args, env []string, out io.Writer) (*Child, error) {
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", path, err)
	}
	c := &Child{cmd: cmd, done: make(chan struct{})}
	go func() { // ends with the process
		defer close(c.done)
		c.err = cmd.Wait()
	}()
	return c, nil
}

// PID returns the process id.
func (c *Child) PID() int { return c.cmd.Process.Pid }

// Done is closed when the process has ended.
func (c *Child) Done() <-chan struct{} { return c.done }

// Kill ends the process with SIGKILL, as a crash would, and waits for it. Killing
// one that has ended is fine.
func (c *Child) Kill() error {
	if err := c.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("killing %d: %w", c.PID(), err)
	}
	<-c.done
	return nil
}

// Stop asks the process to end and waits; one that takes longer than 20 s is
// killed, which is an error, and so is any other end than a clean one.
func (c *Child) Stop() error {
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return errors.Join(fmt.Errorf("stopping %d: %w", c.PID(), err), c.Kill())
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	select {
	case <-c.done:
		if c.err != nil {
			return fmt.Errorf("stopping %d: %w", c.PID(), c.err)
		}
		return nil
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("stopping %d: it did not end within %v", c.PID(), stopTime), c.Kill())
	}
}
