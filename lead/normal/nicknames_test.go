package normal

import "testing"

// TestNicknames holds the table to pairs of the languages leads come in.
func TestNicknames(t *testing.T) {
	t.Parallel()
	for a, b := range map[string]string{
		"Wojciech": "Wojtek", "Stanisław": "Staszek", "Małgorzata": "Gosia", "István": "Pista", "László": "Laci", "Ιωάννης": "Γιάννης", "Παναγιώτης": "Πάνος",
		"Κωνσταντίνος": "Kostas", "Ahmed": "Ahmet", "Jan": "Honza", "Josef": "Pepa", "Roberto": "Beto", "Sebastião": "Tião", "Guillaume": "Guy", "Francisco": "Paco",
		"Friedrich": "Fritz", "Vladimir": "Vova", "Володимир": "Вова", "Evgenia": "Женя", "Robert": "Bob", "Margaret": "Peggy", "Giuseppe": "Beppe",
	} {
		if conflict, reason := NamesConflict(ParseName(a+" Belo"), ParseName(b+" Belo")); conflict {
			t.Errorf("%s and %s: %s", a, b, reason)
		}
	}
}
