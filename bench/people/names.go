package people

import (
	"embed"
	"fmt"
	"math"
	"slices"
	"strings"
)

//go:embed names places
var files embed.FS

// culture is where names come from.
type culture struct {
	name        string
	men, women  weighted[string]
	family      weighted[string]
	common      int                 // how many family names are listed
	heads       []string            // rare family names are made of a head and a tail
	tails       []string            //
	nick        map[string][]string // short forms of given names
	womenEnd    [][2]string         // endings of family names, of men and of women
	givenMen    []string
	givenWomen  []string
	familyNames []string
}

// rareFamily is the share of people whose family name is none of the listed ones,
// where rare ones can be made. In large countries a list of 200 covers less than
// half of the people.
const rareFamily = 0.5

// readCulture reads a list of names.
func readCulture(name string) (*culture, error) {
	keys, err := readKeys("names/" + name + ".txt")
	if err != nil {
		return nil, err
	}
	c := &culture{name: name, nick: map[string][]string{}}
	for _, k := range keys {
		words := strings.Fields(k.value)
		for i, w := range words {
			words[i] = strings.ReplaceAll(w, "_", " ")
		}
		switch k.name {
		case "men":
			c.men, c.givenMen = ranked(words)
		case "women":
			c.women, c.givenWomen = ranked(words)
		case "family":
			c.family, c.familyNames = ranked(words)
		case "heads":
			c.heads = words
		case "tails":
			c.tails = words
		case "nick":
			for _, w := range words {
				long, short, _ := strings.Cut(w, "=")
				c.nick[long] = strings.Split(short, ",")
			}
		case "women-end":
			for _, w := range words {
				man, woman, _ := strings.Cut(w, "=")
				c.womenEnd = append(c.womenEnd, [2]string{man, woman})
			}
		default:
			return nil, fmt.Errorf("reading names of %s: what is %q?", name, k.name)
		}
	}
	if len(c.givenMen) == 0 || len(c.givenWomen) == 0 || len(c.familyNames) == 0 {
		return nil, fmt.Errorf("reading names of %s: some are missing", name)
	}
	return c, nil
}

// ranked weighs a list the way frequencies of names fall: the first is drawn
// several times as often as the hundredth.
func ranked(list []string) (weighted[string], []string) {
	var w weighted[string]
	var kept []string
	for _, s := range list {
		if slices.Contains(kept, s) {
			continue
		}
		w.add(s, 1/math.Pow(float64(len(kept)+4), 0.75))
		kept = append(kept, s)
	}
	return w, kept
}

// given draws a given name.
func (c *culture) given(d dice, woman bool) string {
	if woman {
		return c.women.draw(d)
	}
	return c.men.draw(d)
}

// surname draws a family name in the form of men.
func (c *culture) surname(d dice, commonOnly bool) string {
	rare := rareFamily
	if c.name == "spanish" || c.name == "portuguese" {
		rare /= 3 // few names cover most people there
	}
	if commonOnly || len(c.heads) == 0 || !d.chance(rare) {
		return c.family.draw(d)
	}
	return pick(d, c.heads) + pick(d, c.tails)
}

// forWoman returns the form of a family name that women bear.
func (c *culture) forWoman(family string) string {
	for _, e := range c.womenEnd {
		if stem, ok := strings.CutSuffix(family, e[0]); ok {
			return stem + e[1]
		}
	}
	return family
}

// key is a line of a list: a name and what it holds.
type key struct{ name, value string }

// readKeys reads lines «name: value»; a line that begins with a blank goes on with
// the one before, and # begins a remark.
func readKeys(path string) ([]key, error) {
	text, err := files.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading lists: %w", err)
	}
	var out []key
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
			continue
		}
		if line[0] == ' ' {
			if len(out) == 0 {
				return nil, fmt.Errorf("reading %s: the first line goes on with nothing", path)
			}
			out[len(out)-1].value += " " + strings.TrimSpace(line)
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("reading %s: a line without colon", path)
		}
		out = append(out, key{name, strings.TrimSpace(value)})
	}
	return out, nil
}
