//! Turns at checking passwords. A hash takes 19 MiB and a core: more at once would only make each slower and the server larger.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::rules::Lane;

/// Nobody waits longer for a turn; then they are told that the server is busy.
const PATIENCE: Duration = Duration::from_secs(10);
/// So many wait in the ordinary lane at most. Whoever comes then is told at once.
const ORDINARY_PLACES: usize = 200;
/// The same of the slow lane, with one a second: nobody there would have a turn within [`PATIENCE`] behind more.
const SLOW_PLACES: usize = 9;
const SLOW_PACE: Duration = Duration::from_secs(1);

/// The lanes of this server. One password at a time in each of two.
#[derive(Clone, Debug)]
pub(super) struct Lanes {
    known: Arc<Semaphore>,
    ordinary: Arc<Semaphore>,
    ordinary_places: Arc<Semaphore>,
    slow: Arc<Semaphore>,
    slow_places: Arc<Semaphore>,
    patience: Duration,
}

impl Lanes {
    pub(super) fn new() -> Self {
        let of = |places| Arc::new(Semaphore::new(places));
        Self {
            known: of(1),
            ordinary: of(1),
            ordinary_places: of(ORDINARY_PLACES),
            slow: of(1),
            slow_places: of(SLOW_PLACES),
            patience: PATIENCE,
        }
    }

    /// A turn, held until the password is checked; none: too many wait before.
    pub(super) async fn turn(&self, lane: Lane) -> Option<OwnedSemaphorePermit> {
        let waiting = async {
            match lane {
                Lane::Known => Arc::clone(&self.known).acquire_owned().await.ok(),
                Lane::Ordinary => self.ordinary_turn().await,
                Lane::Slow => {
                    let _place = self.slow_places.try_acquire().ok()?;
                    let _slow = self.slow.acquire().await.ok()?;
                    tokio::time::sleep(SLOW_PACE).await;
                    self.ordinary_turn().await
                }
            }
        };
        tokio::time::timeout(self.patience, waiting).await.ok().flatten()
    }

    async fn ordinary_turn(&self) -> Option<OwnedSemaphorePermit> {
        let _place = self.ordinary_places.try_acquire().ok()?;
        Arc::clone(&self.ordinary).acquire_owned().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    type Turn<'a> = Pin<Box<dyn Future<Output = Option<OwnedSemaphorePermit>> + Send + 'a>>;

    /// Somebody comes for a turn; with what they are told at once, if it is anything.
    fn come(lanes: &Lanes, lane: Lane) -> (Turn<'_>, Poll<Option<OwnedSemaphorePermit>>) {
        let mut turn: Turn<'_> = Box::pin(lanes.turn(lane));
        let told = turn.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        (turn, told)
    }

    #[tokio::test]
    async fn a_known_browser_waits_for_no_unknown_one() {
        let lanes = Lanes::new();
        let _taken = lanes.turn(Lane::Ordinary).await.unwrap();
        let (_waits, told) = come(&lanes, Lane::Ordinary);
        assert!(told.is_pending());
        assert!(matches!(come(&lanes, Lane::Known).1, Poll::Ready(Some(_))));
    }

    #[tokio::test]
    async fn whoever_finds_a_lane_full_is_told_at_once() {
        for (lane, places) in [(Lane::Ordinary, ORDINARY_PLACES), (Lane::Slow, SLOW_PLACES)] {
            let lanes = Lanes::new();
            let _taken = lanes.turn(Lane::Ordinary).await.unwrap();
            let came: Vec<_> = (0..places + 5).map(|_| come(&lanes, lane)).collect();
            assert!(came[..places].iter().all(|(_, told)| told.is_pending()), "{lane:?}");
            assert!(came[places..].iter().all(|(_, told)| matches!(told, Poll::Ready(None))), "{lane:?}");
        }
    }

    #[tokio::test]
    async fn nobody_waits_for_ever() {
        let lanes = Lanes { patience: Duration::from_millis(20), ..Lanes::new() };
        let _taken = lanes.turn(Lane::Ordinary).await.unwrap();
        assert!(lanes.turn(Lane::Ordinary).await.is_none());
    }

    #[tokio::test]
    async fn the_ordinary_ones_go_on_beside_the_slow_ones() {
        let lanes = Lanes::new();
        let slow: Vec<_> = (0..SLOW_PLACES).map(|_| come(&lanes, Lane::Slow)).collect();
        assert!(slow.iter().all(|(_, told)| told.is_pending()), "each takes its second");
        assert!(matches!(come(&lanes, Lane::Ordinary).1, Poll::Ready(Some(_))));
        assert!(lanes.turn(Lane::Ordinary).await.is_some());
        drop(slow);
        assert!(lanes.turn(Lane::Slow).await.is_some());
    }
}
