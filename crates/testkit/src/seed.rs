//! Chance that can be repeated.

use rand::SeedableRng as _;
use rand::rngs::StdRng;

/// Where a test's choices come from.
pub type Seeded = StdRng;

/// Choices of this run's own. Its seed is printed, which is seen when the test fails; with it in `TEST_SEED` the same is chosen again.
pub fn seeded() -> Seeded {
    let seed = given("TEST_SEED").unwrap_or_else(rand::random);
    eprintln!("TEST_SEED={seed} chooses the same again");
    StdRng::seed_from_u64(seed)
}

/// How often something is tried: so often, or as often as the variable says, for whoever has the time.
pub fn times(variable: &str, usually: u32) -> u32 {
    given(variable).unwrap_or(usually)
}

#[expect(clippy::disallowed_methods, reason = "tests have no server whose configuration they could use")]
fn given<T: std::str::FromStr>(variable: &str) -> Option<T> {
    std::env::var(variable).ok()?.parse().ok()
}
