//! `Messages`.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::form::Form;
use super::paging::{page, subresources, uri};
use super::{RestFault, name};
use crate::cast::{by_number, is_e164};
use crate::clock::rfc2822;
use crate::core::Core;
use crate::messages::Message;
use crate::sid;

/// Characters that a message may have.
const LONGEST: usize = 1_600;

/// `POST Messages.json`: to a number, from one of ours or a messaging service.
pub async fn create(State(core): State<Arc<Core>>, Extension(form): Extension<Form>) -> Result<(StatusCode, Json<Value>), RestFault> {
    let to = form.required("To", 21_604, "A 'To' phone number is required.")?;
    let body = form.get("Body").filter(|body| !body.is_empty());
    let body = body.or_else(|| form.get("MediaUrl").map(|_| "")).ok_or_else(|| RestFault::bad(21_602, "Message body is required."))?;
    let numbers = &core.config.numbers;
    let service = form.get("MessagingServiceSid").filter(|service| sid::is("MG", service));
    let from = form.get("From").or_else(|| service.and(numbers.first()).map(String::as_str));
    let from = from.ok_or_else(|| RestFault::bad(21_603, "A 'From' phone number is required."))?;
    if !numbers.is_empty() && !numbers.iter().any(|number| number == from) {
        let message = format!("The 'From' phone number provided ({from}) is not a valid message-capable Twilio phone number.");
        return Err(RestFault::bad(21_606, message));
    }
    if !is_e164(to) || by_number(to).is_some_and(|plan| plan.is_err()) {
        return Err(RestFault::bad(21_211, format!("Invalid 'To' Phone Number: {to}")));
    }
    if body.chars().count() > LONGEST {
        return Err(RestFault::bad(21_617, "The concatenated message body exceeds the 1600 character limit."));
    }
    if core.messages().has_opted_out(from, to) {
        return Err(RestFault::bad(21_610, "Attempt to send to unsubscribed recipient"));
    }
    let message = Message { callback: form.endpoint("StatusCallback"), ..Message::new(from, to, body, "outbound-api") };
    core.send_message(message.clone());
    Ok((StatusCode::CREATED, Json(shape(&core.config.account_sid, &message))))
}

/// `GET Messages.json`, by `To`, `From` and `DateSent`; newest first.
pub async fn list(State(core): State<Arc<Core>>, Extension(query): Extension<Form>) -> Result<Json<Value>, RestFault> {
    let is = |name: &str, value: &str| query.get(name).is_none_or(|wanted| wanted == value);
    let account = &core.config.account_sid;
    let messages = core.messages();
    let wanted = messages.all().rev().filter(|message| is("To", &message.to) && is("From", &message.from) && is_of_date(message, &query));
    let all: Vec<Value> = wanted.map(|message| shape(account, message)).collect();
    page("messages", &all, &uri(account, "Messages"), &query)
}

/// `DateSent`, `DateSent<` and `DateSent>`, each of which includes the day that it names.
fn is_of_date(message: &Message, query: &Form) -> bool {
    let day = message.sent.unwrap_or(message.created).format("%Y-%m-%d").to_string();
    let wanted = |name: &str| query.get(name).map(|date| date.get(..10).unwrap_or(date));
    wanted("DateSent").is_none_or(|date| day == date)
        && wanted("DateSent<").is_none_or(|date| day.as_str() <= date)
        && wanted("DateSent>").is_none_or(|date| day.as_str() >= date)
}

/// `GET Messages/{sid}.json`.
pub async fn fetch(State(core): State<Arc<Core>>, Path((_, file)): Path<(String, String)>) -> Result<Json<Value>, RestFault> {
    show(&core, name(&file)?)
}

/// `POST Messages/{sid}.json` with an empty `Body`: what it said is forgotten.
pub async fn update(
    State(core): State<Arc<Core>>,
    Path((_, file)): Path<(String, String)>,
    Extension(form): Extension<Form>,
) -> Result<Json<Value>, RestFault> {
    let sid = name(&file)?;
    let Json(shown) = show(&core, sid)?;
    match form.0.iter().find(|(name, _)| name == "Body") {
        Some((_, body)) if body.is_empty() => core.messages().change(sid, |message| message.body.clear()),
        Some(_) => return Err(RestFault::bad(20_001, "Body may only be made empty")),
        None => return Ok(Json(shown)),
    };
    show(&core, sid)
}

/// `DELETE Messages/{sid}.json`: not while it is on its way.
pub async fn remove(State(core): State<Arc<Core>>, Path((_, file)): Path<(String, String)>) -> Result<StatusCode, RestFault> {
    let sid = name(&file)?;
    let _known = show(&core, sid)?;
    let mut messages = core.messages();
    if messages.get(sid).is_some_and(|message| !message.status.is_final()) {
        return Err(RestFault { code: 20_009, message: "The message is on its way".to_owned(), status: StatusCode::CONFLICT });
    }
    messages.remove(sid);
    Ok(StatusCode::NO_CONTENT)
}

fn show(core: &Core, sid: &str) -> Result<Json<Value>, RestFault> {
    let account = &core.config.account_sid;
    let known = core.messages().get(sid).map(|message| shape(account, message));
    known.map(Json).ok_or_else(|| RestFault::not_found(&uri(account, &format!("Messages/{sid}"))))
}

/// A message as Twilio shapes it.
pub fn shape(account_sid: &str, message: &Message) -> Value {
    let resource = format!("Messages/{}", message.sid);
    json!({
        "sid": message.sid,
        "account_sid": account_sid,
        "api_version": "2010-04-01",
        "messaging_service_sid": null,
        "from": message.from,
        "to": message.to,
        "body": message.body,
        "direction": message.direction,
        "status": message.status.word(),
        "error_code": message.error,
        "error_message": null,
        "num_media": "0",
        "num_segments": message.segments().to_string(),
        "price": null,
        "price_unit": "USD",
        "date_created": rfc2822(message.created),
        "date_sent": message.sent.map(rfc2822),
        "date_updated": rfc2822(message.updated),
        "uri": uri(account_sid, &resource),
        "subresource_uris": subresources(account_sid, &resource, &["media"]),
    })
}
