//! A supervisor on somebody's call: listening, whispering to the agent, or joining in.

use auth::AgentPresence;
use calls::{GoingCall, MonitorMode, MonitorView};
use kernel::{AgentId, CallId, ErrorCode, WireError};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::error_strip::error_strip;
use super::icon::{Icon, icon};
use crate::format::stopwatch;
use crate::state::announce::Announcer;
use crate::state::clock::Clock;
use crate::state::live::Live;
use crate::state::query::Query;
use crate::state::session::Session;
use crate::telephone::{Telephone, error_words};

/// What each way means to those who talk.
const fn words(mode: MonitorMode) -> (&'static str, &'static str) {
    match mode {
        MonitorMode::Listen => ("Listen", "Nobody hears you."),
        MonitorMode::Whisper => ("Whisper", "The agent alone hears you."),
        MonitorMode::Barge => ("Join in", "Both hear you."),
    }
}

/// What a supervisor listens to; it ends with the page.
#[derive(Clone, Copy)]
pub(crate) struct Monitor {
    view: Query<Option<MonitorView>>,
    /// The calls that go on.
    pub(crate) going: Query<Vec<GoingCall>>,
    is_busy: RwSignal<bool>,
    failure: RwSignal<Option<(&'static str, WireError)>>,
    telephone: Telephone,
    session: Session,
}

impl Monitor {
    /// Asks what is listened to, if anything.
    pub(crate) fn new(session: Session, live: &Live, telephone: Telephone, announcer: Announcer) -> Self {
        let (me, agents) = (live.me, live.agents);
        let view = Query::new(session, move || me.track(), calls::monitored);
        let going = Query::new(session, move || agents.track(), calls::going);
        let monitor = Self { view, going, is_busy: RwSignal::new(false), failure: RwSignal::new(None), telephone, session };
        on_cleanup(move || {
            if monitor.view().is_some() {
                telephone.disconnect();
                announcer.show("You are off the line: listening ends when you leave the floor.");
                spawn_local(async {
                    // The carrier's word that the leg is over ends it too.
                    let _ = calls::stop_monitoring().await;
                });
            }
        });
        monitor
    }

    fn view(self) -> Option<MonitorView> {
        self.view.answer().and_then(|answer| answer.value.clone())
    }

    /// The talk of this agent, if one can listen to it now.
    pub(crate) fn call_of(self, agent: AgentId) -> Option<CallId> {
        let going = self.going.answer()?;
        let call = going.value.iter().find(|call| call.agent_id == agent && call.is_talking)?;
        (self.view().is_none() && !self.telephone.is_on_line.get()).then_some(call.call_id)
    }

    /// Who listens to this agent, by name.
    pub(crate) fn listeners_of(self, agent: AgentId) -> Vec<String> {
        let listeners = |going: &Vec<GoingCall>| going.iter().find(|call| call.agent_id == agent).map(|call| call.listeners.clone());
        self.going.map(listeners).flatten().unwrap_or_default()
    }

    /// Who has rung us and is with this agent, by name.
    pub(crate) fn caller_of(self, agent: AgentId) -> Option<String> {
        self.going.map(|going| going.iter().find(|call| call.agent_id == agent).and_then(|call| call.caller.clone())).flatten()
    }

    /// Listens to this call. The telephone is made ready first, so that the ten seconds to connect are enough.
    pub(crate) fn listen(self, call: CallId) {
        self.run("You are not on the line", async move {
            let failed = |words: String| WireError::new(ErrorCode::Unavailable, words);
            self.telephone.be_ready().await.map_err(|not_ready| failed(not_ready.words()))?;
            let view = calls::monitor(call, MonitorMode::Listen).await?;
            let connected = self.telephone.connect_to_listen(&view.id).await;
            if connected.is_err() {
                calls::stop_monitoring().await?;
            }
            connected.map_err(|code| failed(error_words(code).to_owned()))
        });
    }

    fn set_mode(self, mode: MonitorMode) {
        self.run("The change was not made", async move { calls::set_monitor_mode(mode).await.map(drop) });
    }

    fn stop(self) {
        self.telephone.disconnect();
        self.run("The server did not hear that you stopped", calls::stop_monitoring());
    }

    /// Asks for a change, and for how it is afterwards; `failed` says what did not happen.
    fn run(self, failed: &'static str, asking: impl Future<Output = Result<(), WireError>> + 'static) {
        if self.is_busy.get_untracked() {
            return;
        }
        self.is_busy.set(true);
        self.failure.set(None);
        spawn_local(async move {
            let result = asking.await;
            let _ = self.is_busy.try_set(false);
            if let Err(error) = result {
                self.session.noticed(&error);
                let _ = self.failure.try_set(Some((failed, error)));
            }
            self.view.again();
            self.going.again();
        });
    }
}

/// Whom the supervisor hears, and how they take part. Nothing while they listen to nobody.
pub(crate) fn monitor_panel(monitor: Monitor, agents: Query<Vec<AgentPresence>>, clock: Clock) -> impl IntoView {
    let name = move |id: AgentId| {
        agents.map(|agents| agents.iter().find(|agent| agent.id == id).map(|agent| agent.name.clone())).flatten().unwrap_or_default()
    };
    let talked = Memo::new(move |_| {
        let received = monitor.view.received(|view| view.as_ref().map(|view| view.talk_seconds), clock.now());
        received.and_then(|(talked, ago)| Some(stopwatch(talked? + ago)))
    });
    let shown = Memo::new(move |_| monitor.view().map(|view| (view.agent_id, view.user_name, view.mode, view.is_joined)));
    let panel = move || {
        let (agent, user_name, mode, is_joined) = shown.get()?;
        let state = if is_joined { words(mode).1 } else { "Connecting you…" };
        let modes = MonitorMode::ALL.map(|of| {
            view! {
                <button
                    type="button"
                    class=if of == mode { "btn btn-sm join-item btn-primary" } else { "btn btn-sm join-item" }
                    aria-pressed=if of == mode { "true" } else { "false" }
                    disabled=move || monitor.is_busy.get() || !is_joined
                    title=words(of).1
                    on:click=move |_| monitor.set_mode(of)
                >
                    {words(of).0}
                </button>
            }
        });
        Some(view! {
            <section
                class="flex flex-wrap items-center gap-x-4 gap-y-2 rounded-box border border-info bg-info/8 px-4 py-2.5"
                aria-label="Listening"
                data-testid="monitor"
                data-energy-in=move || monitor.telephone.counters.with(|counters| counters.energy_in).to_string()
            >
                <span class="text-info">{icon(Icon::Headphones, "size-5")}</span>
                <div class="min-w-0 flex-1">
                    <p class="truncate font-semibold">{name(agent)} " with " {user_name} <span class="ml-2 font-normal text-muted">{move || talked.get()}</span></p>
                    <p class="text-xs text-muted" role="status">{state} " Listening is on record."</p>
                </div>
                <div class="join" role="group" aria-label="How you take part">{modes.collect_view()}</div>
                <button type="button" class="btn btn-sm" disabled=move || monitor.is_busy.get() on:click=move |_| monitor.stop()>
                    {icon(Icon::X, "size-4")} "Stop"
                </button>
            </section>
        })
    };
    let failure = move || monitor.failure.get().map(|(failed, error)| error_strip(failed, &error, None));
    view! { {failure} {panel} }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_says_who_hears_the_supervisor() {
        assert!(MonitorMode::ALL.iter().all(|mode| words(*mode).1.contains("hear")));
        assert_eq!(words(MonitorMode::Listen).1, "Nobody hears you.");
    }
}
