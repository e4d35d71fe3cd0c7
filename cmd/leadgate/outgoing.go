package main

import (
	"fmt"

	"leadgate/pipeline/outgoing"
)

// outgoing makes the client for calls to other people's servers.
func (o *Options) outgoing() (*outgoing.Client, error) {
	co := outgoing.Options{UserAgent: "leadgate/" + version()}
	for _, text := range o.OutgoingAllow {
		e, err := outgoing.ParseAllowed(text)
		if err != nil {
			return nil, fmt.Errorf("--outgoing-allow %s: %w", text, err)
		}
		co.Allow = append(co.Allow, e)
	}
	return outgoing.New(co), nil
}
