package store

import (
	"errors"
	"reflect"
	"testing"

	"leadgate/lead"
)

// called is a Store that notes which of its methods is called.
type called struct {
	Store
	closed int
}

func (c *called) Close() error { c.closed++; return nil }

// Every method answers that waiting helps until the store is there, and then goes to
// the method of the same name, with what it was given.
func TestLate(t *testing.T) {
	t.Parallel()
	late, methods := &Late{}, reflect.TypeFor[Store]()
	call := func(name string) (out []reflect.Value, panicked bool) {
		defer func() { panicked = recover() != nil }() // the store behind has no such method: it was reached
		m := reflect.ValueOf(late).MethodByName(name)
		in := make([]reflect.Value, m.Type().NumIn())
		for i := range in {
			if in[i] = reflect.Zero(m.Type().In(i)); i == 0 {
				in[i] = reflect.ValueOf(t.Context())
			}
		}
		return m.Call(in), false
	}
	for m := range methods.Methods() {
		if m.Name == "Close" {
			continue
		}
		out, panicked := call(m.Name)
		if panicked {
			t.Fatalf("%s panics before there is a store", m.Name)
		}
		if err, _ := out[len(out)-1].Interface().(error); !errors.Is(err, lead.ErrUnavailable) || lead.IsPermanent(err) {
			t.Errorf("%s: %v, want ErrUnavailable", m.Name, err)
		}
	}
	if err := late.Close(); err != nil || late.There() {
		t.Errorf("closing what is not there: %v", err)
	}
	there := &called{}
	late.Set(there)
	late.Set(&called{})
	for m := range methods.Methods() {
		if m.Name == "Close" {
			continue
		}
		if _, reached := call(m.Name); !reached {
			t.Errorf("%s does not reach the store", m.Name)
		}
	}
	if err := late.Close(); err != nil || there.closed != 1 || !late.There() {
		t.Errorf("Close: %v, %d times", err, there.closed)
	}
}
