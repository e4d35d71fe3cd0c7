// Package connectortest plays the goldens of a connector and holds it to the laws
// that docs/connectors.md states for every connector.
//
// A golden is a txtar file with these parts, all but request and want optional:
//
//	settings    YAML, the settings of the source
//	now         RFC 3339, what the clock shows; 2026-01-01T00:00:00Z when it is left out
//	before 3s   a request of three seconds earlier, of connectors that serve. A text NAME of
//	            the JSON object it is answered with replaces ${NAME} in the request
//	request     an HTTP request: head, empty line, body. The path is what follows the address
//	            of the source. The last newline is not part of the body; lines of a multipart
//	            body end in CRLF
//	body.b64    the body in base64, instead of one in the request
//	keyless     why the sender gives an inquiry no name, where it gives none
//	want        JSON of what becomes of it; -update writes it
//
// The request goes the way it goes in the server. To a connector that is posted to:
// Handshake, Verify, Check, Key, Keep, Answer, Parse. To one that serves: its
// handler, and Parse of what the handler accepted. Then each law is tried on it.
package connectortest
