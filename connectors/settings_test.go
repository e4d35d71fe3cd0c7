package connectors

import (
	"errors"
	"testing"

	"leadgate/lead"
)

// What stands over settings is checked as settings are, and changes nothing else.
func TestOverlay(t *testing.T) {
	t.Parallel()
	fields := []Field{{Name: "token", Type: Secret}, {Name: "n", Type: Integer, Min: 1, Max: 9}, {Name: "kept", Type: Text, Required: true}}
	under, err := NewSettings(fields, map[string]any{"token": "configured", "kept": "x"})
	if err != nil {
		t.Fatal(err)
	}
	over, err := under.Overlay(fields, map[string]any{"token": "registered", "n": float64(3)})
	if err != nil || over.Text("token") != "registered" || over.Int("n") != 3 || over.Text("kept") != "x" || under.Text("token") != "configured" || under.Int("n") != 0 {
		t.Errorf("%q %d %q over %q, %v", over.Text("token"), over.Int("n"), over.Text("kept"), under.Text("token"), err)
	}
	for field, raw := range map[string]map[string]any{"more": {"more": 1}, "n": {"n": 10}, "token": {"token": []any{"canary"}}} {
		_, err := under.Overlay(fields, raw)
		if bad, ok := errors.AsType[*FieldError](err); !ok || bad.Field != field || !errors.Is(err, lead.ErrInvalid) {
			t.Errorf("%s: %v", field, err)
		}
	}
	if empty, err := (Settings{}).Overlay(fields, map[string]any{"n": 1}); err != nil || empty.Int("n") != 1 {
		t.Errorf("over nothing: %v", err)
	}
}
