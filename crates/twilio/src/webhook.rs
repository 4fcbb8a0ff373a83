//! What the carrier posts to us, as `application/x-www-form-urlencoded`.
//!
//! Everything may be absent. What is not known here, empty, or not of the kind that it should be stays in `other`, so
//! nothing is lost and nothing fails. Verify the signature over the same [`Params`] before believing any of it.

use chrono::{DateTime, Utc};

use crate::{
    AccountSid, Address, AnsweredBy, ApplicationSid, CallSid, CallStatus, ConferenceEventKind, ConferenceSid, Direction, EndReason,
    LeaveReason, MessageSid, MessageStatus, Params, RecordingSid, RecordingStatus,
};

/// The carrier asks what to do with a call: a browser's, or one to our number. Answer with TwiML.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VoiceRequest {
    /// The leg.
    pub call_sid: Option<CallSid>,
    /// Who calls. `client:<identity>` of the token for a browser, which cannot choose it.
    pub from: Option<Address>,
    /// What was called. For a browser this is a parameter of its own choice: never ring it.
    pub to: Option<Address>,
    /// Who calls, as `from`.
    pub caller: Option<Address>,
    /// The application whose address is asked; browsers' calls alone have it.
    pub application_sid: Option<ApplicationSid>,
    /// The account.
    pub account_sid: Option<AccountSid>,
    /// `inbound`, for browsers too.
    pub direction: Option<Direction>,
    /// How far the leg has come.
    pub call_status: Option<CallStatus>,
    /// Everything else, with the parameters that a browser's `connect` and the token's grant gave.
    pub other: Params,
}

/// A leg has come further.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallStatusEvent {
    /// The leg.
    pub call_sid: Option<CallSid>,
    /// The leg that this one was dialled for.
    pub parent_call_sid: Option<CallSid>,
    /// How far it has come.
    pub call_status: Option<CallStatus>,
    /// When that was, in whole seconds, by the carrier's clock. Order by `sequence_number`, not by this.
    pub timestamp: Option<DateTime<Utc>>,
    /// 0 for the leg's first event, then one more for each; events arrive in any order.
    pub sequence_number: Option<u32>,
    /// How long it lasted from the answer on, in seconds; only with the last status. (`Duration`, in `other`, is in
    /// minutes begun.)
    pub call_duration_seconds: Option<u32>,
    /// Why it failed, as the carrier counts errors.
    pub error_code: Option<u32>,
    /// Why it failed, as the network said it, such as 486 for engaged.
    pub sip_response_code: Option<u16>,
    /// Who answered, if that was asked for.
    pub answered_by: Option<AnsweredBy>,
    /// Which number is shown to the other side, or who called.
    pub from: Option<Address>,
    /// Who was called.
    pub to: Option<Address>,
    /// Which way it goes.
    pub direction: Option<Direction>,
    /// The account.
    pub account_sid: Option<AccountSid>,
    /// Everything else.
    pub other: Params,
}

/// Something has happened in a conference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConferenceEvent {
    /// The conference.
    pub conference_sid: Option<ConferenceSid>,
    /// Its name.
    pub friendly_name: Option<String>,
    /// What has happened.
    pub kind: Option<ConferenceEventKind>,
    /// Whose leg it is about.
    pub call_sid: Option<CallSid>,
    /// Our name for that leg.
    pub participant_label: Option<String>,
    /// Why the participant left.
    pub reason_participant_left: Option<LeaveReason>,
    /// The status of the participant's leg when it left.
    pub participant_call_status: Option<CallStatus>,
    /// Why the conference ended, in words.
    pub reason: Option<String>,
    /// Why the conference ended.
    pub reason_conference_ended: Option<EndReason>,
    /// The leg whose going ended the conference.
    pub call_sid_ending_conference: Option<CallSid>,
    /// Our name for that leg.
    pub participant_label_ending_conference: Option<String>,
    /// When, in whole seconds, by the carrier's clock. Order by `sequence_number`, not by this.
    pub timestamp: Option<DateTime<Utc>>,
    /// One more for each event of the conference; events arrive in any order.
    pub sequence_number: Option<u32>,
    /// Does the conference start when this participant comes?
    pub start_conference_on_enter: Option<bool>,
    /// Does it end when this participant goes?
    pub end_conference_on_exit: Option<bool>,
    /// Is the participant on hold?
    pub hold: Option<bool>,
    /// Is the participant muted?
    pub muted: Option<bool>,
    /// The account.
    pub account_sid: Option<AccountSid>,
    /// Everything else.
    pub other: Params,
}

/// A recording has come further.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordingStatusEvent {
    /// The recording.
    pub recording_sid: Option<RecordingSid>,
    /// The leg that was recorded.
    pub call_sid: Option<CallSid>,
    /// The conference that was recorded.
    pub conference_sid: Option<ConferenceSid>,
    /// How far it has come.
    pub recording_status: Option<RecordingStatus>,
    /// Where it is said to be. Never fetch that with the account's credentials: build the address from the id.
    pub recording_url: Option<String>,
    /// How long it is, in seconds.
    pub recording_duration_seconds: Option<u32>,
    /// 1 for a mix, 2 for the two sides apart.
    pub recording_channels: Option<u8>,
    /// When it began.
    pub recording_start_time: Option<DateTime<Utc>>,
    /// The account.
    pub account_sid: Option<AccountSid>,
    /// Everything else.
    pub other: Params,
}

/// Somebody has written to one of our numbers. `Debug` does not show what they wrote.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct IncomingMessage {
    /// The message.
    pub message_sid: Option<MessageSid>,
    /// Who wrote.
    pub from: Option<Address>,
    /// Which of our numbers.
    pub to: Option<Address>,
    /// What they wrote; none when it is empty.
    pub body: Option<String>,
    /// `STOP`, `START` or `HELP`, when the carrier has seen to it by itself.
    pub opt_out_type: Option<String>,
    /// The account.
    pub account_sid: Option<AccountSid>,
    /// Everything else.
    pub other: Params,
}

impl std::fmt::Debug for IncomingMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IncomingMessage").field("message_sid", &self.message_sid).field("from", &self.from).finish_non_exhaustive()
    }
}

/// A message of ours has come further.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageStatusEvent {
    /// The message.
    pub message_sid: Option<MessageSid>,
    /// How far it has come.
    pub message_status: Option<MessageStatus>,
    /// Why it did not arrive.
    pub error_code: Option<u32>,
    /// Who was to get it.
    pub to: Option<Address>,
    /// The account.
    pub account_sid: Option<AccountSid>,
    /// Everything else.
    pub other: Params,
}

impl From<Params> for IncomingMessage {
    fn from(mut params: Params) -> Self {
        Self {
            message_sid: params.take("MessageSid"),
            from: params.take("From"),
            to: params.take("To"),
            body: params.take("Body"),
            opt_out_type: params.take("OptOutType"),
            account_sid: params.take("AccountSid"),
            other: params,
        }
    }
}

impl From<Params> for MessageStatusEvent {
    fn from(mut params: Params) -> Self {
        Self {
            message_sid: params.take("MessageSid"),
            message_status: params.take("MessageStatus"),
            error_code: params.take("ErrorCode"),
            to: params.take("To"),
            account_sid: params.take("AccountSid"),
            other: params,
        }
    }
}

impl From<Params> for VoiceRequest {
    fn from(mut params: Params) -> Self {
        Self {
            call_sid: params.take("CallSid"),
            from: params.take("From"),
            to: params.take("To"),
            caller: params.take("Caller"),
            application_sid: params.take("ApplicationSid"),
            account_sid: params.take("AccountSid"),
            direction: params.take("Direction"),
            call_status: params.take("CallStatus"),
            other: params,
        }
    }
}

impl From<Params> for CallStatusEvent {
    fn from(mut params: Params) -> Self {
        Self {
            call_sid: params.take("CallSid"),
            parent_call_sid: params.take("ParentCallSid"),
            call_status: params.take("CallStatus"),
            timestamp: params.take_time("Timestamp"),
            sequence_number: params.take("SequenceNumber"),
            call_duration_seconds: params.take("CallDuration"),
            error_code: params.take("ErrorCode"),
            sip_response_code: params.take("SipResponseCode"),
            answered_by: params.take("AnsweredBy"),
            from: params.take("From"),
            to: params.take("To"),
            direction: params.take("Direction"),
            account_sid: params.take("AccountSid"),
            other: params,
        }
    }
}

impl From<Params> for ConferenceEvent {
    fn from(mut params: Params) -> Self {
        Self {
            conference_sid: params.take("ConferenceSid"),
            friendly_name: params.take("FriendlyName"),
            kind: params.take("StatusCallbackEvent"),
            call_sid: params.take("CallSid"),
            participant_label: params.take("ParticipantLabel"),
            reason_participant_left: params.take("ReasonParticipantLeft"),
            participant_call_status: params.take("ParticipantCallStatus"),
            reason: params.take("Reason"),
            reason_conference_ended: params.take("ReasonConferenceEnded"),
            call_sid_ending_conference: params.take("CallSidEndingConference"),
            participant_label_ending_conference: params.take("ParticipantLabelEndingConference"),
            timestamp: params.take_time("Timestamp"),
            sequence_number: params.take("SequenceNumber"),
            start_conference_on_enter: params.take("StartConferenceOnEnter"),
            end_conference_on_exit: params.take("EndConferenceOnExit"),
            hold: params.take("Hold"),
            muted: params.take("Muted"),
            account_sid: params.take("AccountSid"),
            other: params,
        }
    }
}

impl From<Params> for RecordingStatusEvent {
    fn from(mut params: Params) -> Self {
        Self {
            recording_sid: params.take("RecordingSid"),
            call_sid: params.take("CallSid"),
            conference_sid: params.take("ConferenceSid"),
            recording_status: params.take("RecordingStatus"),
            recording_url: params.take("RecordingUrl"),
            recording_duration_seconds: params.take("RecordingDuration"),
            recording_channels: params.take("RecordingChannels"),
            recording_start_time: params.take_time("RecordingStartTime"),
            account_sid: params.take("AccountSid"),
            other: params,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CALL: &str = "CA00000000000000000000000000000001";

    #[test]
    fn a_browsers_call_says_who_and_what_for() {
        let body = format!(
            "CallSid={CALL}&AccountSid=AC00000000000000000000000000000002&ApplicationSid=AP00000000000000000000000000000003\
             &From=client%3Aagent_7&Caller=client%3Aagent_7&To=&Called=&Direction=inbound&CallStatus=ringing&ApiVersion=2010-04-01\
             &call_id=0198f&note=caf%C3%A9+%26+more"
        );
        let request = VoiceRequest::from(Params::from_form(body.as_bytes()));
        assert_eq!(request.call_sid.unwrap().as_str(), CALL);
        assert_eq!(request.from.unwrap().client_identity(), Some("agent_7"));
        assert_eq!(request.direction, Some(Direction::Inbound));
        assert_eq!(request.call_status, Some(CallStatus::Ringing));
        assert_eq!(request.application_sid.unwrap().as_str(), "AP00000000000000000000000000000003");
        assert_eq!(request.to, None);
        assert_eq!(request.other.get("call_id"), Some("0198f"));
        assert_eq!(request.other.get("note"), Some("café & more"));
        assert_eq!(request.other.get("Called"), Some(""));
    }

    #[test]
    fn a_legs_event_is_read() {
        let body = format!(
            "CallSid={CALL}&ParentCallSid=CA00000000000000000000000000000009&CallStatus=busy&SequenceNumber=3&CallDuration=0&Duration=0\
             &Timestamp=Tue%2C+24+Nov+2026+10%3A30%3A07+%2B0000&SipResponseCode=486&ErrorCode=&To=%2B447700900142&AnsweredBy=human"
        );
        let event = CallStatusEvent::from(Params::from_form(body.as_bytes()));
        assert_eq!(event.call_status, Some(CallStatus::Busy));
        assert!(event.parent_call_sid.is_some());
        assert_eq!(event.sequence_number, Some(3));
        assert_eq!(event.call_duration_seconds, Some(0));
        assert_eq!(event.timestamp, Some("2026-11-24T10:30:07Z".parse().unwrap()));
        assert_eq!(event.sip_response_code, Some(486));
        assert_eq!(event.error_code, None);
        assert_eq!(event.answered_by, Some(AnsweredBy::Human));
        assert!(!format!("{event:?}").contains("7700900142"), "{event:?}");
    }

    #[test]
    fn a_conferences_event_is_read() {
        let body = format!(
            "ConferenceSid=CF00000000000000000000000000000001&FriendlyName=call-7&StatusCallbackEvent=participant-leave&CallSid={CALL}\
             &ParticipantLabel=agent&ReasonParticipantLeft=participant_hung_up&Muted=false&Hold=true&EndConferenceOnExit=true\
             &StartConferenceOnEnter=maybe&SequenceNumber=5&Timestamp=Tue%2C+24+Nov+2026+11%3A30%3A07+%2B0100&Coaching=false"
        );
        let event = ConferenceEvent::from(Params::from_form(body.as_bytes()));
        assert_eq!(event.kind, Some(ConferenceEventKind::Leave));
        assert_eq!(event.participant_label.as_deref(), Some("agent"));
        assert_eq!(event.reason_participant_left, Some(LeaveReason::HungUp));
        assert_eq!((event.muted, event.hold, event.start_conference_on_enter), (Some(false), Some(true), None));
        assert_eq!(event.timestamp, Some("2026-11-24T10:30:07Z".parse().unwrap()));
        assert_eq!(event.other.get("StartConferenceOnEnter"), Some("maybe"), "kept although it cannot be read");

        let ended = "StatusCallbackEvent=conference-end&CallSidEndingConference=CA00000000000000000000000000000001&Reason=Last+left\
                     &ReasonConferenceEnded=participant-with-end-conference-on-exit-left&ParticipantLabelEndingConference=agent";
        let event = ConferenceEvent::from(Params::from_form(ended.as_bytes()));
        assert_eq!(event.kind, Some(ConferenceEventKind::End));
        assert_eq!(event.call_sid_ending_conference.unwrap().as_str(), CALL);
        assert_eq!(event.participant_label_ending_conference.as_deref(), Some("agent"));
        assert_eq!(event.reason_conference_ended, Some(EndReason::ModeratorLeft));
    }

    #[test]
    fn a_recordings_event_is_read() {
        let body = "RecordingSid=RE00000000000000000000000000000001&RecordingStatus=completed&RecordingDuration=17&RecordingChannels=2\
                    &RecordingUrl=https%3A%2F%2Fapi.twilio.com%2Fx&RecordingStartTime=Tue%2C+24+Nov+2026+10%3A30%3A07+%2B0000";
        let event = RecordingStatusEvent::from(Params::from_form(body.as_bytes()));
        assert_eq!(event.recording_status, Some(RecordingStatus::Completed));
        assert_eq!(event.recording_duration_seconds, Some(17));
        assert_eq!(event.recording_channels, Some(2));
        assert!(event.recording_start_time.is_some());
    }

    #[test]
    fn messages_are_read_and_what_they_say_is_not_shown() {
        let body = "MessageSid=SM00000000000000000000000000000001&From=%2B447700900142&To=%2B442079460000&Body=Stop+please&NumMedia=0";
        let message = IncomingMessage::from(Params::from_form(body.as_bytes()));
        assert_eq!(message.body.as_deref(), Some("Stop please"));
        assert_eq!(message.other.get("NumMedia"), Some("0"));
        let shown = format!("{message:?}");
        assert!(!shown.contains("Stop") && !shown.contains("7700900142"), "{shown}");

        let told = "MessageSid=SM00000000000000000000000000000001&MessageStatus=undelivered&ErrorCode=30003&To=%2B447700900142";
        let event = MessageStatusEvent::from(Params::from_form(told.as_bytes()));
        assert_eq!((event.message_status, event.error_code), (Some(MessageStatus::Undelivered), Some(30_003)));
    }

    proptest! {
        #[test]
        fn anything_may_be_posted(body in any::<Vec<u8>>(), name in "CallSid|Timestamp|SequenceNumber|CallStatus|Muted", value in any::<String>()) {
            let mut params: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
            params.push((name, value));
            let params: Params = params.into_iter().collect();
            let _ = (VoiceRequest::from(params.clone()), CallStatusEvent::from(params.clone()));
            let _ = (ConferenceEvent::from(params.clone()), RecordingStatusEvent::from(params.clone()));
            let _ = (IncomingMessage::from(params.clone()), MessageStatusEvent::from(params));
        }
    }
}
