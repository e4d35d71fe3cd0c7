package sign

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"leadgate/lead"
)

const jwsBody = `{"id":"a1"}`

func b64url(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// sealed makes a compact JWS over whatever head and claims it is given.
func sealed(head, claims string) string {
	signed := b64url(head) + "." + b64url(claims)
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// TestJWS tries what a right signature over wrong words is worth: nothing.
func TestJWS(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte(jwsBody))
	said := `"sha256":"` + hex.EncodeToString(sum[:]) + `"`
	now := time.Unix(1_700_000_000, 0)
	const head = `{"alg":"HS256","typ":"JWT"}`
	good := sealed(head, "{"+said+`,"iss":"netlify"}`)
	parts := strings.Split(good, ".")
	for _, tc := range []struct {
		name, token string
		good        bool
	}{
		{"right", good, true},
		{"with times", sealed(head, fmt.Sprintf(`{%s,"iss":"netlify","exp":%d,"nbf":%d}`, said, now.Unix()+60, now.Unix()-60)), true},
		{"expired within the window", sealed(head, fmt.Sprintf(`{%s,"iss":"netlify","exp":%d}`, said, now.Unix()-299)), true},
		{"expired", sealed(head, fmt.Sprintf(`{%s,"iss":"netlify","exp":%d}`, said, now.Unix()-301)), false},
		{"not yet", sealed(head, fmt.Sprintf(`{%s,"iss":"netlify","nbf":%d}`, said, now.Unix()+301)), false},
		{"expired long ago", sealed(head, "{"+said+`,"iss":"netlify","exp":1}`), false},
		{"time as text", sealed(head, "{"+said+`,"iss":"netlify","exp":"soon"}`), false},
		{"no algorithm", sealed(`{"alg":"none"}`, "{"+said+`,"iss":"netlify"}`), false},
		{"other algorithm", sealed(`{"alg":"HS512"}`, "{"+said+`,"iss":"netlify"}`), false},
		{"algorithm in small letters", sealed(`{"alg":"hs256"}`, "{"+said+`,"iss":"netlify"}`), false},
		{"critical", sealed(`{"alg":"HS256","crit":["b64"],"b64":false}`, "{"+said+`,"iss":"netlify"}`), false},
		{"critical null", sealed(`{"alg":"HS256","crit":null}`, "{"+said+`,"iss":"netlify"}`), false},
		{"no head", sealed(``, "{"+said+`,"iss":"netlify"}`), false},
		{"no claims", sealed(head, ``), false},
		{"no issuer", sealed(head, "{"+said+"}"), false},
		{"other issuer", sealed(head, "{"+said+`,"iss":"Netlify"}`), false},
		{"no body named", sealed(head, `{"iss":"netlify"}`), false},
		{"empty body named", sealed(head, `{"iss":"netlify","sha256":""}`), false},
		{"other body named", sealed(head, `{"iss":"netlify","sha256":"`+strings.Repeat("00", 32)+`"}`), false},
		{"body named in base64", sealed(head, `{"iss":"netlify","sha256":"`+base64.StdEncoding.EncodeToString(sum[:])+`"}`), false},
		{"unsigned", parts[0] + "." + parts[1] + ".", false},
		{"two parts", parts[0] + "." + parts[1], false},
		{"four parts", good + ".e30", false},
		{"padded", good + "=", false},
		{"line in the signature", good[:len(good)-4] + "\n" + good[len(good)-4:], false},
		{"claims exchanged", parts[0] + "." + b64url("{"+said+`,"iss":"netlify","x":1}`) + "." + parts[2], false},
	} {
		s, _ := Row("netlify")
		d := lead.Delivery{Header: lead.Header{{Name: s.Field, Value: tc.token}}, Body: []byte(jwsBody)}
		if err := Verify(s, &d, []string{secret}, now, ""); (err == nil) != tc.good {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}
