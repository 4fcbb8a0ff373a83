#![doc = include_str!("../README.md")]

mod address;
mod params;
mod rest;
mod sid;
mod token;
mod webhook;
mod words;

/// Their short names read well behind the name of the module: `signature::verify`, `twiml::Response`.
pub mod signature;
pub mod twiml;

pub use address::Address;
pub use params::Params;
pub use rest::{
    Call, CallFilter, CallUpdate, Client, ClientError, ClientOptions, Coach, Conference, ConferenceCallback, Listed, Message, NewMessage,
    NewParticipant, Participant, ParticipantKey, ParticipantUpdate, Recording, RecordingOptions, RestError, ShownRequest, Sound,
};
pub use sid::{AccountSid, ApiKeySid, ApplicationSid, CallSid, ConferenceSid, InvalidSid, MessageSid, RecordingSid};
pub use token::{
    Claims, Grants, Identity, Incoming, InvalidIdentity, InvalidTtl, Outgoing, SigningError, TokenError, TokenTtl, VoiceGrant, VoiceToken,
};
pub use webhook::{CallStatusEvent, ConferenceEvent, IncomingMessage, MessageStatusEvent, RecordingStatusEvent, VoiceRequest};
pub use words::{
    AnsweredBy, Beep, CallEvent, CallStatus, ConferenceEventKind, ConferenceStatus, ConferenceTopic, Direction, EndReason, LeaveReason,
    MessageStatus, ParticipantStatus, RecordingChannels, RecordingStatus,
};
