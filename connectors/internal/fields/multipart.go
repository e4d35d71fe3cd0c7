package fields

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/textproto"
	"path"
	"strings"
	"unicode/utf8"

	"leadgate/lead"
)

// parseMultipart reads multipart/form-data (RFC 7578). Parts with a file name
// are files; the rest are fields.
func parseMultipart(body, boundary string, limits Limits, files bool) (Tree, error) {
	if boundary == "" || len(boundary) > 70 {
		return Tree{}, formError("the boundary is missing")
	}
	if !headsWithin(body, boundary, limits.Header) {
		return Tree{}, formError("the head of a part is too long")
	}
	r := multipart.NewReader(strings.NewReader(body), boundary)
	var t Tree
	root, count := &node{}, 0
	for {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			t.Root = root.value()
			return t, nil
		}
		if err != nil {
			return Tree{}, formError("a part is broken")
		}
		if count++; count > limits.Keys+limits.Parts {
			return Tree{}, formError("too many fields")
		}
		name, file, isFile := disposition(p.Header)
		if !isFile {
			err = addPart(root, name, p, limits)
		} else {
			err = t.addFile(file, p, limits, files)
		}
		if err != nil {
			return Tree{}, err
		}
	}
}

// headsWithin reports whether no part's head is longer than limit. The standard
// reader has a fixed limit of its own, far higher.
func headsWithin(body, boundary string, limit int) bool {
	delimiter := "--" + boundary
	for {
		at := strings.Index(body, delimiter)
		if at < 0 {
			return true
		}
		body = body[at+len(delimiter):]
		if len(body) <= limit || strings.HasPrefix(body, "--") {
			continue
		}
		if window := body[:limit]; !strings.Contains(window, "\r\n\r\n") && !strings.Contains(window, "\n\n") {
			return false
		}
	}
}

func addPart(root *node, name string, p io.Reader, limits Limits) error {
	text, err := io.ReadAll(io.LimitReader(p, int64(limits.Text)+1))
	if err != nil {
		return formError("a part is broken")
	}
	return root.add(repair(name), repair(string(text)), limits)
}

// addFile takes a file; without read only its being there. A file field left
// empty in a browser comes without name and bytes, and is none.
func (t *Tree) addFile(name string, p *multipart.Part, limits Limits, read bool) error {
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
	t.Files = append(t.Files, f)
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
		if r < 0x20 || r == 0x7f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return -1 // control characters and those that turn the direction of text, to hide an extension
		}
		if r == '\\' {
			return '/'
		}
		return r
	}, repair(name))
	name = strings.TrimSpace(path.Base(strings.TrimRight(name, "/")))
	if name == "" || name == "." || name == ".." || name == "/" {
		return "file"
	}
	if len(name) <= limit {
		return name
	}
	ext := path.Ext(name)
	if len(ext) > 20 {
		ext = ""
	}
	keep := limit - len(ext)
	for keep > 0 && !utf8.RuneStart(name[keep]) {
		keep--
	}
	return name[:keep] + ext
}
