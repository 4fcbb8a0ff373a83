//! What a simulated party does once it talks.

use std::sync::Arc;
use std::time::Duration;

use super::Order;
use crate::cast::Step;
use crate::core::Core;

/// What a telephone has.
const KEYS: &str = "0123456789*#";

/// What the party does; returns when they put the telephone down.
pub async fn act(core: &Arc<Core>, call_sid: &str, steps: std::vec::IntoIter<Step>) {
    let media = &core.media;
    for step in steps {
        match step {
            Step::Play(prompt) => media.say(call_sid, &prompt).await,
            Step::Repeat(prompt) => media.repeat(call_sid, &prompt, Duration::from_secs(2)),
            Step::Beep => media.beep(call_sid).await,
            Step::Send(digits) => {
                for digit in digits.chars() {
                    // A `w` is a pause, and no key.
                    if KEYS.contains(digit) {
                        core.order(call_sid, Order::Key(digit));
                    }
                    media.press(call_sid, &digit.to_string()).await;
                }
            }
            Step::Echo => media.echo(call_sid),
            Step::Ring(length) | Step::Wait(length) => core.clock.sleep(core.paced(length)).await,
            Step::Expect(digits, within) => {
                // Not paced: whoever is to press the keys is real.
                if core.clock.timeout(within, pressed(core, call_sid, &digits)).await.is_none() {
                    return;
                }
            }
            Step::HangUp => return,
            Step::Answer(_) | Step::Busy | Step::NoAnswer | Step::Fail => {}
        }
    }
    std::future::pending::<()>().await;
}

async fn pressed(core: &Arc<Core>, call_sid: &str, digits: &str) {
    let meter = core.media.meter(call_sid);
    loop {
        let next = meter.digit.notified();
        if meter.digits().contains(digits) {
            return;
        }
        next.await;
    }
}
