//! What the agent speaks into and hears with.

use wasm_bindgen_futures::JsFuture;

use super::devices::{Devices, Use, keep};
use super::line::Microphone;
use super::{Telephone, choose, meter_off, meter_on, microphone, play_sound};

impl Telephone {
    /// The name of the device that was chosen for this; nothing is whatever the system uses.
    pub(crate) fn chosen(self, of: Use) -> String {
        self.chosen.with(|chosen| chosen[of as usize].clone())
    }

    /// What is used in the place of the chosen one, and why; nothing while that is used.
    pub(crate) fn instead(self, of: Use) -> Option<String> {
        let is_refused = self.refused.with(|refused| refused[of as usize]);
        self.devices.with(|devices| devices.instead(of, &self.chosen(of), is_refused))
    }

    /// Chooses one by its name, for now and for later. In a call it is used at once.
    pub(crate) fn choose(self, of: Use, label: String) {
        keep(of, &label);
        let mut chosen = self.chosen.get_untracked();
        chosen[of as usize] = label;
        self.chosen.set(chosen);
        self.was_used(of as u32, true);
        self.take_up();
    }

    /// Tells the script what to use, when that is something else than before.
    fn take_up(self) {
        let chosen = self.chosen.get_untracked();
        let ids = self.devices.with_untracked(|devices| Use::ALL.map(|of| devices.id(of, &chosen[of as usize])));
        if self.ids.get_untracked() != ids {
            choose(&ids[0], &ids[1], &ids[2]);
            self.ids.set(ids);
        }
    }

    /// Something was plugged in or out, or has got a name.
    pub(super) fn devices_are(self, flat: &js_sys::Array, can_choose_output: bool) {
        let flat: Vec<String> = flat.iter().map(|value| value.as_string().unwrap_or_default()).collect();
        let devices = Devices::read(&flat, can_choose_output);
        if self.devices.get_untracked() != devices {
            self.devices.set(devices);
            self.take_up();
        }
    }

    /// Whether the browser did what it was told.
    pub(super) fn was_used(self, of: u32, is_used: bool) {
        let mut refused = self.refused.get_untracked();
        if let Some(refused) = refused.get_mut(of as usize) {
            *refused = !is_used;
        }
        self.refused.set(refused);
    }

    /// Listens to the microphone and shows how loud it is, until [`Self::stop_listening`].
    pub(crate) async fn listen(self) -> Result<(), Microphone> {
        self.load().await.map_err(|_| Microphone::Unknown)?;
        JsFuture::from(meter_on()).await.map(|_| ()).map_err(|why| microphone(&why))
    }

    /// See [`Self::listen`].
    pub(crate) fn stop_listening(self) {
        if self.is_loaded.get_untracked() {
            meter_off();
        }
    }

    /// Plays two tones. It ends when they have.
    pub(crate) async fn play_sound(self) -> bool {
        self.load().await.is_ok() && JsFuture::from(play_sound()).await.is_ok()
    }
}
