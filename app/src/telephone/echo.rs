//! The agent's own voice, recorded and played back in the browser.

use wasm_bindgen_futures::JsFuture;

use super::{Telephone, echo, echo_off, number};

/// Less than this, of 100, is nothing that anybody said.
const NOTHING: u32 = 10;

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Echo {
    /// Not asked for.
    Idle,
    /// The microphone is recorded.
    Recording,
    /// What was recorded is played.
    Playing,
    /// It was played, and was so loud, of 100.
    Played(u32),
    /// The browser could not do it.
    Failed,
}

impl Echo {
    /// It goes on.
    pub(crate) const fn is_busy(self) -> bool {
        matches!(self, Self::Recording | Self::Playing)
    }

    /// What to do now, or what came of it.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Idle => "Three seconds of your voice are played back to you. They do not leave this browser.",
            Self::Recording => "Say something…",
            Self::Playing => "… now listen.",
            Self::Played(0..NOTHING) => "Nothing was recorded. Look at the microphone's switch, or choose another one.",
            Self::Played(_) => "So the person hears you. If you heard nothing, choose another speaker or turn the volume up.",
            Self::Failed => "This browser could not record the microphone. Calls may work all the same.",
        }
    }
}

impl Telephone {
    /// Records and plays, once at a time. It ends when everything has been played.
    pub(crate) async fn hear_echo(self) {
        if self.echo.get_untracked().is_busy() {
            return;
        }
        self.echo.set(Echo::Recording);
        let played = match self.load().await {
            Ok(()) => JsFuture::from(echo()).await.ok(),
            Err(_) => None,
        };
        // Whoever has left the check does not want to know.
        if self.echo.get_untracked().is_busy() {
            self.echo.set(played.map_or(Echo::Failed, |level| Echo::Played(number(&level))));
        }
    }

    /// Ends it, if need be before its time.
    pub(crate) fn stop_echo(self) {
        let is_busy = self.echo.get_untracked().is_busy();
        self.echo.set(Echo::Idle);
        if is_busy && self.is_loaded.get_untracked() {
            echo_off();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_echo_of_nothing_is_told_from_one_of_a_voice() {
        assert!(Echo::Played(0).words().starts_with("Nothing was recorded"));
        assert!(Echo::Played(9).words().starts_with("Nothing was recorded"));
        assert!(Echo::Played(60).words().starts_with("So the person hears you"));
    }

    #[test]
    fn nobody_begins_a_second_one_meanwhile() {
        let busy = [Echo::Idle, Echo::Recording, Echo::Playing, Echo::Played(50), Echo::Failed].map(Echo::is_busy);
        assert_eq!(busy, [false, true, true, false, false]);
    }
}
