package fields_test

import (
	"encoding/json"
	"testing"

	"leadgate/connectors/internal/fields"
	"leadgate/lead/normal"
)

// TestBirthDate holds which answers are birth dates. They stay answers as well.
func TestBirthDate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, value, want string }{
		{"birthday", "1985-03-12", "1985-03-12"}, {"date_of_birth", "12.03.1985", "1985-03-12"}, {"DateOfBirth", "03/15/1985", "1985-03-15"}, {"dob", "19850312", "1985-03-12"}, {"Your date of birth", "12 March 1985", "1985-03-12"},
		{"When were you born?", "1985-03-12", ""}, {"birth-date", "1985-03-12T00:00:00Z", "1985-03-12"}, {"customer_birthdate", "1985-03-12", "1985-03-12"}, {"bday", "1985-02-31", "1985-02-31"},
		{"Geburtsdatum", "12.03.1985", "1985-03-12"}, {"Geburtstag", "12.3.85", "1985-03-12"}, {"Ihr Geburtsdatum", "12. März 1985", "1985-03-12"}, {"fecha de nacimiento", "12/03/1985", "1985-03-12"}, {"Date de naissance", "12 mars 1985", "1985-03-12"},
		{"Data di nascita", "12/03/1985", "1985-03-12"}, {"Data de nascimento", "12/03/1985", "1985-03-12"}, {"Geboortedatum", "12-03-1985", "1985-03-12"}, {"Data urodzenia", "12.03.1985", "1985-03-12"}, {"Datum narození", "12. 3. 1985", "1985-03-12"},
		{"Födelsedatum", "1985-03-12", "1985-03-12"}, {"Fødselsdato", "12.03.1985", "1985-03-12"}, {"Syntymäaika", "12.3.1985", "1985-03-12"}, {"Születési dátum", "1985.03.12.", "1985-03-12"}, {"Data nașterii", "12.03.1985", "1985-03-12"},
		{"Дата рождения", "12.03.1985", "1985-03-12"}, {"День рождения", "12.03.1985", "1985-03-12"}, {"Дата народження", "12.03.1985", "1985-03-12"}, {"Ημερομηνία γέννησης", "12/03/1985", "1985-03-12"}, {"Doğum tarihi", "12.03.1985", "1985-03-12"},
		{"生年月日", "1985年3月12日", "1985-03-12"}, {"出生日期", "1985-03-12", "1985-03-12"}, {"생년월일", "1985-03-12", "1985-03-12"}, {"Tanggal lahir", "12-03-1985", "1985-03-12"}, {"Ngày sinh", "12/03/1985", "1985-03-12"},
		{"date", "1985-03-12", ""}, {"appointment date", "1985-03-12", ""}, {"Geburtsort", "Berlin", ""}, {"place of birth", "1985-03-12", ""}, {"birth year", "1985", ""}, {"birthday", "soon", ""}, {"birthday", "1985-03-12 - 1985-03-13", ""},
		{"partner birthday", "1985-03-12", ""}, {"birth city", "1985-03-12", ""}, {"birthday party date", "2026-05-01", ""}, {"birthday", "+4930123456789", ""},
	} {
		body, err := json.Marshal(map[string]string{c.name: c.value})
		if err != nil {
			t.Fatal(err)
		}
		tree, err := fields.Decode(jsonType, body, "", fields.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		q := fields.Map(tree)
		if len(q.Fields) != 1 || q.Fields[0].Value != c.value {
			t.Errorf("%s: fields %+v, want the answer", c.name, q.Fields)
		}
		normal.Inquiry(&q, "")
		if q.BirthDate != c.want {
			t.Errorf("%s: %q is %q, want %q", c.name, c.value, q.BirthDate, c.want)
		}
	}
}
