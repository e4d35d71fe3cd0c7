package normal

import "strings"

// Temporary forms until the real ones are merged.
func Street(street, number, line2 string) (string, string) {
	return foldName(street), strings.ToLower(number)
}
func City(s string) string     { return strings.TrimSpace(foldName(s)) }
func Postcode(s string) string { return strings.ToUpper(strings.ReplaceAll(s, " ", "")) }
