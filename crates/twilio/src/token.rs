//! The token with which a browser makes and takes calls: a JSON Web Token as the carrier's own helper makes it.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use jsonwebtoken::crypto::{CryptoProvider, JwkUtils, JwtSigner, JwtVerifier};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::signature::{Error as SignatureError, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::{AccountSid, ApiKeySid, ApplicationSid};

/// Says which version of the carrier's access token it is.
const CONTENT_TYPE: &str = "twilio-fpa;v=1";

/// The carrier refuses tokens that live longer.
const LONGEST_TTL: Duration = Duration::from_hours(24);

/// Who a browser is to the carrier: `client:<identity>` in every event.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Identity(String);

/// A browser cannot be called that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an identity has letters, digits and underscores, and 121 of them at most")]
pub struct InvalidIdentity;

impl Identity {
    /// The bare identity, without `client:`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Identity {
    type Error = InvalidIdentity;

    /// The carrier takes other characters too, a hyphen for one, and then calls of that browser go astray.
    fn try_from(text: String) -> Result<Self, InvalidIdentity> {
        let is_identity = (1..=121).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if is_identity { Ok(Self(text)) } else { Err(InvalidIdentity) }
    }
}

/// How long a token is good for: more than nothing, 24 hours at most, whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenTtl(u32);

/// A token cannot be good for so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a token is good for 1 second to 24 hours")]
pub struct InvalidTtl;

impl TryFrom<Duration> for TokenTtl {
    type Error = InvalidTtl;

    fn try_from(ttl: Duration) -> Result<Self, InvalidTtl> {
        if ttl > LONGEST_TTL {
            return Err(InvalidTtl);
        }
        u32::try_from(ttl.as_secs()).ok().filter(|seconds| *seconds > 0).map(Self).ok_or(InvalidTtl)
    }
}

/// What the browser may do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceGrant {
    /// It may be rung.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incoming: Option<Incoming>,
    /// It may call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outgoing: Option<Outgoing>,
}

/// Whether it may be rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incoming {
    /// The carrier reads the absence of all this as no.
    pub allow: bool,
}

/// Where a call of the browser leads: to the address of an application, never to a number of the browser's choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outgoing {
    /// The application whose address is asked.
    pub application_sid: ApplicationSid,
    /// What the carrier posts along to that address; the browser cannot change it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub params: Option<BTreeMap<String, String>>,
}

/// Everything that a token is made of.
#[derive(Clone, Debug)]
pub struct VoiceToken {
    /// The account that pays.
    pub account_sid: AccountSid,
    /// The key that signs.
    pub api_key: ApiKeySid,
    /// That key's secret; not the account's auth token.
    pub api_secret: SecretString,
    /// Who the browser will be.
    pub identity: Identity,
    /// How long it may connect with this token. Calls that are under way then go on.
    pub ttl: TokenTtl,
    /// What it may do.
    pub voice: VoiceGrant,
}

/// The token could not be written. Not seen to happen.
#[derive(Debug, thiserror::Error)]
#[error("the voice token could not be signed")]
pub struct SigningError(#[from] jsonwebtoken::errors::Error);

impl VoiceToken {
    /// The token, good from `issued_at` (whole seconds; the machine's time, which the carrier compares with its own).
    pub fn sign(&self, issued_at: DateTime<Utc>) -> Result<SecretString, SigningError> {
        let iat = issued_at.timestamp();
        let claims = Claims {
            jti: format!("{}-{iat}", self.api_key),
            iss: self.api_key.clone(),
            sub: self.account_sid.clone(),
            iat,
            exp: iat + i64::from(self.ttl.0),
            grants: Grants { identity: self.identity.clone(), voice: Some(self.voice.clone()) },
        };
        let header = Header { cty: Some(CONTENT_TYPE.to_owned()), ..Header::new(Algorithm::HS256) };
        install_ring();
        let token = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(self.api_secret.expose_secret().as_bytes()))?;
        Ok(token.into())
    }
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Tells it from the key's other tokens: the key and the second in which it was made.
    pub jti: String,
    /// The key that signed.
    pub iss: ApiKeySid,
    /// The account.
    pub sub: AccountSid,
    /// Issued then, in seconds since 1970.
    pub iat: i64,
    /// Good until before then, in seconds since 1970.
    pub exp: i64,
    /// Who it is for, and what for.
    pub grants: Grants,
}

/// Who a token is for, and what for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grants {
    /// Who the browser is.
    pub identity: Identity,
    /// What it may do with calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<VoiceGrant>,
}

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// No token of this kind, or one that says other things than ours do.
    #[error("it is not a voice token")]
    Malformed,
    /// Signed with another secret, or changed since.
    #[error("the voice token's signature is wrong")]
    WrongSignature,
    /// Rightly signed, and no longer good.
    #[error("the voice token has expired")]
    Expired,
}

impl Claims {
    /// Reads a token as the carrier does: for whoever stands in for it. `nbf`, which our tokens never have, is passed over.
    pub fn verify(token: &str, api_secret: &SecretString, now: DateTime<Utc>) -> Result<Self, TokenError> {
        // The library would compare with the machine's time; `now` is compared below.
        let mut validation = Validation::new(Algorithm::HS256);
        validation.validate_exp = false;
        validation.required_spec_claims = HashSet::new();
        install_ring();
        let key = DecodingKey::from_secret(api_secret.expose_secret().as_bytes());
        let read = jsonwebtoken::decode::<Self>(token, &key, &validation).map_err(|error| match error.kind() {
            ErrorKind::InvalidSignature => TokenError::WrongSignature,
            _ => TokenError::Malformed,
        })?;
        if read.header.cty.as_deref() != Some(CONTENT_TYPE) {
            return Err(TokenError::Malformed);
        }
        if read.claims.exp <= now.timestamp() {
            return Err(TokenError::Expired);
        }
        Ok(read.claims)
    }
}

/// HMAC-SHA256 by ring, the only cryptography that jsonwebtoken needs here. Its own choices bring RSA and elliptic curves
/// that nothing uses.
struct HmacSha256(hmac::Key);

impl HmacSha256 {
    fn new(algorithm: Algorithm, secret: &[u8]) -> jsonwebtoken::errors::Result<Self> {
        match algorithm {
            Algorithm::HS256 => Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, secret))),
            _ => Err(ErrorKind::InvalidAlgorithm.into()),
        }
    }
}

impl Signer<Vec<u8>> for HmacSha256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        Ok(hmac::sign(&self.0, message).as_ref().to_vec())
    }
}

impl Verifier<Vec<u8>> for HmacSha256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), SignatureError> {
        hmac::verify(&self.0, message, signature).map_err(|_| SignatureError::new())
    }
}

impl JwtSigner for HmacSha256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for HmacSha256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

static RING: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| Ok(Box::new(HmacSha256::new(*algorithm, key.try_get_hmac_secret()?)?)),
    verifier_factory: |algorithm, key| Ok(Box::new(HmacSha256::new(*algorithm, key.try_get_hmac_secret()?)?)),
    jwk_utils: JwkUtils::new_unimplemented(),
};

fn install_ring() {
    // It is an error to install a second one; the first stays, which is this very one.
    let _ = RING.install_default();
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use chrono::TimeDelta;
    use serde_json::{Value, json};

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn token() -> VoiceToken {
        VoiceToken {
            account_sid: "AC00000000000000000000000000000001".parse().unwrap(),
            api_key: "SK00000000000000000000000000000002".parse().unwrap(),
            api_secret: "a secret".into(),
            identity: Identity::try_from("agent_7".to_owned()).unwrap(),
            ttl: Duration::from_hours(1).try_into().unwrap(),
            voice: VoiceGrant {
                incoming: Some(Incoming { allow: true }),
                outgoing: Some(Outgoing { application_sid: "AP00000000000000000000000000000003".parse().unwrap(), params: None }),
            },
        }
    }

    fn part(token: &SecretString, index: usize) -> Value {
        let part = token.expose_secret().split('.').nth(index).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    #[test]
    fn a_token_says_what_the_carrier_expects() {
        let signed = token().sign(at("2026-11-24T10:30:00.9Z")).unwrap();
        assert_eq!(part(&signed, 0), json!({"typ": "JWT", "alg": "HS256", "cty": "twilio-fpa;v=1"}));
        assert_eq!(
            part(&signed, 1),
            json!({
                "jti": "SK00000000000000000000000000000002-1795516200",
                "iss": "SK00000000000000000000000000000002",
                "sub": "AC00000000000000000000000000000001",
                "iat": 1_795_516_200,
                "exp": 1_795_519_800,
                "grants": {
                    "identity": "agent_7",
                    "voice": {
                        "incoming": {"allow": true},
                        "outgoing": {"application_sid": "AP00000000000000000000000000000003"},
                    },
                },
            })
        );
        assert!(!format!("{signed:?}").contains("ey"), "never shown whole");
    }

    #[test]
    fn a_token_is_good_until_the_second_it_expires() {
        let (made, now) = (token(), at("2026-11-24T10:30:00Z"));
        let signed = made.sign(now).unwrap();
        let verify = |now| Claims::verify(signed.expose_secret(), &made.api_secret, now);
        assert_eq!(verify(now).unwrap().grants.identity, made.identity);
        assert!(verify(now + TimeDelta::seconds(3599)).is_ok());
        assert_eq!(verify(now + TimeDelta::seconds(3600)), Err(TokenError::Expired));
    }

    #[test]
    fn what_is_no_token_of_ours_is_refused() {
        let (made, now) = (token(), at("2026-11-24T10:30:00Z"));
        let signed = made.sign(now).unwrap();
        let [header, claims, signature] = signed.expose_secret().split('.').collect::<Vec<_>>().try_into().unwrap();
        let encode = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed_by_us = |header: Value, claims: &str| {
            let message = format!("{}.{claims}", encode(header));
            let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"a secret"), message.as_bytes());
            format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
        };
        let right = json!({"typ": "JWT", "alg": "HS256", "cty": CONTENT_TYPE});
        assert!(Claims::verify(&signed_by_us(right.clone(), claims), &made.api_secret, now).is_ok());

        for (text, error) in [
            (String::new(), TokenError::Malformed),
            ("a.b.c".to_owned(), TokenError::Malformed),
            (format!("{header}.{claims}"), TokenError::Malformed),
            (format!("{header}.{claims}.{}", signature.to_lowercase()), TokenError::WrongSignature),
            (format!("{header}.{}.{signature}", encode(json!({"exp": i64::MAX}))), TokenError::WrongSignature),
            (format!("{}.{claims}.", encode(json!({"typ": "JWT", "alg": "none"}))), TokenError::Malformed),
            (format!("{}.{claims}.{signature}", encode(json!({"typ": "JWT", "alg": "RS256"}))), TokenError::Malformed),
            (signed_by_us(json!({"typ": "JWT", "alg": "HS256"}), claims), TokenError::Malformed),
            (signed_by_us(right, &encode(json!({"exp": i64::MAX}))), TokenError::Malformed),
        ] {
            assert_eq!(Claims::verify(&text, &made.api_secret, now), Err(error), "{text}");
        }
        let other = Claims::verify(signed.expose_secret(), &"another secret".into(), now);
        assert_eq!(other, Err(TokenError::WrongSignature));
    }

    #[test]
    fn a_token_lives_a_day_at_most() {
        assert!(TokenTtl::try_from(LONGEST_TTL).is_ok());
        for ttl in [Duration::ZERO, Duration::from_millis(999), LONGEST_TTL + Duration::from_nanos(1), Duration::MAX] {
            assert_eq!(TokenTtl::try_from(ttl), Err(InvalidTtl), "{ttl:?}");
        }
    }

    #[test]
    fn an_identity_has_only_what_the_carrier_takes() {
        assert!(Identity::try_from("a".repeat(121)).is_ok());
        for wrong in [String::new(), "a".repeat(122), "a-b".into(), "a b".into(), "a@b".into(), "é".into()] {
            assert_eq!(Identity::try_from(wrong), Err(InvalidIdentity));
        }
    }
}
