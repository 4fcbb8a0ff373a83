//! That the person was told of the recording.

use leptos::task::spawn_local;

use super::Calls;

impl Calls {
    /// Ticks it, or takes the tick back. What is shown is what the server has kept.
    pub(crate) fn give_notice(self, is_given: bool) {
        let Some(id) = self.id_now() else { return };
        spawn_local(async move {
            match calls::give_notice(id, is_given).await {
                Ok(view) if self.id_now() == Some(id) => self.take(view),
                Ok(_) => {}
                Err(error) => {
                    self.session.noticed(&error);
                    self.failure.set(Some(("The tick was not kept", error)));
                    self.ask();
                }
            }
        });
    }
}
