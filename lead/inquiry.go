package lead

import "time"

// Kind says what sort of attempt an inquiry is.
type Kind string

// The kinds of inquiries.
const (
	KindForm     Kind = "form"     // a web form, an ad lead form
	KindMessage  Kind = "message"  // chat, messenger, SMS
	KindMail     Kind = "mail"     // e-mail
	KindCall     Kind = "call"     // a phone call
	KindPostback Kind = "postback" // a pressed button of a messenger
	KindOptIn    Kind = "optin"    // a permission to be written to
	KindManual   Kind = "manual"   // entered by a colleague
	KindImport   Kind = "import"   // read from a file
)

// Direction is seen from the business.
type Direction string

// The directions. The zero value of an inquiry means In.
const (
	In       Direction = "in"
	Out      Direction = "out"
	Internal Direction = "internal"
)

// Lane is where an inquiry is led. The zero value makes or joins a lead.
type Lane string

// The lanes beside the leads.
const (
	LaneLead       Lane = ""           // makes a lead or is attached to one
	LaneTimeline   Lane = "timeline"   // belongs to a known lead or thread, never makes one
	LaneQuarantine Lane = "quarantine" // looks like spam or machine mail; kept out until released
)

// Completion says whether something named by the delivery must still be fetched.
type Completion string

// The states of a completion. The zero value means that there is nothing to fetch.
const (
	CompletionNone    Completion = ""
	CompletionPending Completion = "pending"
	CompletionDone    Completion = "done"
	CompletionFailed  Completion = "failed"
)

// Inquiry is one attempt of one person to reach the business, as a connector
// read it out of a delivery. Zero values mean «not known» and are not stored.
type Inquiry struct {
	Key       string    `json:"key,omitzero"`     // the provider's name of this inquiry, unique in its scope
	Event     string    `json:"event,omitzero"`   // the provider's name of this row of it; "" for the only one
	Scope     string    `json:"scope,omitzero"`   // set by the pipeline: where Key and Thread are unique
	Source    string    `json:"source,omitzero"`  // set by the pipeline
	Origin    string    `json:"origin,omitzero"`  // one of the Origin codes; the connector's default when empty
	Kind      Kind      `json:"kind,omitzero"`    //
	Direction Direction `json:"dir,omitzero"`     //
	Channel   string    `json:"channel,omitzero"` // form, webhook, email, phone, whatsapp, telegram …
	Account   string    `json:"account,omitzero"` // the provider's account it came in on
	Thread    string    `json:"thread,omitzero"`  // the conversation it belongs to, unique in its scope
	At        time.Time `json:"at,omitzero"`      // the provider's time; zero when it gives none
	Received  time.Time `json:"received,omitzero"`
	Seq       int64     `json:"seq,omitzero"` // the provider's sequence number, when it has one

	Name       Name       `json:"name,omitzero"`
	Username   string     `json:"username,omitzero"` // changeable handle; shown, never compared
	Company    string     `json:"company,omitzero"`
	Position   string     `json:"position,omitzero"`
	Identities []Identity `json:"ids,omitzero"`
	Locale     string     `json:"locale,omitzero"`   // BCP 47
	Country    string     `json:"country,omitzero"`  // ISO 3166-1 alpha-2
	Timezone   string     `json:"timezone,omitzero"` // IANA name
	Avatar     string     `json:"avatar,omitzero"`   // URL
	Address    *Address   `json:"address,omitzero"`
	BirthDate  string     `json:"birth_date,omitzero"` // yyyy-mm-dd; what was mistyped may be no day, or digits only
	Location   *Location  `json:"location,omitzero"`
	Cards      []Card     `json:"cards,omitzero"` // contact cards that were sent

	Title       string       `json:"title,omitzero"`
	Subject     string       `json:"subject,omitzero"`
	Text        string       `json:"text,omitzero"`
	HTML        string       `json:"html,omitzero"` // unsanitised: hostile until shown through a sanitiser
	Fields      []Field      `json:"fields,omitzero"`
	Attachments []Attachment `json:"attachments,omitzero"`
	Amount      string       `json:"amount,omitzero"`   // decimal number as text
	Currency    string       `json:"currency,omitzero"` // ISO 4217
	Tags        []string     `json:"tags,omitzero"`

	Consents    []Consent   `json:"consents,omitzero"`
	Attribution Attribution `json:"attribution,omitzero"`
	Call        *Call       `json:"call,omitzero"`
	Reply       *Reply      `json:"reply,omitzero"`

	Lane     Lane       `json:"lane,omitzero"`
	Reason   string     `json:"reason,omitzero"` // why the lane, in words
	IsTest   bool       `json:"is_test,omitzero"`
	Complete Completion `json:"complete,omitzero"`
}

// Name is a person's name. Display is as given; the parts are filled when known.
type Name struct {
	Display string `json:"display,omitzero"`
	Prefix  string `json:"prefix,omitzero"`
	Given   string `json:"given,omitzero"`
	Middle  string `json:"middle,omitzero"`
	Family  string `json:"family,omitzero"`
}

// String returns the name as it should be shown, or "".
func (n Name) String() string {
	if n.Display != "" {
		return n.Display
	}
	s := n.Given
	for _, p := range [...]string{n.Middle, n.Family} {
		if p != "" && s != "" {
			s += " "
		}
		s += p
	}
	return s
}

// IdentityKind says what a value that points at a person is.
type IdentityKind string

// The kinds that rules know. Messenger ids have kinds of their own (tg_user,
// wa_id, psid …, see docs/connectors.md) and always a scope.
const (
	IdentityEmail    IdentityKind = "email"
	IdentityPhone    IdentityKind = "phone"
	IdentityVisitor  IdentityKind = "visitor"
	IdentityCustomer IdentityKind = "customer"
)

// Proof says how much stands behind an identity.
type Proof string

// The proofs, strongest first.
const (
	ProofProvider Proof = "provider" // the provider vouches for it
	ProofSelf     Proof = "self"     // the person showed control of it
	ProofForm     Proof = "form"     // somebody typed it
)

// Identity is a normalised value that points at a person.
type Identity struct {
	Kind  IdentityKind `json:"kind"`
	Value string       `json:"value"`          // canonical form; what the sender wrote when it has none
	Scope string       `json:"scope,omitzero"` // the account a messenger or customer id is valid in
	Proof Proof        `json:"proof,omitzero"`
	Raw   string       `json:"raw,omitzero"`  // as written, when that differs
	Weak  string       `json:"weak,omitzero"` // why it is kept but is no identity (role, placeholder, not a number)
}

// Field is one answer, with the label the person saw.
type Field struct {
	Key   string `json:"key"`
	Label string `json:"label,omitzero"`
	Type  string `json:"type,omitzero"`
	Value string `json:"value"`
}

// Attachment names a file. Data is filled only between Parse and the blob store.
type Attachment struct {
	Kind    string    `json:"kind,omitzero"` // image, audio, video, file, sticker …
	Name    string    `json:"name,omitzero"`
	Type    string    `json:"type,omitzero"` // media type as the sender says
	Size    int64     `json:"size,omitzero"` // bytes
	SHA256  string    `json:"sha256,omitzero"`
	Blob    string    `json:"blob,omitzero"` // reference in the blob store, once kept
	Ref     string    `json:"ref,omitzero"`  // the provider's id of it
	URL     string    `json:"url,omitzero"`  // where it can be fetched
	Expires time.Time `json:"expires,omitzero"`
	Auth    bool      `json:"auth,omitzero"` // fetching needs the source's credentials
	Data    []byte    `json:"-"`
}

// Location is a place somebody sent.
type Location struct {
	Lat     float64 `json:"lat"`
	Lon     float64 `json:"lon"`
	Name    string  `json:"name,omitzero"`
	Address string  `json:"address,omitzero"`
}

// Address is a postal address.
type Address struct {
	Street   string `json:"street,omitzero"`
	Number   string `json:"number,omitzero"`
	Line2    string `json:"line2,omitzero"`
	City     string `json:"city,omitzero"`
	Postcode string `json:"postcode,omitzero"`
	State    string `json:"state,omitzero"`
	Country  string `json:"country,omitzero"`
}

// Card is a contact card somebody sent; Self when it is the sender's own.
type Card struct {
	Name   string   `json:"name,omitzero"`
	Phones []string `json:"phones,omitzero"`
	Emails []string `json:"emails,omitzero"`
	Self   bool     `json:"self,omitzero"`
}

// Consent is one ticked (or not ticked) box, with what the person was shown.
type Consent struct {
	Key     string    `json:"key"`
	Label   string    `json:"label,omitzero"`
	Version string    `json:"version,omitzero"` // of the text
	Checked bool      `json:"checked"`
	At      time.Time `json:"at,omitzero"`
	Page    string    `json:"page,omitzero"`
}

// Attribution says what brought the person here.
type Attribution struct {
	Source   string            `json:"source,omitzero"`   // utm_source
	Medium   string            `json:"medium,omitzero"`   // utm_medium
	Campaign string            `json:"campaign,omitzero"` // utm_campaign
	Term     string            `json:"term,omitzero"`     // utm_term
	Content  string            `json:"content,omitzero"`  // utm_content
	Page     string            `json:"page,omitzero"`     // where the inquiry was made
	Landing  string            `json:"landing,omitzero"`  // first page of the visit
	Referrer string            `json:"referrer,omitzero"`
	Clicks   map[string]string `json:"clicks,omitzero"` // gclid, fbclid, yclid …
	Platform string            `json:"platform,omitzero"`
	Ad       map[string]string `json:"ad,omitzero"` // campaign_id, adset_id, ad_id, form_id, post_id … and their names
	Organic  bool              `json:"organic,omitzero"`
}

// IsZero reports whether nothing is known.
func (a Attribution) IsZero() bool {
	return a.Source == "" && a.Medium == "" && a.Campaign == "" && a.Term == "" && a.Content == "" && a.Page == "" &&
		a.Landing == "" && a.Referrer == "" && len(a.Clicks) == 0 && a.Platform == "" && len(a.Ad) == 0 && !a.Organic
}

// Reply says how and until when the person can be answered.
type Reply struct {
	API          string    `json:"api,omitzero"`
	To           string    `json:"to,omitzero"`
	Token        string    `json:"token,omitzero"` // a one-time token; sealed before it is stored
	TokenExpires time.Time `json:"token_expires,omitzero"`
	Until        time.Time `json:"until,omitzero"` // end of the reply window; zero for none
}

// Parsed is what a connector read out of one delivery.
type Parsed struct {
	Inquiries []Inquiry `json:"inquiries,omitzero"`
	Updates   []Update  `json:"updates,omitzero"`
	Failures  []Failure `json:"failures,omitzero"`
}

// Update changes an inquiry and never makes a lead: a receipt, a bounce, an edit.
// When its inquiry is not known yet, the row waits for it.
type Update struct {
	About string     `json:"about"` // key of the inquiry, or the provider's id of a reply
	Event string     `json:"event"` // the provider's name of this update, unique for its inquiry
	Scope string     `json:"scope,omitzero"`
	Kind  UpdateKind `json:"kind"`
	At    time.Time  `json:"at,omitzero"`
	Seq   int64      `json:"seq,omitzero"`
	Patch Inquiry    `json:"patch,omitzero"` // what the update says; only filled fields count
	State string     `json:"state,omitzero"` // of a sent message: sent, delivered, read, failed
	Note  string     `json:"note,omitzero"`  // cause of a bounce or failure
}

// UpdateKind says what an update is about.
type UpdateKind string

// The kinds of updates.
const (
	UpdateReceipt  UpdateKind = "receipt"
	UpdateBounce   UpdateKind = "bounce"
	UpdateEdit     UpdateKind = "edit"
	UpdateDelete   UpdateKind = "delete"
	UpdateProfile  UpdateKind = "profile"
	UpdateComplete UpdateKind = "complete"
)

// Failure is one item of a delivery that could not be read. The rest of the
// delivery is stored; the delivery is parked with its failures.
type Failure struct {
	Key    string `json:"key,omitzero"`
	Reason string `json:"reason"`
}
