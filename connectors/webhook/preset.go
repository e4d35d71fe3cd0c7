package webhook

import (
	"embed"
	"fmt"
	"path"
	"strings"

	"github.com/goccy/go-yaml"
)

//go:embed presets/*.yaml
var presetFiles embed.FS

// preset is a sender that needs no code: how it signs and what its fields are called.
type preset struct {
	Title   string `yaml:"title"`
	Doc     string `yaml:"doc"`
	Page    string `yaml:"page"`    // of the sender, that this was written after
	Auth    string `yaml:"auth"`    // row of the signature table; "" when it does not sign
	Key     string `yaml:"key"`     // dotted path of what is the same in every redelivery
	Mapping string `yaml:"mapping"` // jq
}

// readPresets reads the embedded files, by name.
func readPresets() map[string]preset {
	out := map[string]preset{}
	entries, _ := presetFiles.ReadDir("presets") // embedded: cannot fail
	for _, e := range entries {
		p, err := readPreset(e.Name())
		if err == nil {
			out[strings.TrimSuffix(e.Name(), path.Ext(e.Name()))] = p
		}
	}
	return out
}

func readPreset(file string) (preset, error) {
	text, err := presetFiles.ReadFile(path.Join("presets", file))
	if err != nil {
		return preset{}, err
	}
	return parsePreset(text)
}

// parsePreset reads the text of a preset file. A key it does not know is an error.
func parsePreset(text []byte) (preset, error) {
	var p preset
	if err := yaml.UnmarshalWithOptions(text, &p, yaml.Strict()); err != nil {
		return preset{}, fmt.Errorf("reading preset: %w", err)
	}
	return p, nil
}
