//! The catalogue of dispositions as administrators edit it. Pure: the page says what is wrong with what is typed, and the server says the same.

use serde::{Deserialize, Serialize};

use super::{Disposition, Told};

/// The longest label, in characters: more does not fit its button.
pub const LONGEST_LABEL: usize = 40;
/// The longest words of what else happens.
pub const LONGEST_ALSO: usize = 200;
/// The longest delay, in hours: a year.
pub const LONGEST_DELAY: i32 = 8_760;

/// What of a disposition can be edited.
#[expect(clippy::struct_excessive_bools, reason = "one a column")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DispositionEdit {
    /// The words on the screen.
    pub label: String,
    /// The place on the screen, from 1 on; the others make room.
    pub position: i16,
    /// The key 1 to 9; none: among the less common.
    pub key: Option<u8>,
    /// Hours until the next call may be made; none: at the time that is promised, or never.
    pub delay_hours: Option<i32>,
    /// A note must be written.
    pub needs_note: bool,
    /// A time must be promised.
    pub needs_time: bool,
    /// The delay holds alone, without cooling-off.
    pub replaces_cooling_off: bool,
    /// A supervisor looks at it.
    pub wants_review: bool,
    /// What else happens, in words for the agent.
    pub also: Option<String>,
    /// Agents can choose it.
    pub is_offered: bool,
}

/// One disposition, with what the program relies on beside what can be edited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogueEntry {
    /// Which.
    pub disposition: Disposition,
    /// Counts up with each change.
    pub version: i32,
    /// What can be edited.
    pub edit: DispositionEdit,
    /// A human answered; none: if the person's leg was answered.
    pub is_reached: Option<bool>,
    /// Counts as a failed attempt.
    pub is_failed: bool,
    /// Who is never rung again: `do_not_contact`, `bad_number`.
    pub suppresses: Option<String>,
    /// Set by the system alone.
    pub is_system: bool,
}

/// The catalogue, and how it came to be so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalogue {
    /// In the order of the screen.
    pub entries: Vec<CatalogueEntry>,
    /// The newest first.
    pub changes: Vec<CatalogueChange>,
}

/// One change of one disposition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogueChange {
    /// When.
    pub at: Told,
    /// Who.
    pub by: String,
    /// The label by then.
    pub label: String,
    /// “Key 3 → none”.
    pub changes: Vec<String>,
}

/// What is wrong with an edit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueProblem {
    /// No label.
    #[error("Please write a label: it is what agents read on the button.")]
    NoLabel,
    /// Too long a label.
    #[error("A label may have at most {LONGEST_LABEL} characters, to fit its button.")]
    LabelTooLong,
    /// No such place.
    #[error("The place is a whole number from 1 to {0}.")]
    NoSuchPlace(usize),
    /// No such key.
    #[error("A key is a digit from 1 to 9, or none.")]
    NoSuchKey,
    /// Another has it.
    #[error("Key {0} is that of “{1}”. Choose another, or take it from there first.")]
    KeyTaken(u8, String),
    /// Not a delay.
    #[error("The delay is a whole number of hours from 1 to {LONGEST_DELAY}, which is a year.")]
    NoSuchDelay,
    /// Nobody would ring again.
    #[error("Without a delay nobody would ever ring again: give one, or have a time promised.")]
    DelayNeeded,
    /// A callback is a promise.
    #[error("“Call me back” is a promise, and needs its time.")]
    CallbackWithoutTime,
    /// Nobody was there to promise anything to.
    #[error("A time can only be promised to somebody who was reached and may be rung again.")]
    NobodyToPromise,
    /// Too many words.
    #[error("What else happens may have at most {LONGEST_ALSO} characters.")]
    AlsoTooLong,
    /// Objections are always taken.
    #[error("Whoever wants no more calls is put on record at once, so this outcome is always offered.")]
    ObjectionNotOffered,
    /// The system's own.
    #[error("The system sets this outcome by itself: it has no key, needs nothing and cannot be switched off.")]
    OfTheSystem,
}

impl CatalogueProblem {
    /// Which part of the edit is at fault, by its name.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::NoLabel | Self::LabelTooLong => "label",
            Self::NoSuchPlace(_) => "position",
            Self::NoSuchKey | Self::KeyTaken(..) => "key",
            Self::NoSuchDelay | Self::DelayNeeded => "delay_hours",
            Self::CallbackWithoutTime | Self::NobodyToPromise => "needs_time",
            Self::AlsoTooLong => "also",
            Self::ObjectionNotOffered | Self::OfTheSystem => "is_offered",
        }
    }
}

impl DispositionEdit {
    /// As it is stored: without spaces around words, and without empty ones.
    #[must_use]
    pub fn tidied(self) -> Self {
        let also = self.also.map(|also| also.trim().to_owned()).filter(|also| !also.is_empty());
        Self { label: self.label.trim().to_owned(), also, ..self }
    }

    /// All that is wrong with it for this one of the catalogue's entries.
    pub fn problems(&self, of: &CatalogueEntry, catalogue: &[CatalogueEntry]) -> Vec<CatalogueProblem> {
        use CatalogueProblem as P;
        let mut problems = Vec::new();
        match self.label.trim().chars().count() {
            0 => problems.push(P::NoLabel),
            1..=LONGEST_LABEL => {}
            _ => problems.push(P::LabelTooLong),
        }
        if !usize::try_from(self.position).is_ok_and(|position| (1..=catalogue.len()).contains(&position)) {
            problems.push(P::NoSuchPlace(catalogue.len()));
        }
        if let Some(key) = self.key {
            let holder = catalogue.iter().find(|entry| entry.disposition != of.disposition && entry.edit.key == Some(key));
            match holder {
                _ if !(1..=9).contains(&key) => problems.push(P::NoSuchKey),
                Some(holder) => problems.push(P::KeyTaken(key, holder.edit.label.clone())),
                None => {}
            }
        }
        let is_for_good = of.suppresses.as_deref() == Some("do_not_contact");
        match self.delay_hours {
            Some(hours) if !(1..=LONGEST_DELAY).contains(&hours) => problems.push(P::NoSuchDelay),
            None if !self.needs_time && !is_for_good => problems.push(P::DelayNeeded),
            _ => {}
        }
        if of.disposition == Disposition::CallbackRequested && !self.needs_time {
            problems.push(P::CallbackWithoutTime);
        }
        if self.needs_time && (of.is_reached == Some(false) || of.suppresses.is_some()) {
            problems.push(P::NobodyToPromise);
        }
        if self.also.as_ref().is_some_and(|also| also.trim().chars().count() > LONGEST_ALSO) {
            problems.push(P::AlsoTooLong);
        }
        if is_for_good && !self.is_offered {
            problems.push(P::ObjectionNotOffered);
        }
        if of.is_system && (self.key.is_some() || self.needs_note || self.needs_time || !self.is_offered) {
            problems.push(P::OfTheSystem);
        }
        problems
    }

    /// What `self` changes about `before`, a line each.
    pub fn changes(&self, before: &Self) -> Vec<String> {
        let switched = |name: &str, was: bool, is: bool| (was != is).then(|| format!("{name}: {} → {}", yes(was), yes(is)));
        [
            (before.label != self.label).then(|| format!("Label “{}” → “{}”", before.label, self.label)),
            (before.position != self.position).then(|| format!("Place {} → {}", before.position, self.position)),
            (before.key != self.key).then(|| format!("Key {} → {}", key_words(before.key), key_words(self.key))),
            (before.delay_hours != self.delay_hours)
                .then(|| format!("Delay {} → {}", delay_words(before.delay_hours), delay_words(self.delay_hours))),
            switched("Needs a note", before.needs_note, self.needs_note),
            switched("Needs a time", before.needs_time, self.needs_time),
            switched("Delay instead of cooling-off", before.replaces_cooling_off, self.replaces_cooling_off),
            switched("A supervisor looks at it", before.wants_review, self.wants_review),
            (before.also != self.also).then(|| format!("Also {} → {}", also_words(before), also_words(self))),
            switched("Offered", before.is_offered, self.is_offered),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// All of it in one line, for whoever is told that it is not what they saw.
    pub fn in_words(&self) -> String {
        let mut words = vec![
            format!("“{}”", self.label),
            format!("place {}", self.position),
            format!("key {}", key_words(self.key)),
            format!("delay {}", delay_words(self.delay_hours)),
        ];
        for (is_so, what) in [
            (self.needs_note, "needs a note"),
            (self.needs_time, "needs a time"),
            (self.replaces_cooling_off, "delay instead of cooling-off"),
            (self.wants_review, "a supervisor looks at it"),
            (!self.is_offered, "not offered"),
        ] {
            if is_so {
                words.push(what.to_owned());
            }
        }
        if self.also.is_some() {
            words.push(format!("also {}", also_words(self)));
        }
        words.join(", ")
    }
}

const fn yes(is_so: bool) -> &'static str {
    if is_so { "yes" } else { "no" }
}

fn key_words(key: Option<u8>) -> String {
    key.map_or_else(|| "none".to_owned(), |key| key.to_string())
}

fn delay_words(hours: Option<i32>) -> String {
    hours.map_or_else(|| "none".to_owned(), |hours| format!("{hours} h"))
}

fn also_words(edit: &DispositionEdit) -> String {
    edit.also.as_ref().map_or_else(|| "nothing".to_owned(), |also| format!("“{also}”"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(disposition: Disposition, position: i16, key: Option<u8>) -> CatalogueEntry {
        CatalogueEntry {
            disposition,
            version: 1,
            edit: DispositionEdit {
                label: disposition.as_str().to_owned(),
                position,
                key,
                delay_hours: Some(24),
                needs_note: false,
                needs_time: false,
                replaces_cooling_off: false,
                wants_review: false,
                also: None,
                is_offered: true,
            },
            is_reached: Some(true),
            is_failed: false,
            suppresses: None,
            is_system: false,
        }
    }

    fn catalogue() -> Vec<CatalogueEntry> {
        let mut callback = entry(Disposition::CallbackRequested, 2, Some(2));
        (callback.edit.delay_hours, callback.edit.needs_time) = (None, true);
        let unreached = CatalogueEntry { is_reached: Some(false), is_failed: true, ..entry(Disposition::NoAnswer, 3, Some(3)) };
        let mut objection = CatalogueEntry { suppresses: Some("do_not_contact".into()), ..entry(Disposition::DoNotContact, 4, None) };
        objection.edit.delay_hours = None;
        let system = CatalogueEntry { is_reached: None, is_system: true, ..entry(Disposition::NotRecorded, 5, None) };
        vec![entry(Disposition::Contacted, 1, Some(1)), callback, unreached, objection, system]
    }

    #[test]
    fn a_catalogue_that_nobody_touched_has_no_problems() {
        let catalogue = catalogue();
        for entry in &catalogue {
            assert_eq!(entry.edit.problems(entry, &catalogue), [], "{:?}", entry.disposition);
        }
    }

    #[test]
    fn what_cannot_be_is_said_of_the_part_at_fault() {
        type Edit = fn(&mut DispositionEdit);
        let catalogue = catalogue();
        let cases: [(usize, Edit, CatalogueProblem); 16] = [
            (0, |edit| edit.label = " \t".into(), CatalogueProblem::NoLabel),
            (0, |edit| edit.label = "é".repeat(41), CatalogueProblem::LabelTooLong),
            (0, |edit| edit.position = 0, CatalogueProblem::NoSuchPlace(5)),
            (0, |edit| edit.position = 6, CatalogueProblem::NoSuchPlace(5)),
            (0, |edit| edit.key = Some(0), CatalogueProblem::NoSuchKey),
            (0, |edit| edit.key = Some(2), CatalogueProblem::KeyTaken(2, "callback_requested".into())),
            (0, |edit| edit.delay_hours = Some(0), CatalogueProblem::NoSuchDelay),
            (0, |edit| edit.delay_hours = Some(8_761), CatalogueProblem::NoSuchDelay),
            (0, |edit| edit.delay_hours = None, CatalogueProblem::DelayNeeded),
            (0, |edit| edit.also = Some("x".repeat(201)), CatalogueProblem::AlsoTooLong),
            (2, |edit| edit.needs_time = true, CatalogueProblem::NobodyToPromise),
            (3, |edit| edit.needs_time = true, CatalogueProblem::NobodyToPromise),
            (3, |edit| edit.is_offered = false, CatalogueProblem::ObjectionNotOffered),
            (4, |edit| edit.is_offered = false, CatalogueProblem::OfTheSystem),
            (4, |edit| edit.key = Some(9), CatalogueProblem::OfTheSystem),
            (4, |edit| edit.needs_note = true, CatalogueProblem::OfTheSystem),
        ];
        for (of, change, problem) in cases {
            let mut edit = catalogue[of].edit.clone();
            change(&mut edit);
            assert_eq!(edit.problems(&catalogue[of], &catalogue), [problem]);
        }
        let mut callback = catalogue[1].edit.clone();
        callback.needs_time = false;
        let problems = callback.problems(&catalogue[1], &catalogue);
        assert_eq!(problems, [CatalogueProblem::DelayNeeded, CatalogueProblem::CallbackWithoutTime], "both are said");
    }

    #[test]
    fn what_may_be_is_allowed_to_its_limits() {
        let catalogue = catalogue();
        let edit = DispositionEdit {
            label: "é".repeat(40),
            position: 5,
            key: Some(9),
            delay_hours: Some(8_760),
            also: Some("x".repeat(200)),
            is_offered: false,
            ..catalogue[0].edit.clone()
        };
        assert_eq!(edit.problems(&catalogue[0], &catalogue), []);
        let promised = DispositionEdit { needs_time: true, delay_hours: None, ..catalogue[0].edit.clone() };
        assert_eq!(promised.problems(&catalogue[0], &catalogue), []);
    }

    #[test]
    fn changes_are_told_a_line_each_and_only_what_changed() {
        let before = catalogue().remove(0).edit;
        assert_eq!(before.changes(&before), Vec::<String>::new());
        let after = DispositionEdit {
            label: "Spoke".into(),
            key: None,
            delay_hours: Some(48),
            needs_note: true,
            also: Some("Told.".into()),
            ..before.clone()
        };
        assert_eq!(
            after.changes(&before),
            ["Label “contacted” → “Spoke”", "Key 1 → none", "Delay 24 h → 48 h", "Needs a note: no → yes", "Also nothing → “Told.”"]
        );
        assert_eq!(after.in_words(), "“Spoke”, place 1, key none, delay 48 h, needs a note, also “Told.”");
    }

    #[test]
    fn words_are_stored_without_spaces_around_them() {
        let edit = DispositionEdit { label: " Spoke ".into(), also: Some("  ".into()), ..catalogue().remove(0).edit };
        let tidied = edit.tidied();
        assert_eq!((&*tidied.label, tidied.also), ("Spoke", None));
    }
}
