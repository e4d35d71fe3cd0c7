package pipeline

import (
	"fmt"
	"maps"

	"leadgate/connectors"
	"leadgate/lead"
	"leadgate/lead/normal"
)

// BuildSource checks one source as the configuration file has it: name, connector,
// title and region stand beside the settings of the connector. The error names the
// field and never holds a secret's value.
func BuildSource(list []connectors.Connector, values map[string]any) (Source, error) {
	var head connectors.Source
	raw := maps.Clone(values)
	for key, to := range map[string]*string{"name": &head.Name, "connector": &head.Kind, "title": &head.Title, "region": &head.Region} {
		if v, ok := raw[key]; ok {
			text, isText := v.(string)
			if !isText {
				return Source{Source: head}, &connectors.FieldError{Field: key, Problem: "must be text"}
			}
			*to = text
			delete(raw, key)
		}
	}
	return build(list, head, raw)
}

// build checks a source, from wherever its settings come.
func build(list []connectors.Connector, head connectors.Source, raw map[string]any) (Source, error) {
	src := Source{Source: head}
	if src.Region != "" && !normal.KnownRegion(src.Region) {
		return src, &connectors.FieldError{Field: "region", Problem: "must be a country's code of two letters, such as FR"}
	}
	if src.Title == "" {
		src.Title = src.Name
	}
	c := connectorOf(list, src.Kind)
	if c == nil {
		return src, &connectors.FieldError{Field: "connector", Problem: fmt.Sprintf("must be a kind of source there is, and there is no connector %q", src.Kind)}
	}
	settings, err := connectors.NewSettings(c.Fields, raw)
	if err != nil {
		return src, err
	}
	if c.Check != nil {
		if err := c.Check(settings); err != nil {
			return src, err
		}
	}
	src.Settings, src.Connector = settings, c
	return src, nil
}

func connectorOf(list []connectors.Connector, kind string) *connectors.Connector {
	for i := range list {
		if list[i].Kind == kind {
			return &list[i]
		}
	}
	return nil
}

// overlaid returns a source whose settings hold what was found out at run time, such
// as the token a registration gave. What makes no sense together is refused.
func overlaid(src Source, raw map[string]any) (Source, error) {
	if len(raw) == 0 {
		return src, nil
	}
	settings, err := src.Settings.Overlay(src.Connector.Fields, raw)
	if err == nil && src.Connector.Check != nil {
		err = src.Connector.Check(settings)
	}
	if err != nil {
		return src, fmt.Errorf("overlaying settings: %w", err)
	}
	src.Settings = settings
	return src, nil
}

// checkName refuses what can be no source's name.
func checkName(name string) error {
	switch {
	case !sourceName.MatchString(name):
		return fmt.Errorf("source %q: %w: a name has 1 to 40 of a-z, 0-9 and -", name, lead.ErrInvalid)
	case name == ManualSource:
		return fmt.Errorf("source %q: %w: the name is that of leads entered by hand", name, lead.ErrInvalid)
	}
	return nil
}
