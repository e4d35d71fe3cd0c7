package store

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Job is one thing to be done after a commit.
type Job struct {
	ID       int64
	Kind     string
	Key      string // no two waiting jobs of a kind have the same; "" for no such rule
	Target   string // who it needs, such as a destination or a host; never a person's value. "" for nobody outside
	Payload  []byte
	Due      time.Time // zero for at once
	Since    time.Time // when it was enqueued; the store sets it
	Attempts int       // failed ones so far
	Lease    time.Time // its end; Due sets it, and it shows that the job is still in the same hands
}

// Take asks for jobs to do.
type Take struct {
	Kind      string
	N         int           // at most
	Lease     time.Duration // above zero
	PerTarget int           // of one target in work at once, over all nodes; 0 for no limit
	After     string        // the target served last: those after it come first
}

// DeadQuery asks for jobs that were given up; what is empty matches all.
type DeadQuery struct {
	Page
	ID                  int64
	Kind, Target, Cause string
	Before              time.Time // when they were given up
}

// DeadJob is a job that was given up. Whose it was is in its payload only, which
// nobody is shown.
type DeadJob struct {
	ID       int64     `json:"id"`
	Kind     string    `json:"kind"`
	Target   string    `json:"target"`
	Cause    string    `json:"cause"`
	Attempts int       `json:"attempts"`
	Since    time.Time `json:"since"` // when it was enqueued
	At       time.Time `json:"at"`    // when it was given up
}

// JobStats count jobs.
type JobStats struct {
	Waiting int64        `json:"waiting"` // to be done, those in work included
	Buried  int64        `json:"buried"`  // given up
	Kinds   []JobCounts  `json:"kinds"`   // by name
	Held    []HeldTarget `json:"held"`    // targets whose jobs wait; the first hundred
}

// JobCounts count the jobs of a kind.
type JobCounts struct {
	Kind    string `json:"kind"`
	Waiting int64  `json:"waiting"` // those in work included
	Running int64  `json:"running"`
	Buried  int64  `json:"buried"`
}

// HeldTarget is a target whose jobs wait.
type HeldTarget struct {
	Kind   string    `json:"kind"`
	Target string    `json:"target"`
	Until  time.Time `json:"until,omitzero"` // zero for good: its jobs are buried
	Cause  string    `json:"cause"`
}

// HeldMost is how many held targets JobStats name.
const HeldMost = 100

// Kind returns the counts of a kind, to be changed; they are there from then on.
func (s *JobStats) Kind(kind string) *JobCounts {
	i, ok := slices.BinarySearchFunc(s.Kinds, kind, func(c JobCounts, kind string) int { return strings.Compare(c.Kind, kind) })
	if !ok {
		s.Kinds = slices.Insert(s.Kinds, i, JobCounts{Kind: kind})
	}
	return &s.Kinds[i]
}

// Turn deals t.N places to targets, one at a time: each target in order, those after
// the one that was served last first, and then each again. ready says how many jobs
// of each may begin. It returns whose each place is; the last of them is the next After.
func (t Take) Turn(ready map[string]int) []string {
	targets := slices.Sorted(maps.Keys(ready))
	first, found := slices.BinarySearch(targets, t.After)
	if found {
		first++
	}
	var out []string
	for round, dealt := 0, true; dealt; round++ {
		dealt = false
		for i := range targets {
			if target := targets[(first+i)%len(targets)]; len(out) < t.N && round < ready[target] {
				out, dealt = append(out, target), true
			}
		}
	}
	return out
}
