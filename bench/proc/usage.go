package proc

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of times in /proc/PID/stat: USER_HZ, 100 a second in Linux's
// interface whatever the kernel's own clock (proc(5)).
const tick = 10 * time.Millisecond

// CPU returns the time a process has spent on processors, in user and kernel mode, all
// threads together, in steps of 10 ms.
func CPU(pid int) (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("reading processor time: %w", err)
	}
	return parseStat(b)
}

// TreeCPU returns the time a process and all it started have spent on processors,
// those that have ended and were waited for included: a PostgreSQL with its backends.
// What a thread beside the first one started is not seen. What one that ends just now has spent may be counted twice or not at all.
func TreeCPU(pid int) (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("reading processor time: %w", err)
	}
	total, err := parseStat(b)
	if err != nil {
		return 0, err
	}
	waited, err := parseWaited(b)
	if err != nil {
		return 0, err
	}
	list, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", pid))
	if err != nil {
		return 0, fmt.Errorf("reading processor time: %w", err)
	}
	total += waited
	for _, f := range bytes.Fields(list) {
		child, err := strconv.Atoi(string(f))
		if err != nil {
			return 0, errors.New("reading processor time: a child is no number")
		}
		if t, err := TreeCPU(child); err == nil { // it may have ended meanwhile
			total += t
		}
	}
	return total, nil
}

// Parent returns the id of the process that started another one.
func Parent(pid int) (int, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("finding a parent: %w", err)
	}
	f := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	if len(f) < 2 {
		return 0, errors.New("finding a parent: stat line is too short")
	}
	return strconv.Atoi(string(f[1]))
}

// parseWaited takes cutime and cstime, fields 16 and 17, out of a stat line.
func parseWaited(b []byte) (time.Duration, error) {
	f := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	if len(f) < 15 {
		return 0, errors.New("reading processor time: stat line is too short")
	}
	user, errUser := strconv.ParseUint(string(f[13]), 10, 48)
	system, errSystem := strconv.ParseUint(string(f[14]), 10, 48)
	if errUser != nil || errSystem != nil {
		return 0, errors.New("reading processor time: the time of children is no number")
	}
	return time.Duration(user+system) * tick, nil
}

// parseStat takes utime and stime, fields 14 and 15, out of a stat line. Field 2 is
// the name in brackets, which may hold blanks and brackets itself.
func parseStat(b []byte) (time.Duration, error) {
	f := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	if len(f) < 13 {
		return 0, errors.New("reading processor time: stat line is too short")
	}
	user, err := strconv.ParseUint(string(f[11]), 10, 48)
	if err != nil {
		return 0, errors.New("reading processor time: utime is no number")
	}
	system, err := strconv.ParseUint(string(f[12]), 10, 48)
	if err != nil {
		return 0, errors.New("reading processor time: stime is no number")
	}
	return time.Duration(user+system) * tick, nil
}

// RSSAnon returns the bytes of anonymous memory a process holds: its heap and
// stacks, without the pages of files that the kernel can take back at any time.
func RSSAnon(pid int) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("reading memory: %w", err)
	}
	return parseRSSAnon(b)
}

func parseRSSAnon(b []byte) (int64, error) {
	for line := range bytes.Lines(b) {
		value, ok := bytes.CutPrefix(line, []byte("RssAnon:"))
		if !ok {
			continue
		}
		digits, ok := bytes.CutSuffix(bytes.TrimSpace(value), []byte(" kB"))
		n, err := strconv.ParseInt(string(digits), 10, 50)
		if !ok || err != nil || n < 0 {
			return 0, errors.New("reading memory: RssAnon is no size")
		}
		return n << 10, nil
	}
	return 0, errors.New("reading memory: there is no RssAnon")
}

// FileSystem returns the type of the file system a folder is on, such as ext4, or
// unknown in a jail that does not show the mount it is on.
func FileSystem(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("finding file system: %w", err)
	}
	if abs, err = filepath.EvalSymlinks(abs); err != nil {
		return "", fmt.Errorf("finding file system: %w", err)
	}
	b, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return "", fmt.Errorf("finding file system: %w", err)
	}
	if kind := mountOf(b, abs); kind != "" {
		return kind, nil
	}
	return "unknown", nil // in a jail that does not show its own mount
}

// mountOf finds the type of the mount that holds path: the one with the longest
// mount point, and of equals the last, which covers the others. A line is «id parent
// dev root point options [optional…] - type source super» (proc(5)).
func mountOf(mountinfo []byte, path string) string {
	kind, longest := "", -1
	for line := range strings.Lines(string(mountinfo)) {
		before, after, ok := strings.Cut(line, " - ")
		f, t := strings.Fields(before), strings.Fields(after)
		if !ok || len(f) < 5 || len(t) < 1 {
			continue
		}
		point := unescape.Replace(f[4])
		under := point == "/" || path == point || strings.HasPrefix(path, point+"/")
		if under && len(point) >= longest {
			kind, longest = t[0], len(point)
		}
	}
	return kind
}

// unescape undoes how the kernel writes blanks in mount points.
var unescape = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
