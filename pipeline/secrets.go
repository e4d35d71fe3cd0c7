package pipeline

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"leadgate/connectors"
	"leadgate/internal/seal"
	"leadgate/lead"
)

// In the store, settings of a source are the JSON somebody wrote, but for the secrets:
// where the declaration of the connector says secret, {"sealed": "…"} stands, bound to
// the source and the path. Faces show {"set": true} there, and take it back for "as it was".

const (
	sealedMark = "sealed"
	setMark    = "set"
)

// secretPlace is where a source's secret is sealed for.
func secretPlace(source, path string) []byte { return seal.Place("sources", source, path) }

// decodeSettings reads settings as they are stored, large whole numbers too.
func decodeSettings(body []byte) (map[string]any, error) {
	var raw map[string]any
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if err := dec.Decode(&raw); err != nil || raw == nil {
		return nil, fmt.Errorf("reading settings: %w: they are no JSON object", lead.ErrPermanent)
	}
	return plainNumbers(raw), nil
}

// plainNumbers returns settings with numbers as validation reads them.
func plainNumbers(raw map[string]any) map[string]any {
	out := maps.Clone(raw)
	for k, v := range out {
		out[k] = plainNumber(v)
	}
	return out
}

// marked returns what stands behind a mark in {"mark": …}, if that is all there is.
func marked(v any, mark string) (any, bool) {
	m, ok := v.(map[string]any)
	if !ok || len(m) != 1 {
		return nil, false
	}
	inner, ok := m[mark]
	return inner, ok
}

// below is the path of a part.
func below(path, part string) string {
	if path == "" {
		return part
	}
	return path + "." + part
}

// eachSealed replaces every sealed value below a path, wherever it stands.
func eachSealed(v any, path string, f func(path string, value []byte) ([]byte, error)) error {
	switch v := v.(type) {
	case map[string]any:
		if text, ok := marked(v, sealedMark); ok {
			body, err := sealedBytes(text)
			if err != nil {
				return err
			}
			if body, err = f(path, body); err != nil {
				return err
			}
			v[sealedMark] = base64.StdEncoding.EncodeToString(body)
			return nil
		}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if err := eachSealed(v[k], below(path, k), f); err != nil {
				return err
			}
		}
	case []any:
		for i := range v {
			if err := eachSealed(v[i], fmt.Sprintf("%s[%d]", path, i), f); err != nil {
				return err
			}
		}
	}
	return nil
}

func sealedBytes(v any) ([]byte, error) {
	text, _ := v.(string)
	body, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(body) == 0 {
		return nil, seal.ErrDamaged
	}
	return body, nil
}

// onSecrets returns a copy of raw settings in which f has replaced what stands for
// every secret the fields declare. f returns nil for one that is not set.
func onSecrets(fields []connectors.Field, raw map[string]any, path string, f func(path string, v any) (any, error)) (map[string]any, error) {
	out := maps.Clone(raw)
	for i := range fields {
		v, there := out[fields[i].Name]
		if !there || v == nil {
			continue
		}
		at := below(path, fields[i].Name)
		var err error
		switch fields[i].Type {
		case connectors.Secret:
			v, err = f(at, v)
		case connectors.Groups:
			v, err = onGroups(fields[i].Fields, v, at, f)
		}
		if err != nil {
			return nil, err
		}
		out[fields[i].Name] = v
	}
	return out, nil
}

func onGroups(fields []connectors.Field, v any, path string, f func(path string, v any) (any, error)) (any, error) {
	list, ok := v.([]any)
	if !ok {
		return v, nil // no groups: validation says so
	}
	out := slices.Clone(list)
	for i := range out {
		group, ok := out[i].(map[string]any)
		if !ok {
			continue
		}
		var err error
		if out[i], err = onSecrets(fields, group, fmt.Sprintf("%s[%d]", path, i), f); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// sealSettings writes settings with their secrets sealed. A secret that is no text is
// not looked at: validation came before.
func sealSettings(ring *seal.Ring, fields []connectors.Field, source string, raw map[string]any) ([]byte, error) {
	sealed, err := onSecrets(fields, raw, "", func(path string, v any) (any, error) {
		body, err := ring.Seal(secretPlace(source, path), []byte(fmt.Sprint(v)))
		return map[string]any{sealedMark: base64.StdEncoding.EncodeToString(body)}, err
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(sealed)
}

// openSettings reads settings with their secrets opened.
func openSettings(ring *seal.Ring, fields []connectors.Field, source string, body []byte) (map[string]any, error) {
	raw, err := decodeSettings(body)
	if err != nil {
		return nil, err
	}
	return onSecrets(fields, raw, "", func(path string, v any) (any, error) { return openSecret(ring, source, path, v) })
}

func openSecret(ring *seal.Ring, source, path string, v any) (any, error) {
	text, ok := marked(v, sealedMark)
	if !ok { // a secret in clear was not put here by us
		return nil, fmt.Errorf("opening %s: %w", path, seal.ErrDamaged)
	}
	body, err := sealedBytes(text)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	plain, err := ring.Open(secretPlace(source, path), body)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	return string(plain), nil
}

// shownSettings are settings as faces show them: nothing of a secret but whether it is
// set. What the fields do not declare is not shown: it may be a secret of another version.
func shownSettings(fields []connectors.Field, raw map[string]any) map[string]any {
	out := map[string]any{}
	for i := range fields {
		if v, ok := raw[fields[i].Name]; ok {
			out[fields[i].Name] = shownSetting(&fields[i], v)
		} else if fields[i].Type == connectors.Secret {
			out[fields[i].Name] = map[string]any{setMark: false}
		}
	}
	return out
}

func shownSetting(f *connectors.Field, v any) any {
	switch f.Type {
	case connectors.Secret:
		return map[string]any{setMark: v != nil && v != ""}
	case connectors.Groups:
		list, _ := v.([]any)
		out := make([]any, 0, len(list))
		for _, item := range list {
			group, _ := item.(map[string]any)
			out = append(out, shownSettings(f.Fields, group))
		}
		return out
	}
	return v
}

// rawOf turns settings back into what they could have been read from.
func rawOf(fields []connectors.Field, s connectors.Settings) map[string]any {
	out := map[string]any{}
	for i := range fields {
		name := fields[i].Name
		switch fields[i].Type {
		case connectors.Integer:
			out[name] = s.Int(name)
		case connectors.Flag:
			out[name] = s.Flag(name)
		case connectors.Duration:
			out[name] = s.Duration(name).String()
		case connectors.Texts:
			out[name] = append([]string{}, s.Texts(name)...)
		case connectors.Table:
			out[name] = maps.Clone(s.Table(name))
		case connectors.Groups:
			groups := []any{}
			for _, g := range s.Groups(name) {
				groups = append(groups, rawOf(fields[i].Fields, g))
			}
			out[name] = groups
		default:
			if text := s.Text(name); text != "" {
				out[name] = text
			}
		}
	}
	return out
}

// merged returns settings with changes put over them: nil takes one away, and where a
// secret stays as it was, {"set": true} stands for it.
func merged(fields []connectors.Field, old, changes map[string]any) (map[string]any, error) {
	kept := map[string]any{}
	if _, err := onSecrets(fields, old, "", func(path string, v any) (any, error) {
		kept[path] = v
		return v, nil
	}); err != nil {
		return nil, err
	}
	changes, err := onSecrets(fields, changes, "", func(path string, v any) (any, error) {
		set, ok := marked(v, setMark)
		switch {
		case !ok:
			return v, nil
		case set == false:
			return nil, nil
		case kept[path] == nil:
			return nil, &connectors.FieldError{Field: path, Problem: "is not set, so that it cannot stay as it is"}
		}
		return kept[path], nil
	})
	if err != nil {
		return nil, err
	}
	out := maps.Clone(old)
	for k, v := range changes {
		if out[k] = v; v == nil {
			delete(out, k)
		}
	}
	return out, nil
}

// plainly says what is wrong with a source, for whoever runs the gateway.
func plainly(err error) string {
	text := err.Error()
	if bad, ok := errors.AsType[*connectors.FieldError](err); ok {
		text = bad.Error()
	}
	return strings.TrimPrefix(text, "overlaying settings: ")
}

// plainNumber turns numbers that stand as they were written into numbers.
func plainNumber(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		if f, err := v.Float64(); err == nil {
			return f
		}
		return v.String()
	case map[string]any:
		return plainNumbers(v)
	case []any:
		out := slices.Clone(v)
		for i := range out {
			out[i] = plainNumber(out[i])
		}
		return out
	}
	return v
}
