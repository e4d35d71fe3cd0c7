package normal

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"leadgate/lead"
)

func TestParseName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   string
		want lead.Name
	}{
		{"Ana Belo", lead.Name{Display: "Ana Belo", Given: "Ana", Family: "Belo"}},
		{"  Ana \t Belo ", lead.Name{Display: "Ana Belo", Given: "Ana", Family: "Belo"}},
		{`"Ana Belo"`, lead.Name{Display: "Ana Belo", Given: "Ana", Family: "Belo"}},
		{"Ana", lead.Name{Display: "Ana", Given: "Ana"}},
		{"", lead.Name{}},
		{"Belo, Ana", lead.Name{Display: "Belo, Ana", Given: "Ana", Family: "Belo"}},
		{"Belo, Dr. Ana Maria", lead.Name{Display: "Belo, Dr. Ana Maria", Prefix: "Dr.", Given: "Ana", Middle: "Maria", Family: "Belo"}},
		{"ANA BELO", lead.Name{Display: "ANA BELO", Given: "Ana", Family: "Belo"}},
		{"DUPONT Jean", lead.Name{Display: "DUPONT Jean", Given: "Jean", Family: "Dupont"}},
		{"Dr. Ana Belo", lead.Name{Display: "Dr. Ana Belo", Prefix: "Dr.", Given: "Ana", Family: "Belo"}},
		{"Prof. Dr. Ana Belo", lead.Name{Display: "Prof. Dr. Ana Belo", Prefix: "Prof. Dr.", Given: "Ana", Family: "Belo"}},
		{"Frau Müller", lead.Name{Display: "Frau Müller", Prefix: "Frau", Family: "Müller"}},
		{"г-н Иванов", lead.Name{Display: "г-н Иванов", Prefix: "г-н", Family: "Иванов"}},
		{"John Smith Jr.", lead.Name{Display: "John Smith Jr.", Given: "John", Family: "Smith"}},
		{"John Smith, MD", lead.Name{Display: "John Smith, MD", Given: "John", Family: "Smith"}},
		{"John Smith, Jr.", lead.Name{Display: "John Smith, Jr.", Given: "John", Family: "Smith"}},
		{"Amadou Ba", lead.Name{Display: "Amadou Ba", Given: "Amadou", Family: "Ba"}},
		{"Jan van der Berg", lead.Name{Display: "Jan van der Berg", Given: "Jan", Family: "van der Berg"}},
		{"Maria de la Cruz", lead.Name{Display: "Maria de la Cruz", Given: "Maria", Family: "de la Cruz"}},
		{"Juan García López", lead.Name{Display: "Juan García López", Given: "Juan", Middle: "García", Family: "López"}},
		{"Иванов Иван Иванович", lead.Name{Display: "Иванов Иван Иванович", Given: "Иван", Middle: "Иванович", Family: "Иванов"}},
		{"Иван Иванович", lead.Name{Display: "Иван Иванович", Given: "Иван", Middle: "Иванович"}},
		{"Don Johnson", lead.Name{Display: "Don Johnson", Given: "Don", Family: "Johnson"}},
		{"Ana Belo 🌸", lead.Name{Display: "Ana Belo 🌸", Given: "Ana", Family: "Belo"}},
		{"Ana Belo (Porto)", lead.Name{Display: "Ana Belo (Porto)", Given: "Ana", Family: "Belo"}},
		{"Acme GmbH", lead.Name{Display: "Acme GmbH"}},
		{"Acme Inc.", lead.Name{Display: "Acme Inc."}},
		{"Acme, LLC", lead.Name{Display: "Acme, LLC"}},
		{"ООО «Ромашка»", lead.Name{Display: "ООО «Ромашка»"}},
		{"Construcciones Ruiz S.A.", lead.Name{Display: "Construcciones Ruiz S.A."}},
		{"Müller & Co", lead.Name{Display: "Müller & Co"}},
		{"Müller AG", lead.Name{Display: "Müller AG"}},
		{"ana@example.org", lead.Name{Display: "ana@example.org"}},
		{"+33 6 12 34 56 78", lead.Name{Display: "+33 6 12 34 56 78"}},
		{"https://example.org/x", lead.Name{Display: "https://example.org/x"}},
		{"???", lead.Name{Display: "???"}},
	} {
		t.Run(c.in, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, ParseName(c.in)); diff != "" {
				t.Errorf("ParseName(%q) (-want +got):\n%s", c.in, diff)
			}
		})
	}
}

// TestParseNameParts says more shortly what becomes of a line: prefix, given,
// middle and family name between bars.
func TestParseNameParts(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		// case
		"ana belo":             "|Ana||Belo",
		"JAN VAN DER BERG":     "|Jan||van der Berg",
		"SEAN O'BRIEN":         "|Sean||O'Brien",
		"McDonald Ronald":      "|McDonald||Ronald",
		"ИВАНОВ ИВАН ИВАНОВИЧ": "|Иван|Иванович|Иванов",
		// titles
		"Dr. med. Hans Müller":           "Dr. med.|Hans||Müller",
		"Dr.-Ing. Hans Müller":           "Dr.-Ing.|Hans||Müller",
		"Dipl.-Ing. Hans Müller":         "Dipl.-Ing.|Hans||Müller",
		"Prof. Dr. Dr. h.c. Hans Müller": "Prof. Dr. Dr. h.c.|Hans||Müller",
		"dr n. med. Jan Kowalski":        "dr n. med.|Jan||Kowalski",
		"MUDr. Jan Novák, Ph.D.":         "MUDr.|Jan||Novák",
		"inż. Jan Kowalski":              "inż.|Jan||Kowalski",
		"Dott.ssa Maria Rossi":           "Dott.ssa|Maria||Rossi",
		"Mr & Mrs Smith":                 "Mr Mrs|||Smith",
		"Mr. and Mrs. John Smith":        "Mr. Mrs.|John||Smith",
		"Familie Müller":                 "Familie|||Müller",
		"Fam. Müller":                    "Fam.|||Müller",
		"Capt. John Smith":               "Capt.|John||Smith",
		"Dr. Anna Gruber MSc":            "Dr.|Anna||Gruber",
		"SMITH, JOHN JR":                 "|John||Smith",
		"John Smith, CEO":                "|John||Smith",
		"John Smith, Sales Manager":      "|John||Smith",
		"Anna Schmidt geb. Müller":       "|Anna||Schmidt",
		"Anna Schmidt née Müller":        "|Anna||Schmidt",
		"Mai Nee":                        "|Mai||Nee",
		"Amartya Sen":                    "|Amartya||Sen",
		"Hans Müller sen.":               "|Hans||Müller",
		"Lee Jun":                        "|Lee||Jun",
		"Chidi Mba":                      "|Chidi||Mba",
		"Chidi Obi MBA":                  "|Chidi||Obi",
		"ANNA MA":                        "|Anna||Ma",
		"ANNA SMITH PHD":                 "|Anna||Smith",
		"Gen Suzuki":                     "|Gen||Suzuki",
		"Gen. John Smith":                "Gen.|John||Smith",
		"Maj Andersson":                  "|Maj||Andersson",
		"Eng Kok Wei":                    "|Eng|Kok|Wei",
		// two people
		"John and Mary Smith":  "|John|Mary|Smith",
		"John & Mary Smith":    "|John|Mary|Smith",
		"Juan y María García":  "|Juan|María|García",
		"Иван и Мария Ивановы": "|Иван|Мария|Ивановы",
		"Anna & Peter":         "|Anna|Peter|",
		// remarks
		"John Smith - Acme":       "|John||Smith",
		"John Smith | Acme":       "|John||Smith",
		"Anna Schmidt-Müller":     "|Anna||Schmidt-Müller",
		"Ana Belo ana@belo.pt":    "|Ana||Belo",
		"Ana Belo <ana@belo.pt>":  "|Ana||Belo",
		"Ana Belo 0612345678":     "|Ana||Belo",
		"Ana Belo +33 6 12345678": "|Ana||Belo",
		// initials
		"A.M. Belo":      "|A.|M.|Belo",
		"J.R.R. Tolkien": "|J.|R. R.|Tolkien",
		"A. M. Belo":     "|A.|M.|Belo",
		"Иванов И.И.":    "|И.|И.|Иванов",
		"Иванов И. И.":   "|И.|И.|Иванов",
		"И.И. Иванов":    "|И.|И.|Иванов",
		"Ana B.":         "|Ana||B.",
		// particles
		"van Beethoven":         "|||van Beethoven",
		"De Souza":              "|||De Souza",
		"da Silva":              "|||da Silva",
		"Van Nguyen":            "|Van||Nguyen",
		"Ben Stiller":           "|Ben||Stiller",
		"van der Berg Jan":      "|Jan||van der Berg",
		"Neumann, John von":     "|John||von Neumann",
		"Pedro Sánchez y Pérez": "|Pedro||Sánchez y Pérez",
		"Ana da Silva e Costa":  "|Ana||da Silva e Costa",
		"Seán Ó Briain":         "|Seán||Ó Briain",
		"محمد بن سلمان":         "|محمد||بن سلمان",
		"Jean-Claude Van Damme": "|Jean-Claude||Van Damme",
		"Анна Сергеевна Иванова":       "|Анна|Сергеевна|Иванова",
		"Мамедов Али Гасан оглы":       "|Али|Гасан оглы|Мамедов",
		"Али Гасан оглы Мамедов":       "|Али|Гасан оглы|Мамедов",
		"Ковальчук Олена Петрівна":     "|Олена|Петрівна|Ковальчук",
		"José Luis Rodríguez Zapatero": "|José|Luis Rodríguez|Zapatero",
		// family name first, where that is certain
		"山田 太郎":              "|太郎||山田",
		"王 小明":               "|小明||王",
		"김 철수":               "|철수||김",
		"김철수":                "|철수||김",
		"남궁민수":               "|민수||남궁",
		"ジョン スミス":            "|ジョン||スミス",
		"王小明":                "|王小明||",
		"Nguyễn Văn An":      "|An|Văn|Nguyễn",
		"Nguyen Thi Minh Ha": "|Ha|Thi Minh|Nguyen",
		"Van An Nguyen":      "|Van|An|Nguyen",
		// nobody
		"Test": "|||", "test test": "|||", "Test User": "|||", "test123": "|||", "asdf": "|||", "qwerty qwerty": "|||", "xxx": "|||", "aaa bbb": "|||", "n/a": "|||", "N/A N/A": "|||",
		"none": "|||", "Unknown": "|||", "Anonymous": "|||", "No Name": "|||", "First Last": "|||", "Vorname Nachname": "|||", "Имя Фамилия": "|||", "тест": "|||",
		"Guest": "|||", "WhatsApp User": "|||", "Website Visitor": "|||", "User 12": "|||", "null null": "|||", "WIRELESS CALLER": "|||", "Deleted Account": "|||", "New Lead": "|||",
		"www.acme.com": "|||", "acme.de": "|||", "https://acme.de/x": "|||", "ana@belo.pt": "|||", "+33 6 12 34 56 78": "|||",
		"Christopher Guest": "|Christopher||Guest", "Martin Test": "|Martin||Test", "Nada": "|Nada||", "Anna No": "|Anna||No",
	} {
		n := ParseName(in)
		if got := n.Prefix + "|" + n.Given + "|" + n.Middle + "|" + n.Family; got != want || n.Display == "" {
			t.Errorf("ParseName(%q) = %q, want %q", in, got, want)
		}
		checkName(t, in)
	}
}

func TestCompany(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"Acme GmbH & Co. KG", "ACME LTD", "Acme Pty Ltd", "Acme SA", "Acme S.r.l.", "Acme S.p.A.", "Acme BV", "Acme AB", "Acme A/S", "Acme Oy", "ACME AG", "Acme Co.", "Acme, Inc",
		"Acme sp. z o.o.", "ACME Sp z oo", "Acme sp. k.", "Acme s.r.o.", "Acme a.s.", "Acme Kft.", "Acme d.o.o.", "Acme Ltda", "Acme UG (haftungsbeschränkt)", "Müller e.K.", "Freunde e. V.",
		"ООО Ромашка", "ИП Иванов И.И.", "ФОП Шевченко Тарас", "АО Ромашка", "UAB Acme", "Müller & Söhne", "Müller und Söhne", "Gebr. Müller", "Smith & Jones LLP", "Bäckerei Müller",
		"Autohaus Müller", "Praxis Dr. Müller", "Pizzeria Roma", "Salon Anna", "Стоматология Улыбка", "Магазин Цветы", "Boulangerie Dupont", "Smith Plumbing", "Clinica Belo", "Fa. Müller",
		"株式会社山田", "山田株式会社", "Acme 有限公司", "주식회사 김", "Acme Holding", "University of Porto", "Société Dupont",
	} {
		if !company(s) {
			t.Errorf("%q is taken for a person", s)
		}
		if n := ParseName(s); n.Given+n.Middle+n.Family != "" {
			t.Errorf("ParseName(%q) = %+v", s, n)
		}
	}
	for _, s := range []string{
		"Ana Belo", "Kim Co", "Jan Se", "Ana Sá", "Sa Nguyen", "Maria Sas", "AB Smith", "Christian Ag", "ANA SA", "Charlotte Church", "John Law", "Peter Holder", "Anna Bauer", "Iris Murdoch",
		"Co", "Salon", "Li Oyama", "Sia Furler", "Eva As", "Noa Ek",
	} {
		if company(s) {
			t.Errorf("%q is taken for a company", s)
		}
	}
}

// A company behind a name is no part of it.
func TestNameAndCompany(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][2]string{
		"Marion Schmitt, Müller Inc.": {"Marion", "Schmitt"}, "Nancy Ler, Spinondi Group": {"Nancy", "Ler"}, "Susanne Bauer (Bauer Bau GmbH)": {"Susanne", "Bauer"},
		"Yilmaz, Sultan, Kaltrode Hotel": {"Sultan", "Yilmaz"}, "Acme, Inc.": {}, "Acme Tools, Inc.": {}, "Belo Brothers Ltd": {}, "Belo, Ana Maria": {"Ana", "Belo"},
	} {
		if n := ParseName(in); n.Given != want[0] || n.Family != want[1] || n.Display != in {
			t.Errorf("%q is read as %+v, want %v", in, n, want)
		}
	}
}

func TestNamesConflict(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"Ana Belo", "Ana Belo", false},
		{"Ana Belo", "ANA BELO", false},
		{"Ana Belo", "Belo, Ana", false},
		{"Ana Belo", "Belo Ana", false},
		{"Ana Belo", "A. Belo", false},
		{"Ana Belo", "Ana B.", false},
		{"Ana Belo", "Ana", false},
		{"Ana", "Boris", false},
		{"Ana Belo", "", false},
		{"Ana Belo", "Frau Belo", false},
		{"Ana Belo", "Acme GmbH", false},
		{"Ana Belo", "Rui Belo", true},
		{"Ana Belo", "Ana Costa", true},
		{"Ana Belo", "Rui Costa", true},
		{"Ana Belo", "R. Belo", true},
		{"John M. Smith", "Mary Smith", true},
		{"Anna Maria Schmidt", "Maria Schmidt", false},
		{"Annamaria Schmidt", "Anna Maria Schmidt", false},
		{"Bill Gates", "William Gates", false},
		{"Bob Smith", "Robert Smith", false},
		{"Саша Петров", "Александр Петров", false},
		{"Саша Петрова", "Александра Петрова", false},
		{"Alexander Petrov", "Александр Петров", false},
		{"Дмитрий Шевченко", "Dmytro Shevchenko", false},
		{"Олександр Ковальчук", "Aleksandr Kovalchuk", false},
		{"Юлія Гончаренко", "Yulia Goncharenko", false},
		{"Евгений Щербаков", "Evgeny Shcherbakov", false},
		{"Ivan Petrov", "Olga Petrova", true},
		{"Иванова Мария", "Maria Ivanov", false},
		{"Γιώργος Παπαδόπουλος", "Giorgos Papadopoulos", false},
		{"Jürgen Müller", "Juergen Mueller", false},
		{"Jürgen Müller", "Jurgen Muller", false},
		{"Groß Peter", "Peter Gross", false},
		{"Søren Kjær", "Soren Kjaer", false},
		{"Łukasz Wójcik", "Lukasz Wojcik", false},
		{"José García", "Pepe Garcia", false},
		{"Juan García López", "Juan García", false},
		{"Marie Dupont-Durand", "Marie Durand", false},
		{"Marie Dupont-Durand", "Marie Martin", true},
		{"Jan van der Berg", "Jan Vanderberg", false},
		{"Jan van der Berg", "Jan Berg", false},
		{"Sean O'Neil", "Sean ONeil", false},
		{"Katharina Fischer", "Katharian Fischer", false},
		{"Katharina Fischer", "Katharina Ficher", false},
		{"Katharina Fischer", "Martin Fischer", true},
		{"Lena Roth", "Lena Rath", true},
		{"Wei Zhang", "Zhang Wei", false},
		{"山田 太郎", "太郎 山田", false},
		{"山田 太郎", "山田 花子", true},
		{"Person ab", "Person cd", true},
	} {
		t.Run(c.a+"/"+c.b, func(t *testing.T) {
			t.Parallel()
			got, reason := NamesConflict(ParseName(c.a), ParseName(c.b))
			if got != c.want || got != (reason != "") {
				t.Errorf("NamesConflict(%q, %q) = %v %q, want %v", c.a, c.b, got, reason, c.want)
			}
		})
	}
}
