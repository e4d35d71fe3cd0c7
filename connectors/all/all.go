// Package all lists the connectors. Adding one is one line here.
package all

import (
	"leadgate/connectors"
	"leadgate/connectors/form"
	"leadgate/connectors/webhook"
)

// Connectors returns every connector, in the order they are shown.
func Connectors() []connectors.Connector {
	return []connectors.Connector{
		form.New(),
		webhook.New(),
	}
}
