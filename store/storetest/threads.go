package storetest

import (
	"testing"
	"time"

	"leadgate/lead"
	"leadgate/store"
)

// said is a message in a conversation by somebody with some identities.
func said(thread, name, text string, ids ...lead.Identity) lead.Inquiry {
	return lead.Inquiry{Kind: lead.KindMessage, Channel: "chat", Thread: thread, Name: lead.Name{Display: name}, Text: text, Identities: ids}
}

func mail(address string) lead.Identity {
	return lead.Identity{Kind: lead.IdentityEmail, Value: address}
}
func call(number string) lead.Identity { return lead.Identity{Kind: lead.IdentityPhone, Value: number} }
func user(id string) lead.Identity {
	return lead.Identity{Kind: "tg_user", Value: id, Scope: "bot"}
}

// wantLead fails unless an outcome names the lead.
func wantLead(t *testing.T, what string, o store.Outcome, want lead.ID) {
	t.Helper()
	if o.Lead != want {
		t.Errorf("%s: %s, lead %v, want %v (%s)", what, o.Verdict, o.Lead, want, o.Reason)
	}
}

// Members of a group are who their ids say, whatever names they give.
func testGroupChat(t *testing.T, b *bench) {
	for n, names := range [][2]string{{"Ana Belo", "Igor Petrov"}, {"Ana", "Igor"}, {"", ""}} {
		group := key("group-%d", n)
		ana, igor := user(key("1%d", n)), user(key("2%d", n))
		first := b.post(t, group+"a", said(group, names[0], "hello", ana))
		second := b.post(t, group+"b", said(group, names[1], "me too", igor))
		wantVerdict(t, second, lead.Created)
		if first.Lead == second.Lead {
			t.Fatalf("%q: two members of a group share a lead", names)
		}
		wantLead(t, "private chat of the second", b.post(t, group+"c", said(group+"-private", names[1], "alone", igor)), second.Lead)
		wantLead(t, "the first in the group", b.post(t, group+"d", said(group, names[0], "again", ana)), first.Lead)
	}
}

// Somebody copied into a conversation answers in its lead, and stays a stranger to
// its person.
func testMailThread(t *testing.T, b *bench) {
	ana := b.post(t, "1", said("mail-1", "Ana Belo", "offer, please", mail("ana@example.org")))
	b.now = b.now.Add(time.Minute)
	wantLead(t, "a nameless colleague", b.post(t, "2", said("mail-1", "", "and for me", mail("bob@example.org"))), ana.Lead)
	if l := b.lead(t, ana.Lead); len(l.Emails) != 1 || l.Name != "Ana Belo" || l.Touches != 2 {
		t.Errorf("the lead %q of %v has %d touches: the colleague's address is not hers", l.Name, l.Emails, l.Touches)
	}
	b.now = b.now.Add(time.Minute)
	bob := b.post(t, "3", said("mail-2", "", "another matter", mail("bob@example.org")))
	wantVerdict(t, bob, lead.Created)
	wantLead(t, "the colleague in the old conversation, known by now", b.post(t, "4", said("mail-1", "", "again", mail("bob@example.org"))), bob.Lead)
	igor := b.post(t, "5", said("mail-1", "Igor Petrov", "me too", mail("igor@example.org")))
	wantVerdict(t, igor, lead.Created)
	wantLead(t, "herself from another address", b.post(t, "6", said("mail-1", "Ana Belo", "from home", mail("ana.belo@example.com"))), ana.Lead)
	wantLead(t, "that address alone", b.post(t, "7", said("", "", "hello", mail("ana.belo@example.com"))), ana.Lead)
	it := b.item("profile")
	it.Updates = []lead.Update{{About: "2", Event: "p", Scope: "src", Kind: lead.UpdateProfile, Patch: lead.Inquiry{Identities: []lead.Identity{call("+33612345678")}}}}
	b.apply(t, it)
	if o := b.post(t, "8", said("", "", "by phone", call("+33612345678"))); o.Lead == ana.Lead {
		t.Error("an update of the colleague's message gave her his phone")
	}
	wantCount(t, "leads", len(b.leads(t)), 4)
}

// A colleague in a conversation whose lead is closed asks for themselves.
func testForeignAfterClose(t *testing.T, b *bench) {
	ana := b.post(t, "1", said("mail-1", "", "offer, please", mail("ana@example.org")))
	won := "converted"
	if _, err := b.Patch(b.ctx, ana.Lead, store.Patch{Stage: &won}); err != nil {
		t.Fatal(err)
	}
	bob := b.post(t, "2", said("mail-1", "", "and for me", mail("bob@example.org")))
	wantVerdict(t, bob, lead.Created)
	if l := b.lead(t, bob.Lead); l.Returning || len(l.Emails) != 1 || l.Emails[0] != "bob@example.org" {
		t.Errorf("lead %+v, want a new one of the colleague", l)
	}
	wantLead(t, "the colleague again", b.post(t, "3", said("", "", "hello", mail("bob@example.org"))), bob.Lead)
}

// What somebody says of themselves in one conversation is theirs, piece by piece.
func testIdentityInThread(t *testing.T, b *bench) {
	chat := b.post(t, "1", said("chat-1", "", "hello"))
	if !b.lead(t, chat.Lead).Anonymous {
		t.Error("a chat without identity is not anonymous")
	}
	wantLead(t, "with an address", b.post(t, "2", said("chat-1", "", "my mail", mail("new@example.org"))), chat.Lead)
	wantLead(t, "with a phone", b.post(t, "3", said("chat-1", "", "my phone", call("+33612345678"))), chat.Lead)
	wantLead(t, "the address elsewhere", b.post(t, "4", said("", "", "by mail", mail("new@example.org"))), chat.Lead)
	wantLead(t, "the phone elsewhere", b.post(t, "5", said("", "", "by phone", call("+33612345678"))), chat.Lead)
	if b.lead(t, chat.Lead).Anonymous {
		t.Error("the lead is still anonymous")
	}
	wantCount(t, "leads", len(b.leads(t)), 1)
}

// An anonymous chat that turns out to be somebody known is theirs, as a whole.
func testAnonymousChat(t *testing.T, b *bench) {
	for n, name := range []string{"", "Ana"} {
		address, chat := key("ana%d@example.org", n), key("chat-%d", n)
		known := b.post(t, key("known-%d", n), said("", "Ana Belo", "by form", mail(address)))
		anonymous := b.post(t, key("a-%d", n), said(chat, name, "hello"))
		wantVerdict(t, anonymous, lead.Created)
		wantLead(t, "with the known address", b.post(t, key("b-%d", n), said(chat, name, "it is me", mail(address))), known.Lead)
		if l := b.lead(t, anonymous.Lead); l.ID != known.Lead || l.Touches != 3 {
			t.Errorf("the chat is lead %v with %d touches, want %v with 3", l.ID, l.Touches, known.Lead)
		}
		wantCount(t, "leads", len(b.leads(t)), n+1)
	}
	chat := b.post(t, "stranger", said("chat-x", "Igor Petrov", "hello"))
	if o := b.post(t, "other", said("chat-x", "Ana Belo", "it is me", mail("ana0@example.org"))); o.Lead == chat.Lead {
		t.Error("another name in the chat was merged into it")
	}
	wantCount(t, "leads", len(b.leads(t)), 3)
}
