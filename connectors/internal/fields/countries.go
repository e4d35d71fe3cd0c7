package fields

import (
	"strings"
	"sync"
)

// countryNames are names of countries, as people type or choose them: the code,
// then names separated by commas, in English, in their own languages, and in those
// of their neighbours.
const countryNames = `
AE United Arab Emirates,UAE,الإمارات
AR Argentina,Argentinien,Argentine
AT Austria,Österreich,Autriche,Rakousko,Avusturya,Австрия
AU Australia,Australien,Australie
BE Belgium,België,Belgique,Belgien,Bélgica,Belgio
BG Bulgaria,България,Bulgarien,Bulgarie
BR Brazil,Brasil,Brasilien,Brésil,Brasile
BY Belarus,Беларусь,Белоруссия
CA Canada,Kanada
CH Switzerland,Schweiz,Suisse,Svizzera,Suiza
CL Chile
CN China,中国,Chine
CO Colombia,Kolumbien
CZ Czechia,Czech Republic,Česko,Česká republika,Tschechien,Czechy,Česko
DE Germany,Deutschland,Allemagne,Alemania,Germania,Alemanha,Duitsland,Niemcy,Německo,Almanya,Германия,Tyskland,Saksa,Німеччина,Γερμανία
DK Denmark,Danmark,Dänemark
EE Estonia,Eesti,Estland
ES Spain,España,Spanien,Espagne,Spagna,Espanha,Spanje,Hiszpania,İspanya,Испания
FI Finland,Suomi,Finnland
FR France,Frankreich,Francia,França,Frankrijk,Francja,Francie,Fransa,Франция
GB United Kingdom,Great Britain,England,Scotland,Wales,Großbritannien,Vereinigtes Königreich,Royaume-Uni,Reino Unido,Regno Unito,Verenigd Koninkrijk,Wielka Brytania,Великобритания,Birleşik Krallık
GR Greece,Ελλάδα,Griechenland,Grèce,Grecia,Yunanistan
HR Croatia,Hrvatska,Kroatien
HU Hungary,Magyarország,Ungarn
ID Indonesia
IE Ireland,Irland,Irlande
IL Israel,ישראל
IN India,Indien,Inde
IT Italy,Italia,Italien,Italie,Itália,Italië,Włochy,Itálie,İtalya,Италия
JP Japan,日本,Japon
KR South Korea,Korea,대한민국,한국
KZ Kazakhstan,Казахстан,Қазақстан
LT Lithuania,Lietuva,Litauen
LU Luxembourg,Luxemburg
LV Latvia,Latvija,Lettland
MX Mexico,México,Mexiko,Mexique
NL Netherlands,The Netherlands,Nederland,Niederlande,Pays-Bas,Países Bajos,Holland,Holandia,Нидерланды
NO Norway,Norge,Norwegen
NZ New Zealand
PE Peru,Perú
PH Philippines
PL Poland,Polska,Polen,Pologne,Polonia,Polsko,Polonya,Польша,Польща
PT Portugal,Portugalia
RO Romania,România,Rumänien,Roumanie
RS Serbia,Србија,Srbija,Serbien
RU Russia,Россия,Russian Federation,Российская Федерация,Russland
SA Saudi Arabia,السعودية
SE Sweden,Sverige,Schweden,Suède,Szwecja
SG Singapore
SI Slovenia,Slovenija,Slowenien
SK Slovakia,Slovensko,Slowakei
TH Thailand,ประเทศไทย
TR Turkey,Türkiye,Türkei,Turquie
TW Taiwan
UA Ukraine,Україна,Украина,Ukraina
US United States,United States of America,USA,US,U.S.A.,Vereinigte Staaten,États-Unis,Estados Unidos,Stati Uniti,США,Stany Zjednoczone
VN Vietnam,Viet Nam,Việt Nam
ZA South Africa,Südafrika
`

// countries are codes by folded name.
var countries = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(countryNames) {
		code, names, _ := strings.Cut(strings.TrimSpace(line), " ")
		for name := range strings.SplitSeq(names, ",") {
			if name != "" {
				out[folded(name)] = code
			}
		}
	}
	return out
})
