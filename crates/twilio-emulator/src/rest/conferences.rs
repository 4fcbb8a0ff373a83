//! `Conferences`.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::form::Form;
use super::paging::{page, subresources, uri};
use super::{RestFault, name};
use crate::clock::rfc2822;
use crate::core::Core;
use crate::life::{self, Hearers};
use crate::model::Conference;

/// `GET Conferences.json`, by `FriendlyName` and `Status`; newest first.
pub async fn list(State(core): State<Arc<Core>>, Extension(query): Extension<Form>) -> Result<Json<Value>, RestFault> {
    let is = |name: &str, value: &str| query.get(name).is_none_or(|wanted| wanted == value);
    let account = &core.config.account_sid;
    let model = core.model();
    let wanted = model.conferences().iter().rev();
    let wanted = wanted.filter(|conference| is("FriendlyName", &conference.name) && is("Status", conference.status.word()));
    let all: Vec<Value> = wanted.map(|conference| shape(account, conference)).collect();
    page("conferences", &all, &uri(account, "Conferences"), &query)
}

/// `GET Conferences/{sid}.json`.
pub async fn fetch(State(core): State<Arc<Core>>, Path((_, file)): Path<(String, String)>) -> Result<Json<Value>, RestFault> {
    show(&core, name(&file)?)
}

/// `POST Conferences/{sid}.json`: with `Status=completed` it is over for everybody; `AnnounceUrl` is heard by everybody.
pub async fn update(
    State(core): State<Arc<Core>>,
    Path((_, file)): Path<(String, String)>,
    Extension(form): Extension<Form>,
) -> Result<Json<Value>, RestFault> {
    let sid = name(&file)?;
    let _known = show(&core, sid)?;
    match form.get("Status") {
        Some("completed") => core.change(|model, now| model.end_by_api(sid, now)),
        Some(other) => return Err(RestFault::bad(20_001, format!("Invalid Status {other}"))),
        None => {}
    }
    if let Some(endpoint) = form.endpoint_by("AnnounceUrl", "AnnounceMethod", "POST") {
        core.spawn(life::announce(Arc::clone(&core), sid.to_owned(), Hearers::All, endpoint));
    }
    show(&core, sid)
}

/// By sid alone: names are for participants.
fn show(core: &Core, sid: &str) -> Result<Json<Value>, RestFault> {
    let account = &core.config.account_sid;
    let model = core.model();
    let known = model.conference(sid).filter(|conference| conference.sid == sid);
    let known = known.ok_or_else(|| RestFault::not_found(&uri(account, &format!("Conferences/{sid}"))))?;
    Ok(Json(shape(account, known)))
}

/// A conference as Twilio shapes it.
fn shape(account_sid: &str, conference: &Conference) -> Value {
    let resource = format!("Conferences/{}", conference.sid);
    json!({
        "sid": conference.sid,
        "account_sid": account_sid,
        "api_version": "2010-04-01",
        "friendly_name": conference.name,
        "region": "us1",
        "status": conference.status.word(),
        "reason_conference_ended": conference.reason_ended,
        "call_sid_ending_conference": conference.call_ending,
        "date_created": rfc2822(conference.created),
        "date_updated": rfc2822(conference.updated),
        "uri": uri(account_sid, &resource),
        "subresource_uris": subresources(account_sid, &resource, &["participants", "recordings"]),
    })
}
