//! Which microphone and which outputs are used. They are kept by their names: a browser gives a device another id whenever it likes.

use leptos::prelude::window;

/// What a device is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// What the agent speaks into.
    Microphone,
    /// Where the person is heard.
    Speaker,
    /// Where it rings.
    Ringtone,
}

impl Use {
    /// In the order of `telephone.js`.
    pub(crate) const ALL: [Self; 3] = [Self::Microphone, Self::Speaker, Self::Ringtone];

    /// The field's name.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Microphone => "Speak into",
            Self::Speaker => "Hear the person in",
            Self::Ringtone => "Ring in",
        }
    }

    /// As the browser sorts them.
    const fn kind(self) -> &'static str {
        match self {
            Self::Microphone => "audioinput",
            Self::Speaker | Self::Ringtone => "audiooutput",
        }
    }

    /// Where the browser keeps which was chosen.
    const fn key(self) -> &'static str {
        match self {
            Self::Microphone => "dialler.microphone",
            Self::Speaker => "dialler.speaker",
            Self::Ringtone => "dialler.ringtone",
        }
    }

    /// What takes the place of a device that cannot be used.
    const fn instead(self) -> &'static str {
        match self {
            Self::Microphone => "the system's microphone is used",
            Self::Speaker => "you hear the person in the system's speaker",
            Self::Ringtone => "it rings in the system's speaker",
        }
    }
}

/// The name that was chosen for this use; nothing is whatever the system uses.
pub(super) fn kept(of: Use) -> String {
    let storage = window().local_storage().ok().flatten();
    storage.and_then(|storage| storage.get_item(of.key()).ok().flatten()).unwrap_or_default()
}

/// Keeps it. A full or closed storage only means that it is chosen again tomorrow.
pub(super) fn keep(of: Use, label: &str) {
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = if label.is_empty() { storage.remove_item(of.key()) } else { storage.set_item(of.key(), label) };
    }
}

/// A device, as the browser tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Device {
    kind: String,
    id: String,
    label: String,
}

/// What there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Devices {
    found: Vec<Device>,
    /// The browser lets a page choose where sound goes.
    pub(crate) can_choose_output: bool,
}

impl Devices {
    /// Kind, id and name of each, one after the other.
    pub(super) fn read(flat: &[String], can_choose_output: bool) -> Self {
        let device = |of: &[String]| match of {
            // The system's own stands in some browsers' lists a second time, under a name for what it is and not for which.
            [kind, id, label] if kind.starts_with("audio") && !label.is_empty() && id != "default" && id != "communications" => {
                Some(Device { kind: kind.clone(), id: id.clone(), label: label.clone() })
            }
            _ => None,
        };
        Self { found: flat.chunks(3).filter_map(device).collect(), can_choose_output }
    }

    /// Whether this may be chosen here at all.
    pub(crate) const fn can_choose(&self, of: Use) -> bool {
        self.can_choose_output || matches!(of, Use::Microphone)
    }

    /// Where sound goes is not the page's to choose.
    pub(crate) const fn is_fixed(&self, of: Use) -> bool {
        !self.found.is_empty() && !self.can_choose(of)
    }

    fn of(&self, of: Use) -> impl Iterator<Item = &Device> {
        self.found.iter().filter(move |device| device.kind == of.kind())
    }

    /// The names to choose from, each once.
    pub(crate) fn labels(&self, of: Use) -> Vec<String> {
        let mut labels: Vec<String> = Vec::new();
        for device in self.of(of) {
            if !labels.contains(&device.label) {
                labels.push(device.label.clone());
            }
        }
        labels
    }

    /// The id of the device of this name; nothing is the system's own, also when none of this name is there.
    pub(super) fn id(&self, of: Use, label: &str) -> String {
        let found = self.of(of).find(|device| device.label == label && self.can_choose(of));
        found.map(|device| device.id.clone()).unwrap_or_default()
    }

    /// Whether the chosen one is not plugged in. Before the microphone is allowed devices have no names, and nobody knows.
    pub(crate) fn is_gone(&self, of: Use, label: &str) -> bool {
        !label.is_empty() && self.can_choose(of) && !self.found.is_empty() && !self.of(of).any(|device| device.label == label)
    }

    /// What is used in the place of the chosen one, and why; nothing while that is used.
    pub(super) fn instead(&self, of: Use, label: &str, is_refused: bool) -> Option<String> {
        let why = match (self.is_gone(of, label), is_refused && !label.is_empty()) {
            (true, _) => "is not plugged in",
            (false, true) => "could not be used",
            (false, false) => return None,
        };
        Some(format!("“{label}” {why}: {}.", of.instead()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn devices(all: &[[&str; 3]], can_choose_output: bool) -> Devices {
        let flat: Vec<String> = all.concat().into_iter().map(str::to_owned).collect();
        Devices::read(&flat, can_choose_output)
    }

    fn desk() -> Devices {
        let all = [
            ["audioinput", "default", "Default - Headset"],
            ["audioinput", "a1", "Headset"],
            ["audioinput", "a2", "Built-in"],
            ["audioinput", "a3", "Built-in"],
            ["videoinput", "v1", "Camera"],
            ["audiooutput", "o1", "Headset"],
        ];
        devices(&all, true)
    }

    #[test]
    fn each_name_is_offered_once_and_the_systems_own_is_no_device() {
        assert_eq!(desk().labels(Use::Microphone), ["Headset", "Built-in"]);
        assert_eq!(desk().labels(Use::Ringtone), ["Headset"]);
    }

    #[test]
    fn the_chosen_one_is_taken_up_again_under_another_id() {
        assert_eq!(desk().id(Use::Microphone, "Headset"), "a1");
        assert_eq!(desk().id(Use::Speaker, "Headset"), "o1");
        assert_eq!(devices(&[["audioinput", "b7", "Headset"]], true).id(Use::Microphone, "Headset"), "b7");
        // Nothing chosen, or nothing of the name: the system's.
        assert_eq!(desk().id(Use::Microphone, ""), "");
        assert_eq!(desk().id(Use::Microphone, "Desk microphone"), "");
    }

    #[test]
    fn what_has_gone_or_cannot_be_used_is_said_with_what_takes_its_place() {
        let words = |of, label, is_refused| desk().instead(of, label, is_refused);

        assert_eq!(
            words(Use::Microphone, "Desk microphone", false).as_deref(),
            Some("“Desk microphone” is not plugged in: the system's microphone is used.")
        );
        assert_eq!(
            words(Use::Ringtone, "Headset", true).as_deref(),
            Some("“Headset” could not be used: it rings in the system's speaker.")
        );
        assert_eq!(words(Use::Speaker, "Headset", false), None);
        assert_eq!(words(Use::Speaker, "", true), None);
    }

    #[test]
    fn before_the_microphone_is_allowed_nothing_is_said_to_be_gone() {
        let nameless = devices(&[["audioinput", "", ""], ["audiooutput", "", ""], ["videoinput", "v1", "Camera"]], true);

        assert!(!nameless.is_gone(Use::Microphone, "Headset"));
        assert!(devices(&[["audiooutput", "o1", "Headset"]], true).is_gone(Use::Microphone, "Headset"));
    }

    #[test]
    fn a_browser_that_sends_sound_where_it_likes_is_not_asked_for_more() {
        let fixed = devices(&[["audioinput", "a1", "Headset"], ["audiooutput", "o1", "Headset"]], false);

        assert!(fixed.can_choose(Use::Microphone) && !fixed.can_choose(Use::Speaker));
        assert!(fixed.is_fixed(Use::Speaker) && !fixed.is_fixed(Use::Microphone) && !desk().is_fixed(Use::Speaker));
        // Nobody knows before the browser has told.
        assert!(!Devices::default().is_fixed(Use::Speaker));
        assert_eq!(fixed.id(Use::Speaker, "Headset"), "");
        assert_eq!(fixed.instead(Use::Speaker, "Desk speaker", false), None);
    }
}
