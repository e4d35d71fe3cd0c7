// Package store declares what leadgate keeps and asks, and decides, engine by
// engine alike, what a batch of deliveries changes.
//
// Guarantees every engine gives, checked by storetest:
//
//   - Apply is one transaction: a delivery, its inquiries, persons, leads and jobs
//     are there together or not at all.
//   - A delivery id, an inquiry id and an (inquiry, event) are unique for ever;
//     what comes again changes nothing.
//   - A person has at most one open lead, under any concurrency.
//   - Persons and leads are merged by pointer and never deleted. Undoing a merge, in
//     any order, leaves all as it had been without it; what people changed since stays.
//   - Persons that a human said are not the same are merged by nobody but a human.
//
// Errors wrap the classes of package lead: ErrUnavailable when waiting helps,
// ErrPermanent when it does not, ErrNotFound, ErrConflict and ErrInvalid.
package store

import (
	"context"
	"time"

	"leadgate/lead"
)

// Store is all of it. Users declare the group they call.
type Store interface {
	Intake
	Leads
	People
	Desk
	Outbox
	Settings
	State
	Leases
	// Close ends all work and releases the database.
	Close() error
}

// Intake takes what the workers read.
type Intake interface {
	// Apply stores a batch in one transaction and returns a receipt per item, in order.
	Apply(ctx context.Context, items []Item) ([]Receipt, error)
	// Park keeps deliveries that could not be read or stored.
	Park(ctx context.Context, items []Parking) error
	// Repark gives a parked delivery a new reason; one that is not parked stays as it is.
	Repark(ctx context.Context, id lead.ID, reason string) error
	// Known returns which of the deliveries are stored, parked ones included.
	Known(ctx context.Context, ids []lead.ID) ([]lead.ID, error)
	// Receipt returns what became of a delivery.
	Receipt(ctx context.Context, id lead.ID) (Receipt, error)
	// Raw returns a delivery as it was stored.
	Raw(ctx context.Context, id lead.ID) (lead.Delivery, error)
}

// Leads answers questions about leads and takes what people change.
type Leads interface {
	// List returns a page of leads, newest first, and the cursor of the next page, "" at the end.
	List(ctx context.Context, q Query) ([]lead.Lead, string, error)
	// Lead returns one lead; a merged one answers as its survivor.
	Lead(ctx context.Context, id lead.ID) (lead.Lead, error)
	// Timeline returns touches and entries of a lead and of those merged into it, each oldest first.
	Timeline(ctx context.Context, number int64) ([]lead.Touch, []lead.Entry, error)
	// Patch changes a lead and writes what changed into its timeline.
	Patch(ctx context.Context, id lead.ID, p Patch) (lead.Lead, error)
	// Holding returns the open leads of the persons that hold any of the keys.
	Holding(ctx context.Context, keys []string) ([]lead.Lead, error)
	// Stats returns counts that are kept as things happen; asking costs nothing.
	Stats(ctx context.Context) (Stats, error)
	// Index brings up to n leads that changed into the search index, in one
	// transaction, the longest waiting first, and returns how many it did.
	Index(ctx context.Context, n int) (int, error)
}

// People answers who is known, who was taken for one person, and who may be.
type People interface {
	// Persons returns the standing persons that hold any of the keys, those known longest first.
	Persons(ctx context.Context, keys []string) ([]lead.Person, error)
	// Merges returns a page of merges of persons, newest first, with what undoing them needs.
	Merges(ctx context.Context, p Page) ([]MergeRow, string, error)
	// Reviews returns a page of pairs of persons that were put before a human and are
	// not decided, newest first, as they were stored.
	Reviews(ctx context.Context, p Page) ([]ReviewRow, string, error)
	// Duplicates returns a page of persons that may be one, newest first, each pair
	// once: those that are one by now or were said to be different are left out.
	Duplicates(ctx context.Context, p Page) ([]Pair, string, error)
	// Merge makes the persons of two leads one, whatever speaks against it, and returns
	// the lead that survives. Leads of one person are ErrConflict.
	Merge(ctx context.Context, a, b lead.ID, by string) (lead.Lead, error)
	// NotSame remembers that the persons of two leads are not the same: no rule merges
	// them from now on. Leads of one person are ErrConflict.
	NotSame(ctx context.Context, a, b lead.ID, by string) error
	// Unmerge undoes the merge that took a lead away, or the newest one that concerns a
	// lead that stands, and returns the leads that are two again. When another merge
	// must be undone before, it is ErrConflict, and the text says which.
	Unmerge(ctx context.Context, id lead.ID, by string) ([]lead.Lead, error)
	// Propose compares up to n persons that are new or of whom something was told since
	// they were last compared with all who resemble them, puts pairs that may be one
	// before a human, and returns how many persons it compared. It merges nobody.
	Propose(ctx context.Context, n int) (int, error)
}

// Desk is where what was kept out of the leads waits for a human.
type Desk interface {
	// Parked returns a page of parked deliveries, newest first.
	Parked(ctx context.Context, p Page) ([]Held, string, error)
	// Quarantined returns a page of quarantined inquiries, newest first.
	Quarantined(ctx context.Context, p Page) ([]Held, string, error)
	// Release applies a quarantined inquiry as if it had never been suspected, with its own time.
	Release(ctx context.Context, id lead.ID, by string) (Outcome, error)
}

// Outbox holds jobs that were decided in a transaction and are done after it, by any
// number of runners at once. A job whose lease is over may be in other hands: Done,
// Retry and Bury leave it as it is then and answer ErrConflict.
type Outbox interface {
	// Enqueue adds a job. One with the same kind and key that waits is left as it
	// is; one that is being done is done once more, with the new payload.
	Enqueue(ctx context.Context, j Job) error
	// Due leases jobs that are due, one of each target in turn. Those of a target that
	// is held wait for its time; those of one that is held for good are buried.
	Due(ctx context.Context, t Take) ([]Job, error)
	// Done removes jobs that succeeded.
	Done(ctx context.Context, jobs []Job) error
	// Retry gives a job back, to be tried at a time, with the cause of the failure.
	Retry(ctx context.Context, j Job, at time.Time, cause string) error
	// Bury keeps a job that can never succeed, with the cause, out of the way.
	Bury(ctx context.Context, j Job, cause string) error
	// Hold lets no job of a kind and target begin until a time; a zero time is for good,
	// and then they are buried with the cause. The longer of two holds stands.
	Hold(ctx context.Context, kind, target string, until time.Time, cause string) error
	// Resume ends a hold.
	Resume(ctx context.Context, kind, target string) error
	Graveyard
}

// Graveyard is where jobs are that were given up, until a human decides.
type Graveyard interface {
	// Dead returns a page of jobs that were given up, newest first.
	Dead(ctx context.Context, q DeadQuery) ([]DeadJob, string, error)
	// Redo enqueues up to q.Limit jobs that were given up anew, newest first, ends the
	// holds of their targets, and returns how many there were.
	Redo(ctx context.Context, q DeadQuery) (int, error)
	// Purge removes up to q.Limit jobs that were given up, and returns how many there were.
	Purge(ctx context.Context, q DeadQuery) (int, error)
}

// Settings keeps what people configure.
type Settings interface {
	// Sources returns the sources made in the store (those of a file are not here), in
	// order of their names. They are never deleted: a name is for ever.
	Sources(ctx context.Context) ([]SourceRecord, error)
	// PutSource makes a source whose Version is 0, or replaces the one of this name and
	// Version, and returns the new version. What is there already, or has changed, is
	// ErrConflict; so is another Kind.
	PutSource(ctx context.Context, s SourceRecord) (int64, error)
	// SourcesRevision returns a number that grows with every change of a source and with
	// every write of State that announces itself. It is cheap: every node asks each second.
	SourcesRevision(ctx context.Context) (int64, error)
	// Reseal replaces values by the same ones sealed under another key, in one
	// transaction. Versions, expiry and revision stay. One that has changed meanwhile, or
	// is gone, is left alone; Reseal returns how many it replaced.
	Reseal(ctx context.Context, values []Resealed) (int, error)
	// Stages returns the stages in order.
	Stages(ctx context.Context) ([]lead.Stage, error)
	// AddToken keeps the hash of an API token under a name.
	AddToken(ctx context.Context, t Token) error
	// Tokens returns all API tokens.
	Tokens(ctx context.Context) ([]Token, error)
	// DropToken removes an API token by name.
	DropToken(ctx context.Context, name string) error
}

// State keeps small values by key, on all nodes alike: cursors, tokens, what a provider
// told us once. Who puts them seals them; the store does not look into them. A value
// whose time is over is not there any more.
type State interface {
	// State returns the value under a key, or ErrNotFound.
	State(ctx context.Context, key string) (StateRecord, error)
	// States returns up to n values whose keys begin with prefix and come after a key, in
	// the order of their bytes.
	States(ctx context.Context, prefix, after string, n int) ([]StateRecord, error)
	// PutState writes a value and returns its version, which no other value of the key
	// ever had or will have. It is ErrConflict when the write names a version that is not
	// the one there, or a lease whose epoch is over, and ErrInvalid when key or value are
	// too long.
	PutState(ctx context.Context, w StateWrite) (int64, error)
	// DropState removes the value under the write's key, under the same conditions. That
	// there is none is no error, unless the write names a version.
	DropState(ctx context.Context, w StateWrite) error
}

// Limits of State, in bytes.
const (
	StateKeyMost   = 300
	StateValueMost = 256 << 10
)

// Leases let one of many owners do a thing at a time. A lease has an epoch, which
// grows each time it is taken: what is written under a lease names the epoch, and the
// store refuses it, in the same transaction, once somebody else took the lease. So an
// owner that was stopped and knows nothing of it can do no harm, whatever the clocks say.
type Leases interface {
	// AcquireLease takes a lease that nobody holds, or whose time is over, for a time. A lease
	// that is held is ErrConflict, whoever asks. One that would last longer than it was
	// taken for, since the clock was set back, ends that time after somebody asked for it.
	AcquireLease(ctx context.Context, name, owner string, ttl time.Duration) (Lease, error)
	// RenewLease lets a lease last for a time from now, also when its time was over and nobody
	// took it. It is ErrConflict when its epoch is over.
	RenewLease(ctx context.Context, l Lease, ttl time.Duration) (Lease, error)
	// ReleaseLease ends a lease and its epoch. That it is over already is no error.
	ReleaseLease(ctx context.Context, l Lease) error
}

// Lease is the right to do what its name says.
type Lease struct {
	Name, Owner string
	Epoch       int64
	Until       time.Time // by the store's clock
}

// StateRecord is one value of State.
type StateRecord struct {
	Key     string
	Value   []byte
	Version int64
	Expires time.Time // by the store's clock; zero for never
}

// StateWrite is one change of State.
type StateWrite struct {
	Key      string
	Value    []byte
	TTL      time.Duration // how long it is there, by the store's clock; 0 for ever
	If       *int64        // the version that must be there, 0 for none at all; nil for whatever is
	Lease    *Lease        // whose epoch must not be over; nil for none
	Announce bool          // the sources depend on it: SourcesRevision grows
}

// Resealed is a value sealed anew, of a source or of State.
type Resealed struct {
	Source  string // its name; "" for one of State
	Key     string // of State
	Version int64  // it was read with
	Value   []byte // the settings of a source, or the value of State
}

// Item is one delivery a worker has read, ready to be applied.
type Item struct {
	Delivery  lead.Delivery // Body is not looked at
	Raw       []byte        // the encoded delivery, as the journal keeps it
	Inquiries []lead.Inquiry
	Updates   []lead.Update
	Failures  []lead.Failure // parks the delivery beside what was stored of it
	Replay    bool           // read again: the delivery is known, its keys absorb what is there
	By        string         // who entered or replayed it, as its touches tell; "" for a source

	senders []*sender // of the inquiries, once somebody asked for them
}

// Parking is a delivery to be parked.
type Parking struct {
	Delivery lead.Delivery
	Raw      []byte
	Reason   string
	Attempts int
}

// Receipt is what became of a delivery.
type Receipt struct {
	ID        lead.ID      `json:"id"`
	State     string       `json:"state"` // accepted or stored
	Verdict   lead.Verdict `json:"verdict,omitzero"`
	Lead      lead.ID      `json:"lead_id,omitzero"`
	Inquiries []Outcome    `json:"inquiries"`
}

// The states of a receipt.
const (
	StateAccepted = "accepted" // durable in a journal, not yet in the store
	StateStored   = "stored"
)

// Outcome is what became of one inquiry.
type Outcome struct {
	Key     string       `json:"key"`
	Verdict lead.Verdict `json:"verdict"`
	Lead    lead.ID      `json:"lead_id,omitzero"`
	Reason  string       `json:"reason,omitzero"`
	Score   float64      `json:"score,omitzero"` // bits of evidence: see lead.Decision
}

// Page asks for up to Limit items after Cursor.
type Page struct {
	Limit  int
	Cursor string
}

// Query asks for leads.
type Query struct {
	Page
	Search string // words, phone digits, e-mail or domain; see Terms
	Stage  string
	Source string
	Status lead.Status
}

// Held is one item of the desk.
type Held struct {
	ID       lead.ID   `json:"id"`
	Source   string    `json:"source"`
	At       time.Time `json:"at"`
	Reason   string    `json:"reason"`
	Attempts int       `json:"attempts"`
	Preview  string    `json:"preview"`
}

// Pair are two persons that may be one, and why.
type Pair struct {
	A, B   Side
	Score  float64
	Reason string
	At     time.Time
}

// Side is one person of a pair, with the newest lead.
type Side struct {
	Person lead.Person
	Lead   lead.Lead
	Heard  time.Time // when the last inquiry on the lead was taken
}

// Patch is a change of a lead by a human; nil fields stay as they are.
type Patch struct {
	Title    *string            `json:"title"`
	Stage    *string            `json:"stage"`
	Name     *string            `json:"name"`
	Company  *string            `json:"company"`
	Owner    *string            `json:"owner"`
	Amount   *string            `json:"amount"`
	Currency *string            `json:"currency"`
	Reason   *string            `json:"close_reason"`
	Tags     *[]string          `json:"tags"`
	Fields   map[string]*string `json:"fields"` // nil removes a field
	By       string             `json:"-"`
}

// Stats are counts since the beginning, and what waits for a human now.
type Stats struct {
	Leads      LeadStats              `json:"leads"`
	Inquiries  map[lead.Verdict]int64 `json:"inquiries"`
	Deliveries int64                  `json:"deliveries"`
	Parked     int64                  `json:"parked"`
	Quarantine int64                  `json:"quarantine"`
	Unindexed  int64                  `json:"unindexed"` // leads that wait to be found by what is new of them
	Jobs       JobStats               `json:"jobs"`
	LastEvent  map[string]time.Time   `json:"last_event"` // by source
}

// LeadStats count leads by the meaning of their stage; merged ones do not count.
type LeadStats struct {
	Total int64 `json:"total"`
	Open  int64 `json:"open"`
	Won   int64 `json:"won"`
	Lost  int64 `json:"lost"`
}

// SourceRecord is a source as it is stored. Settings are JSON, secrets sealed by the caller.
type SourceRecord struct {
	Name, Kind, Title, Region string
	Settings                  []byte
	Disabled                  bool
	Version                   int64 // 0 for one that is not there yet
}

// Token is an API token; only its hash is kept.
type Token struct {
	Name    string
	Hash    [32]byte // SHA-256 of the token
	Created time.Time
	Expires time.Time // zero for never
}
