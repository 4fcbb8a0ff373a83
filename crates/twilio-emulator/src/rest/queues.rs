//! `Queues` and who waits in them.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::form::Form;
use super::paging::{page, subresources, uri};
use super::{RestFault, name};
use crate::clock::{now, rfc2822};
use crate::core::Core;
use crate::life::{Order, Source};
use crate::queues::{Member, Queue};

type Named = Path<(String, String, String)>;

/// `POST Queues.json` with `FriendlyName` and `MaxSize`.
pub async fn create(State(core): State<Arc<Core>>, Extension(form): Extension<Form>) -> Result<(StatusCode, Json<Value>), RestFault> {
    let name = form.required("FriendlyName", 20_001, "FriendlyName is required")?;
    let most = size(&form)?;
    let mut queues = core.queues();
    if queues.get(name).is_some() {
        return Err(RestFault::bad(22_003, format!("Queue already exists: {name}")));
    }
    let queue = queues.open(name, most, now());
    Ok((StatusCode::CREATED, Json(shape(&core.config.account_sid, queue))))
}

/// `GET Queues.json`.
pub async fn list(State(core): State<Arc<Core>>, Extension(query): Extension<Form>) -> Result<Json<Value>, RestFault> {
    let account = &core.config.account_sid;
    let all: Vec<Value> = core.queues().all().iter().map(|queue| shape(account, queue)).collect();
    page("queues", &all, &uri(account, "Queues"), &query)
}

/// `GET Queues/{sid}.json`.
pub async fn fetch(State(core): State<Arc<Core>>, Path((_, file)): Path<(String, String)>) -> Result<Json<Value>, RestFault> {
    Ok(Json(shape(&core.config.account_sid, &find(&core, name(&file)?)?)))
}

/// `POST Queues/{sid}.json` with `FriendlyName` and `MaxSize`.
pub async fn update(
    State(core): State<Arc<Core>>,
    Path((_, file)): Path<(String, String)>,
    Extension(form): Extension<Form>,
) -> Result<Json<Value>, RestFault> {
    let sid = name(&file)?;
    core.queues().change(sid, form.get("FriendlyName"), size(&form)?);
    Ok(Json(shape(&core.config.account_sid, &find(&core, sid)?)))
}

/// `DELETE Queues/{sid}.json`.
pub async fn remove(State(core): State<Arc<Core>>, Path((_, file)): Path<(String, String)>) -> Result<StatusCode, RestFault> {
    let queue = find(&core, name(&file)?)?;
    if core.queues().remove(&queue.sid) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(RestFault::bad(22_002, format!("Queue {} is not empty", queue.sid)))
    }
}

/// `GET Queues/{sid}/Members.json`, whoever waits longest first.
pub async fn members(
    State(core): State<Arc<Core>>,
    Path((_, queue)): Path<(String, String)>,
    Extension(query): Extension<Form>,
) -> Result<Json<Value>, RestFault> {
    let account = &core.config.account_sid;
    let queue = find(&core, &queue)?;
    let all: Vec<Value> = queue.members.iter().enumerate().map(|(at, member)| shape_of(account, &queue, member, at)).collect();
    page("queue_members", &all, &uri(account, &format!("Queues/{}/Members", queue.sid)), &query)
}

/// `GET Queues/{sid}/Members/{call sid or Front}.json`.
pub async fn member(State(core): State<Arc<Core>>, Path((_, queue, file)): Named) -> Result<Json<Value>, RestFault> {
    let (queue, at) = find_member(&core, &queue, name(&file)?)?;
    Ok(Json(shape_of(&core.config.account_sid, &queue, &queue.members[at], at)))
}

/// `POST Queues/{sid}/Members/{call sid or Front}.json` with `Url`: they wait no more and follow that.
pub async fn dequeue(
    State(core): State<Arc<Core>>,
    Path((_, queue, file)): Named,
    Extension(form): Extension<Form>,
) -> Result<Json<Value>, RestFault> {
    let endpoint = form.endpoint_by("Url", "Method", "POST").ok_or_else(|| RestFault::bad(21_205, "Url parameter is required."))?;
    let (queue, at) = find_member(&core, &queue, name(&file)?)?;
    let member = &queue.members[at];
    // Somebody else may have been quicker.
    if !core.queues().leave(&queue.sid, &member.call_sid) {
        return Err(RestFault::not_found(&member.call_sid));
    }
    core.order(&member.call_sid, Order::Redirect(Source::Url(endpoint)));
    Ok(Json(shape_of(&core.config.account_sid, &queue, member, at)))
}

fn size(form: &Form) -> Result<Option<usize>, RestFault> {
    let size = form.number("MaxSize")?.map(|size| size.clamp(1, 5_000));
    Ok(size.and_then(|size| usize::try_from(size).ok()))
}

fn find(core: &Core, sid: &str) -> Result<Queue, RestFault> {
    let known = core.queues().get(sid).filter(|queue| queue.sid == sid).cloned();
    known.ok_or_else(|| RestFault::not_found(&uri(&core.config.account_sid, &format!("Queues/{sid}"))))
}

fn find_member(core: &Core, queue: &str, call: &str) -> Result<(Queue, usize), RestFault> {
    let queue = find(core, queue)?;
    let is = |member: &Member| call == "Front" || member.call_sid == call;
    let at = queue.members.iter().position(is);
    let path = || uri(&core.config.account_sid, &format!("Queues/{}/Members/{call}", queue.sid));
    at.ok_or_else(|| RestFault::not_found(&path())).map(|at| (queue.clone(), at))
}

/// A queue as Twilio shapes it.
fn shape(account_sid: &str, queue: &Queue) -> Value {
    let resource = format!("Queues/{}", queue.sid);
    let waits: Vec<i64> = queue.members.iter().map(|member| (now() - member.since).num_seconds()).collect();
    let mean = waits.iter().sum::<i64>() / i64::try_from(waits.len().max(1)).unwrap_or(1);
    json!({
        "sid": queue.sid,
        "account_sid": account_sid,
        "friendly_name": queue.name,
        "max_size": queue.most,
        "current_size": queue.members.len(),
        "average_wait_time": mean,
        "date_created": rfc2822(queue.created),
        "date_updated": rfc2822(queue.created),
        "uri": uri(account_sid, &resource),
        "subresource_uris": subresources(account_sid, &resource, &["members"]),
    })
}

/// Somebody who waits, as Twilio shapes them.
fn shape_of(account_sid: &str, queue: &Queue, member: &Member, at: usize) -> Value {
    json!({
        "account_sid": account_sid,
        "call_sid": member.call_sid,
        "queue_sid": queue.sid,
        "position": at + 1,
        "wait_time": (now() - member.since).num_seconds(),
        "date_enqueued": rfc2822(member.since),
        "uri": uri(account_sid, &format!("Queues/{}/Members/{}", queue.sid, member.call_sid)),
    })
}
