//! Text messages.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::answer::{Page, lenient, number, time};
use super::{Client, Listed, RestError, encode};
use crate::{Address, Direction, MessageSid, MessageStatus};

/// A message, as the carrier keeps it. Anything may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Message {
    /// Its id.
    #[serde(deserialize_with = "lenient")]
    pub sid: Option<MessageSid>,
    /// Who sent it.
    #[serde(deserialize_with = "lenient")]
    pub from: Option<Address>,
    /// Who is to get it.
    #[serde(deserialize_with = "lenient")]
    pub to: Option<Address>,
    /// How far it has come.
    #[serde(deserialize_with = "lenient")]
    pub status: Option<MessageStatus>,
    /// Which way it goes.
    #[serde(deserialize_with = "lenient")]
    pub direction: Option<Direction>,
    /// Why it did not arrive, such as 30003 for a telephone that cannot be reached.
    #[serde(deserialize_with = "number")]
    pub error_code: Option<u32>,
    /// As so many messages of the network it is counted and paid for.
    #[serde(rename = "num_segments", deserialize_with = "number")]
    pub segments: Option<u32>,
    /// When it was asked for.
    #[serde(deserialize_with = "time")]
    pub date_created: Option<DateTime<Utc>>,
    /// When it was handed to the network; absent before that.
    #[serde(deserialize_with = "time")]
    pub date_sent: Option<DateTime<Utc>>,
}

/// A message to be sent. `Debug` does not show what it says.
#[derive(Clone, PartialEq, Eq)]
pub struct NewMessage {
    /// A number of the account's.
    pub from: Address,
    /// Who is to get it.
    pub to: Address,
    /// What it says; at most 1,600 characters.
    pub body: String,
    /// Who is told how far it has come.
    pub status_callback: Option<String>,
}

impl std::fmt::Debug for NewMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewMessage").field("from", &self.from).field("to", &self.to).finish_non_exhaustive()
    }
}

impl Client {
    /// Sends a message. One to somebody who has written STOP is refused with 21610.
    ///
    /// After an error that may have been carried out, look before asking again: [`Client::messages`].
    pub async fn send_message(&self, new: &NewMessage) -> Result<Message, RestError> {
        let pairs = [
            ("From", Some(new.from.as_str().to_owned())),
            ("To", Some(new.to.as_str().to_owned())),
            ("Body", Some(new.body.clone())),
            ("StatusCallback", new.status_callback.clone()),
        ];
        self.change("Messages.json", encode(pairs.into_iter().filter_map(|(name, value)| Some((name, value?))))).await
    }

    /// The message, if there is one.
    pub async fn message(&self, sid: &MessageSid) -> Result<Option<Message>, RestError> {
        self.find(&format!("Messages/{sid}.json")).await
    }

    /// Messages to this number, the newest first.
    pub async fn messages(&self, to: &Address) -> Result<Listed<Message>, RestError> {
        let query = encode([("To", to.as_str().to_owned()), ("PageSize", "100".to_owned())]);
        Ok(self.read::<Page<Message>>(&format!("Messages.json?{query}")).await?.into())
    }
}
