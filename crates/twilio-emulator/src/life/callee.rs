//! A call to a telephone: it rings, and the party at the other end does what it was cast for.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::script::{Door, Room, Script, answered};
use super::{Cause, End, Order, Source, finish};
use crate::cast::{Plan, Step};
use crate::clock::now;
use crate::core::Core;
use crate::model::{Audience, Call, CallStatus, Direction, Effect, Endpoint, JoinFault, Left, Progress, Terms};
use crate::recordings::Asked;
use crate::sid;

/// Between creating a call and dialling it.
const SETUP: Duration = Duration::from_millis(150);

/// What REST asked for.
#[derive(Clone, Debug)]
pub struct Dialled {
    /// Our number.
    pub from: String,
    /// The party's number.
    pub to: String,
    /// Who the party is.
    pub plan: Plan,
    /// How long it may ring.
    pub ring_limit: Duration,
    /// How long it may last once answered.
    pub time_limit: Duration,
    /// Who is told of its steps.
    pub progress: Option<Progress>,
    /// What happens when the party answers.
    pub then: Then,
    /// Whether it is asked who answers.
    pub detection: Option<Detection>,
    /// How it is recorded from the answer on.
    pub recording: Option<Asked>,
}

/// It is asked whether a person or a machine answers.
#[derive(Clone, Debug)]
pub struct Detection {
    /// Who is told at once; else it only stands in what is told of the call.
    pub endpoint: Option<Endpoint>,
}

/// What happens when a party answers.
#[derive(Clone, Debug)]
pub enum Then {
    /// TwiML is followed.
    Follow(Source),
    /// The party goes into a conference, by name or sid; who hears of that conference, if nobody decided before.
    Join { conference: String, terms: Box<Terms>, audience: Option<Audience> },
}

/// Makes the call and lets it live. Answers its sid. Refused when the conference has somebody of that label.
pub fn dial(core: &Arc<Core>, dialled: Dialled) -> Result<String, JoinFault> {
    let call_sid = sid::new("CA");
    let (orders, received) = mpsc::unbounded_channel();
    let call = Call {
        sid: call_sid.clone(),
        from: dialled.from.clone(),
        to: dialled.to.clone(),
        direction: Direction::OutboundApi,
        status: CallStatus::Queued,
        application_sid: None,
        answered_by: None,
        plan: Some(dialled.plan.name.clone()),
        conference_sid: None,
        created: now(),
        answered: None,
        ended: None,
        progress: dialled.progress.clone(),
        orders,
    };
    core.try_change(|model, now| {
        let mut effects = Vec::new();
        if let Then::Join { conference, terms, .. } = &dialled.then {
            let conference_sid = model.open_conference(conference, now);
            // A participant is one from the beginning, while they are rung.
            model.expect(&conference_sid, &call_sid, Terms::clone(terms), now)?;
            effects.extend(model.add_call(Call { conference_sid: Some(conference_sid), ..call }));
        } else {
            effects.extend(model.add_call(call));
        }
        Ok(effects)
    })?;
    core.media.simulate(&call_sid);
    core.spawn(live(Arc::clone(core), call_sid.clone(), dialled, received));
    Ok(call_sid)
}

async fn live(core: Arc<Core>, call_sid: String, dialled: Dialled, mut orders: mpsc::UnboundedReceiver<Order>) {
    let mut steps = dialled.plan.steps.clone().into_iter();
    let before = ring(&core, &call_sid, &dialled, &mut steps);
    let limit = core.paced(dialled.ring_limit) + SETUP;
    let rung = tokio::select! {
        biased;
        cause = given_up(&mut orders) => Err((CallStatus::Canceled, cause.left())),
        rung = timeout(limit, before) => rung.unwrap_or(Err(CallStatus::NoAnswer)).map_err(|status| (status, Left::AddFailed)),
    };
    let recording = dialled.recording.clone();
    let (status, why) = match rung {
        Err(ended) => {
            if let Some(asked) = recording {
                core.record_nothing(&call_sid, asked);
            }
            ended
        }
        Ok(who) => talk(&core, &call_sid, dialled, who, steps, &mut orders).await,
    };
    finish(&core, &call_sid, status, why);
}

/// Somebody gave up before the party answered. TwiML for a call that nobody has answered is not followed.
async fn given_up(orders: &mut mpsc::UnboundedReceiver<Order>) -> Cause {
    loop {
        match orders.recv().await {
            Some(Order::Hangup(cause)) => return cause,
            Some(Order::Dropped) => return Cause::Api,
            Some(Order::Started | Order::Redirect(_)) => {}
            None => return Cause::Reset,
        }
    }
}

/// Until the party answers: who that is. Or how the attempt ended.
async fn ring(
    core: &Arc<Core>,
    call_sid: &str,
    dialled: &Dialled,
    steps: &mut std::vec::IntoIter<Step>,
) -> Result<&'static str, CallStatus> {
    sleep(core.paced(SETUP)).await;
    core.change(|model, now| model.initiate(call_sid, now));
    sleep(core.paced(SETUP)).await;
    for step in steps {
        match step {
            Step::Ring(length) => {
                start_ringing(core, call_sid, dialled);
                sleep(core.paced(length)).await;
            }
            Step::Answer(who) => return Ok(who),
            Step::Busy => return Err(CallStatus::Busy),
            Step::Fail => return Err(CallStatus::Failed),
            Step::NoAnswer => break,
            Step::Wait(length) => sleep(core.paced(length)).await,
            // Said to nobody.
            _ => {}
        }
    }
    start_ringing(core, call_sid, dialled);
    std::future::pending().await
}

/// The network says that it rings, and the conference hears it, when it may.
fn start_ringing(core: &Core, call_sid: &str, dialled: &Dialled) {
    core.change(|model, now| model.advance(call_sid, CallStatus::Ringing, now));
    let Then::Join { terms, .. } = &dialled.then else { return };
    let conference = core.model().call(call_sid).and_then(|call| call.conference_sid.clone());
    if let Some(conference) = conference.filter(|_| terms.early_media) {
        core.media.enter(call_sid, &conference);
        core.media.ring(call_sid);
    }
}

/// From the answer to the end.
async fn talk(
    core: &Arc<Core>,
    call_sid: &str,
    dialled: Dialled,
    who: &'static str,
    steps: std::vec::IntoIter<Step>,
    orders: &mut mpsc::UnboundedReceiver<Order>,
) -> (CallStatus, Left) {
    core.media.answer(call_sid);
    if dialled.detection.is_some()
        && let Some(call) = core.model().call_mut(call_sid)
    {
        call.answered_by = Some(who);
    }
    answered(core, call_sid);
    if let Some(asked) = dialled.recording {
        core.record(call_sid, asked);
    }
    if let Some(endpoint) = dialled.detection.and_then(|detection| detection.endpoint) {
        tell_detection(core, call_sid, endpoint, who);
    }
    let mut script = Script { core, call_sid, orders, door: Open, extra: Vec::new(), base: String::new() };
    let followed = async {
        match dialled.then {
            Then::Follow(source) => script.run(source).await,
            Then::Join { conference, terms, audience } => {
                let sid = core.model().call(call_sid).and_then(|call| call.conference_sid.clone());
                // When the conference ended while the telephone rang, the party finds a new one of that name.
                let is_open = |sid: &String| core.model().conference_of(call_sid).is_some_and(|there| there.sid == *sid);
                let room = sid.filter(is_open).map_or(Room::Named(conference), Room::Sid);
                match script.conference(room, *terms, audience).await {
                    Ok(()) | Err(Order::Dropped | Order::Started) => End::Finished,
                    Err(Order::Redirect(source)) => {
                        core.change(|model, now| model.leave(call_sid, Left::ByApi, now));
                        script.run(source).await
                    }
                    Err(Order::Hangup(cause)) => End::By(cause),
                }
            }
        }
    };
    let end = tokio::select! {
        // In this order, so that the party is in the conference before it speaks.
        biased;
        end = followed => end,
        () = act(core, call_sid, steps) => End::By(Cause::Party),
        () = sleep(dialled.time_limit) => End::By(Cause::TimeLimit),
    };
    let why = if let End::By(cause) = end { cause.left() } else { Left::ByApi };
    (CallStatus::Completed, why)
}

/// What the party does; returns when they put the telephone down.
async fn act(core: &Arc<Core>, call_sid: &str, steps: std::vec::IntoIter<Step>) {
    let media = &core.media;
    for step in steps {
        match step {
            Step::Play(prompt) => media.say(call_sid, &prompt).await,
            Step::Repeat(prompt) => media.repeat(call_sid, &prompt, Duration::from_secs(2)),
            Step::Beep => media.beep(call_sid).await,
            Step::Send(digits) => media.press(call_sid, &digits).await,
            Step::Echo => media.echo(call_sid),
            Step::Ring(length) | Step::Wait(length) => sleep(core.paced(length)).await,
            Step::Expect(digits, within) => {
                // Not paced: whoever is to press the keys is real.
                if timeout(within, pressed(core, call_sid, &digits)).await.is_err() {
                    return;
                }
            }
            Step::HangUp => return,
            Step::Answer(_) | Step::Busy | Step::NoAnswer | Step::Fail => {}
        }
    }
    std::future::pending::<()>().await;
}

async fn pressed(core: &Arc<Core>, call_sid: &str, digits: &str) {
    let meter = core.media.meter(call_sid);
    loop {
        let next = meter.digit.notified();
        if meter.digits().contains(digits) {
            return;
        }
        next.await;
    }
}

fn tell_detection(core: &Core, call_sid: &str, endpoint: Endpoint, who: &str) {
    let mut params = vec![
        ("AccountSid".to_owned(), core.config.account_sid.clone()),
        ("CallSid".to_owned(), call_sid.to_owned()),
        ("AnsweredBy".to_owned(), who.to_owned()),
        ("MachineDetectionDuration".to_owned(), "1200".to_owned()),
    ];
    params.sort();
    core.change(|_, _| vec![Effect::Webhook { queue: call_sid.to_owned(), endpoint, params }]);
}

/// A party that has answered.
struct Open;

impl Door for Open {
    async fn answer(&mut self) {}
    async fn ring(&mut self) {}
}
