package form

// words is what the built-in pages and messages say in one language.
type words struct {
	title, send, required, empty, thanksTitle, thanks, failed string
	name, email, phone, message                               string
	problems                                                  map[string]string // by code of a refusal
}

// languages returns the codes there are words for.
func languages() []string { return []string{"en", "de", "ru", "es", "fr"} }

// wordsOf returns the words of a language, those of English when there are none.
func wordsOf(language string) words {
	switch language {
	case "de":
		return german()
	case "ru":
		return russian()
	case "es":
		return spanish()
	case "fr":
		return french()
	}
	return english()
}

func english() words {
	return words{
		title: "Contact", send: "Send", required: "required", empty: "Leave this field empty",
		thanksTitle: "Thank you", thanks: "Your message has arrived. We will get back to you.", failed: "Not sent",
		name: "Name", email: "E-mail", phone: "Phone", message: "Message",
		problems: map[string]string{
			problemRequired: "Please fill in this field.", problemEmail: "Please enter an e-mail address.",
			problemPhone: "Please enter a phone number.", problemNumber: "Please enter a number.",
			problemDate: "Please enter a date.", problemOption: "Please choose one of the answers.",
			problemEmpty: "The form is empty.", "syntax": "The form could not be read.", "too_large": "The form or its files are too large.",
			"incomplete": "The form did not arrive whole. Please send it again.", "too_slow": "The form took too long to arrive. Please send it again.",
			"media_type": "This kind of content is not taken here.", "origin": "This page may not send this form.",
			"flood": "Too many messages. Please wait a minute and send again.", "unavailable": "The message could not be kept. Please send it again in a minute.",
			"method": "This address takes posts of a form.", "not_found": "There is nothing at this address.",
		},
	}
}

func german() words {
	return words{
		title: "Kontakt", send: "Senden", required: "Pflichtfeld", empty: "Dieses Feld leer lassen",
		thanksTitle: "Vielen Dank", thanks: "Ihre Nachricht ist angekommen. Wir melden uns bei Ihnen.", failed: "Nicht gesendet",
		name: "Name", email: "E-Mail", phone: "Telefon", message: "Nachricht",
		problems: map[string]string{
			problemRequired: "Bitte füllen Sie dieses Feld aus.", problemEmail: "Bitte geben Sie eine E-Mail-Adresse ein.",
			problemPhone: "Bitte geben Sie eine Telefonnummer ein.", problemNumber: "Bitte geben Sie eine Zahl ein.",
			problemDate: "Bitte geben Sie ein Datum ein.", problemOption: "Bitte wählen Sie eine der Antworten.",
			problemEmpty: "Das Formular ist leer.", "syntax": "Das Formular konnte nicht gelesen werden.", "too_large": "Das Formular oder seine Dateien sind zu groß.",
			"incomplete": "Das Formular ist nicht ganz angekommen. Bitte senden Sie es erneut.", "too_slow": "Das Formular war zu lange unterwegs. Bitte senden Sie es erneut.",
			"media_type": "Diese Art von Inhalt wird hier nicht angenommen.", "origin": "Diese Seite darf dieses Formular nicht senden.",
			"flood": "Zu viele Nachrichten. Bitte warten Sie eine Minute und senden Sie erneut.", "unavailable": "Die Nachricht konnte nicht gespeichert werden. Bitte senden Sie sie in einer Minute erneut.",
			"method": "Diese Adresse nimmt Formulare an.", "not_found": "Unter dieser Adresse gibt es nichts.",
		},
	}
}

func russian() words {
	return words{
		title: "Связаться с нами", send: "Отправить", required: "обязательно", empty: "Оставьте это поле пустым",
		thanksTitle: "Спасибо", thanks: "Ваше сообщение получено. Мы свяжемся с вами.", failed: "Не отправлено",
		name: "Имя", email: "Эл. почта", phone: "Телефон", message: "Сообщение",
		problems: map[string]string{
			problemRequired: "Пожалуйста, заполните это поле.", problemEmail: "Пожалуйста, укажите адрес эл. почты.",
			problemPhone: "Пожалуйста, укажите номер телефона.", problemNumber: "Пожалуйста, укажите число.",
			problemDate: "Пожалуйста, укажите дату.", problemOption: "Пожалуйста, выберите один из ответов.",
			problemEmpty: "Форма пуста.", "syntax": "Не удалось прочитать форму.", "too_large": "Форма или её файлы слишком велики.",
			"incomplete": "Форма пришла не полностью. Отправьте её ещё раз.", "too_slow": "Форма шла слишком долго. Отправьте её ещё раз.",
			"media_type": "Такое содержимое здесь не принимается.", "origin": "С этой страницы нельзя отправить форму.",
			"flood": "Слишком много сообщений. Подождите минуту и отправьте ещё раз.", "unavailable": "Сообщение не удалось сохранить. Отправьте его ещё раз через минуту.",
			"method": "Этот адрес принимает формы.", "not_found": "По этому адресу ничего нет.",
		},
	}
}

func spanish() words {
	return words{
		title: "Contacto", send: "Enviar", required: "obligatorio", empty: "Deje este campo vacío",
		thanksTitle: "Gracias", thanks: "Su mensaje ha llegado. Nos pondremos en contacto con usted.", failed: "No enviado",
		name: "Nombre", email: "Correo electrónico", phone: "Teléfono", message: "Mensaje",
		problems: map[string]string{
			problemRequired: "Rellene este campo.", problemEmail: "Escriba una dirección de correo electrónico.",
			problemPhone: "Escriba un número de teléfono.", problemNumber: "Escriba un número.",
			problemDate: "Escriba una fecha.", problemOption: "Elija una de las respuestas.",
			problemEmpty: "El formulario está vacío.", "syntax": "No se pudo leer el formulario.", "too_large": "El formulario o sus archivos son demasiado grandes.",
			"incomplete": "El formulario no llegó entero. Envíelo de nuevo.", "too_slow": "El formulario tardó demasiado en llegar. Envíelo de nuevo.",
			"media_type": "Este tipo de contenido no se acepta aquí.", "origin": "Esta página no puede enviar este formulario.",
			"flood": "Demasiados mensajes. Espere un minuto y envíe de nuevo.", "unavailable": "No se pudo guardar el mensaje. Envíelo de nuevo dentro de un minuto.",
			"method": "Esta dirección acepta formularios.", "not_found": "No hay nada en esta dirección.",
		},
	}
}

func french() words {
	return words{
		title: "Contact", send: "Envoyer", required: "obligatoire", empty: "Laissez ce champ vide",
		thanksTitle: "Merci", thanks: "Votre message est arrivé. Nous reviendrons vers vous.", failed: "Non envoyé",
		name: "Nom", email: "E-mail", phone: "Téléphone", message: "Message",
		problems: map[string]string{
			problemRequired: "Veuillez remplir ce champ.", problemEmail: "Veuillez saisir une adresse e-mail.",
			problemPhone: "Veuillez saisir un numéro de téléphone.", problemNumber: "Veuillez saisir un nombre.",
			problemDate: "Veuillez saisir une date.", problemOption: "Veuillez choisir une des réponses.",
			problemEmpty: "Le formulaire est vide.", "syntax": "Le formulaire n’a pas pu être lu.", "too_large": "Le formulaire ou ses fichiers sont trop volumineux.",
			"incomplete": "Le formulaire n’est pas arrivé entier. Veuillez le renvoyer.", "too_slow": "Le formulaire a mis trop de temps à arriver. Veuillez le renvoyer.",
			"media_type": "Ce type de contenu n’est pas accepté ici.", "origin": "Cette page ne peut pas envoyer ce formulaire.",
			"flood": "Trop de messages. Veuillez attendre une minute et renvoyer.", "unavailable": "Le message n’a pas pu être conservé. Veuillez le renvoyer dans une minute.",
			"method": "Cette adresse accepte des formulaires.", "not_found": "Il n’y a rien à cette adresse.",
		},
	}
}
