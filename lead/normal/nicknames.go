package normal

// nicknames holds forms of one given name a line, in Latin letters. Compared are
// their sounds (see sound), so that one spelling stands for its near ones. A form
// may stand in several lines.
var nicknames = nameGroups(`
alexander alex alec aleck xander sandy sander sasha sascha aleksandr aleksander alexandr alexandre alessandro alejandro alexandru oleksandr olexandr aliaksandr sanya shura lex iskander skander ale
alexandra alex sandra sandy sasha sascha aleksandra alessandra alejandra oleksandra shura lexi xandra
alexey aleksey alexei alexej alexis alyosha lyosha alex oleksiy oleksii lesha lyokha
alina alya lina
alice alicia alisa alisha ally lisa
albert al bert alberto albrecht adalbert
alfred al fred alf fredi alfredo freddy
amanda mandy manda
amelia amy millie melia emily
anastasia nastya anastasiya stacy stasya nastia anastasiia asya tasia
anatoly tolya anatoliy anatolii anatol tolik
andrew andy drew andrey andrei andrej andre andreas andres andrea andriy andrii andrzej ondrej andrus andrius dre
andrea andi andreia andreea drea
angela angie angelina angelika angelica anhelina gela ange lina
ann anna anne annie anya hannah hanna hana ana anita annette anneke anja anke nan nancy nina anouk anushka nyura annika anka anabel annabel anais
antonio anthony tony anton antoine toni antonin antonius anthonie tonio antonino toño tonton antin antek
antonina tonya tonia nina antonia toni
arkady arkadiy arkasha
arthur art artie artur arturo artus
artem artyom tema tyoma artemiy artemij
barbara barb barbie babs babette bärbel varvara varya basia barbora
bartholomew bart bartek bartosz bartolome
benjamin ben benny benji benjamim benno venya veniamin
bernard bernie bernhard bernardo bernd barney
bogdan bohdan bodya
boris borya borislav
bridget brigitte birgit gitte bridie brigid gitta
caroline carolyn carol carrie carolina karoline karolina lina karola caro line
catherine katherine kate katie kathy cathy cat kat kitty kay katharina katrin kathrin katja katya ekaterina yekaterina kateryna katerina katarina katarzyna kasia catarina caterina catalina karin karen kaethe trina catrin ekaterine katyusha kathleen caitlin kathryn catarine kathi
charles charlie chuck chas karl carl carlos carlo karel karol carlito charly
charlotte charlie lotte lottie lotta carlota carlotta char lola
christian chris kristian krystian cristian cristiano christiaan
christina christine chris tina chrissy kristina kristin kirsten cristina christel christa krystyna kerstin stine krista kris christiane
christopher chris kit topher christoph kristoffer cristobal christophe krzysztof cristoforo kris christof khrystofor
claudia claudine klaudia claudie klava klavdia
clara klara claire clare chiara
cynthia cindy cyndi
daniel dan danny daniil danila danilo danylo danya daniele dani danijel
daniela dani daniella danielle danuta
daria darya dasha dariya darja dariia
david dave davey davy davide davyd dawid davi
deborah deb debbie debra debora
denis dennis dionysius den denys denys deniska dennys dionisio
diana diane diana dianne di
dietrich dieter dirk derek theoderich
dmitry dima dmitri dmitriy dimitri dmitrii dmytro mitya dimitrios dimitris dimitry demetrius dimas dzmitry
dominic dominik dom domingo dominique nick dominick domenico mimmo
donald don donny donnie
dorothy dorothea dot dottie dolly dorothee doris dora thea dorota
edgar ed eddie edgardo
edith edie edita edyta
edward ed eddie ted teddy ned eduard eduardo edouard edik edoardo edvard duarte edu lalo
eleanor ellie nell nelly nora lena leonore eleonora elinor lenore leonor
elena helen helena lena alena olena alyona alena lenka ellen helene hélène eleni ilona lenochka yelena elaine jelena nelly nell ilena
elizabeth liz lizzy lizzie beth betsy betty bess eliza elisabeth elisa lisa liza lise elsa else elsbeth elisabet isabel isabella lisbeth liesel sissi yelizaveta elizaveta bettina libby lisbet bep elzbieta ela lilibet ilse babette
emil emile emilio emilian
emilia emily emma emilie emmy milla mila em
emmanuel manuel manny manu emanuel manolo immanuel manuele emanuele
eric erik rick erich eirik
ernest ernie ernst ernesto
esther hester essie ester
eugene gene evgeny yevgeny evgeni evgeniy yevhen yevgeniy zhenya eugen eugenio eugeniusz ievgen jewgeni genya evgenij
eugenia evgenia evgeniya zhenya yevgenia eugenie yevheniya jenya evheniya
eva eve evi evie ewa evita eef
fatima fatma fatemeh fatoumata
felix feliks felicio
fernando fernand ferdinand nando ferdi fer
fyodor fedor fedya theodor teodor teodoro theodore ted teddy theo fedir todor
florian flo florin floriano
frances fran fanny frankie francesca franziska franzi francisca francoise franca sissi fran paqui paca frantiska franciska cesca
francis frank frankie franz francisco paco pancho francesco franco françois frans fran chico franek franciszek frantisek ferenc kiko curro quico feri ciccio
frederick fred freddy fritz friedrich frederik federico frederic fryderyk rick fredrik fedde freek bedrich frida fede
gabriel gabe gabriele gabi gavriil gavrila havryil
gabriela gabriella gabi gabby gabrielle ela gaby
galina galya halyna galia halina
gary garry gareth garrett
gennady gena gennadiy hennadiy genya gennadii
geoffrey geoff jeff jeffrey jeffery gottfried godfrey
george georg georges jorge giorgio georgy georgiy yuri jürgen joerg jörg yorick heorhiy gosha zhora georgi georgios jiri jerzy jurgen egor yegor yury yuriy yurii yura iurii jurij goran jordi yehor göran joris
gerald gerry jerry gerard gerhard gerd gerardo gert gerrit geraldo
gertrude trudy gerti gertrud trude gerda
gilbert gil bert gilberto
gisela gisele giselle gisa
gleb hlib
grace gracie gracia grazia graciela
gregory greg gregor grigory grigoriy hryhoriy grisha gregorio grzegorz gregoire grigorii hryhorii
gustav gus gustavo gustave gustaf
guy guido vito
harold harry hal harald
heinrich henry heiner heinz hank harry henri enrique hendrik henrik enrico henryk hein rik henrique quique hinrich harri kike genrikh
helga olga olha olya olia helha
herbert herb herbie heribert bert
herman hermann armando armand german arman
hugh hugo huw hughie ugo
ian jan john iain
ignatius ignacio nacho ignaz ignat inigo ignacy ihnat
igor ihor garik
ilya ilia elias illya elijah eli elie ilja elia ilyusha
inga inge ingeborg ingrid inka
innokenty kesha innokentiy
irina ira irene iryna irena irinka iren irka arina irini
isaac ike isaak izaak ishak isak
isabel isabella bella belle izzy isabelle isa izabela izabella ysabel bel
ivan vanya john johann juan johannes ivo vania vanja van
jacob jake jakob jack jim jacques yakov yasha jacobo jaap jakub giacomo diego yakiv kuba jacek coby kobe
jacqueline jackie jacqui
james jim jimmy jamie jaime jacques diego santiago seamus jay iago giacomo jago
jane jan janet janie jean joan johanna jana jeanne janine juana giovanna zhanna joanna ivana yana joana ioana gianna jeannette joanne iana jo jeannine hanna hanne asia
jason jay jase
jennifer jen jenny jenn jennie
jeremy jerry jeremiah jeremias jerome jerome jem
jessica jess jessie jesse
jesus chucho chuy
joachim jochen achim joaquin jo joakim quino joaquim gioacchino yukhim yefim
john jack johnny jon jonny johan johann johannes hans juan jean giovanni joao jan jens sean ivan hannes jonathan evan ioannis yannis gianni janos juha jani jo jovan ion ioan shane eoin yann hansi jannis janek janusz nino joni gio ivo
jonathan jon jonny john jonatan nathan yonatan
joseph joe joey jo josef jose pepe giuseppe jozef yosef josep osip jupp sepp beppe peppe pino zé jef youssef yusuf yosyp iosif yousef josip jozsef chepe
josephine jo josie josefine josefina josefa fina giuseppina pepita seffi josy
joshua josh jos josue
joyce jo joy
judith judy jude judit jutta yudit
julia julie jule jules giulia yulia julita yuliya iuliia yulya juliane juliana liane julianna yuliana ulyana iulia jill juliette juliet giulietta
julian jules jule julio julius giulio yulian giuliano julien jul julen yuliy gillian
karen karin caren karina carina
kenneth ken kenny kent
kirill kiril cyril kyrylo kira kyril cyrille cirilo
kira kyra
klaus claus nikolaus klas nicholas nick niklas
konstantin kostya constantin constantine kostas kostiantyn kosta konstantinos constantino costin konstanty costas costa
ksenia xenia kseniya oksana oxana aksinya ksyusha senia kseniia
lawrence larry laurence lorenz lorenzo laurent laurens lars lauri lavrentiy lenz laurenz renzo enzo
leonard leo leon len lenny leonardo leonhard leonid lyonya lionel leonida lev leonti leonardus lio
leo leon leopold lev leonel poldi lew lyova
liam william will
lidia lydia lida lidiya lidka
lilian lily lilli lilly lillian liliana lil lilia lilya liliya
linda lin lindy
louis lou louie lewis ludwig luis luigi lutz ludovic luiz lodewijk lajos luisito ludvik ludovico lui gigi lucho
louise lou luise lulu luisa louisa luiza ludovica aloisia
lubov lyubov lyuba liubov luba liuba ljuba
lucas luke luka luc lucio lukas luca lukasz lukasch lukash
lucy lucia lucille luz lucie lucja luzia lux luciana
ludmila lyudmila luda lyuda mila liudmyla lyusya ludmilla lyudmyla lusya ljudmila
magdalena magda lena maddie madeleine madeline leni magdalene alena lenka maddy madelaine malena malin
maxim max maks maximilian maksim maximiliano massimo maxime maximo maksym maxwell makar massimiliano
margaret maggie meg peggy marge margie rita greta gretchen margot margarete margarita margit grete margareta daisy marga gretel marguerite margherita malgorzata gosia margaux megan madge gretl margo maisie marjorie mags marharyta margaritha
maria mary marie mia masha mariya marya mariia marija moll molly polly mimi mitzi miriam marian marica manya maruska maja mariam maryam marea maura moira mari maryna mariana marianne mariella marika marlene mariechen mizzi marijke maike meike ria marisa maricarmen mascha marysia maureen miren
marina maryna marine marinka
mark marc marcus marco markus marek marcos marcel marko markos marcin marcello marcelo
martha marta marfa marty martje
martin marty martino martijn marten martyn maarten merten morten
martina tina marti
matthew matt matty matthias mathias mateo matteo matvey mateusz matias mattias matvei mats matyas mathieu mathis hias matei thijs mateus matviy teo mathew matthieu
maurice moritz mauricio morris maurizio mauritz mo moriz
melanie mel melly melania
melissa mel missy lissa
mercedes mercy merche
michael mike mick mickey mickael mikhail misha miguel michel michele mikael mykhailo mihail michal mischa micha mikkel miki mihai mitch mikey michiel michail mykhaylo mychailo miha mihaly mikko mica micky mikaël miquel
michaela michelle mika micaela mihaela micki michelle shelly michele michalina
mikita nikita mykyta niki
milan mila miloslav milos
miroslav mirek miro mirko myroslav
miriam mimi mirjam maria myriam mary
mohammed muhammad mohamed mohammad mehmet mo muhammed mohamad ahmed mahomet mamadou
monica monika mona moni monique
moses moshe moises moisey mosche musa moisés
nadezhda nadya nadia nadiya nadja nadejda nadine nadiia nadeschda hope
natalia natasha natalie nataliya natalya nat nata tasha natalja nataliia talia natascha natalka natali natacha
nathan nate nathaniel natan nat nathanael nat
nicholas nick nicky nicolas niko nikolai nikolay kolya niklas nikolaus nicola nikola mykola klaus niccolo nico nicolae miklos nik nils claus colin coley nikos mikolaj niels klaas nicolai kolja mikola nikolaos
nicole nicky nikki nicola nicolette nikola nicoletta
nina antonina janina ninel
norbert bert norberto
oleg oleh helge olegs
oliver ollie olivier olli oliviero
olivia liv livia ollie oliwia
oscar oskar ossi
otto otho odo
pamela pam pammy
patricia pat patty trish tricia patti patrizia paddy trisha patrycja patsy
patrick pat paddy patrik patricio patrizio patryk rick padraig
paul pablo paulo pavel paolo pauli pasha pavlo pawel paulus pol pål paavo pal pavlos paulinho pau
paula paulina pauline paola polina pavla polly pavlina pola
peter pete petr pyotr pedro pietro pierre petro petya piotr pieter piet per peder petar petros petrus peer pekka pete petter perico petru petur petja piero
petra petia petronella
philip phil philipp pip felipe filippo filip philippe flip pilypp filipp pylyp felip
pilar pili
rachel rae rachael raquel rachele shelly rahel rakel
raymond ray raimund ramon raimondo reimund moncho raimundo raymundo mundo
rebecca becky becca rebekka rebekah reba rebeca bekki revekka
regina gina reggie regine reina ina
reinhard reiner rainer reinhold renard rinaldo ray
renata renate renee rena natty
richard rick ricky rich dick ricardo rico riccardo ritchie richie ryszard dickie rikard rikhard ricard
robert rob bob bobby robbie roberto bert robin rupert ruprecht bertie robi berto robertas
roberta bobbie robbie berta
rodrigo rodrigue rodri rod roderick ruy rodney
roger rodger ruggero rudiger rutger rogelio
roland rolando orlando rolf rollo lando roly rolli orlan
roman romano romain romek romuald
ronald ron ronny ronnie ronaldo reinald ronan
rosa rose rosie rosalie rosemary rosita rosalia rosemarie roz roza rosanna rosina rosi
roxana roxane roxy roksana roxanne
rudolf rudy rudi rodolfo rolf rudolph rodolphe ralf ralph raoul raul
ruslan rusik
samuel sam sammy samuele samuil sami samo
samantha sam sammy
santiago santi diego james yago jaime
sandra sandy alexandra sandrine xandra
sarah sara sally sadie sari sarka zara
sebastian seb bastian basti sebastien sebastiano bas sebastiaan sevastian sebi bastien
sergey serge sergio sergei serhiy serhii seryozha serhij sergiy sergej sergii sergiu siarhei sergi sergius serega
simon simeon semyon simone semen senya szymon shimon ximo siem shymon
simone simona mona
sofia sophie sofie sonja sonya sophia zofia sofiya zosia sofi soph sonia fia sofya sofiia
stanislav stas stanislaw stan stanislaus stanislao stane standa slava
stephan stephen steve steven stefan stephane esteban etienne stevie stepan estevan stefano szczepan istvan stjepan steffen steph stefanos styopa sven stef estevao
stephanie steph stefanie steffi stefania stephania stevie stefany estefania stepania fanny
susan sue susie suzanne susanne susanna suzy susana zuzana sanna suse susi zuzanna suzan suzie susann
svetlana sveta svitlana lana svetla svjetlana
svyatoslav slava sviatoslav svjatoslav slavik
sylvia silvia sylvie sylwia silke sylvi
tamara toma tam tammy mara
tatiana tanya tania tetiana tatjana tetyana tanja tata tatyana tati taya
teresa theresa tess terry tessa therese resi tracy tere teresia thea reese terezie treza tereza
theodore theo ted teddy theodor teo fedor dora
thomas tom tommy tomas thom tommaso foma tomasz tomek toma thoma maso khoma tomaz tamas tuomas
timothy tim timmy timofey timo timoteo timur timofiy tymofiy timotheus tymon timothee tima
tobias toby tobi tobiah tobie
ulrich uli ulli ulric ulrik udo
ulrike uli rike ulla ulrika
ursula uschi ulla ursel orsola ursina uschi urszula
vadim vadym vadik
valentin val valya valik valentino valentyn
valentina val valya tina valentyna valentine
valery valeriy valera valerii valerius valerio valeri
valeria valerie lera val valeriya valeriia valerija
vasily vasya vasiliy vasyl basil vassily wassily vasil vasilis basilio vasile vasilii wasyl bazyli
vera vira wera faith
veronica ronnie vera vroni veronika nika weronika roni veronique verona
viktor victor vic vitya vitja vittorio viktors wiktor
victoria vicky vika viktoria tori viktoriya vicki vittoria viktoriia wiktoria viki vikki viki
vincent vince vinny vinzenz vincenzo vicente vinnie wincenty enzo vikentiy chente vincenz vicent
violet violetta viola violeta wioletta
vitaly vitaliy vital vitalik vitali vitalii vitaliano witali witold
vladimir vlad vova volodya volodymyr vladimiro wladimir waldemar wlodzimierz uladzimir valdemar vladi vovka bova
vladislav vlad vladik slava wladyslaw ladislav vladyslav laszlo ladislao
vyacheslav slava viacheslav vyaczeslav wenzel vaclav wenceslas wjatscheslaw viacheslav vjaceslav waclaw wenceslao slavik
walter walt wally gauthier gualtiero wouter
wilhelm william will bill billy willi willy guillermo guillaume guglielmo liam willem wim guilherme helmut vilem viljo bil wil vilhelm guillem memo wilhelmus
wilhelmina mina minnie willa billie helma wilma minna
wolfgang wolf wolfi
xavier javier xavi saverio javi ksawery chavi
yakov jacob yakub yasha jakov yankel
yana jana jane ioanna iana
yaroslav yarik slava jaroslav jarek jaroslaw iaroslav slavik
yolanda yoli jolanda jola iolanda jolanta iolanthe
yvonne ivonne yvette ivette ivon iwona
zachary zach zack zacharias zak zakhar zaccaria zechariah
zinaida zina zinaide
zoe zoya zoey zoi zoia
dolores lola lolita loli lole
guadalupe lupe lupita
concepcion concha conchita
rosario charo chayo
consuelo chelo
encarnacion encarna encarni
inmaculada inma immaculada
remedios reme
dominique dom domi nika
geneviève gen genevieve viviane genoveva ginette
gwendolyn gwen wendy
leslie les lesley
louella lou ella
nelly nel nell cornelia helen
cornelia conny nelly neele corrie kornelia
cornelius conny neil cornelis kees cor korneliy nelis corneille kornel
desmond des desi
douglas doug dougie
duncan dunc
gabrielle gaby brielle
gordon gord gordie
kimberly kim kimmy kimberley
lorraine lori laurie
laura laurie lori lora laure laurita
leroy roy lee
malcolm mal malc
marvin marv merv mervin
matilda tilly mathilde mattie maud tilda matylda
milton milt
morgan morg
nigel nige
priscilla prissy cilla
raphael rafael rafe raffaele rafal rapha rafa raffi
randall randy randolph rand
russell russ rusty
sheila sheelagh celia
sidney sid sydney
stuart stu stewart
terence terry terrence terencio
theodora thea dora teodora fedora
tracey tracy trace
vivian viv vivien viviana vivienne
wesley wes
winifred winnie freddie
winston win
wojciech wojtek wojtus
zbigniew zbyszek zbych zbysiu
agnieszka aga agusia agnes agnese
stanislaw staszek stasiek stach stanislav
jadwiga jadzia jaga hedwig
jaroslaw jarek jaroslav jarda yaroslav yarik
krzysztof krzysiek krzys
grzegorz grzesiek grzes gregor
tadeusz tadek thaddeus
boguslaw bogus
slawomir slawek
miroslaw mirek miroslav
radoslaw radek radoslav
przemyslaw przemek
bronislaw bronek bronislav
dariusz darek darius
mariusz mariuszek
ryszard rysiek richard
henryk heniek henry
jerzy jurek george
malgorzata gosia malgosia margaret
beata beatka beate beatrice
bozena bozenka
urszula ula ursula
istvan pista isti stephen stefan
laszlo laci ladislav ladislaus
zoltan zoli
ferenc feri franz francis
jozsef joska jozsi joseph
sandor sanyi alexander
gyorgy gyuri george
tamas tomi thomas
katalin kati kata catherine
erzsebet zsoka bozsi elizabeth
ioannis giannis yannis yiannis john jan
georgios giorgos yorgos yiorgos george georg juraj jiri
panagiotis panos takis panayiotis
konstantinos kostas kostis dinos constantine
dimitrios dimitris mitsos
nikolaos nikos nicholas
athanasios thanasis thanos sakis
evangelos vangelis vaggelis
spyridon spyros
vasileios vasilis basil
charalampos babis bampis haris
christos chris
eleni lena elena helen
aikaterini katerina catherine
ahmed ahmet ahmad
mehmet mohammed muhammet memo
huseyin hussein hossein
mustafa mustapha
ibrahim ebrahim abraham
jan honza john johann
josef pepa pepik joseph
jiri jirka george
vaclav vasek wenzel
zdenek zdena
frantisek franta francis
alberto beto berto
roberto beto berto
gustavo tavo gus
sebastiao tiao sebastian
jorge koke george
joaquin quino ximo
salvatore toto salvo turi
guillaume guy guigui
veronique vero veronica veronika
benoit ben
kirill kir kiryusha cyril
roman roma romka
ruslan rus rusik
larisa lara
raisa raya
polina polya
uliana ulya
inna innochka
marina marisha
`)
