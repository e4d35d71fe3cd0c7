package lead

import "testing"

// leg is the row of a call event.
func leg(event string, s int, d Direction, c Call) Row {
	return InquiryRow(Inquiry{Key: "call", Event: event, Kind: KindCall, Direction: d, At: at(s), Call: &c}, DeriveID("call", event))
}

// TestFoldCall folds what providers send for one call, in every order
// (reference/telephony.md §3.2).
func TestFoldCall(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		rows []Row
		want CallState
	}{
		{"parent completed, child no answer", []Row{
			leg("p-ring", 0, In, Call{State: CallRinging}), leg("p-up", 1, In, Call{State: CallInMenu}),
			leg("c-ring", 2, In, Call{State: CallRinging, AgentLeg: true}), leg("c-none", 20, In, Call{State: CallMissed, AgentLeg: true}),
			leg("p-over", 21, In, Call{State: CallEnded}),
		}, CallMissed},
		{"all agents busy or refusing", []Row{
			leg("p", 0, In, Call{State: CallInMenu}), leg("a", 5, In, Call{State: CallBusy, AgentLeg: true}), leg("b", 6, In, Call{State: CallRejected, AgentLeg: true}),
			leg("c", 7, In, Call{State: CallFailed, AgentLeg: true}), leg("over", 9, In, Call{State: CallEnded}),
		}, CallMissed},
		{"one of the group answers", []Row{
			leg("p", 0, In, Call{State: CallInMenu}), leg("a", 5, In, Call{State: CallAnswered, AgentLeg: true}), leg("b", 6, In, Call{State: CallCanceled, AgentLeg: true}),
			leg("a-over", 60, In, Call{State: CallCompleted, AgentLeg: true, TalkS: 55}), leg("over", 61, In, Call{State: CallEnded}),
		}, CallCompleted},
		{"child completed with talk time alone tells of a person", []Row{
			leg("a-over", 60, In, Call{State: CallCompleted, AgentLeg: true, TalkS: 55}), leg("over", 61, In, Call{State: CallEnded}),
		}, CallCompleted},
		{"completed before ringing", []Row{leg("over", 5, In, Call{State: CallCompleted, PersonAns: true}), leg("ring", 9, In, Call{State: CallRinging})}, CallCompleted},
		{"answered is never downgraded", []Row{leg("up", 5, In, Call{State: CallAnswered}), leg("over", 9, In, Call{State: CallMissed})}, CallCompleted},
		{"answered by a menu is missed", []Row{leg("up", 5, In, Call{State: CallInMenu}), leg("over", 9, In, Call{State: CallEnded})}, CallMissed},
		{"voicemail over completed", []Row{leg("over", 5, In, Call{State: CallCompleted}), leg("vm", 9, In, Call{State: CallVoicemail})}, CallVoicemail},
		{"missed, then a voicemail is recorded", []Row{
			leg("over", 5, In, Call{State: CallMissed}), leg("rec", 9, In, Call{Recordings: []Recording{{ID: "r", Voicemail: true}}}),
		}, CallVoicemail},
		{"ended with a voicemail", []Row{leg("over", 5, In, Call{State: CallEnded}), leg("rec", 2, In, Call{Recordings: []Recording{{ID: "r", Voicemail: true}}})}, CallVoicemail},
		{"a recording of a talk is no voicemail", []Row{
			leg("up", 2, In, Call{State: CallAnswered}), leg("over", 5, In, Call{State: CallEnded}), leg("rec", 9, In, Call{Recordings: []Recording{{ID: "r"}}}),
		}, CallCompleted},
		{"outbound, ended, nobody answered", []Row{leg("ring", 0, Out, Call{State: CallRinging}), leg("over", 5, Out, Call{State: CallEnded})}, CallCanceled},
		{"outbound, ended, answered", []Row{leg("up", 2, Out, Call{State: CallAnswered}), leg("over", 5, Out, Call{State: CallEnded})}, CallCompleted},
		{"outbound, no answer", []Row{leg("ring", 0, Out, Call{State: CallRinging}), leg("over", 5, Out, Call{State: CallMissed})}, CallMissed},
		{"outbound, busy", []Row{leg("busy", 2, Out, Call{State: CallBusy}), leg("over", 5, Out, Call{State: CallEnded})}, CallBusy},
		{"inbound, refused before any agent", []Row{leg("no", 2, In, Call{State: CallRejected}), leg("over", 5, In, Call{State: CallEnded})}, CallRejected},
		{"terminal precedence", []Row{
			leg("1", 1, Out, Call{State: CallMissed}), leg("2", 2, Out, Call{State: CallCanceled}), leg("3", 3, Out, Call{State: CallFailed}),
			leg("4", 4, Out, Call{State: CallRejected}), leg("5", 5, Out, Call{State: CallBusy}), leg("6", 6, Out, Call{State: CallEnded}),
		}, CallBusy},
		{"not over yet", []Row{leg("init", 0, In, Call{State: CallInitiated}), leg("ring", 1, In, Call{State: CallRinging})}, CallRinging},
		{"lost terminal, replaced by the real one", []Row{leg("lost", 14400, In, Call{State: CallMissed, Cause: "lost-terminal"}), leg("over", 60, In, Call{State: CallCompleted, PersonAns: true})}, CallCompleted},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, ok := foldAll(t, c.rows)
			if !ok || got.Call == nil {
				t.Fatal("the rows make no call")
			}
			if got.Call.State != c.want {
				t.Errorf("got %q, want %q", got.Call.State, c.want)
			}
		})
	}
}

func TestFoldCallAttributes(t *testing.T) {
	t.Parallel()
	got, _ := foldAll(t, []Row{
		leg("start", 0, In, Call{State: CallRinging, Started: at(0), From: "+33612345678", Menu: []string{"1"}}),
		leg("up", 12, In, Call{State: CallAnswered, Answered: at(12), AgentName: "Rui", HoldToggled: true, OnHold: true}),
		leg("back", 30, In, Call{HoldToggled: true}),
		leg("move", 40, In, Call{Transfers: []Transfer{{Kind: "blind", To: "102"}}, Menu: []string{"1", "2"}}),
		leg("over", 72, In, Call{State: CallEnded, Ended: at(72), Recordings: []Recording{{ID: "r", URL: "https://pbx.example.com/r"}}}),
		leg("rec", 99, In, Call{Recordings: []Recording{{ID: "r", Blob: "b/r", Seconds: 60}}}),
	})
	c := got.Call
	if c.State != CallCompleted || c.RingS != 12 || c.TalkS != 60 || c.OnHold || c.AgentName != "Rui" || c.From != "+33612345678" || len(c.Menu) != 2 || len(c.Transfers) != 1 {
		t.Errorf("got %+v", *c)
	}
	if len(c.Recordings) != 1 || c.Recordings[0] != (Recording{ID: "r", URL: "https://pbx.example.com/r", Blob: "b/r", Seconds: 60}) {
		t.Errorf("recordings %+v", c.Recordings)
	}
	if !got.At.Equal(at(0)) || got.Direction != In {
		t.Errorf("at %v, direction %q", got.At, got.Direction)
	}
}

// TestFoldHoldToggles ends with the toggle that is last by the provider's clock.
func TestFoldHoldToggles(t *testing.T) {
	t.Parallel()
	got, _ := foldAll(t, []Row{
		leg("up", 1, In, Call{State: CallAnswered}), leg("h1", 2, In, Call{HoldToggled: true, OnHold: true}),
		leg("u1", 3, In, Call{HoldToggled: true}), leg("h2", 4, In, Call{HoldToggled: true, OnHold: true}),
	})
	if !got.Call.OnHold || got.Call.State != CallAnswered {
		t.Errorf("got %+v", *got.Call)
	}
}

func TestCallStateOver(t *testing.T) {
	t.Parallel()
	for s, want := range map[CallState]bool{"": false, "odd": false, CallAnswered: false, CallInMenu: false, CallEnded: true, CallMissed: true, CallVoicemail: true} {
		if s.Over() != want {
			t.Errorf("%q over: %v", s, s.Over())
		}
	}
}
