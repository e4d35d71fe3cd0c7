package store

import (
	"strings"
	"time"

	"leadgate/lead"
)

// The counters of the outbox.
const (
	CountJobs   = "jobs.waiting." // + kind
	CountBuried = "jobs.buried."  // + kind
)

// Add brings a stored counter into the stats.
func (s *Stats) Add(name string, n int64) {
	switch {
	case name == CountTaken:
		s.Deliveries = n
	case name == CountParked:
		s.Parked = n
	case strings.HasPrefix(name, CountJobs):
		s.Jobs.Kind(strings.TrimPrefix(name, CountJobs)).Waiting = n
		s.Jobs.Waiting += n
	case strings.HasPrefix(name, CountBuried):
		s.Jobs.Kind(strings.TrimPrefix(name, CountBuried)).Buried = n
		s.Jobs.Buried += n
	case name == CountUnindexed:
		s.Unindexed = n
	case name == CountHeld:
		s.Quarantine = n
	case strings.HasPrefix(name, CountVerdict):
		s.Inquiries[lead.Verdict(strings.TrimPrefix(name, CountVerdict))] = n
	case strings.HasPrefix(name, CountLast):
		s.LastEvent[strings.TrimPrefix(name, CountLast)] = time.UnixMicro(n).UTC()
	case name == CountLeads+string(lead.Open):
		s.Leads.Open, s.Leads.Total = n, s.Leads.Total+n
	case name == CountLeads+string(lead.Won):
		s.Leads.Won, s.Leads.Total = n, s.Leads.Total+n
	case name == CountLeads+string(lead.Lost):
		s.Leads.Lost, s.Leads.Total = n, s.Leads.Total+n
	}
}
