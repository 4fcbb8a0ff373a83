//! Chance that can be repeated.

use rand::SeedableRng as _;
use rand::rngs::StdRng;

/// Where a test's choices come from.
pub type Seeded = StdRng;

/// Choices of this run's own. Its seed is printed, which is seen when the test fails; with it in `TEST_SEED` the same is chosen again.
#[expect(clippy::disallowed_methods, reason = "tests have no server whose configuration they could use")]
pub fn seeded() -> Seeded {
    let given = std::env::var("TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(rand::random);
    eprintln!("TEST_SEED={seed} chooses the same again");
    StdRng::seed_from_u64(seed)
}
