//! A call that is dialled: to a simulated party or to a browser, by REST or by another call. It rings, and may be answered.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::script::{Door, Room, Script, answered};
use super::{Break, Cause, End, Order, Source, finish, party, ring};
use crate::cast::{Plan, Step};
use crate::clock::now;
use crate::core::Core;
use crate::model::{Audience, Call, CallStatus, Direction, Effect, Endpoint, JoinFault, Left, Progress, Terms};
use crate::recordings::Asked;
use crate::sid;

/// Between creating a call and dialling it.
pub const SETUP: Duration = Duration::from_millis(150);

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Dialled {
    /// Our number, or a client.
    pub from: String,
    /// The party's number, or `client:<identity>`.
    pub to: String,
    /// Who the party is.
    pub party: Party,
    /// The call that dials; none when REST does.
    pub parent: Option<String>,
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
    /// Keys that are pressed for whoever answers, before anything else.
    pub keys: Option<String>,
}

/// Who is rung.
#[derive(Clone, Debug)]
pub enum Party {
    /// Somebody who is made up.
    Simulated(Plan),
    /// A browser that registered with the voice SDK, and what it is told beside.
    Client { identity: String, params: Vec<(String, String)> },
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
    /// The party talks with the call that dialled, in a room of that name; after what the application has to say to them alone.
    Bridge { room: String, whisper: Option<Endpoint> },
}

/// Makes the call and lets it live. Answers its sid. Refused when the conference has somebody of that label.
pub fn dial(core: &Arc<Core>, dialled: Dialled) -> Result<String, JoinFault> {
    let call_sid = sid::new("CA");
    let (orders, received) = mpsc::unbounded_channel();
    let plan = match &dialled.party {
        Party::Simulated(plan) => Some(plan.name.clone()),
        Party::Client { .. } => None,
    };
    let call = Call {
        from: dialled.from.clone(),
        to: dialled.to.clone(),
        direction: if dialled.parent.is_some() { Direction::OutboundDial } else { Direction::OutboundApi },
        parent: dialled.parent.clone(),
        plan,
        progress: dialled.progress.clone(),
        ..Call::new(call_sid.clone(), orders, now())
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
    if matches!(dialled.party, Party::Simulated(_)) {
        core.media.simulate(&call_sid);
    }
    core.spawn(live(Arc::clone(core), call_sid.clone(), dialled, received));
    Ok(call_sid)
}

async fn live(core: Arc<Core>, call_sid: String, dialled: Dialled, mut orders: mpsc::UnboundedReceiver<Order>) {
    let (parent, recording) = (dialled.parent.clone(), dialled.recording.clone());
    let is_client = matches!(dialled.party, Party::Client { .. });
    let limit = core.paced(dialled.ring_limit) + SETUP;
    let rung = match &dialled.party {
        Party::Simulated(plan) => {
            let mut steps = plan.steps.clone().into_iter();
            let rung = ring_simulated(&core, &call_sid, &dialled, &mut steps, limit, &mut orders).await;
            rung.map(|who| (who, steps))
        }
        Party::Client { identity, params } => {
            let rung = ring::client(&core, &call_sid, &dialled, identity, params, limit, &mut orders).await;
            rung.map(|()| ("human", Vec::new().into_iter()))
        }
    };
    let (status, end) = match rung {
        Err((status, cause)) => {
            if let Some(asked) = recording {
                core.record_nothing(&call_sid, asked);
            }
            finish(&core, &call_sid, status, cause.map_or(Left::AddFailed, Cause::left));
            (status, None)
        }
        Ok((who, steps)) => {
            let end = talk(&core, &call_sid, dialled, who, steps, &mut orders).await;
            let why = if let End::By(cause) = end { cause.left() } else { Left::ByApi };
            finish(&core, &call_sid, CallStatus::Completed, why);
            (CallStatus::Completed, Some(end))
        }
    };
    if is_client {
        ring::over(&core, &call_sid, end);
    }
    if let Some(parent) = parent {
        core.order(&parent, Order::Ended(call_sid, status));
    }
}

/// How an attempt ended, and by whom, if it was not the party.
type Unanswered = (CallStatus, Option<Cause>);

async fn ring_simulated(
    core: &Arc<Core>,
    call_sid: &str,
    dialled: &Dialled,
    steps: &mut std::vec::IntoIter<Step>,
    limit: Duration,
    orders: &mut mpsc::UnboundedReceiver<Order>,
) -> Result<&'static str, Unanswered> {
    let decided = tokio::select! {
        biased;
        decided = ring::decision(orders) => decided,
        rung = core.clock.timeout(limit, until_answer(core, call_sid, dialled, steps)) =>
            return rung.unwrap_or(Err(CallStatus::NoAnswer)).map_err(|status| (status, None)),
    };
    // A person has taken the call, and does what they like.
    *steps = Vec::new().into_iter();
    decided.map(|()| "human")
}

/// Until the party answers: who that is. Or how the attempt ended.
async fn until_answer(
    core: &Arc<Core>,
    call_sid: &str,
    dialled: &Dialled,
    steps: &mut std::vec::IntoIter<Step>,
) -> Result<&'static str, CallStatus> {
    core.clock.sleep(core.paced(SETUP)).await;
    core.change(|model, now| model.initiate(call_sid, now));
    core.clock.sleep(core.paced(SETUP)).await;
    for step in steps {
        match step {
            Step::Ring(length) => {
                start_ringing(core, call_sid, dialled);
                core.clock.sleep(core.paced(length)).await;
            }
            Step::Answer(who) => return Ok(who),
            Step::Busy => return Err(CallStatus::Busy),
            Step::Fail => return Err(CallStatus::Failed),
            Step::NoAnswer => break,
            Step::Wait(length) => core.clock.sleep(core.paced(length)).await,
            // Said to nobody.
            _ => {}
        }
    }
    start_ringing(core, call_sid, dialled);
    std::future::pending().await
}

/// The network says that it rings, and whoever waits hears it, when they may.
pub fn start_ringing(core: &Core, call_sid: &str, dialled: &Dialled) {
    core.change(|model, now| model.advance(call_sid, CallStatus::Ringing, now));
    let room = match &dialled.then {
        Then::Join { terms, .. } if terms.early_media => core.model().call(call_sid).and_then(|call| call.conference_sid.clone()),
        Then::Bridge { room, .. } => Some(room.clone()),
        _ => None,
    };
    if let Some(room) = room {
        core.media.enter(call_sid, &room);
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
) -> End {
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
    let mut script = Script::new(core, call_sid, orders, Open);
    let followed = async {
        if let Some(keys) = dialled.keys
            && let Err(end) = script.press(keys).await
        {
            return go_on(&mut script, Err(end)).await;
        }
        match dialled.then {
            Then::Follow(source) => script.run(source).await,
            Then::Join { conference, terms, audience } => {
                let sid = core.model().call(call_sid).and_then(|call| call.conference_sid.clone());
                // When the conference ended while the telephone rang, the party finds a new one of that name.
                let is_open = |sid: &String| core.model().conference_of(call_sid).is_some_and(|there| there.sid == *sid);
                let room = sid.filter(is_open).map_or(Room::Named(conference), Room::Sid);
                let left = script.conference(room, *terms, audience).await;
                go_on(&mut script, left).await
            }
            Then::Bridge { room, whisper } => {
                let left = script.bridge(&room, whisper, dialled.parent.as_deref()).await;
                core.media.exit(call_sid);
                go_on(&mut script, left).await
            }
        }
    };
    // These only give orders, so that whoever follows TwiML can clear up after themselves.
    let acted = async {
        party::act(core, call_sid, steps).await;
        core.order(call_sid, Order::Hangup(Cause::Party));
        std::future::pending::<()>().await;
    };
    let lasted = async {
        core.clock.sleep(dialled.time_limit).await;
        core.order(call_sid, Order::Hangup(Cause::TimeLimit));
        std::future::pending::<()>().await;
    };
    tokio::select! {
        // In this order, so that the party is in the conference before it speaks.
        biased;
        end = followed => end,
        () = acted => End::Finished,
        () = lasted => End::Finished,
    }
}

/// After a conversation: the call is over, or goes elsewhere.
async fn go_on<D: Door>(script: &mut Script<'_, D>, left: Result<(), Break>) -> End {
    match left {
        Ok(()) => End::Finished,
        Err(Break::Over(cause)) => End::By(cause),
        Err(Break::Elsewhere(source)) => {
            script.leave();
            script.run(source).await
        }
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
