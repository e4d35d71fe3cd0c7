package server

import (
	"context"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

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

// inquiry reads what was entered. White space around an answer is no part of it,
// and what has nothing else is no lead.
func (n *newLead) inquiry(region string) (lead.Inquiry, error) {
	for _, text := range []*string{&n.Title, &n.Name, &n.Company, &n.Text, &n.Amount, &n.Currency} {
		*text = strings.TrimSpace(*text)
	}
	q := lead.Inquiry{Key: n.ID, Kind: lead.KindManual, Title: n.Title, Name: lead.Name{Display: n.Name}, Company: n.Company, Text: n.Text, Origin: n.Origin,
		Tags: n.Tags, Amount: n.Amount, Currency: strings.ToUpper(n.Currency), IsTest: n.IsTest}
	if q.Origin != "" && !lead.ValidOrigin(q.Origin) {
		return q, &connectors.FieldError{Field: "origin", Problem: "is not one of the known origins"}
	}
	if err := checkMoney(q.Amount, q.Currency); err != nil {
		return q, err
	}
	for _, e := range append(n.Emails, n.Email) {
		if e = strings.TrimSpace(e); e != "" {
			q.Identities = append(q.Identities, lead.Identity{Kind: lead.IdentityEmail, Value: e, Proof: lead.ProofForm})
		}
	}
	for _, p := range append(n.Phones, n.Phone) {
		if p = strings.TrimSpace(p); p != "" {
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

// decimal is how an amount is written: no grouping, no exponent.
var decimal = regexp.MustCompile(`^-?[0-9]{1,15}(\.[0-9]{1,6})?$`)

// currencyCode has the form of an ISO 4217 code. Which codes there are changes
// faster than any list here would.
var currencyCode = regexp.MustCompile(`^[A-Z]{3}$`)

func checkMoney(amount, currency string) error {
	if amount != "" && !decimal.MatchString(amount) {
		return &connectors.FieldError{Field: "amount", Problem: "must be a decimal number such as 1200.50"}
	}
	if currency != "" && !currencyCode.MatchString(currency) {
		return &connectors.FieldError{Field: "currency", Problem: "must be a code of ISO 4217 such as EUR"}
	}
	return nil
}

// tidy trims what a patch gives and checks what has a form.
func tidy(p *store.Patch) error {
	for _, text := range []*string{p.Title, p.Name, p.Company, p.Owner, p.Amount, p.Currency, p.Reason} {
		if text != nil {
			*text = strings.TrimSpace(*text)
		}
	}
	if p.Title != nil && *p.Title == "" {
		return &connectors.FieldError{Field: "title", Problem: "must not be empty"}
	}
	var amount, currency string
	if p.Amount != nil {
		amount = *p.Amount
	}
	if p.Currency != nil {
		*p.Currency = strings.ToUpper(*p.Currency)
		currency = *p.Currency
	}
	return checkMoney(amount, currency)
}

// onlyChecks reads check: 1 writes nothing. Anything else would write a lead that
// nobody wanted yet.
func onlyChecks(r *http.Request) (bool, error) {
	switch r.URL.Query().Get("check") {
	case "":
		return false, nil
	case "1":
		return true, nil
	}
	return false, &connectors.FieldError{Field: "check", Problem: "can only be 1"}
}

// enteredLead is the lead of what was entered, and whether it is new.
type enteredLead struct {
	lead.Lead
	Verdict lead.Verdict `json:"verdict"`
}

// enterLead makes a lead by hand, at once; with check=1 it only tells which open
// leads the same person has.
func (s *Server) enterLead(w http.ResponseWriter, r *http.Request) {
	check, err := onlyChecks(r)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	var n newLead
	if err := readJSON(w, r, &n); err != nil {
		s.refuse(w, r, err)
		return
	}
	q, err := n.inquiry(s.o.Region)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	if check {
		leads, err := s.o.Store.Holding(r.Context(), store.KeysOf(&q))
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		answer(w, http.StatusOK, map[string]any{"duplicates": leads})
		return
	}
	l, err := s.enter(r.Context(), q)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	status := http.StatusCreated
	if l.Verdict != lead.Created {
		status = http.StatusOK
	}
	answer(w, status, l)
}

// enter applies an inquiry and reads the lead it led to.
func (s *Server) enter(ctx context.Context, q lead.Inquiry) (enteredLead, error) {
	rec, err := s.o.Intake.Enter(ctx, q, "api", s.o.Region)
	if err != nil {
		return enteredLead{}, err
	}
	verdict := rec.Verdict
	if rec.Lead.IsZero() { // entered before: the receipt of the first time names the lead
		if rec, err = s.o.Intake.Receipt(ctx, rec.ID); err != nil {
			return enteredLead{}, err
		}
	}
	l, err := s.o.Store.Lead(ctx, rec.Lead)
	return enteredLead{Lead: l, Verdict: verdict}, err
}
