// Package outgoing is the one HTTP client that calls other people's servers:
// providers' APIs, media that an inquiry names, webhooks of the business.
//
// Addresses and answers are hostile. Guarantees:
//
//   - The address is judged when the connection is made, after the name was looked
//     up and at every redirect: only public addresses, ports 80 and 443, and what the
//     operator allows by name; what hands out a machine's own credentials is closed to all.
//   - A call ends within its time and reads no more than its limit, of what comes out
//     of a compressed answer too. No proxy of the environment sees it.
//   - Redirects are few, never from https to http, and take no header along to
//     another host that could be a credential.
//   - A target has its own limits: one that is slow, dead, or asked for a pause costs
//     the others nothing, and itself little.
//   - An error is a *lead.RemoteError: host, reason and class, and nothing of what
//     was asked or answered.
package outgoing
