package normal

import "strings"

// URLKey returns what two addresses of web pages are compared by, or "" for what
// is none: the host without www., the path and what the query asks for. Scheme,
// default ports, tracking parameters, the place within the page and a slash at the
// end make no difference. The scheme may be left out, as people do.
func URLKey(text string) string {
	u, ok := URL(text)
	if !ok {
		s := strings.TrimSpace(Text(text))
		host := s
		if i := strings.IndexAny(s, `/?#\`); i >= 0 {
			host = s[:i]
		}
		if strings.IndexByte(host, '@') >= 0 {
			return ""
		}
		if u, ok = URL("http://" + s); !ok {
			return ""
		}
	}
	_, u, _ = strings.Cut(u, "://")
	host, rest, _ := strings.Cut(u, "/")
	host = strings.TrimPrefix(host, "www.")
	if i := strings.LastIndexByte(host, ':'); i > 0 && (host[i:] == ":80" || host[i:] == ":443") {
		host = host[:i]
	}
	if strings.IndexByte(host, '.') < 0 && host[0] != '[' {
		return ""
	}
	rest, place, _ := strings.Cut(rest, "#")
	path, query, _ := strings.Cut(rest, "?")
	key := host
	if path = strings.TrimRight(path, "/"); path != "" {
		key += "/" + path
	}
	if query = askedFor(query); query != "" {
		key += "?" + query
	}
	if strings.HasPrefix(place, "/") || strings.HasPrefix(place, "!") { // pages of an application
		key += "#" + place
	}
	return key
}

// askedFor is a query without the parameters that only say where a visitor is from.
func askedFor(query string) string {
	var kept []string
	for p := range strings.FieldsFuncSeq(query, func(r rune) bool { return r == '&' }) {
		name, _, _ := strings.Cut(p, "=")
		if !tracking(strings.ToLower(name)) {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, "&")
}

func tracking(name string) bool {
	for _, begin := range [...]string{"utm_", "mtm_", "pk_", "hsa_", "mc_", "_hs", "trk_", "matomo_", "stm_"} {
		if strings.HasPrefix(name, begin) {
			return true
		}
	}
	return trackingNames()[name]
}

var trackingNames = words(`gclid gclsrc gbraid wbraid gad_source gad_campaignid dclid _ga _gl fbclid fb_action_ids fb_source igsh igshid msclkid yclid ymclid ysclid _openstat from_openstat
 ttclid twclid li_fat_id epik rdt_cid sccid sc_cid vero_id vero_conv mkt_tok oly_anon_id oly_enc_id wickedid s_cid zanpid awc irclickid irgwc cjevent _kx trk trkcampaign
 wt_mc ml_subscriber ml_subscriber_hash mkwid spm scm roistat phpsessid jsessionid`)
