package sign

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"go/ast"
	"go/parser"
	"go/token"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leadgate/connectors"
	"leadgate/lead"
)

const (
	secret   = "pa:ss wörd+/=&"
	previous = "the secret before"
)

func encode64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func header(name, value string) lead.Delivery {
	return lead.Delivery{Method: "POST", Header: lead.Header{{Name: name, Value: value}}, Body: []byte(`{"a":1}`)}
}

func query(raw string) lead.Delivery { return lead.Delivery{Method: "POST", Query: raw} }

func body(kind, text string) lead.Delivery {
	return lead.Delivery{Method: "POST", Header: lead.Header{{Name: "Content-Type", Value: kind}}, Body: []byte(text)}
}

func zipped(text string) lead.Delivery {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	d := body("application/json", b.String())
	d.Header = append(d.Header, lead.HeaderField{Name: "Content-Encoding", Value: "gzip"})
	return d
}

func part(name, text string) string {
	return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + text + "\r\n"
}

const (
	asJSON = "application/json"
	asForm = "application/x-www-form-urlencoded"
)

// tokens are deliveries whose proof is the secret itself, by row, right and wrong.
func tokens() map[string]struct{ right, wrong []lead.Delivery } {
	escaped, credentials := url.QueryEscape(secret), encode64([]byte("user:"+secret))
	return map[string]struct{ right, wrong []lead.Delivery }{
		"bearer": {
			[]lead.Delivery{header("Authorization", "Bearer "+secret), header("authorization", "bearer "+secret), header("Authorization", "BEARER "+secret)},
			[]lead.Delivery{
				header("Authorization", secret), header("Authorization", "Basic "+secret), header("Authorization", "Bearer"+secret), header("Authorization", "Bearer "), header("Authorization", "Bearer"),
				header("Authorization", ""), header("Proxy-Authorization", "Bearer "+secret), header("Authorization", "Bearer "+strings.ToUpper(secret)), header("Authorization", "Bearer "+secret+" "),
			},
		},
		"basic": {
			[]lead.Delivery{header("Authorization", "Basic "+credentials), header("Authorization", "basic "+credentials), header("Authorization", "Basic "+strings.TrimRight(credentials, "="))},
			[]lead.Delivery{
				header("Authorization", "Bearer "+credentials), header("Authorization", "Basic user:"+secret), header("Authorization", "Basic "+encode64([]byte("User:"+secret))),
				header("Authorization", "Basic "+encode64([]byte(":"+secret))), header("Authorization", "Basic "+encode64([]byte("user"))), header("Authorization", "Basic "+encode64([]byte("user:"))),
				header("Authorization", "Basic "+encode64([]byte(secret))), header("Authorization", "Basic !"+credentials), header("Authorization", "Basic "+credentials+"===="),
				header("Authorization", "Basic "+credentials[:8]+"\n"+credentials[8:]),
			},
		},
		"url": {
			[]lead.Delivery{header(connectors.URLToken, secret)},
			[]lead.Delivery{header(connectors.URLToken, ""), header(connectors.URLToken, secret+"/"), header(connectors.URLToken, escaped), {Path: secret}, query(connectors.URLToken + "=" + escaped)},
		},
		"query": {
			[]lead.Delivery{query("token=" + escaped), query("a=b&token=" + escaped + "&c")},
			[]lead.Delivery{query(""), query("token="), query("token"), query("Token=" + escaped), query("token=" + escaped + "x"), query("token=%zz"), query("token=x&token=" + escaped), header("token", secret)},
		},
		"body": {
			[]lead.Delivery{
				body(asJSON, `{"a":1,"token":"`+secret+`"}`), body("", `{"token":"`+secret+`"}`), body(asForm, "a=b&token="+escaped), zipped(`{"token":"` + secret + `"}`),
				body("multipart/form-data; boundary=b", part("a", "b")+part("token", secret)+"--b--\r\n"),
			},
			[]lead.Delivery{
				body(asJSON, `{}`), body(asJSON, ``), body(asJSON, `{"token":""}`), body(asJSON, `{"token":null}`), body(asJSON, `{"token":["`+secret+`"]}`), body(asJSON, `{"a":{"token":"`+secret+`"}}`),
				body(asJSON, `[{"token":"`+secret+`"}]`), body(asJSON, `{"token":"`+secret+`"`), body(asJSON, `{"Token":"`+secret+`"}`), body(asJSON, `{"token":"`+secret+`","token":"x"}`),
				body(asForm, "token=x&token="+escaped), body(asForm, "token[a]="+escaped), body("image/png", "token="+escaped), body(asJSON, `"`+secret+`"`), query("token=" + escaped),
				body("multipart/form-data; boundary=b", part("token\"; filename=\"x", secret)+"--b--\r\n"),
			},
		},
	}
}

// TestTokens tries every row whose proof is a bare secret: where it must stand,
// what else is refused, two secrets at once, and no secret at all.
func TestTokens(t *testing.T) {
	t.Parallel()
	for name, tc := range tokens() {
		s, ok := Row(name)
		if !ok || s.Covers() != connectors.ProofToken {
			t.Fatalf("row %s: %v, covers %s", name, ok, s.Covers())
		}
		if name == "basic" {
			s.User = "user"
		}
		verify := func(d lead.Delivery, secrets ...string) error { return Verify(s, &d, secrets, time.Time{}, "") }
		for i, d := range tc.right {
			for _, secrets := range [][]string{{secret}, {secret, previous}, {previous, secret}, {"", secret}} {
				if err := verify(d, secrets...); err != nil {
					t.Errorf("%s %d under %d secrets: %v", name, i, len(secrets), err)
				}
			}
			for what, secrets := range map[string][]string{"none": nil, "empty": {""}, "another": {previous}, "a longer one": {secret + "x"}, "a shorter one": {secret[:len(secret)-1]}} {
				refused(t, name+" under "+what, verify(d, secrets...))
			}
		}
		for i, d := range tc.wrong {
			if err := verify(d, secret, previous); err == nil {
				t.Errorf("%s: wrong %d is taken", name, i)
			} else {
				refused(t, name, err)
			}
		}
		refused(t, name+" missing", verify(lead.Delivery{}, secret))
	}
}

// TestFlippedTokens flips each byte of a token in turn.
func TestFlippedTokens(t *testing.T) {
	t.Parallel()
	s, _ := Row("bearer")
	for i := range len(secret) {
		b := []byte(secret)
		b[i] ^= 1
		d := header("Authorization", "Bearer "+string(b))
		refused(t, "flipped", Verify(s, &d, []string{secret}, time.Time{}, ""))
	}
}

// TestCovers: what is called covered decides which laws a connector is held to.
func TestCovers(t *testing.T) {
	t.Parallel()
	for i := range table {
		want := connectors.ProofBody
		if _, bare := tokens()[table[i].Name]; bare {
			want = connectors.ProofToken
		}
		if got := table[i].Covers(); got != want {
			t.Errorf("%s covers %s, want %s", table[i].Name, got, want)
		}
	}
	if _, ok := Row("none"); ok {
		t.Error("there is a row for no proof")
	}
}

// TestSecretsAreComparedInConstantTime reads the sources: == and != take as long
// as two values are equal, so they may only ask whether one is there at all.
func TestSecretsAreComparedInConstantTime(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d sources, %v", len(files), err)
	}
	for _, name := range files {
		if !strings.HasSuffix(name, "_test.go") {
			checkComparisons(t, name)
		}
	}
}

func checkComparisons(t *testing.T, name string) {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	guarded := map[string]bool{"secret": true, "secrets": true, "proof": true, "proofs": true, "mac": true, "key": true, "want": true, "got": true, "said": true, "sum": true, "plain": true, "token": true, "a": true, "b": true}
	harmless := func(e ast.Expr) bool {
		lit, ok := e.(*ast.BasicLit)
		id, isID := e.(*ast.Ident)
		return ok && (lit.Value == `""` || lit.Kind == token.INT) || isID && id.Name == "nil"
	}
	ast.Inspect(file, func(n ast.Node) bool {
		e, ok := n.(*ast.BinaryExpr)
		if !ok || e.Op != token.EQL && e.Op != token.NEQ {
			return true
		}
		for x, y := range map[ast.Expr]ast.Expr{e.X: e.Y, e.Y: e.X} {
			if id, ok := x.(*ast.Ident); ok && guarded[id.Name] && !harmless(y) {
				t.Errorf("%s: %s is compared with %s", fset.Position(e.Pos()), id.Name, e.Op)
			}
		}
		return true
	})
}
