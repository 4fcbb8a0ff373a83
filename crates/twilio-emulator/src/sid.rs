//! Names of resources: a prefix of two letters and 32 hexadecimal digits, as Twilio's.

/// A new one. Never the same again, also after a restart with the same seed: callers keep sids in databases that outlive us.
pub fn new(prefix: &str) -> String {
    format!("{prefix}{:032x}", rand::random::<u128>())
}

/// Whether `text` looks like the sid of a `prefix` resource.
pub fn is(prefix: &str, text: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sid_has_a_prefix_and_32_digits() {
        let sid = new("CA");

        assert_eq!(sid.len(), 34);
        assert!(is("CA", &sid) && !is("CF", &sid));
        assert_ne!(sid, new("CA"));
        assert!(!is("CA", "CA12") && !is("CA", &format!("CA{}", "g".repeat(32))));
    }
}
