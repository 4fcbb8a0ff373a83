//! `Calls`.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::form::Form;
use super::paging::{page, subresources, uri};
use super::{RestFault, name};
use crate::cast::is_e164;
use crate::clock::{now, rfc2822};
use crate::core::Core;
use crate::life::{self, Cause, Dialled, Order, Party, Source, Then};
use crate::model::{Call, CallStatus, Endpoint};

/// The call that a form asks for, if the account may make it: from one of our numbers, to a number where somebody can pick up.
pub fn dialled(core: &Core, form: &Form, then: Then) -> Result<Dialled, RestFault> {
    let to = form.required("To", 21_201, "No 'To' number is specified")?;
    let from = form.required("From", 21_213, "No 'From' number is specified")?;
    let client = to.strip_prefix("client:");
    let is_ours = core.config.numbers.is_empty() || core.config.numbers.iter().any(|number| number == from);
    // Only a client may be called by a client.
    let is_between_clients = client.is_some() && from.starts_with("client:");
    if !is_ours && !is_between_clients {
        let message = format!("The source phone number provided, {from}, is not yet verified for your account.");
        return Err(RestFault::bad(21_210, message));
    }
    let (to, party) = match client {
        Some(client) => {
            // What comes behind a question mark is for the page.
            let (identity, query) = client.split_once('?').unwrap_or((client, ""));
            let params = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
            (format!("client:{identity}"), Party::Client { identity: identity.to_owned(), params })
        }
        None if is_e164(to) => (to.to_owned(), Party::Simulated(core.cast(to).map_err(|_| RestFault::invalid_to(to))?)),
        None => return Err(RestFault::invalid_to(to)),
    };
    Ok(Dialled {
        from: from.to_owned(),
        to,
        party,
        parent: None,
        ring_limit: form.ring_limit()?,
        time_limit: form.time_limit()?,
        progress: form.progress(),
        then,
        detection: form.detection(),
        recording: form.recording(),
        keys: form.get("SendDigits").map(str::to_owned),
    })
}

fn source(form: &Form) -> Option<Source> {
    let url = || {
        let is_get = form.get("Method").is_some_and(|method| method.eq_ignore_ascii_case("get"));
        form.get("Url").map(|url| Source::Url(Endpoint { url: url.to_owned(), is_get }))
    };
    form.get("Twiml").map(|xml| Source::Inline(xml.to_owned())).or_else(url)
}

/// `POST Calls.json`.
pub async fn create(State(core): State<Arc<Core>>, Extension(form): Extension<Form>) -> Result<(StatusCode, Json<Value>), RestFault> {
    let source = source(&form).ok_or_else(|| RestFault::bad(21_205, "Url parameter is required."))?;
    let dialled = dialled(&core, &form, Then::Follow(source))?;
    let call_sid = life::dial(&core, dialled).map_err(|_| RestFault::bad(20_001, "Invalid parameter"))?;
    Ok((StatusCode::CREATED, Json(show(&core, &call_sid)?)))
}

/// `GET Calls.json`, by `To`, `From`, `Status`, `ParentCallSid`; newest first.
pub async fn list(State(core): State<Arc<Core>>, Extension(query): Extension<Form>) -> Result<Json<Value>, RestFault> {
    let is = |name: &str, value: &str| query.get(name).is_none_or(|wanted| wanted == value);
    let account = &core.config.account_sid;
    let model = core.model();
    let wanted = model.calls().iter().rev();
    let wanted = wanted.filter(|call| is("To", &call.to) && is("From", &call.from) && is("Status", call.status.word()));
    let wanted = wanted.filter(|call| is("ParentCallSid", call.parent.as_deref().unwrap_or_default()));
    let all: Vec<Value> = wanted.map(|call| shape(account, call)).collect();
    page("calls", &all, &uri(account, "Calls"), &query)
}

/// `GET Calls/{sid}.json`.
pub async fn fetch(State(core): State<Arc<Core>>, Path((_, file)): Path<(String, String)>) -> Result<Json<Value>, RestFault> {
    show(&core, name(&file)?).map(Json)
}

/// `POST Calls/{sid}.json`: end it by `Status`, or let it follow other TwiML by `Url` or `Twiml`.
pub async fn update(
    State(core): State<Arc<Core>>,
    Path((_, file)): Path<(String, String)>,
    Extension(form): Extension<Form>,
) -> Result<Json<Value>, RestFault> {
    let call_sid = name(&file)?;
    let status = core.model().call(call_sid).map(|call| call.status);
    let status = status.ok_or_else(|| RestFault::not_found(&uri(&core.config.account_sid, &format!("Calls/{call_sid}"))))?;
    let order = match form.get("Status") {
        Some("completed") => Some(Order::Hangup(Cause::Api)),
        // Only a call that nobody has answered can be taken back.
        Some("canceled") if status < CallStatus::InProgress => Some(Order::Hangup(Cause::Api)),
        Some("canceled") => None,
        Some(other) => return Err(RestFault::bad(20_001, format!("Invalid Status {other}"))),
        None => source(&form).map(Order::Redirect),
    };
    match order {
        Some(_) if status.is_final() => return Err(RestFault::bad(21_220, "Call is not in-progress. Cannot redirect.")),
        Some(order) => core.order(call_sid, order),
        None => {}
    }
    show(&core, call_sid).map(Json)
}

fn show(core: &Core, call_sid: &str) -> Result<Value, RestFault> {
    let account = &core.config.account_sid;
    let model = core.model();
    let call = model.call(call_sid).ok_or_else(|| RestFault::not_found(&uri(account, &format!("Calls/{call_sid}"))))?;
    Ok(shape(account, call))
}

/// A call as Twilio shapes it, with the nulls that it has.
fn shape(account_sid: &str, call: &Call) -> Value {
    let resource = format!("Calls/{}", call.sid);
    let is_over = call.status.is_final();
    let begun = call.answered.or(Some(call.created).filter(|_| call.status > CallStatus::Queued));
    json!({
        "sid": call.sid,
        "account_sid": account_sid,
        "api_version": "2010-04-01",
        "parent_call_sid": call.parent,
        "to": call.to,
        "to_formatted": call.to,
        "from": call.from,
        "from_formatted": call.from,
        "phone_number_sid": null,
        "status": call.status.word(),
        "direction": call.direction.word(),
        "answered_by": call.answered_by,
        "start_time": begun.map(rfc2822),
        "end_time": call.ended.map(rfc2822),
        "duration": is_over.then(|| call.seconds(now()).to_string()),
        "price": null,
        "price_unit": "USD",
        "annotation": null,
        "forwarded_from": null,
        "group_sid": null,
        "caller_name": null,
        "queue_time": "0",
        "trunk_sid": null,
        "date_created": rfc2822(call.created),
        "date_updated": rfc2822(call.ended.or(call.answered).unwrap_or(call.created)),
        "uri": uri(account_sid, &resource),
        "subresource_uris": subresources(account_sid, &resource, &["events", "notifications", "recordings", "payments", "siprec", "streams"]),
    })
}
