//! How good the connection is, in a sentence that says what to do.

use super::silence::Trouble;

/// The SDK's names for what it finds wrong, the worst first, and what each means for whoever talks.
const FOUND: [(&str, &str); 9] = [
    ("ice-connectivity-lost", "The connection was lost for a moment. Wait: it is being made again."),
    ("low-bytes-received", "Hardly any sound reaches you. Ask whether they are still there."),
    ("low-bytes-sent", "Hardly any sound reaches them. Ask whether they hear you."),
    (CONSTANT, "Your microphone hears no change. Ask whether they hear you."),
    ("high-packet-loss", LOSS),
    ("high-packets-lost-fraction", LOSS),
    ("high-jitter", "The network is uneven: you may hear gaps."),
    ("high-rtt", "The network is slow: they may hear you late."),
    ("low-mos", "The sound is poor. Speak slowly, and ask again for what matters."),
];
const CONSTANT: &str = "constant-audio-input-level";
const LOSS: &str = "The network loses some of the sound: you may miss words.";

/// What the SDK finds wrong at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Quality(u16);

impl Quality {
    /// With what the SDK has just said; nothing when it has no such name, or none that matters to anybody.
    pub(super) fn told(self, name: &str, holds: bool) -> Option<Self> {
        let bit = 1 << FOUND.iter().position(|(known, _)| *known == name)?;
        Some(Self(if holds { self.0 | bit } else { self.0 & !bit }))
    }

    /// The worst of it.
    fn words(self, is_muted: bool) -> Option<&'static str> {
        let holds = |index: usize, name: &str| self.0 & 1 << index != 0 && !(is_muted && name == CONSTANT);
        FOUND.iter().enumerate().find(|(index, (name, _))| holds(*index, name)).map(|(_, (_, words))| *words)
    }
}

/// Whether there is a connection to the carrier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Link {
    /// As far as is known.
    #[default]
    Holds,
    /// The SDK is making that of a call again.
    Reconnecting,
    /// The browser has no network.
    NoNetwork,
}

/// What is known about the way to the carrier.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Way {
    pub(crate) link: Link,
    /// This browser is on the line of a call.
    pub(crate) is_on_line: bool,
    pub(crate) is_muted: bool,
    /// No sound goes through.
    pub(crate) trouble: Option<Trouble>,
    pub(crate) quality: Quality,
}

impl Way {
    /// Why there is no connection, for as long as there is none.
    pub(crate) const fn lost(self) -> Option<&'static str> {
        match (self.link, self.is_on_line) {
            (Link::NoNetwork, true) => {
                Some("This computer has no network. Look at its cable or Wi-Fi: the call goes on if it is soon back.")
            }
            (Link::NoNetwork, false) => {
                Some("This computer has no network. Look at its cable or Wi-Fi: the telephone connects again by itself.")
            }
            (Link::Reconnecting, _) => Some("The connection was lost and is being made again. Stay: they may hear you in a moment."),
            (Link::Holds, _) => None,
        }
    }

    /// What to know now: one sentence, the worst of everything. How the sound is matters to two who talk, and when there is none that is said
    /// already, by [`Trouble::words`].
    pub(crate) fn words(self, is_talking: bool) -> Option<&'static str> {
        let matters = self.is_on_line && is_talking && self.trouble.is_none();
        self.lost().or_else(|| self.quality.words(self.is_muted).filter(|_| matters))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(names: &[&str]) -> Quality {
        names.iter().fold(Quality::default(), |quality, name| quality.told(name, true).unwrap())
    }

    fn talking(quality: Quality) -> Way {
        Way { is_on_line: true, quality, ..Way::default() }
    }

    #[test]
    fn what_the_sdk_finds_is_said_in_words_for_as_long_as_it_holds() {
        let slow = found(&["high-rtt"]);
        assert_eq!(talking(slow).words(true), Some("The network is slow: they may hear you late."));
        assert_eq!(talking(slow.told("high-rtt", false).unwrap()).words(true), None);
        assert_eq!(talking(Quality::default()).words(true), None);
    }

    #[test]
    fn every_name_has_words_of_its_own_and_none_is_made_up() {
        // `call.ts` of the SDK: the prefixes with the names of what it measures, without the loudness of the person, which it keeps to itself.
        let names = [
            "ice-connectivity-lost",
            "low-bytes-received",
            "low-bytes-sent",
            "constant-audio-input-level",
            "high-packet-loss",
            "high-packets-lost-fraction",
            "high-jitter",
            "high-rtt",
            "low-mos",
        ];
        assert_eq!(FOUND.map(|(name, _)| name), names);
        for name in names {
            assert!(talking(found(&[name])).words(true).is_some_and(|words| words.ends_with('.') && words.len() < 80), "{name}");
        }
        assert_eq!(Quality::default().told("volume", true), None);
        assert_eq!(Quality::default().told("constant-audio-output-level", true), None);
    }

    #[test]
    fn the_worst_is_said_first_and_the_rest_when_it_is_over() {
        let both = found(&["high-rtt", "high-jitter"]);
        assert!(talking(both).words(true).unwrap().contains("uneven"));
        assert!(talking(both.told("high-jitter", false).unwrap()).words(true).unwrap().contains("slow"));
        // Either kind of loss is loss.
        let losses = found(&["high-packet-loss", "high-packets-lost-fraction"]).told("high-packet-loss", false).unwrap();
        assert_eq!(talking(losses).words(true), Some(LOSS));
    }

    #[test]
    fn nothing_is_said_twice_and_nothing_to_whoever_talks_to_nobody() {
        let way = talking(found(&["low-mos"]));
        for trouble in [Trouble::NothingHeard, Trouble::FlatMicrophone] {
            assert_eq!(Way { trouble: Some(trouble), ..way }.words(true), None);
        }
        assert_eq!(way.words(false), None);
        assert_eq!(Way { is_on_line: false, ..way }.words(true), None);
        assert!(Way { link: Link::Reconnecting, ..way }.words(false).unwrap().contains("made again"));
    }

    #[test]
    fn whoever_is_muted_is_not_told_that_the_microphone_hears_nothing() {
        let way = talking(found(&[CONSTANT]));
        assert!(way.words(true).is_some());
        assert_eq!(Way { is_muted: true, ..way }.words(true), None);
        let slow = talking(found(&[CONSTANT, "high-rtt"]));
        assert!(Way { is_muted: true, ..slow }.words(true).unwrap().contains("slow"));
    }

    #[test]
    fn without_a_network_it_is_said_what_becomes_of_the_call() {
        let way = Way { link: Link::NoNetwork, ..Way::default() };
        assert!(way.words(true).unwrap().contains("the telephone connects again by itself"));
        assert!(Way { is_on_line: true, ..way }.words(true).unwrap().contains("the call goes on"));
    }
}
