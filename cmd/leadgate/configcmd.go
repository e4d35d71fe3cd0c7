package main

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"leadgate/connectors"
	"leadgate/connectors/all"
	"leadgate/pipeline"
	"leadgate/store/blob"
)

// configCmd shows what is in force, or everything there is to set.
type configCmd struct {
	Options
	Example bool `help:"Write an example file with every option and every kind of source."`
}

func (c *configCmd) Run(in *common, file *configFile) error {
	if c.Example {
		fmt.Fprint(in.stdout, example())
		return nil
	}
	list, err := file.build(c.Region)
	if err != nil {
		return err
	}
	v := reflect.ValueOf(c.Options)
	for f := range v.Type().Fields() {
		value := fmt.Sprint(v.FieldByIndex(f.Index).Interface())
		switch {
		case isSecret(f.Name) && value != "":
			value = "•••"
		case f.Name == "Blobs":
			value = shownLocation(value)
		case isAddress(f.Name):
			value = withoutPassword(value)
		}
		fmt.Fprintf(in.stdout, "%s: %s\n", optionKey(f), value)
	}
	fmt.Fprintln(in.stdout, "sources:")
	for _, s := range list {
		fmt.Fprintf(in.stdout, "  - %s (%s)\n", s.Name, s.Kind)
	}
	return nil
}

func isSecret(field string) bool {
	return field == "SecretKey" || field == "APIToken" || field == "BlobsSecretKey"
}

// isAddress reports whether an option is an address that may hold a password.
func isAddress(field string) bool {
	switch field {
	case "Store", "StoreMigrate", "Redis", "PublicURL", "TLSAutoDirectory":
		return true
	}
	return false
}

// shownLocation shows where blobs lie. What is no such place may hold a secret.
func shownLocation(text string) string {
	if _, err := blob.ParseLocation(text); text != "" && err != nil {
		return "•••"
	}
	return text
}

// withoutPassword shows an address that cannot be read as one not at all.
func withoutPassword(address string) string {
	if address == "" || strings.HasPrefix(address, "sqlite:") {
		return address
	}
	u, err := url.Parse(address)
	if err != nil {
		return "•••"
	}
	q := u.Query()
	for key := range q {
		if strings.Contains(strings.ToLower(key), "pass") {
			q.Set(key, "xxxxx")
		}
	}
	u.RawQuery = q.Encode()
	return u.Redacted()
}

// example is made from the declarations themselves, so that it cannot go stale.
func example() string {
	var b strings.Builder
	b.WriteString("# Everything leadgate can be told. Flags win over environment variables\n# (LEADGATE_LISTEN, LEADGATE_API_TOKEN_FILE …), which win over this file.\n\n")
	for f := range reflect.TypeFor[Options]().Fields() {
		if f.Name == "Config" {
			continue
		}
		fmt.Fprintf(&b, "# %s\n# %s: %s\n", f.Tag.Get("help"), optionKey(f), exampleValue(f))
	}
	b.WriteString("\n# Where inquiries come from. ${NAME} stands for an environment variable.\nsources:\n")
	for _, c := range all.Connectors() {
		fmt.Fprintf(&b, "  # %s\n  - name: my-%s      # its id for ever: a-z, 0-9 and -\n    connector: %s\n    # title: %s\n    # region: FR     # phone numbers may come without a country code\n", c.Doc, c.Kind, c.Kind, c.Title)
		exampleFields(&b, c.Fields, needed(c), "    ")
	}
	return b.String()
}

func exampleValue(f reflect.StructField) string {
	if d := f.Tag.Get("default"); d != "" {
		return d
	}
	if f.Type.Kind() == reflect.Slice {
		return "[]"
	}
	return f.Tag.Get("placeholder")
}

// needed finds out which settings a source cannot do without, by trying.
func needed(c connectors.Connector) map[string]bool {
	values, must := map[string]any{"name": "my-" + c.Kind, "connector": c.Kind}, map[string]bool{}
	for range c.Fields {
		_, err := pipeline.BuildSource([]connectors.Connector{c}, values)
		missing, ok := errors.AsType[*connectors.FieldError](err)
		i := -1
		if ok {
			i = slices.IndexFunc(c.Fields, func(f connectors.Field) bool { return f.Name == missing.Field })
		}
		if i < 0 {
			break
		}
		must[missing.Field] = true
		values[missing.Field] = exampleSetting(c.Fields[i])
	}
	return must
}

func exampleFields(b *strings.Builder, fields []connectors.Field, must map[string]bool, indent string) {
	for _, f := range fields {
		mark := "# "
		if must[f.Name] {
			mark = ""
		}
		fmt.Fprintf(b, "%s%s%s: %s  # %s\n", indent, mark, f.Name, exampleSetting(f), f.Doc)
	}
}

func exampleSetting(f connectors.Field) string {
	switch {
	case f.Type == connectors.Secret:
		return `"${SECRET_OF_THIS_SOURCE}"`
	case f.Type == connectors.Enum && f.Default == nil && len(f.Options) > 0:
		return f.Options[len(f.Options)-1]
	case f.Type == connectors.Texts && f.Default != nil:
		return strings.ReplaceAll(fmt.Sprint(f.Default), " ", ", ")
	case f.Default != nil:
		return fmt.Sprint(f.Default)
	case f.Type == connectors.Texts || f.Type == connectors.Groups:
		return "[]"
	case f.Type == connectors.Table:
		return "{}"
	case f.Type == connectors.Flag:
		return "false"
	}
	return `""`
}
