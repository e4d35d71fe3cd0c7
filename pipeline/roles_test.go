package pipeline

import (
	"errors"
	"testing"

	"leadgate/lead"
)

func TestParseRoles(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Roles{"accept,work,run": AllRoles(), "accept": {Accept: true}, " work , run ": {Work: true, Run: true}} {
		if got, err := ParseRoles(text); err != nil || got != want {
			t.Errorf("ParseRoles(%q) = %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "all", "accept,", "accept work"} {
		if _, err := ParseRoles(text); !errors.Is(err, lead.ErrInvalid) {
			t.Errorf("ParseRoles(%q) = %v, want ErrInvalid", text, err)
		}
	}
}
