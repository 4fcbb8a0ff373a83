//! The connection to the carrier, the microphone, and what to say when they do not work.

use kernel::WireError;

/// The connection to the carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// Nobody has needed it yet.
    Off,
    /// On its way.
    Connecting,
    /// Calls can be made.
    Ready,
    /// Lost, or never made; with the carrier's code, or 0.
    Offline(u32),
}

impl Line {
    /// The word on a screen.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Off => "not in use",
            Self::Connecting => "connecting",
            Self::Ready => "ready",
            Self::Offline(_) => "offline",
        }
    }

    /// What happened, and what to do.
    pub(crate) const fn advice(self) -> Option<&'static str> {
        match self {
            Self::Offline(code) => Some(error_words(code)),
            _ => None,
        }
    }
}

/// What is known of the microphone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Microphone {
    /// The browser would ask.
    Unknown,
    /// It may be used and is there.
    Ready,
    /// The browser or the agent said no.
    Refused,
    /// None is plugged in.
    Missing,
    /// It could not be opened.
    Failed,
}

impl Microphone {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 4, from our own script")]
    pub(super) const fn from_number(number: f64) -> Self {
        match number as u8 {
            1 => Self::Ready,
            2 => Self::Refused,
            3 => Self::Missing,
            4 => Self::Failed,
            _ => Self::Unknown,
        }
    }

    /// The word on a screen.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Unknown => "not checked",
            Self::Ready => "ready",
            Self::Refused => "not allowed",
            Self::Missing => "none found",
            Self::Failed => "not working",
        }
    }

    /// What to do about it.
    pub(crate) const fn advice(self) -> Option<&'static str> {
        match self {
            Self::Unknown | Self::Ready => None,
            Self::Refused => Some(
                "The browser does not let this page use the microphone. Allow it with the sign beside the page's address, then try again.",
            ),
            Self::Missing => Some("No microphone was found. Plug in a headset, then try again."),
            Self::Failed => Some(
                "The microphone could not be opened. Another program may be using it: close that one, or unplug the headset and plug it in again, then try again.",
            ),
        }
    }
}

/// What to tell the agent about an error of the carrier's.
pub(crate) const fn error_words(code: u32) -> &'static str {
    match code {
        31401 | 31208 => "The browser does not let this page use the microphone. Allow it with the sign beside the page's address.",
        31402 => "The microphone could not be opened. Another program may be using it.",
        20101 | 20104 | 31201..=31205 => "The carrier does not accept this telephone's sign-in. Load the page again.",
        53000..=53999 => "The carrier was reached, but no sound could be exchanged with it. Look at the network, or at what guards it.",
        _ => "The carrier could not be reached. Look at the network, then try again.",
    }
}

/// Why the telephone is not ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotReady {
    /// The server gives no token.
    Server(WireError),
    /// The carrier does not answer; its code.
    Carrier(u32),
    /// No microphone.
    Microphone(Microphone),
}

impl NotReady {
    /// What happened, and what to do.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Server(error) => error.message.clone(),
            Self::Carrier(code) => error_words(*code).to_owned(),
            Self::Microphone(microphone) => microphone.advice().unwrap_or("The microphone could not be used.").to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trouble_with_the_microphone_says_what_to_do() {
        for number in [2.0, 3.0, 4.0] {
            assert!(Microphone::from_number(number).advice().is_some_and(|words| words.contains("try again")));
        }
        assert_eq!(Microphone::from_number(1.0).advice(), None);
    }

    #[test]
    fn a_line_that_is_lost_says_why() {
        assert_eq!(Line::Offline(20104).advice(), Some(error_words(20104)));
        assert_eq!(Line::Ready.advice(), None);
    }

    #[test]
    fn errors_are_told_apart() {
        assert!(error_words(31401).contains("microphone"));
        assert!(error_words(20104).contains("sign-in"));
        assert!(error_words(53405).contains("no sound"));
        assert!(error_words(0).contains("network"));
    }
}
