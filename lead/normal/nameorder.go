package normal

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"leadgate/lead"
)

// familyFirst shares words out whose first is the family name for sure. Given is
// nil when that is not so: order alone is no sign in most languages, and whoever
// compares names looks at both orders.
func familyFirst(tokens []string) (family, given []string) {
	last := len(tokens) - 1
	switch {
	case last == 2 && patronymic(tokens[2]), last == 3 && patronymicOf(tokens) == 3: // Иванов Иван Иванович, Мамедов Али Гасан оглы
		return tokens[:1], tokens[1:]
	case last > 1 && !slices.ContainsFunc(tokens[1:], func(w string) bool { return !initials(w) }) && !initials(tokens[0]), // Иванов И. И.
		last == 1 && !initials(tokens[0]) && initials(tokens[1]) && strings.Count(tokens[1], ".") > 1: // Belo A.M.
		return tokens[:1], tokens[1:]
	case last > 1 && vietnameseNames()[Search(tokens[0])] && vietnameseMiddle()[Search(tokens[1])]: // Nguyễn Văn An
		return tokens[:1], append([]string{tokens[last]}, tokens[1:last]...)
	case last == 1 && ownOrder(tokens[0]) && ownOrder(tokens[1]): // 山田 太郎
		return tokens[:1], tokens[1:]
	}
	if n := leadingCapitals(tokens); n > 0 { // BELO Ana
		return tokens[:n], tokens[n:]
	}
	n := 0
	for n < last && leadingParticle(tokens, n) {
		n++
	}
	if n > 0 { // de Souza, van der Berg Jan
		return tokens[:n+1], tokens[n+1 : len(tokens) : len(tokens)]
	}
	return nil, nil
}

// leadingParticle reports whether the word at i starts a family name, as in da
// Silva. With a capital some are given names: Van Nguyen, Ben Stiller.
func leadingParticle(tokens []string, i int) bool {
	w := bareWord(tokens[i])
	if !particles()[w] || len(w) < 2 {
		return false
	}
	first, _ := utf8.DecodeRuneInString(tokens[i])
	return i > 0 || unicode.IsLower(first) || familyParticles()[w]
}

// ownOrder reports whether a word is in a script in which the family name stands
// first. In Katakana also foreign names are written, in their own order.
func ownOrder(w string) bool {
	for _, r := range w {
		if !unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana) && r != '々' {
			return false
		}
	}
	return true
}

// hangulName reports whether a word is a Korean name written as one.
func hangulName(w string) bool {
	n := 0
	for _, r := range w {
		if !unicode.Is(unicode.Hangul, r) {
			return false
		}
		n++
	}
	return n == 3 && koreanNames()[w[:3]] || n == 4 && koreanNames()[w[:6]]
}

// splitHangul takes the family name off: one syllable, or two of a known double one.
func splitHangul(w string) (family, given string) {
	if koreanNames()[w[:6]] {
		return w[:6], w[6:]
	}
	return w[:3], w[3:]
}

// initials reports whether a word is initials only: A., И.И.
func initials(w string) bool {
	if !strings.HasSuffix(w, ".") {
		return utf8.RuneCountInString(w) == 1 && strings.IndexFunc(w, unicode.IsUpper) == 0
	}
	for part := range strings.SplitSeq(strings.TrimSuffix(w, "."), ".") {
		if utf8.RuneCountInString(strings.Trim(part, "-")) != 1 {
			return false
		}
	}
	return true
}

// splitInitials parts initials written as one: A.M. Belo.
func splitInitials(n *lead.Name) {
	if strings.Count(n.Given, ".") < 2 || !initials(n.Given) {
		return
	}
	parts := strings.SplitAfter(n.Given, ".")
	parts = parts[:len(parts)-1]
	n.Given = parts[0]
	n.Middle = strings.TrimSpace(strings.Join(parts[1:], " ") + " " + n.Middle)
}

// trailingParticles moves the particles behind a given name to the family name:
// Neumann, John von.
func trailingParticles(given, family []string) (g, f []string) {
	n := len(given)
	for n > 1 && particles()[bareWord(given[n-1])] {
		n--
	}
	return given[:n], slices.Concat(given[n:], family)
}

// patronymicOf returns where the word stands that makes the one before it a
// patronymic (Гасан оглы), or -1.
func patronymicOf(tokens []string) int {
	i := slices.IndexFunc(tokens, func(w string) bool { return patronymicWords()[Search(w)] })
	if i < 2 {
		return -1
	}
	return i
}

var (
	vietnameseNames  = words(`nguyen tran le pham huynh hoang phan vu vo dang bui do ho ngo duong ly dinh trinh mai cao lam truong luong`)
	vietnameseMiddle = words(`van thi`)
	patronymicWords  = words(`ogly oglu kyzy kyzi qizi gyzy uly uulu oglly ogli`)
	// familyParticles start a family name also when they have a capital.
	familyParticles = words(`de da dos das del della dela von zu st el vander vanden`)
	koreanNames     = words(`김 이 박 최 정 강 조 윤 장 임 한 오 서 신 권 황 안 송 류 유 홍 전 고 문 손 양 배 백 허 남 심 노 하 곽 성 차 주 우 구 민 진 나 지 엄 채 원 천 방 공 현 함 변 염 여 추 도 소 석 선 설 마 길 연 위 표 명 기 반 라 왕 금 옥 육 인 맹 제 모
 남궁 황보 제갈 선우 독고 사공 서문`)
)
