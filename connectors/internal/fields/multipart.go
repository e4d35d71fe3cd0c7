package fields

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math"
	"mime"
	"mime/multipart"
	"net/textproto"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"leadgate/lead"
)

// parseMultipart reads multipart/form-data (RFC 7578). Parts with a file name
// are files; the rest are fields.
func parseMultipart(body []byte, sh shape, limits Limits, files bool) (Tree, error) {
	boundary := sh.boundary
	if boundary == "" || len(boundary) > 70 {
		return Tree{}, formError("the boundary is missing")
	}
	if !headsWithin(body, boundary, limits.Header) {
		return Tree{}, formError("the head of a part is too long")
	}
	r := multipart.NewReader(bytes.NewReader(body), boundary)
	var t Tree
	root, texts, all := &node{}, 0, 0
	for {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) { // a missing end is forgiven: that the body is whole, its length has said
			t.Root = root.value()
			return t, nil
		}
		if err != nil {
			return Tree{}, formError("a part is broken")
		}
		name, file, isFile := disposition(p.Header)
		if all++; !isFile {
			texts++
		}
		switch { // file fields left empty are no files, but take time
		case texts > limits.Keys || all > limits.Keys+limits.Parts:
			return Tree{}, formError("too many fields")
		case isFile:
			err = t.addFile(name, file, p, limits, files)
		default:
			err = addPart(root, name, p, &sh.charset, limits)
		}
		if err != nil {
			return Tree{}, err
		}
	}
}

// headsWithin reports whether no part's head is longer than limit. The standard
// reader has a fixed limit of its own, far higher. It is one pass: the next empty
// line is looked for only once the last one is behind.
func headsWithin(body []byte, boundary string, limit int) bool {
	delimiter := []byte("--" + boundary)
	blanks := [...]blank{{line: []byte("\r\n\r\n"), at: -1}, {line: []byte("\n\n"), at: -1}}
	for at := 0; ; {
		next := bytes.Index(body[at:], delimiter)
		if next < 0 {
			return true
		}
		at += next + len(delimiter)
		if len(body)-at <= limit || bytes.HasPrefix(body[at:], []byte("--")) {
			continue
		}
		end := min(blanks[0].end(body, at), blanks[1].end(body, at))
		if end > at+limit {
			return false
		}
	}
}

// blank is a way to write the empty line that ends a head, and where it was last found.
type blank struct {
	line []byte
	at   int
}

// end returns where the next empty line from a place on ends, far behind the body when there is none.
func (b *blank) end(body []byte, from int) int {
	if b.at < from {
		b.at = math.MaxInt / 2
		if next := bytes.Index(body[from:], b.line); next >= 0 {
			b.at = from + next
		}
	}
	return b.at + len(b.line)
}

func addPart(root *node, name string, p io.Reader, set *charset, limits Limits) error {
	text, err := io.ReadAll(io.LimitReader(p, int64(limits.Text)+1))
	if err != nil {
		return formError("a part is broken")
	}
	if name == "_charset_" && *set == "" { // what browsers put into a field of this name (RFC 7578 §4.6)
		*set = charset(text)
	}
	return root.add(set.text(name), set.text(string(text)), limits)
}

// addFile takes a file; without read only its being there. A file field left
// empty in a browser comes without name and bytes, and is none.
func (t *Tree) addFile(field, name string, p *multipart.Part, limits Limits, read bool) error {
	var data bytes.Buffer
	sum := sha256.New()
	to := io.Discard
	if read {
		to = io.MultiWriter(&data, sum)
	}
	size, err := io.Copy(to, p)
	switch {
	case err != nil:
		return formError("a part is broken")
	case name == "" && size == 0:
		return nil
	case len(t.Files) >= limits.Parts:
		return formError("too many files")
	}
	kind := mediaType(p.Header.Get("Content-Type"))
	f := lead.Attachment{Kind: attachmentKind(kind), Name: FileName(name, limits.Name), Type: kind, Size: size}
	if read {
		f.SHA256, f.Data = hex.EncodeToString(sum.Sum(nil)), data.Bytes()
	}
	t.Files, t.asked = append(t.Files, f), append(t.asked, strings.TrimSuffix(repair(field), "[]"))
	return nil
}

// disposition reads a part's name and file name. A head the standard parser
// refuses is read by hand: browsers write names with raw quotes and UTF-8.
func disposition(h textproto.MIMEHeader) (name, file string, isFile bool) {
	v := h.Get("Content-Disposition")
	_, params, err := mime.ParseMediaType(v)
	if err != nil {
		params = map[string]string{}
		for part := range strings.SplitSeq(v, ";") {
			if k, text, ok := strings.Cut(strings.TrimSpace(part), "="); ok {
				params[strings.ToLower(k)] = strings.Trim(text, `"`)
			}
		}
	}
	file, isFile = params["filename"]
	return params["name"], file, isFile
}

func mediaType(v string) string {
	kind, _, err := mime.ParseMediaType(v)
	if err != nil {
		return "application/octet-stream"
	}
	return kind
}

func attachmentKind(mediaType string) string {
	switch kind, _, _ := strings.Cut(mediaType, "/"); kind {
	case "image", "audio", "video":
		return kind
	}
	return "file"
}

// FileName makes a sender's file name safe to show and keep: the last element of
// any path, without control characters, of at most limit bytes with the extension kept.
// It never returns "", "." or "..".
func FileName(name string, limit int) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return -1 // control characters and those that turn the direction of text, to hide an extension
		}
		if r == '\\' {
			return '/'
		}
		return r
	}, repair(name))
	name = strings.TrimSpace(path.Base(strings.TrimRight(name, "/")))
	if len(name) > limit {
		name = shorten(name, limit)
	}
	if name == "" || name == "." || name == ".." || name == "/" {
		return "file"
	}
	return name
}

// longestExt is the longest extension that is kept when a name is cut, in bytes.
const longestExt = 20

// shorten cuts a file's name to limit bytes between letters, before its extension.
func shorten(name string, limit int) string {
	ext := path.Ext(name)
	if len(ext) > longestExt || len(ext) >= limit {
		ext = ""
	}
	keep := limit - len(ext)
	for keep > 0 && !utf8.RuneStart(name[keep]) {
		keep--
	}
	return strings.TrimSpace(name[:keep]) + ext
}
