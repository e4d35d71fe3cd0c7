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
		{"DUPONT Jean", lead.Name{Display: "DUPONT Jean", Given: "Jean", Family: "DUPONT"}},
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
