package normal

import "strings"

// company reports whether a line names a business: by its legal form, or by a
// word no person is called.
func company(s string) bool {
	fold := strings.ToLower(s)
	if strings.IndexByte(fold, '&') >= 0 || strings.IndexByte(fold, '.') >= 0 || !isASCII(fold) {
		if companyMark(fold) {
			return true
		}
	}
	words := strings.Fields(fold)
	if len(words) == 0 {
		return false
	}
	given := strings.Fields(s)
	shout := allCapitals(given)
	for i, w := range words {
		w = strings.Trim(w, `,()"'«»“”„`)
		bare := strings.ReplaceAll(w, ".", "")
		end := i == len(words)-1
		switch {
		case legalForms()[bare], len(words) > 1 && businessWords()[bare]:
			return true
		case len(words) == 1:
		case w == "co." && end, w == "fa." && i == 0, firmForms()[bare] && end && (given[i] == strings.ToUpper(given[i]) || bare == "oy"):
			return true
		case shortForms()[bare] && end || frontForms()[bare] && i == 0:
			if strings.Count(w, ".") > 1 || strings.Contains(w, "/") || !shout && given[i] == strings.ToUpper(given[i]) {
				return true
			}
		}
	}
	return polishForm(words)
}

// companyMark finds what marks a company without being a word of its own.
func companyMark(fold string) bool {
	for _, mark := range [...]string{
		"& co", "& sons", "& söhne", "& sohn", "& cie", "& partner", "& fils", "& figli", "& hijos", "& associates", "e. v.", "e. k.", "haftungsbeschr",
		"株式会社", "株式會社", "有限会社", "合同会社", "㈱", "公司", "集团", "集團", "商店", "주식회사", "유한회사", "㈜", "(주)", "בע\"מ", "בע״מ", "شركة", "مؤسسة",
	} {
		if strings.Contains(fold, mark) {
			return true
		}
	}
	return false
}

// polishForm finds sp. z o.o. and its like, in whichever spelling.
func polishForm(words []string) bool {
	for i, w := range words {
		if i == 0 || w != "sp." && w != "sp" && w != "spółka" && w != "spolka" {
			continue
		}
		switch rest := strings.ReplaceAll(strings.Join(words[i+1:], ""), ".", ""); rest {
		case "zoo", "k", "j", "p", "zook", "zoospk", "komandytowa", "jawna", "akcyjna":
			return true
		}
	}
	return false
}

var (
	legalForms = words(`gmbh ohg gbr ggmbh mbh llc llp inc ltd limited corp corporation incorporated plc sarl eurl srl srls spa sasu kft zrt nyrt oyj aps pty pvt
 doo dooel ооо оао зао пао тов фоп ип чп нко нпо гуп муп одо чуп lda ltda eireli sapa ehf kgaa gesmbh eood ood jsc pjsc cjsc bvba vof sdn bhd pte zoo spzoo
 oü gmbh&co eingetragener`)
	// shortForms are legal forms at the end that could be a name or initials in capitals.
	shortForms = words(`ag kg ug ek ev se co sa sl sas sc bv nv oy ab as a/s asa ao ао lp kk sp zoo sro as spol kb hb eg ou uab sia`)
	// firmForms are those nobody is called.
	firmForms = words(`ag kg ug bv nv oy kk sro uab sia eg ev ek`)
	// frontForms stand in front of the name.
	frontForms = words(`ао ук ek sia uab fa`)
	// businessWords stand in names of businesses and in nobody's own.
	businessWords = words(`company companies group gruppe groupe grupo gruppo holding holdings foundation agency agentur agence agencia agenzia services solutions consulting consultants systems
 technologies technology industries enterprises enterprise ventures investments logistics transport trading construction constructions builders plumbing heating roofing electrical
 landscaping catering motors realty properties insurance accountants attorneys lawyers associates software marketing pharmacy dental dentistry institute academy college council
 association committee department boutique bakery pizzeria cafe café garage salon studio hotel hostel restaurant clinic klinik praxis hospital university universität universidad école school
 verein firma stiftung kanzlei apotheke bäckerei metzgerei autohaus werkstatt tischlerei schreinerei malerbetrieb immobilien versicherung versicherungen verlag gasthof gasthaus
 söhne gebrüder gebr bros sons boulangerie cabinet entreprise société societe etablissements ets pharmacie mairie clinica clínica tienda panadería farmacia farmácia constructora
 construcciones inmobiliaria imobiliária construtora associação asociación fundación fundação associazione ristorante trattoria officina impresa ditta azienda panificio
 przedsiębiorstwo sklep apteka hurtownia zakład biuro fundacja stowarzyszenie restauracja přestavby stavebniny lékárna autoservis
 компания группа фирма агентство клиника магазин салон студия стоматология автосервис кафе ресторан гостиница отель школа аптека завод фабрика компанія агенція крамниця ресторация фонд
 торговый строительная консалтинг недвижимость кооператив товарищество предприятие`)
)
