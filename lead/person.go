package lead

// Person is a human as far as the store knows one.
type Person struct {
	ID         int64
	Name       Name
	Company    string
	Holds      []string  // groups of values they hold (e-mail, phone, id at one account …); none while only a conversation is known
	Profiles   []Profile // what they were told to be, oldest first, each different
	MergedInto int64     // 0 when the person stands itself
}

// Profile is what one inquiry told of its sender, in the form that is compared:
// see dedupe.ProfileOf. Empty fields are not known.
type Profile struct {
	Given    string   `json:"g,omitzero"`
	Middle   string   `json:"m,omitzero"`
	Family   string   `json:"f,omitzero"`
	Emails   []string `json:"e,omitempty"` // as they are compared: see normal.Email
	Phones   []string `json:"p,omitempty"` // E.164; other digits of a number that is none
	Born     string   `json:"b,omitzero"`  // as in Inquiry.BirthDate
	Street   string   `json:"s,omitzero"`
	Number   string   `json:"n,omitzero"` // of the house
	Premises string   `json:"l,omitzero"` // the other line of the address: a house's name, a flat
	City     string   `json:"c,omitzero"`
	Postcode string   `json:"z,omitzero"`
}

// Decision is what the rules of identity made of an inquiry, with the reason in words.
type Decision struct {
	Person  int64   // whom it belongs to; 0 for a new person
	Merge   []int64 // persons to be merged into Person
	Scored  bool    // likeness alone speaks for Person
	Foreign bool    // only its conversation leads to Person; its values are somebody else's
	Reason  string
	Score   float64   // bits of evidence for Person: the binary logarithm of how much likelier it is that they are one than that they are two
	Names   NameCount // what was seen of names on the way
	Review  []Doubt   // persons that may be the same, for a human to decide
}

// Doubt is a person an inquiry may be from, which the rules leave to a human.
type Doubt struct {
	Person int64
	Reason string
	Score  float64
}

// NameCount is what was seen of family names where a given name and other values
// say that it is the same person: how often the name was kept, and how often another
// one stood in its place. It tells how far names of a source can be trusted.
type NameCount struct{ Kept, Replaced int64 }
