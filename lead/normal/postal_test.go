package normal

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestPostcode(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"10115": "10115", " 10115 ": "10115", "D-10115": "10115", "DE 10115": "10115", "F-75008": "75008", "LV-1010": "1010", "LV1010": "1010", "SE-114 55": "11455",
		"114 55": "11455", "00-950": "00950", "1000-205": "1000205", "01310-100": "01310100", "〒100-0001": "1000001", "sw1a 1aa": "SW1A1AA", "SW1A1AA": "SW1A1AA",
		"SW1A 1AA London": "SW1A1AA", "1012 ab": "1012AB", "D02 X285": "D02X285", "K1A 0B1": "K1A0B1", "90210-1234": "90210", "902101234": "90210", "CA 90210": "90210",
		"10115 Berlin": "10115", "2600.0": "2600", "１０１１５": "10115", "75008 CEDEX": "75008", "AD500": "AD500", "101000, Москва": "101000",
		"": "", "n/a": "", "-": "", "unknown": "", "00000": "", "Berlin": "", "call me at 030 1234567890": "",
	} {
		if got := Postcode(in); got != want {
			t.Errorf("Postcode(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCity(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Berlin": "berlin", " BERLIN ": "berlin", "Köln": "koln", "Koeln": "koln", "Århus": "arhus", "Aarhus": "arhus", "São Paulo": "sao paulo", "Łódź": "lodz",
		"г. Москва": "moskva", "город Москва": "moskva", "Москва, Россия": "moskva", "м. Київ": "kiyiv", "Αθήνα": "athina", "Frankfurt am Main": "frankfurt main",
		"Frankfurt/Main": "frankfurt main", "Frankfurt (Oder)": "frankfurt", "Saint-Étienne": "st etienne", "St. Etienne": "st etienne", "Sankt Pölten": "st polten",
		"Paris 15": "paris", "Paris CEDEX 08": "paris", "Paris 15e": "paris", "City of London": "london", "Springfield, IL": "springfield", "L'Aquila": "laquila",
		"Mt. Isa": "mt isa", "Mount Isa": "mt isa", "North Sydney": "n sydney", "N. Sydney": "n sydney", "東京": "東京", "Stadt": "stadt", "10115 Berlin": "berlin",
		"Munich": "munchen", "München": "munchen", "Kyiv": "kiyiv", "Київ": "kiyiv", "Киев": "kiyiv", "Moscow": "moskva", "Saint Petersburg": "st peterburg", "Санкт-Петербург": "st peterburg", "The Hague": "hag", "Den Haag": "hag", "Rome, Italy": "roma", "Prague": "praha", "Praha 4": "praha", "London Colney": "london colney",
		"": "", "n/a": "", "N.A.": "", "-": "", "unknown": "", "xxx": "", "12345": "", "неизвестно": "", "keine Angabe": "",
	} {
		if got := City(in); got != want {
			t.Errorf("City(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestStreet(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ street, number, line2, skeleton, house string }{
		{"12 High St", "", "", "high str", "12"},
		{"High Street", "12", "", "high str", "12"},
		{"12, High Street", "", "", "high str", "12"},
		{"high street 12", "", "", "high str", "12"},
		{"12 High St.", "12", "", "high str", "12"},
		{"12a High Street", "", "", "high str", "12a"},
		{"12 A High Street", "", "", "high str", "12a"},
		{"12-14 High Street", "", "", "high str", "12"},
		{"Unit 5, 12 High St", "", "", "high str", "12"},
		{"Unit 5 12 High St", "", "", "high str", "12"},
		{"5/12 High St", "", "", "high str", "12"},
		{"High St", "5/12", "", "high str", "12"},
		{"Flat B, 12 High St", "", "", "high str", "12"},
		{"12 High St, Apt. 4B", "", "", "high str", "12"},
		{"12 High St #4", "", "", "high str", "12"},
		{"3rd Floor, 12 High St", "", "", "high str", "12"},
		{"Level 3", "", "12 High St", "high str", "12"},
		{"Rose Cottage", "", "12 High St", "high str", "12"},
		{"", "12", "High St", "high str", "12"},
		{"Rose Cottage", "", "", "rose cottage", ""},
		{"Stanley Road", "0012", "rosetta village", "stanley rd", "12"},
		{"12 St Georges Rd", "", "", "st georges rd", "12"},
		{"12 Saint George's Road", "", "", "st georges rd", "12"},
		{"12 St John St", "", "", "st john str", "12"},
		{"100 N Main St", "", "", "n main str", "100"},
		{"100 North Main Street", "", "", "n main str", "100"},
		{"12 E Main St", "", "", "e main str", "12"},
		{"12 5th Ave", "", "", "5th av", "12"},
		{"12 Fifth Avenue", "", "", "5th av", "12"},
		{"Route 66", "", "", "66 rte", ""},
		{"12 O'Connell Street", "", "", "oconnell str", "12"},
		{"P.O. Box 123", "", "", "po box", "123"},
		{"The Avenue", "12", "", "av", "12"},
		{"Hauptstr. 12a", "", "", "haupt str", "12a"},
		{"Hauptstraße 12 a", "", "", "haupt str", "12a"},
		{"HAUPTSTRASSE 12", "", "", "haupt str", "12"},
		{"Haupt-Straße 12", "", "", "haupt str", "12"},
		{"Unter den Linden 5", "", "", "unter den linden 5"[:16], "5"},
		{"Straße des 17. Juni 135", "", "", "17 juni str", "135"},
		{"Müllerstr.12, 2. OG", "", "", "muller str", "12"},
		{"Muellerstraße 12/5", "", "", "muller str", "12"},
		{"Dr.-Karl-Renner-Straße 3", "", "", "dr karl renner str", "3"},
		{"12 rue de la Paix", "", "", "paix str", "12"},
		{"12 bis, rue de la Paix", "", "", "paix str", "12bis"},
		{"Rue de la Paix 12 bte 4", "", "", "paix str", "12"},
		{"12, av. de l'Église", "", "", "eglise av", "12"},
		{"Via Roma, 12", "", "", "roma str", "12"},
		{"V.le Monza 12, int. 4", "", "", "monza av", "12"},
		{"C/ Mayor, 12, 3º", "", "", "mayor str", "12"},
		{"Calle Mayor nº 12", "", "", "mayor str", "12"},
		{"Rua 25 de Março, 10", "", "", "25 marco str", "10"},
		{"Av. Paulista 1578 apto 12", "", "", "paulista av", "1578"},
		{"Kerkstraat 12-3", "", "", "kerk str", "12"},
		{"ul. Marszałkowska 12/5", "", "", "marszalkowska str", "12"},
		{"ul. Marszałkowska 12 m. 5", "", "", "marszalkowska str", "12"},
		{"г. Москва, ул. Ленина, д. 12, кв. 5", "", "", "lenina str", "12"},
		{"ул.Ленина д.12 кв.5", "", "", "lenina str", "12"},
		{"улица Ленина 12", "", "", "lenina str", "12"},
		{"Lenina st. 12", "", "", "lenina str", "12"},
		{"ул. 8 Марта, д. 12", "", "", "8 marta str", "12"},
		{"пр-т Мира, 12 корп. 3", "", "", "mira av", "12"},
		{"Невский проспект, д. 12, стр. 1", "", "", "nevskiy av", "12"},
		{"вул. Хрещатик, буд. 12", "", "", "khreshchatik str", "12"},
		{"Kossuth utca 12", "", "", "kossuth str", "12"},
		{"Atatürk Cad. No: 12 D: 5", "", "", "ataturk av", "12"},
		{"smith road", "unit 3/12", "", "smith rd", "12"},
		{"Unit 3/12 Smith Road", "", "", "smith rd", "12"},
		{"Flt 3 12 Smith Rd", "", "", "smith rd", "12"},
		{"123 Hwy 66", "", "", "66 hwy", "123"},
		{"123 County Road 12", "", "", "county rd 12", "123"},
		{"12 r. du Dr Roux", "", "", "dr roux str", "12"},
		{"12 rue du docteur Roux", "", "", "dr roux str", "12"},
		{"P.zza San Marco, 1", "", "", "san marco pl", "1"},
		{"Mannerheimintie 12 A 5", "", "", "mannerheimintie", "12a"},
		{"Mariahilfer Str. 12/Top 15", "", "", "mariahilfer str", "12"},
		{"Avda. de la Constitución 12 bajo", "", "", "constitucion av", "12"},
		{"Av. Corrientes 1234 piso 5 dto B", "", "", "corrientes av", "1234"},
		{"c/o Müller, Berliner Str. 5", "", "", "berliner str", "5"},
		{"1-я Тверская-Ямская ул., 12", "", "", "1th tverskaya yamskaya str", "12"},
		{"1-й пер. Строителей 5", "", "", "1th stroiteley ln", "5"},
		{"東京都 12", "", "", "東京都", "12"},
		{"12", "", "", "", "12"},
		{"", "12", "", "", "12"},
		{"", "", "", "", ""},
		{"n/a", "-", "", "", ""},
		{"-", "", "", "", ""},
		{"unknown", "0", "none", "", ""},
	} {
		t.Run(c.street+"/"+c.number+"/"+c.line2, func(t *testing.T) {
			t.Parallel()
			skeleton, house := Street(c.street, c.number, c.line2)
			if skeleton != c.skeleton || house != c.house {
				t.Errorf("Street(%q, %q, %q) = %q %q, want %q %q", c.street, c.number, c.line2, skeleton, house, c.skeleton, c.house)
			}
			checkStreet(t, c.street, c.number, c.line2)
		})
	}
}

// streetScraps are what street lines are made of.
var streetScraps = []string{
	"12", "5", "0", "12a", "12/5", "12-14", "5th", "1st", "a", "e", "st", "St.", "street", "rd", "ave", "the", "of", "de", "la", "l'", "d'", "unit", "apt", "#", "no", "nr", "д.",
	"кв", "ул.", "г.", "корп", "str", "Hauptstr.", "rue", "via", "floor", "3rd", "og", "box", "po", "bis", "ter", "n", "north", "saint", "dr", "High", "Müller", "aae", "ooe", "O'Neil",
	",", ";", "(", ")", "-", "/", ".", "x", "n/a", "unknown", "mah", "pos", "東京", "ſ", "ǆ",
}

func TestPostalLaws(t *testing.T) {
	t.Parallel()
	line := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(streetScraps), 0, 8).Draw(t, "words"), rapid.SampledFrom([]string{" ", ""}).Draw(t, "between"))
	})
	rapid.Check(t, func(t *rapid.T) {
		for range chaos() {
			checkStreet(t, line.Draw(t, "street"), line.Draw(t, "number"), line.Draw(t, "line2"))
			checkStreet(t, scrapText().Draw(t, "s"), "", scrapText().Draw(t, "t"))
			for _, s := range []string{line.Draw(t, "city"), scrapText().Draw(t, "text")} {
				checkPlace(t, s)
			}
		}
	})
}

// checkStreet holds what must be true of every street.
func checkStreet(t interface{ Fatalf(string, ...any) }, street, number, line2 string) {
	skeleton, house := Street(street, number, line2)
	if s, h := Street(skeleton, house, ""); s != skeleton || h != house {
		t.Fatalf("Street(%q, %q, %q) = %q %q, and of that %q %q", street, number, line2, skeleton, house, s, h)
	}
	if !utf8.ValidString(skeleton+house) || len(house) > 12 || strings.Count(skeleton, " ") > 2*maxPostalWords || strings.TrimSpace(skeleton) != skeleton {
		t.Fatalf("Street(%q, %q, %q) = %q %q", street, number, line2, skeleton, house)
	}
}

// checkPlace holds what must be true of every city and postcode.
func checkPlace(t interface{ Fatalf(string, ...any) }, s string) {
	if city := City(s); City(city) != city || !utf8.ValidString(city) {
		t.Fatalf("City(%q) = %q, then %q", s, city, City(city))
	}
	if code := Postcode(s); Postcode(code) != code || len(code) > maxPostcode {
		t.Fatalf("Postcode(%q) = %q, then %q", s, code, Postcode(code))
	}
}

func FuzzStreet(f *testing.F) {
	for _, s := range []string{"Unit 5, 12 High St", "г. Москва, ул. Ленина, д. 12, кв. 5", "12 bis rue de l'Église", "C/ Mayor 12", "5th 1st ave", "unit unit 5 5 5", "(12) st"} {
		f.Add(s, "12/5", "")
	}
	f.Fuzz(func(t *testing.T, street, number, line2 string) {
		checkStreet(t, street, number, line2)
		checkPlace(t, street)
		checkPlace(t, number)
	})
}

func BenchmarkStreet(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Street("12 Stanley Street", "", "rosetta village")
	}
}
