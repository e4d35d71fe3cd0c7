package services

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// prefix begins the name of every home.
const prefix = "leadgate-services-"

// home is the folder of the servers that one process started, with a keeper beside
// it: a child that reads a pipe from us. When the pipe closes, because we closed it
// or because this process ended in whatever way, the keeper kills every process
// that works below the folder and removes it. It knows them by their working
// folder, so that a recycled process id harms no stranger.
type home struct {
	dir    string
	pipe   *os.File
	lock   *os.File // locked while this process or the keeper lives
	keeper *exec.Cmd
}

// keeperScript runs with $1, the folder. Servers have a second to end by themselves,
// for what PostgreSQL holds of the system's shared memory. A process may fork while
// the list is read: it is read until nobody is left.
const keeperScript = `
trap '' HUP INT TERM
read -r _
signal=INT turn=0
while [ $turn -lt 60 ]; do
	turn=$((turn + 1)) found=
	[ $turn -eq 20 ] && signal=KILL
	for link in /proc/[0-9]*/cwd; do
		cd -P "$link" 2>/dev/null || continue
		case $PWD in "$1"/*) ;; *) continue ;; esac
		pid=${link#/proc/}
		pid=${pid%/cwd}
		[ "$pid" = $$ ] && continue
		[ $turn -eq 1 ] || [ $turn -ge 20 ] && kill -$signal "$pid" 2>/dev/null && kill -CONT "$pid" 2>/dev/null
		found=yes
	done
	cd /
	[ -z "$found" ] && rm -rf -- "$1" && break
	sleep 0.05
done
`

// newHome makes a home in memory where there is room.
func newHome() (*home, error) { return newHomeIn(memory()) }

// newHomeIn makes a home below a folder, after it removed those whose process and
// keeper were both killed.
func newHomeIn(base string) (h *home, err error) {
	sweep(base)
	dir, err := os.MkdirTemp(base, prefix)
	if err != nil {
		return nil, fmt.Errorf("starting services: %w", err)
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil { // as /proc tells it
		return nil, fmt.Errorf("starting services: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("starting services: %w", err), os.RemoveAll(dir))
		}
	}()
	if err := os.Chmod(dir, 0o711); err != nil { // the user postgres passes through
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	keeper := exec.Command("/bin/sh", "-c", keeperScript, "keeper", dir)
	keeper.Dir = "/"
	keeper.Stdin, keeper.ExtraFiles = r, []*os.File{lock}
	keeper.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // no signal of a terminal reaches it
	if err := keeper.Start(); err != nil {
		return nil, err
	}
	return &home{dir: dir, pipe: w, lock: lock, keeper: keeper}, r.Close()
}

// close ends every server and removes the folder.
func (h *home) close() error {
	err := errors.Join(h.pipe.Close(), h.lock.Close(), h.keeper.Wait())
	if _, left := os.Stat(h.dir); left == nil {
		err = errors.Join(err, errors.New("the folder is still there: "+filepath.Base(h.dir)))
	}
	if err != nil {
		return fmt.Errorf("removing services: %w", err)
	}
	return nil
}

// folder makes a folder for one server, of the user it runs as.
func (h *home) folder(name string, as *syscall.Credential) (string, error) {
	dir, err := os.MkdirTemp(h.dir, name+"-")
	if err != nil {
		return "", err
	}
	if as != nil {
		err = os.Chown(dir, int(as.Uid), int(as.Gid))
	}
	return dir, err
}

// memory is /dev/shm where it can hold a few databases, else the usual place.
func memory() string {
	const room = 1 << 30
	var s syscall.Statfs_t
	if err := syscall.Statfs("/dev/shm", &s); err == nil && int64(s.Bavail)*s.Bsize >= room {
		return "/dev/shm"
	}
	return os.TempDir()
}

// sweep removes homes that nobody keeps: the process that made them was killed, and
// so was its keeper. What cannot be removed is left; it harms nobody.
func sweep(base string) {
	dirs, _ := filepath.Glob(filepath.Join(base, prefix+"*"))
	for _, dir := range dirs {
		if info, err := os.Lstat(dir); err != nil || !info.IsDir() || time.Since(info.ModTime()) < time.Minute {
			continue // too young to be locked already
		}
		lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR, 0)
		if err != nil {
			continue // of somebody else
		}
		if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			if real, err := filepath.EvalSymlinks(dir); err == nil {
				_ = killUnder(real)
			}
			_ = os.RemoveAll(dir)
		}
		_ = lock.Close()
	}
}

// killUnder kills every process that works in a folder or below it, and returns
// when none is left.
func killUnder(dir string) error {
	for range 200 {
		links, err := filepath.Glob("/proc/[0-9]*/cwd")
		if err != nil {
			return err
		}
		left := false
		for _, link := range links {
			cwd, err := os.Readlink(link)
			if err != nil || cwd != dir && !strings.HasPrefix(cwd, dir+"/") {
				continue
			}
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(link)))
			if err == nil && pid != os.Getpid() && !ended(pid) {
				left = syscall.Kill(pid, syscall.SIGKILL) == nil || left
			}
		}
		if !left {
			return nil
		}
		time.Sleep(5 * time.Millisecond)
	}
	return fmt.Errorf("killing what works in %s: somebody stays", filepath.Base(dir))
}

// unprivileged is who PostgreSQL and PgBouncer run as: they refuse to be root. Nil
// is ourselves.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("%w; the package postgresql brings it", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// find returns a program of a Debian package, from PATH or one of the places where
// Debian puts it out of users' sight.
func find(program, pkg string, places ...string) (string, error) {
	for _, pattern := range places {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			return found[len(found)-1], nil // of several versions, one of them
		}
	}
	path, err := exec.LookPath(program)
	if err != nil {
		return "", fmt.Errorf("%s is missing; please install %s", program, pkg)
	}
	return path, nil
}

// password makes a password for one run.
func password() string { return strings.ToLower(rand.Text()) }
