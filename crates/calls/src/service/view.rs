//! A call as its agent sees it.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use kernel::machine_now;
use queue::{After, Before, Closing, Prospects};

use super::outcome::closing;
use super::ring::LONGEST_CALL_SECONDS;
use super::{Calls, CallsFailure};
use crate::rules::suggested;
use crate::store::{self, CallRow, DispositionRow};
use crate::types::{CallEnd, CallState, CallView, Choice, Disposition, Ended, Notice, WrapUp};

impl Calls {
    pub(super) async fn view(&self, row: CallRow) -> Result<CallView, CallsFailure> {
        let now = self.shared.queue.now();
        let seconds = |from: DateTime<Utc>, to: DateTime<Utc>| (to - from).num_seconds().max(0);
        let wrap_up = match (row.wrap_up_until, row.closed_at) {
            (Some(until), None) => Some(self.wrap_up(&row, Some(seconds(machine_now(), until))).await?),
            // Only the system has spoken: the agent can still say what is true (rules, Presence).
            (_, Some(_)) if store::is_unrecorded(&self.shared.pool, row.id).await? => Some(self.wrap_up(&row, None).await?),
            _ => None,
        };
        let candidates = match (row.incoming, row.user, row.closed_at) {
            (Some(incoming), None, None) => self.candidates(incoming).await?,
            _ => Vec::new(),
        };
        let joined_by = if row.state == CallState::Connected { self.joined_by(row.id).await? } else { None };
        let end = row.end_reason.map(|how| Ended { how, words: ended_words(&row, how), is_saved_call: row.is_saved_call });
        Ok(CallView {
            id: row.id,
            user_id: row.user,
            number: row
                .number
                .as_deref()
                .and_then(|number| self.shared.queue.shown_number(number))
                .map(|number| kernel::with_extension(&number, row.extension.as_deref())),
            extension: row.extension,
            user_name: row.user_name,
            queue: row.queue,
            is_incoming: row.incoming.is_some(),
            candidates,
            state: row.state,
            state_seconds: seconds(row.state_since, now),
            talk_seconds: row.answered_at.map(|answered| seconds(answered, row.ended_at.unwrap_or(now))),
            held_seconds: row.held_since.map(|since| seconds(since, now)),
            away_seconds: row.agent_away_since.map(|since| seconds(since, now)),
            end,
            wrap_up,
            notice: row
                .notice_words
                .filter(|_| row.answered_at.is_some())
                .map(|words| Notice { words, is_given: row.notice_given_at.is_some() }),
            notes: row.notes,
            joined_by,
            handed_over: None,
        })
    }

    async fn wrap_up(&self, row: &CallRow, seconds_left: Option<i64>) -> Result<WrapUp, CallsFailure> {
        let choices = match self.prospects(row).await? {
            Some(prospects) => self.choices(row, &prospects).await?,
            None => self.choices_of_nobody(row).await?,
        };
        let suggested = row.end_reason.zip(row.ended_at).and_then(|(end, at)| suggested(end, at - row.created_at));
        Ok(WrapUp {
            seconds_left,
            // Unless an administrator has taken it off the screen.
            suggested: suggested.filter(|suggested| choices.iter().any(|choice| choice.disposition == *suggested)),
            choices,
        })
    }

    /// The same where nobody has said who it was: nothing follows but for the number.
    pub(super) async fn choices_of_nobody(&self, row: &CallRow) -> Result<Vec<Choice>, CallsFailure> {
        let catalogue = store::list_dispositions(&self.shared.pool).await?;
        let offered = catalogue.iter().filter(|disposition| {
            disposition.is_offered && !disposition.is_system && !disposition.needs_time && disposition.is_reached == Some(true)
        });
        // Of a number that is withheld nothing can be kept.
        let offered = offered.filter(|disposition| row.number.is_some() || disposition.suppresses.is_none());
        let choices = offered.map(|disposition| {
            let is_objection = disposition.suppresses.as_deref() == Some("do_not_contact");
            Choice {
                disposition: disposition.code,
                label: disposition.label.clone(),
                is_reached: true,
                key: disposition.key.and_then(|key| u8::try_from(key).ok()),
                hint: if is_objection { "never again" } else { "on record" }.to_owned(),
                next_attempt: if is_objection { "This number is never rung again" } else { "None: nobody has said who it was" }.to_owned(),
                attempts: "A call that came in counts as no attempt of ours".to_owned(),
                order: None,
                needs_note: disposition.needs_note,
                needs_time: false,
                also: also(disposition).filter(|_| is_objection),
                doubt: None,
            }
        });
        Ok(choices.collect())
    }

    /// What can be chosen for a call, with what follows from each.
    pub(super) async fn choices(&self, row: &CallRow, prospects: &Prospects) -> Result<Vec<Choice>, CallsFailure> {
        let catalogue = store::list_dispositions(&self.shared.pool).await?;
        let now = self.shared.queue.now();
        let before = self.shared.queue.before(row.id, prospects).await?;
        let offered = catalogue.iter().filter(|disposition| disposition.is_offered && !disposition.is_system && fits(disposition, row));
        let choices = offered.map(|disposition| {
            let closing = closing(disposition, row.answered_at.is_some(), None, now);
            let after = self.shared.queue.after(prospects, &closing);
            Choice { doubt: doubt(disposition, row).map(str::to_owned), ..choice(disposition, &closing, &after, before, now) }
        });
        Ok(choices.collect())
    }
}

/// Whether it can have come of this call: with whoever rang us somebody has talked.
fn fits(disposition: &DispositionRow, row: &CallRow) -> bool {
    row.incoming.is_none() || disposition.is_reached != Some(false)
}

/// What the carrier knows of the call against it. The agent may be right all the same: a network may tell of an answer late, or never.
fn doubt(disposition: &DispositionRow, row: &CallRow) -> Option<&'static str> {
    match (disposition.code, row.answered_at) {
        (_, None) if disposition.is_reached == Some(true) => Some("the carrier heard nobody answer"),
        (Disposition::NoAnswer | Disposition::Busy, Some(_)) => Some("the carrier heard somebody answer, or a machine"),
        _ => None,
    }
}

fn choice(disposition: &DispositionRow, closing: &Closing, after: &After, before: Before, now: DateTime<Utc>) -> Choice {
    let [(today, today_cap), (week, week_cap)] = after.attempts;
    let next_attempt = if disposition.needs_time {
        "At the time that you choose".to_owned()
    } else if before.has_later_attempt && !after.is_by_objection(closing) {
        "As a later call has settled it".to_owned()
    } else if after.next.is_some() {
        next_attempt_words(after, now)
    } else {
        records(after)
    };
    Choice {
        disposition: disposition.code,
        label: disposition.label.clone(),
        is_reached: closing.is_reached,
        key: disposition.key.and_then(|key| u8::try_from(key).ok()),
        hint: hint(disposition, after, now),
        next_attempt,
        attempts: format!("{today} of {today_cap} today · {week} of {week_cap} in seven days"),
        order: after.score.as_ref().filter(|_| !before.has_later_attempt).map(|score| match before.score {
            Some(before) => format!("score {}, was {before}", score.total),
            None => format!("score {}", score.total),
        }),
        needs_note: disposition.needs_note,
        needs_time: disposition.needs_time,
        also: also(disposition),
        doubt: None,
    }
}

/// What else happens at once.
fn also(disposition: &DispositionRow) -> Option<String> {
    let review = disposition.wants_review.then_some("A supervisor will look at it.");
    let sentences: Vec<&str> = disposition.also.as_deref().into_iter().chain(review).collect();
    (!sentences.is_empty()).then(|| sentences.join(" "))
}

/// Short, for a button.
fn hint(disposition: &DispositionRow, after: &After, now: DateTime<Utc>) -> String {
    if disposition.needs_time {
        return "needs a time".to_owned();
    }
    if let Some(at) = after.retry_at {
        return format!("once more at {}", kernel::london(at).format("%H:%M"));
    }
    match disposition.delay_hours {
        _ if disposition.code == Disposition::Completed => "on the call".to_owned(),
        None => "never again".to_owned(),
        // The instant that holds, with limits, cooling-off and hours: the delay alone would say something else than what follows.
        Some(_) => match after.opens {
            None => "not again".to_owned(),
            Some(opens) => match (opens.date() - kernel::london(now).date()).num_days() {
                0 => format!("next {}", round_up(opens).format("%H:%M")),
                1 => "next tomorrow".to_owned(),
                _ => format!("next {}", opens.format("%-d %b")),
            },
        },
    }
}

/// “Today, from 14:20”, “Monday 24 November, from 09:00”.
pub(super) fn next_attempt_words(after: &After, now: DateTime<Utc>) -> String {
    if let Some(at) = after.retry_at {
        return format!("Today at {}, once more", kernel::london(at).format("%H:%M"));
    }
    let today = kernel::london(now).date();
    let Some(opens) = after.opens else { return "At no time: no calling hours are set".to_owned() };
    let day = match (opens.date() - today).num_days() {
        0 => "Today".to_owned(),
        1 => "Tomorrow".to_owned(),
        _ => opens.format("%A %-d %B").to_string(),
    };
    format!("{day}, from {}", round_up(opens).format("%H:%M"))
}

/// To the next whole minute, so that the time said is never too early.
fn round_up(at: NaiveDateTime) -> NaiveDateTime {
    use chrono::{TimeDelta, Timelike as _};
    if at.second() == 0 && at.nanosecond() == 0 { at } else { at + TimeDelta::seconds(i64::from(60 - at.second())) }
}

/// Why nobody rings this person any more.
pub(super) fn records(after: &After) -> String {
    let reasons: Vec<String> = after.leaves_because.iter().map(queue::rules::Reason::words).collect();
    if reasons.is_empty() { "No further call".to_owned() } else { format!("No further call: {}", reasons.join("; ").to_lowercase()) }
}

fn ended_words(row: &CallRow, how: CallEnd) -> String {
    let name = row.user_name.split(' ').next().unwrap_or("The person");
    match (how, row.end_words.as_deref()) {
        (CallEnd::Refused, Some(words)) if row.is_saved_call => format!("No call needed: {}. {name} was not rung.", lower_first(words)),
        (CallEnd::Refused, Some(words)) => format!("{name} was not rung: {}.", lower_first(words)),
        (CallEnd::Refused, None) => format!("{name} may not be rung now, and was not."),
        (CallEnd::CouldNotCheck, _) => {
            format!(
                "{name} was not rung: the claims platform cannot be read just now, so nobody can tell whether the call is still needed."
            )
        }
        (CallEnd::NotConnected, _) if row.incoming.is_some() => {
            "Your telephone did not connect, so the call went to somebody else.".to_owned()
        }
        (CallEnd::NotConnected, _) => format!("Your telephone did not connect, so {name} was not rung."),
        (CallEnd::NotPlaced, Some(words)) => format!("{name} was not rung. {words}"),
        (CallEnd::NotPlaced, None) => format!("The carrier did not take the call, so {name} was not rung."),
        (CallEnd::Busy, _) => "The line is engaged.".to_owned(),
        (CallEnd::NoAnswer, _) => "Nobody answered.".to_owned(),
        (CallEnd::Failed, _) => "The call could not be put through.".to_owned(),
        (CallEnd::Cancelled, _) => "It ended before anybody answered.".to_owned(),
        (CallEnd::ByAgent, _) => "You hung up.".to_owned(),
        // The carrier hung up on both.
        (CallEnd::ByPerson, _) if was_longest(row) => "The call was ended after two hours: none may last longer.".to_owned(),
        (CallEnd::ByPerson, _) if row.user.is_none() => "They hung up.".to_owned(),
        (CallEnd::ByPerson, _) => format!("{name} hung up."),
        (CallEnd::CallerGone, _) => "They hung up before you were on the line.".to_owned(),
        (CallEnd::AgentLost, _) if row.incoming.is_some() => "Your telephone was gone for 15 seconds, so the call ended.".to_owned(),
        (CallEnd::AgentLost, _) => {
            format!("Your telephone was gone for 15 seconds, so {name} was told that we will ring again, and the call ended.")
        }
    }
}

/// Whether they talked for as long as the carrier lets anybody.
fn was_longest(row: &CallRow) -> bool {
    let longest = TimeDelta::seconds(i64::from(LONGEST_CALL_SECONDS) - 5);
    row.answered_at.zip(row.ended_at).is_some_and(|(answered, ended)| ended - answered >= longest)
}

pub(super) fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
