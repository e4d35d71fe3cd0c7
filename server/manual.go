package server

import (
	"maps"
	"net/http"
	"slices"

	"leadgate/connectors"
	"leadgate/lead"
	"leadgate/lead/normal"
	"leadgate/store"
)

// newLead is what a colleague enters by hand.
type newLead struct {
	ID       string            `json:"id"` // client-made; a repeat enters nothing twice
	Title    string            `json:"title"`
	Name     string            `json:"name"`
	Company  string            `json:"company"`
	Email    string            `json:"email"`
	Phone    string            `json:"phone"`
	Emails   []string          `json:"emails"`
	Phones   []string          `json:"phones"`
	Text     string            `json:"text"`
	Origin   string            `json:"origin"`
	Fields   map[string]string `json:"fields"`
	Tags     []string          `json:"tags"`
	Amount   string            `json:"amount"`
	Currency string            `json:"currency"`
	IsTest   bool              `json:"is_test"`
}

func (n *newLead) inquiry(region string) (lead.Inquiry, error) {
	q := lead.Inquiry{Key: n.ID, Kind: lead.KindManual, Title: n.Title, Name: lead.Name{Display: n.Name}, Company: n.Company, Text: n.Text, Origin: n.Origin,
		Tags: n.Tags, Amount: n.Amount, Currency: n.Currency, IsTest: n.IsTest}
	if q.Origin != "" && !lead.ValidOrigin(q.Origin) {
		return q, &connectors.FieldError{Field: "origin", Problem: "is not one of the known origins"}
	}
	for _, e := range append(n.Emails, n.Email) {
		if e != "" {
			q.Identities = append(q.Identities, lead.Identity{Kind: lead.IdentityEmail, Value: e, Proof: lead.ProofForm})
		}
	}
	for _, p := range append(n.Phones, n.Phone) {
		if p != "" {
			q.Identities = append(q.Identities, lead.Identity{Kind: lead.IdentityPhone, Value: p, Proof: lead.ProofForm})
		}
	}
	for _, k := range slices.Sorted(maps.Keys(n.Fields)) {
		q.Fields = append(q.Fields, lead.Field{Key: k, Value: n.Fields[k]})
	}
	if q.Name.Display == "" && q.Title == "" && q.Text == "" && q.Company == "" && len(q.Identities) == 0 {
		return q, invalid("a lead needs a name, a title, a company, a text, an e-mail or a phone")
	}
	normal.Inquiry(&q, region)
	return q, nil
}

// enteredLead is the lead of what was entered, and whether it is new.
type enteredLead struct {
	lead.Lead
	Verdict lead.Verdict `json:"verdict"`
}

// enterLead makes a lead by hand, at once; with check=1 it only tells which open
// leads the same person has.
func (s *Server) enterLead(w http.ResponseWriter, r *http.Request) {
	var n newLead
	err := readJSON(w, r, &n)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	q, err := n.inquiry(s.o.Region)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	if r.URL.Query().Get("check") == "1" {
		leads, err := s.o.Store.Holding(r.Context(), store.KeysOf(&q))
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		answer(w, http.StatusOK, map[string]any{"duplicates": leads})
		return
	}
	rec, err := s.o.Intake.Enter(r.Context(), q, "api", s.o.Region)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	verdict := rec.Verdict
	if rec.Lead.IsZero() { // entered before: the receipt of the first time names the lead
		if rec, err = s.o.Intake.Receipt(r.Context(), rec.ID); err != nil {
			s.refuse(w, r, err)
			return
		}
	}
	l, err := s.o.Store.Lead(r.Context(), rec.Lead)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	status := http.StatusCreated
	if verdict != lead.Created {
		status = http.StatusOK
	}
	answer(w, status, enteredLead{Lead: l, Verdict: verdict})
}
