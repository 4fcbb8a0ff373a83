//! What both parts ask for.

use std::time::Duration;

use twilio::{
    Address, Beep, CallEvent, CallSid, ClientOptions, ConferenceCallback, ConferenceSid, ConferenceTopic, NewParticipant,
    RecordingChannels, RecordingOptions,
};

pub const ACCOUNT: &str = "AC00000000000000000000000000000001";
pub const CALL: &str = "CA00000000000000000000000000000002";
pub const CONFERENCE: &str = "CF00000000000000000000000000000003";
pub const RECORDING: &str = "RE00000000000000000000000000000004";

pub fn call_sid() -> CallSid {
    CALL.parse().unwrap()
}

pub fn conference_sid() -> ConferenceSid {
    CONFERENCE.parse().unwrap()
}

pub fn options(base_url: &str) -> ClientOptions {
    ClientOptions {
        base_url: base_url.to_owned(),
        account_sid: ACCOUNT.parse().unwrap(),
        auth_token: "s3cret:é".into(),
        connect_timeout: Duration::from_secs(1),
        timeout: Duration::from_millis(400),
    }
}

/// With everything that can be said.
pub fn new_participant() -> NewParticipant {
    NewParticipant {
        from: Address::new("+442079460000"),
        to: Address::new("+447700900142"),
        label: "call 7".into(),
        timeout_seconds: 25,
        status_callback: "https://a.example/leg?call=7&x=1".into(),
        status_callback_events: vec![CallEvent::Initiated, CallEvent::Ringing, CallEvent::Answered, CallEvent::Completed],
        conference_status_callback: Some(ConferenceCallback {
            url: "https://a.example/conference".into(),
            topics: vec![ConferenceTopic::Join, ConferenceTopic::Leave],
        }),
        start_conference_on_enter: true,
        end_conference_on_exit: true,
        beep: Beep::Never,
        recording: Some(RecordingOptions {
            channels: RecordingChannels::Dual,
            status_callback: Some("https://a.example/recording".into()),
        }),
        early_media: true,
        time_limit_seconds: Some(7200),
    }
}
