//! The carrier: the real one, or in development one of our own inside this process.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use calls::Telephone;
use twilio::{Address, Client, ClientOptions};

use crate::config::{CarrierConfig, Config};

/// Making a connection to the carrier may take so long, and a whole request.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(4);
/// A browser's token is good for so long, unless it is said otherwise. Half of that is left when a call begins, and no call is longer: none
/// outlives its token (lessons, line 21).
pub(crate) const TOKEN_LIFE: Duration = Duration::from_hours(4);
const _: () = assert!(TOKEN_LIFE.as_secs() / 2 >= calls::LONGEST_CALL_SECONDS as u64);
/// What the real carrier takes of an account that asked for nothing more, and the emulated one.
pub(crate) const CALLS_PER_SECOND: NonZeroU32 = NonZeroU32::MIN;
pub(crate) const EMULATED_CALLS_PER_SECOND: NonZeroU32 = NonZeroU32::new(1000).unwrap();
/// People who are rung in the demo take their time.
const AS_IN_LIFE: f64 = 1.0;
/// With this seed the first who are rung answer, answer, are engaged, answer, do not answer, have a machine: a first call is a talk, and
/// a first quarter of an hour shows everything.
#[cfg(feature = "emulator")]
const TOUR: u64 = 24;
const LIVE: &str = "https://api.twilio.com";

/// Where the emulated carrier is, inside this server.
pub const EMULATED_AT: &str = "/twilio";

/// The carrier as calls know it, and what of it is served here.
#[derive(Debug)]
pub struct Carrier {
    /// As calls know it.
    pub telephone: Telephone,
    #[cfg(feature = "emulator")]
    emulator: Option<twilio_emulator::Emulator>,
}

impl Carrier {
    /// Serves what of the carrier is inside this process: all of it, or nothing.
    pub fn mount(&self, router: Router) -> Router {
        #[cfg(feature = "emulator")]
        if let Some(emulator) = &self.emulator {
            return router.nest(EMULATED_AT, emulator.router());
        }
        router
    }
}

pub(crate) async fn connect(config: &Config) -> anyhow::Result<Carrier> {
    let mut carrier = if config.carrier.is_emulated {
        emulated(config.http.bind_address, &config.http.public_base_url, &config.carrier.phone_number, AS_IN_LIFE).await?
    } else {
        live(config)?
    };
    carrier.telephone.firm_name.clone_from(&config.carrier.firm_name);
    carrier.telephone.token_life = config.carrier.token_life;
    carrier.telephone.calls_per_second = config.carrier.calls_per_second;
    Ok(carrier)
}

/// The real carrier, for a command that asks it for something; none: it is emulated, and lives with the server that serves it.
pub(crate) fn for_commands(config: &Config) -> anyhow::Result<Option<Telephone>> {
    if config.carrier.is_emulated { Ok(None) } else { Ok(Some(live(config)?.telephone)) }
}

fn live(config: &Config) -> anyhow::Result<Carrier> {
    let CarrierConfig { account_sid, auth_token, api_key, api_secret, application_sid, phone_number, .. } = config.carrier.clone();
    let account_sid = account_sid.context("TWILIO_ACCOUNT_SID is not set")?;
    let elsewhere = config.carrier.api_url.as_deref();
    if let Some(url) = elsewhere {
        tracing::info!("calls go to the emulated carrier at {url}: nobody real is rung");
    }
    let telephone = Telephone {
        client: client(elsewhere.unwrap_or(LIVE), &account_sid, &auth_token)?,
        account_sid,
        auth_token,
        api_key: api_key.context("TWILIO_API_KEY is not set")?,
        api_secret,
        application_sid: application_sid.context("TWILIO_TWIML_APP_SID is not set")?,
        number: Address::new(phone_number),
        public_base_url: config.http.public_base_url.clone(),
        firm_name: config.carrier.firm_name.clone(),
        local_carrier: elsewhere.and_then(|url| url.split_once("://")).map(|(_, place)| place.to_owned()),
        calls_per_second: CALLS_PER_SECOND,
        token_life: TOKEN_LIFE,
    };
    Ok(Carrier {
        telephone,
        #[cfg(feature = "emulator")]
        emulator: None,
    })
}

/// The real carrier with a client that sends nothing and shows what it would have sent.
pub(crate) fn shown(config: &Config) -> anyhow::Result<Telephone> {
    let telephone = live(config)?.telephone;
    let client = Client::that_only_shows(&options(LIVE, &telephone.account_sid, &telephone.auth_token))?;
    Ok(Telephone { client, ..telephone })
}

fn client(base_url: &str, account_sid: &twilio::AccountSid, auth_token: &secrecy::SecretString) -> anyhow::Result<Client> {
    Ok(Client::new(&options(base_url, account_sid, auth_token))?)
}

fn options(base_url: &str, account_sid: &twilio::AccountSid, auth_token: &secrecy::SecretString) -> ClientOptions {
    ClientOptions {
        base_url: base_url.to_owned(),
        account_sid: account_sid.clone(),
        auth_token: auth_token.clone(),
        connect_timeout: CONNECT_TIMEOUT,
        timeout: REQUEST_TIMEOUT,
    }
}

/// Refused: the program was built without it.
#[cfg(not(feature = "emulator"))]
pub async fn emulated(_: SocketAddr, _: &str, _: &str, _: f64) -> anyhow::Result<Carrier> {
    anyhow::bail!("this program was built without the emulated carrier: set TWILIO_MODE=live")
}

/// A carrier of our own, under names and secrets that are made up now and known to nobody else. We listen on `address`, people and the
/// carrier reach us at `base`, `number` is the one that is shown, and
/// `pace` multiplies every wait of the people who are rung.
#[cfg(feature = "emulator")]
pub async fn emulated(address: SocketAddr, base: &str, number: &str, pace: f64) -> anyhow::Result<Carrier> {
    use kernel::CallId;
    use secrecy::ExposeSecret as _;

    let random = || CallId::generate().get().simple().to_string();
    let secret = || secrecy::SecretString::from(format!("{}{}", random(), random()));
    let host = base.split_once("://").map_or(base, |(_, host)| host);
    let (account_sid, auth_token) = (format!("AC{}", random()).parse()?, secret());
    let telephone = Telephone {
        // Not by the public name, which may not lead here from inside.
        client: client(&format!("http://{address}{EMULATED_AT}"), &account_sid, &auth_token)?,
        account_sid,
        auth_token,
        api_key: format!("SK{}", random()).parse()?,
        api_secret: secret(),
        application_sid: format!("AP{}", random()).parse()?,
        number: Address::new(number),
        public_base_url: base.to_owned(),
        firm_name: "Example Claims".to_owned(),
        local_carrier: Some(format!("{host}{EMULATED_AT}")),
        calls_per_second: EMULATED_CALLS_PER_SECOND,
        token_life: TOKEN_LIFE,
    };
    let application = twilio_emulator::Application {
        voice_url: format!("{base}/webhooks/twilio/voice"),
        status_callback: Some(format!("{base}/webhooks/twilio/call-status")),
    };
    let emulator = twilio_emulator::Emulator::start(twilio_emulator::Config {
        applications: [(telephone.application_sid.to_string(), application)].into(),
        numbers: vec![number.to_owned()],
        inbound: twilio_emulator::Inbound {
            voice_url: Some(format!("{base}/webhooks/twilio/incoming")),
            status_callback: Some(format!("{base}/webhooks/twilio/call-status")),
            sms_url: None,
        },
        seed: TOUR,
        pace,
        base_url: Some(format!("{base}{EMULATED_AT}")),
        ..twilio_emulator::Config::new(
            telephone.account_sid.to_string(),
            telephone.auth_token.expose_secret(),
            telephone.api_key.to_string(),
            telephone.api_secret.expose_secret(),
        )
    })
    .await
    .context("the emulated carrier could not be started")?;
    tracing::info!("calls go to the emulated carrier at {base}/twilio: nobody real is rung");
    Ok(Carrier { telephone, emulator: Some(emulator) })
}
