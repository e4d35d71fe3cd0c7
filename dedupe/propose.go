package dedupe

import (
	"cmp"
	"slices"

	"leadgate/lead"
)

// Propose returns which of the candidates may be the same person as one that is
// known, the likeliest first. It weighs all that was ever told of both, which intake
// could not know when it decided, and only proposes. of holds what is known besides,
// as of an inquiry of that person.
func Propose(of *Question, person *lead.Person, candidates []Candidate, differ func(a, b int64) bool) []lead.Doubt {
	w, least := standard().among(of.Namesakes).in(of.Area), threshold(of.People)-reviewBand
	faces := facesOf(person)
	var out []lead.Doubt
	for _, c := range candidates {
		if c.Person.ID == person.ID || differ(person.ID, c.Person.ID) {
			continue
		}
		l := w.likestOf(faces, facesOf(&c.Person))
		if l.pairs == 0 || l.best < least || !l.named || l.certain || l.mean() < least/2 {
			continue
		}
		out = append(out, lead.Doubt{Person: c.Person.ID, Reason: "seen later: " + l.words(), Score: l.best})
	}
	slices.SortFunc(out, func(a, b lead.Doubt) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Person, b.Person))
	})
	return out[:min(len(out), maxReview)]
}
