package normal

// The words of names that are no names. Titles stand without dots and hyphens.
var (
	prefixes = words(`dr prof professor profesor profesora mr mrs ms miss mister mx sir lady lord dame rev reverend hon herr frau hr fr dipling dring diplkfm dipl ing mag magister dkfm bc doc
 mme mlle monsieur madame mademoiselle maître sr sra srta don doña dña señor señora dott dottssa dottore sig sigra sigri signor signora avv arch geom rag
 dhr mevr mevrouw drs ir pan pani пан пані гн гжа господин госпожа др доктор проф tov bay bayan dona doutor doutora exmo exma eng engr engenheiro lic licda arq
 mgr inż inz mudr judr phdr rndr mvdr paeddr thdr lek hab univ adv advocate
 capt captain cpt sgt sergeant lt lieutenant col colonel maj gen cmdr commander pastor sister sheikh shaikh haji hajji datuk dato puan encik rabbi imam pfarrer pater
 fam familie family famille familia família famiglia eheleute rodina rodzina семья сем сім'я родина κος κα κυρία κύριος السيد السيدة الدكتور`)
	// nameTitles are those that are also names, and count only with a dot.
	nameTitles = words(`gen col maj eng lek hab doc lic adv rag geom lt univ`)
	// prefixTails follow a title and belong to it: Dr. med., Prof. Dr. h.c.
	prefixTails = words(`med h c hc n rer nat phil jur iur theol habil vet dent pol oec ing techn tech mult arch agr sc soc psych paed pharm mont e univ hab inż inz eng`)
	suffixes    = words(`jr sr ii iii iv phd md esq esquire mba msc bsc ma ba llm mphil dds cpa rn cfa pmp dvm jun senior junior sen filho neto csc drsc mrcp frcs facs bcom beng meng
 mph dmd dnp obe mbe cbe kc qc sj osb ret bsn edd jd acca pe llb`)
	// nameSuffixes are those that are also names.
	nameSuffixes = words(`sen jun mba edd ret csc`)
	particles    = words(`van von vom zu zum zur der den de del della dello delle dei degli di da dal dos das do du des la le lo los las ter ten te op af av
 bin ibn ben bint al el ul y e i vande vander vanden 't st saint san santa mac mc ó ní uí nic фон ван де дер аль эль ибн бин بن ابن بنت آل`)
	// maidenWords announce the name somebody had before.
	maidenWords = words(`geb geborene geborener née nee roz rozená rozena born ur урожд урожденная урождённая nata`)
	// joiners stand between two people's names.
	joiners = words(`& and und et y e i и та і og och ja en oraz`)
	// jobWords say what somebody is.
	jobWords = words(`ceo cto cfo coo cio cmo vp president founder co-founder cofounder owner director managing manager sales marketing head of chief officer executive account partner
 consultant engineer developer architect broker realtor agent attorney lawyer geschäftsführer geschäftsführerin inhaber inhaberin vertrieb leiter leiterin gérant directeur directrice
 gerente diretor diretora titolare amministratore директор менеджер руководитель заведующий`)
	// domainEnds are the last labels by which a line without blanks is a domain.
	domainEnds = words(`com net org info biz io eu de fr it es pt pl nl be at ch cz sk ro hu bg gr ru ua by kz se no dk fi ie uk us ca au in jp cn br mx ar tr shop online store app dev рф укр`)
	// blankWords stand where a part of a name was left out.
	blankWords = words(`n/a none null nil undefined unknown nan`)
	// nobodyWords stand for a name where there is none; a line of them tells nothing. Folded.
	nobodyWords = words(`test tests tester testing testov testova testovich teste prueba prova essai probe demo dummy sample example lead leads dummydata data user users username visitor visitors
 guest gast gaste gost invitado invite convidado website web site webseite sayt chat online form formular whatsapp facebook instagram telegram viber messenger vk tiktok linkedin twitter google apple
 customer customers client clients cliente clientes kunde kunden klient klienty kupec pokupatel admin administrator owner new deleted account page profile member
 name noname first last firstname lastname fullname surname vorname nachname prenom nom nombre apellido apellidos nome cognome sobrenome imya familiya otchestvo fio imie nazwisko jmeno prijmeni
 your my please enter here hidden wireless caller cellular cell mobile phone landline toll free call incoming outgoing missed number nummer numero
 info office sales team support service contact kontakt reception helpdesk benutzer nutzer polzovatel korisnik uzytkownik usuario utilisateur utente anonim anonimo anonyme anonymer inkognito incognito
 qwertz azerty sdfg dfgh fghj jkl zxc zxcv zxcvb yxcv ytsuken ytsuk fyva olol lol blah bla foobar tst`)
)
