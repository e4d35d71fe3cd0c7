package pipeline

import (
	"reflect"
	"testing"
)

// A node hears of who lives beside it, and not of one that died a moment ago.
func TestNeighbours(t *testing.T) {
	t.Parallel()
	st := openSQLite(t)
	var k keys
	k.set(t, 1)
	join := func(name string, f Facts) *Vault {
		t.Helper()
		v, err := OpenVault(VaultOptions{Read: k.read, Node: name, Tell: f})
		if err == nil {
			err = v.Join(t.Context(), st)
		}
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	join("dead", Facts{})
	join("a", Facts{Local: true})
	n := &Neighbourhood{Node: "a", State: st}
	want := func(list ...Neighbour) {
		t.Helper()
		if got, err := n.Look(t.Context()); err != nil || len(got)+len(list) > 0 && !reflect.DeepEqual(got, list) {
			t.Errorf("Look = %+v, %v, want %+v", got, err, list)
		}
	}
	want()
	b := join("b", Facts{Domains: []string{"leads.example.com"}})
	want(Neighbour{Name: "b", Facts: Facts{Domains: []string{"leads.example.com"}}})
	if err := b.Leave(t.Context(), st); err != nil {
		t.Error(err)
	}
	want()
	join("dead", Facts{Local: true}) // it was not
	want(Neighbour{Name: "dead", Facts: Facts{Local: true}})
	all, err := Living(t.Context(), st)
	if err != nil || len(all) != 2 || all[0].Name != "a" || !all[0].Local {
		t.Errorf("Living = %+v, %v", all, err)
	}
}
