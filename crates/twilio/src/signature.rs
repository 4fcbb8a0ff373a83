//! `X-Twilio-Signature`: proof that a request to us comes from the carrier.
//!
//! Base64 of HMAC-SHA1, keyed with the account's auth token, over the URL as it was requested, with its query, followed by
//! the name and value of every POST parameter. Names are sorted; the values of a repeated name are sorted and each counts
//! once. Sorting is by UTF-16 units, as the carrier's own helper for JavaScript does it. JSON bodies are signed in
//! another way, which nothing here needs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};

use crate::Params;

/// Signs a request to `url` with `params` in its body (none for a GET), as the carrier does. Base64.
pub fn sign(auth_token: &SecretString, url: &str, params: &Params) -> String {
    STANDARD.encode(hmac::sign(&key(auth_token), message(url, params).as_bytes()))
}

/// Has the carrier signed this request? `url` must be what the carrier requested, character for character: see
/// [`public_url`]. Takes the same time wherever a wrong signature differs.
///
/// The carrier leaves a standard port out of what it signs, or puts one in, depending on the kind of request; both ways
/// are tried, as in its own helper.
pub fn verify(auth_token: &SecretString, url: &str, params: &Params, signature: &str) -> bool {
    let Ok(signature) = STANDARD.decode(signature) else { return false };
    let key = key(auth_token);
    let is_signed = |url: String| hmac::verify(&key, message(&url, params).as_bytes(), &signature).is_ok();
    is_signed(without_port(url)) || is_signed(with_port(url))
}

/// What the carrier requested: our public base, such as `https://dialler.example` or with a path, and the path and query
/// of the request. Behind a proxy the `Host` header says something else, and anybody can set it.
pub fn public_url(base: &str, path_and_query: &str) -> String {
    format!("{}/{}", base.trim_end_matches('/'), path_and_query.trim_start_matches('/'))
}

fn key(auth_token: &SecretString) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, auth_token.expose_secret().as_bytes())
}

fn message(url: &str, params: &Params) -> String {
    let mut pairs: Vec<(&str, &str)> = params.iter().collect();
    let units = |text: &str| text.encode_utf16().collect::<Vec<_>>();
    pairs.sort_by_cached_key(|(name, value)| (units(name), units(value)));
    pairs.dedup();
    pairs.iter().fold(url.to_owned(), |message, (name, value)| message + name + value)
}

fn without_port(url: &str) -> String {
    split(url).map_or_else(|| url.to_owned(), |(start, _, rest)| format!("{start}{rest}"))
}

fn with_port(url: &str) -> String {
    match split(url) {
        Some((start, "", rest)) => {
            let port = if start.to_ascii_lowercase().starts_with("https:") { 443 } else { 80 };
            format!("{start}:{port}{rest}")
        }
        _ => url.to_owned(),
    }
}

/// The URL up to its host, the port with its colon, and the rest. Never parsed and printed again: that would change
/// characters that were signed as they are.
fn split(url: &str) -> Option<(&str, &str, &str)> {
    let authority_at = url.find("://")? + 3;
    let rest_at = url[authority_at..].find(['/', '?', '#']).map_or(url.len(), |at| authority_at + at);
    let host_at = url[authority_at..rest_at].rfind('@').map_or(authority_at, |at| authority_at + at + 1);
    // In `[::1]:443` only a colon behind the bracket begins a port.
    let bracket_at = url[host_at..rest_at].rfind(']').map_or(host_at, |at| host_at + at);
    let port_at = url[bracket_at..rest_at].find(':').map_or(rest_at, |at| bracket_at + at);
    Some((&url[..port_at], &url[port_at..rest_at], &url[rest_at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str) -> SecretString {
        text.into()
    }

    /// Made with the carrier's helper for JavaScript, 6.2.0.
    #[test]
    fn signatures_are_those_of_the_carriers_helper() {
        let params: Params = [
            ("To", "+18005551212"),
            ("Digits", "1234"),
            ("CallSid", "CA1234567890ABCDE"),
            ("From", "+14158675310"),
            ("Caller", "+14158675310"),
        ]
        .into_iter()
        .collect();
        let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
        assert_eq!(sign(&token("12345"), url, &params), "GvWf1cFY/Q7PnoempGyD5oXAezc=");
        assert!(verify(&token("12345"), url, &params, "GvWf1cFY/Q7PnoempGyD5oXAezc="));

        let params: Params = [("a", "1"), ("A", "☎"), ("B", "x y")].into_iter().collect();
        assert_eq!(sign(&token("tok"), "http://localhost:8080/hook", &params), "1/RfMGsuUsefuPO9Wg0soso+PFo=");
    }

    #[test]
    fn repeated_values_count_once_and_are_sorted() {
        let signed = |pairs: &[(&str, &str)]| sign(&token("t"), "https://a.example/", &pairs.iter().copied().collect());
        assert_eq!(signed(&[("a", "2"), ("b", "3"), ("a", "1"), ("a", "2")]), signed(&[("a", "1"), ("a", "2"), ("b", "3")]));
        assert_ne!(signed(&[("a", "1")]), signed(&[("a", "1"), ("b", "")]));
    }

    #[test]
    fn what_was_changed_is_not_believed() {
        let (url, params) = ("https://a.example/hook?call=7", [("CallSid", "CA1")].into_iter().collect());
        let signature = sign(&token("t"), url, &params);
        assert!(verify(&token("t"), url, &params, &signature));
        assert!(!verify(&token("u"), url, &params, &signature));
        assert!(!verify(&token("t"), "https://a.example/hook?call=8", &params, &signature));
        assert!(!verify(&token("t"), url, &[("CallSid", "CA2")].into_iter().collect(), &signature));
        for signature in ["", "x", "AAAA", &signature.replace('=', ""), &format!("{signature} ")] {
            assert!(!verify(&token("t"), url, &params, signature), "{signature:?}");
        }
    }

    #[test]
    fn a_standard_port_may_be_there_or_not() {
        let none = Params::default();
        for (signed, asked) in [
            ("https://a.example:443/x?y=:1", "https://a.example/x?y=:1"),
            ("https://a.example/x", "https://a.example:443/x"),
            ("https://a.example/x", "https://a.example:8443/x"),
            ("http://a.example:80", "http://a.example"),
            ("https://u:p@a.example:443/x@y:z", "https://u:p@a.example/x@y:z"),
            ("http://[::1]:80/x", "http://[::1]/x"),
            ("http://[::1]:3000/x", "http://[::1]:3000/x"),
        ] {
            assert!(verify(&token("t"), asked, &none, &sign(&token("t"), signed, &none)), "{signed} {asked}");
        }
        let elsewhere = sign(&token("t"), "https://a.example:444/x", &none);
        assert!(!verify(&token("t"), "https://a.example:443/x", &none, &elsewhere));
    }

    #[test]
    fn the_url_is_built_on_the_public_base() {
        assert_eq!(public_url("https://a.example", "/hook?x=%20"), "https://a.example/hook?x=%20");
        assert_eq!(public_url("https://a.example/base/", "/hook"), "https://a.example/base/hook");
        assert_eq!(public_url("http://localhost:3000", "hook"), "http://localhost:3000/hook");
    }
}
