//! Who may call, and who is calling: access tokens of the voice SDK, and the signature on webhooks.
//!
//! Written from Twilio's descriptions, not from the product's own code: one mistake cannot hide on both sides.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use sha1::Sha1;
use sha2::Sha256;

/// What a good access token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenClaims {
    /// Whom the token is for: the part after `client:`.
    pub identity: String,
    /// The account, `AC…`.
    pub account_sid: String,
    /// The API key that signed it, `SK…`.
    pub api_key_sid: String,
    /// The application that outgoing calls go to, `AP…`; none when the token allows no outgoing calls.
    pub application_sid: Option<String>,
    /// Parameters that the token adds to every outgoing call, in the order of their names.
    pub outgoing_params: Vec<(String, String)>,
    /// The token allows incoming calls.
    pub allows_incoming: bool,
    /// How long it is still good.
    pub ttl_left: Duration,
}

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenFault {
    /// Not a token, not signed with this secret, or without an identity. The SDK is told 31204.
    Invalid,
    /// It was good once. The SDK is told 31205.
    Expired,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    cty: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    exp: i64,
    nbf: Option<i64>,
    grants: Grants,
}

#[derive(Deserialize)]
struct Grants {
    identity: Option<String>,
    voice: Option<Voice>,
}

#[derive(Deserialize)]
struct Voice {
    incoming: Option<Incoming>,
    outgoing: Option<Outgoing>,
}

#[derive(Deserialize)]
struct Incoming {
    #[serde(default)]
    allow: bool,
}

#[derive(Deserialize)]
struct Outgoing {
    application_sid: Option<String>,
    #[serde(default)]
    params: serde_json::Map<String, serde_json::Value>,
}

/// Reads an access token (a JWT, HS256, `cty` `twilio-fpa;v=1`) that was signed with `api_secret`. Whether its account and key are
/// the expected ones is for the caller to say.
pub fn verify_token(token: &str, api_secret: &str, now: DateTime<Utc>) -> Result<TokenClaims, TokenFault> {
    let (signed, signature) = token.rsplit_once('.').ok_or(TokenFault::Invalid)?;
    let (header, claims) = signed.split_once('.').ok_or(TokenFault::Invalid)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(api_secret.as_bytes()).map_err(|_| TokenFault::Invalid)?;
    mac.update(signed.as_bytes());
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenFault::Invalid)?;
    mac.verify_slice(&signature).map_err(|_| TokenFault::Invalid)?;

    let header: Header = decode(header)?;
    let claims: Claims = decode(claims)?;
    let is_access_token = header.alg == "HS256" && header.cty.is_none_or(|cty| cty.starts_with("twilio-fpa"));
    if !is_access_token || claims.nbf.is_some_and(|from| from > now.timestamp()) {
        return Err(TokenFault::Invalid);
    }
    let left = claims.exp - now.timestamp();
    let ttl_left = u64::try_from(left).ok().filter(|left| *left > 0).map(Duration::from_secs).ok_or(TokenFault::Expired)?;
    let identity = claims.grants.identity.filter(|identity| !identity.is_empty()).ok_or(TokenFault::Invalid)?;
    let voice = claims.grants.voice.ok_or(TokenFault::Invalid)?;
    let (application_sid, params) = voice.outgoing.map_or_else(Default::default, |outgoing| (outgoing.application_sid, outgoing.params));
    Ok(TokenClaims {
        identity,
        account_sid: claims.sub,
        api_key_sid: claims.iss,
        application_sid,
        outgoing_params: params.into_iter().map(|(name, value)| (name, plain(value))).collect(),
        allows_incoming: voice.incoming.is_some_and(|incoming| incoming.allow),
        ttl_left,
    })
}

fn plain(value: serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    }
}

fn decode<T: for<'de> Deserialize<'de>>(part: &str) -> Result<T, TokenFault> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenFault::Invalid)?;
    serde_json::from_slice(&bytes).map_err(|_| TokenFault::Invalid)
}

/// The `X-Twilio-Signature` of a form POST to `url`, exactly as it is requested: base64 of HMAC-SHA1 over the URL and every parameter's
/// name and value, sorted by name; of a repeated name each different value once, sorted.
pub fn sign(auth_token: &str, url: &str, params: &[(String, String)]) -> String {
    let mut sorted: Vec<_> = params.iter().collect();
    sorted.sort();
    sorted.dedup();
    // A key may have any length, so this cannot fail; an empty signature is refused everywhere.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(auth_token.as_bytes()) else { return String::new() };
    mac.update(url.as_bytes());
    for (name, value) in sorted {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

/// User and password of an `Authorization: Basic` header.
pub fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, rest) = header.split_once(' ')?;
    let text = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(rest.trim()).ok()).flatten()?;
    let (user, password) = std::str::from_utf8(&text).ok()?.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    /// Made by Twilio's own helper library for Node, 6.2.0.
    #[test]
    fn signatures_are_those_of_the_helper_library() {
        let call = pairs(&[
            ("CallSid", "CA1234567890ABCDE"),
            ("Caller", "+14158675310"),
            ("Digits", "1234"),
            ("From", "+14158675310"),
            ("To", "+18005551212"),
        ]);
        assert_eq!(sign("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", &call), "GvWf1cFY/Q7PnoempGyD5oXAezc=");
        let mixed = pairs(&[("B", "x y"), ("A", "☎"), ("a", "1")]);
        assert_eq!(sign("tok", "http://localhost:8080/hook", &mixed), "1/RfMGsuUsefuPO9Wg0soso+PFo=");
    }

    #[test]
    fn the_order_and_repetition_of_parameters_do_not_change_a_signature() {
        let once = pairs(&[("A", "1"), ("A", "2"), ("B", "3")]);
        let again = pairs(&[("B", "3"), ("A", "2"), ("A", "1"), ("A", "2")]);

        assert_eq!(sign("tok", "http://localhost/", &once), sign("tok", "http://localhost/", &again));
    }

    fn token(claims: &serde_json::Value, secret: &str) -> String {
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT","cty":"twilio-fpa;v=1"}"#);
        let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }

    fn claims(exp: i64) -> serde_json::Value {
        serde_json::json!({
            "jti": "SK1-1", "iss": "SK1", "sub": "AC1", "iat": 1_000, "exp": exp,
            "grants": {"identity": "agent-7", "voice": {
                "incoming": {"allow": true}, "outgoing": {"application_sid": "AP1", "params": {"team": "red"}}}}
        })
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn a_good_token_says_who_calls_and_how_long_it_lasts() {
        let read = verify_token(&token(&claims(4_600), "secret"), "secret", at(1_000)).unwrap();

        assert_eq!((read.identity.as_str(), read.application_sid.as_deref()), ("agent-7", Some("AP1")));
        assert_eq!((read.account_sid.as_str(), read.api_key_sid.as_str()), ("AC1", "SK1"));
        assert_eq!(read.ttl_left, Duration::from_hours(1));
        assert_eq!(read.outgoing_params, pairs(&[("team", "red")]));
        assert!(read.allows_incoming);
    }

    /// A token of Twilio's shape whose signature was made with openssl, so that both sides of this test are not ours.
    #[test]
    fn a_token_signed_elsewhere_is_read() {
        let token = concat!(
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImN0eSI6InR3aWxpby1mcGE7dj0xIn0.",
            "eyJqdGkiOiJTSzEtMTAwMCIsImlzcyI6IlNLMSIsInN1YiI6IkFDMSIsImlhdCI6MTAwMCwiZXhwIjo0NjAwLCJncmFudHMiOnsiaWRlbnRpdHkiOiJhZ2VudC03Ii",
            "widm9pY2UiOnsib3V0Z29pbmciOnsiYXBwbGljYXRpb25fc2lkIjoiQVAxIn19fX0.",
            "XK75qrj_Zjsl1MQ-GcU6BM1AvIgy7FzBGSapyYeJOFk"
        );
        assert_eq!(verify_token(token, "secret", at(1_000)).unwrap().identity, "agent-7");
    }

    #[test]
    fn a_bad_token_is_invalid_and_an_old_one_expired() {
        let good = token(&claims(4_600), "secret");
        for bad in ["", "a.b.c", "a.b", &good[1..], &good.replace('.', "..")] {
            assert_eq!(verify_token(bad, "secret", at(1_000)), Err(TokenFault::Invalid), "{bad}");
        }
        assert_eq!(verify_token(&good, "another secret", at(1_000)), Err(TokenFault::Invalid));
        assert_eq!(verify_token(&good, "secret", at(4_600)), Err(TokenFault::Expired));
        // A forged token is invalid, however old it says it is.
        assert_eq!(verify_token(&token(&claims(1), "other"), "secret", at(4_600)), Err(TokenFault::Invalid));
    }

    #[test]
    fn basic_credentials_are_read() {
        assert_eq!(basic("Basic QUMxOnRva2Vu"), Some(("AC1".to_owned(), "token".to_owned())));
        assert_eq!(basic("Bearer QUMxOnRva2Vu"), None);
        assert_eq!(basic("Basic !"), None);
    }
}
