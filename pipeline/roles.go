package pipeline

import (
	"fmt"
	"strings"

	"leadgate/lead"
)

// Roles are what a node of an installation does. Whatever its roles, it works what lies
// in its own journal when nobody else can: deliveries whose bodies are files of this
// node, and all of them while there is no queue to share.
type Roles struct {
	Accept bool // takes deliveries
	Work   bool // pulls what any node accepted from the shared queue
	Run    bool // does the jobs of the outbox, the search index, the nightly look, and the loops of sources
}

// AllRoles is what a node does when nobody says otherwise.
func AllRoles() Roles { return Roles{Accept: true, Work: true, Run: true} }

// ParseRoles reads a list such as "accept,work".
func ParseRoles(text string) (Roles, error) {
	var r Roles
	for name := range strings.SplitSeq(text, ",") {
		switch strings.TrimSpace(name) {
		case "accept":
			r.Accept = true
		case "work":
			r.Work = true
		case "run":
			r.Run = true
		default:
			return r, fmt.Errorf("%w: roles are accept, work and run, with commas between", lead.ErrInvalid)
		}
	}
	return r, nil
}
