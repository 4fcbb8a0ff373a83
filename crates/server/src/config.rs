//! The configuration: one struct a concern, read once, every problem reported together with the variable's name.
//! Nothing else in the product reads the environment.

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::time::Duration;

use auth::TrustedProxies;
use chrono::{DateTime, Utc};
use kernel::{NumberPolicy, PhoneNumber};
use queue::QueueMode;
use secrecy::{ExposeSecret as _, SecretString};
use twilio::{AccountSid, ApiKeySid, ApplicationSid};
use url::Url;
use users::{CacheOptions, Heartbeat, LagSource, NEEDS_TLS};

use crate::carrier::{CALLS_PER_SECOND, EMULATED_CALLS_PER_SECOND, TOKEN_LIFE};

/// Names that are kept for later releases. Setting one is refused, so that nobody believes that it does something.
const RESERVED: [&str; 1] = ["MAIN_APP_URL"];

/// How an S3-compatible store is reached.
const STORE_NAMES: [&str; 4] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_ENDPOINT"];

/// More the carrier gives nobody.
const MOST_CALLS_PER_SECOND: NonZeroU32 = NonZeroU32::new(1000).unwrap();

/// Characters that a secret of ours has at least.
const SHORTEST_SECRET: usize = 32;

/// What a live carrier needs, and an emulated one makes up.
const CARRIER_NAMES: [&str; 6] =
    ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_API_KEY", "TWILIO_API_SECRET", "TWILIO_TWIML_APP_SID", "TWILIO_PHONE_NUMBER"];

/// The carrier takes no token that is to last longer than a day; one that is shorter than this could end while it is replaced.
const TOKEN_SECONDS: RangeInclusive<u64> = 20..=86_400;

/// Ofcom's numbers for drama, and an unassigned range for bulk data (mobile, London, no area, and others of Ofcom's list).
const TEST_PREFIXES: &str = "+447700900,+4477009,+44207946,+441632960,+441134960,+441144960,+441154960,+441164960,+441174960,\
+441184960,+441214960,+441314960,+441414960,+441514960,+441614960,+441914980,+442896496,+442920180";

/// Everything that is configured.
#[derive(Clone, Debug)]
pub struct Config {
    /// ENVIRONMENT, CLOCK, TEST_NUMBER_PREFIXES.
    pub environment: EnvironmentConfig,
    /// DATABASE_URL.
    pub database: DatabaseConfig,
    /// REPLICA_DATABASE_URL, REPLICA_LAG_SOURCE and what belongs to it.
    pub replica: ReplicaConfig,
    /// ENABLE_OPTIONAL_CACHING, REDIS_URL.
    pub cache: CacheOptions,
    /// QUEUE_MODE, ENABLE_HOURLY_REFRESH, CRON_SECRET.
    pub discovery: DiscoveryConfig,
    /// PUBLIC_BASE_URL, BIND_ADDRESS, TRUSTED_PROXIES, METRICS_TOKEN.
    pub http: HttpConfig,
    /// TWILIO_MODE and the other TWILIO_ names.
    pub carrier: CarrierConfig,
    /// RECORDINGS_URL and the AWS_ names.
    pub recordings: RecordingsConfig,
    /// CLAIMS_SIM_DATABASE_URL.
    pub claims_sim: ClaimsSimConfig,
}

/// Where this runs, and what is allowed only there.
#[derive(Clone, Debug)]
pub struct EnvironmentConfig {
    /// ENVIRONMENT: `production` (the default) or `development`.
    pub is_development: bool,
    /// CLOCK: in development only, the instant (RFC 3339) at which the business clock starts at the first start.
    pub clock: Option<DateTime<Utc>>,
    /// TEST_NUMBER_PREFIXES: in development only, prefixes in E.164 that may be rung although nobody has such numbers.
    pub test_number_prefixes: Vec<String>,
    /// ENABLE_PRE_CALL_VALIDATION=false: in development only, nobody is refused, whatever the gate finds.
    pub is_gate_off: bool,
}

impl EnvironmentConfig {
    /// Which numbers may be rung.
    pub fn numbers(&self) -> NumberPolicy {
        NumberPolicy { test_prefixes: self.test_number_prefixes.clone(), other_countries: Vec::new() }
    }
}

/// Our own database.
#[derive(Clone, Debug)]
pub struct DatabaseConfig {
    /// DATABASE_URL: `postgres://user:password@host:port/name`.
    pub url: SecretString,
}

/// The claims platform.
#[derive(Clone, Debug)]
pub struct ReplicaConfig {
    /// REPLICA_DATABASE_URL: `mysql://user:password@host:port/name`, an account that may only select.
    pub url: SecretString,
    /// REPLICA_LAG_SOURCE: `status` (the replica's own report, the default), `heartbeat` (a row that a job on the primary writes), `aurora`
    /// (Aurora's table of its instances) or `none` (the lag is taken as 0: only where the database is no replica; in production
    /// REPLICA_LAG_UNKNOWN_ACCEPTED=true says so).
    pub lag_source: LagSource,
    /// REPLICA_HEARTBEAT_TABLE and REPLICA_HEARTBEAT_COLUMN: for `heartbeat`; by default pt-heartbeat's, in the platform's own database.
    pub heartbeat: Heartbeat,
}

/// When discovery runs without anybody asking.
#[derive(Clone, Debug)]
pub struct DiscoveryConfig {
    /// QUEUE_MODE: `queue` (the default) or `direct`. ENABLE_HOURLY_REFRESH: `true` (the default) or `false`; without queues there is
    /// nothing to refresh.
    pub mode: QueueMode,
    /// CRON_SECRET: lets a scheduler outside start one; none: there is no such address.
    pub cron_secret: Option<SecretString>,
}

/// How the product is reached.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// PUBLIC_BASE_URL: what people type, without a slash at the end. Requests from pages of another origin are refused.
    pub public_base_url: String,
    /// BIND_ADDRESS: where to listen, `127.0.0.1:3000` by default.
    pub bind_address: SocketAddr,
    /// TRUSTED_PROXIES: addresses and networks of proxies of one's own, with commas between; by default none. Only what they say in
    /// X-Forwarded-For is believed.
    pub trusted_proxies: TrustedProxies,
    /// METRICS_TOKEN: whoever sends it as a bearer token may read /metrics; without one nobody may.
    pub metrics_token: Option<SecretString>,
}

/// The carrier.
#[derive(Clone, Debug)]
pub struct CarrierConfig {
    /// TWILIO_MODE: `live` (the default in production) or `emulated` (development only, and the default there): a carrier of our own
    /// that runs inside the server, with names and secrets made up at each start.
    pub is_emulated: bool,
    /// TWILIO_ACCOUNT_SID, `AC…`.
    pub account_sid: Option<AccountSid>,
    /// TWILIO_AUTH_TOKEN: signs the carrier's webhooks.
    pub auth_token: SecretString,
    /// TWILIO_API_KEY, `SK…`: signs the browsers' tokens.
    pub api_key: Option<ApiKeySid>,
    /// TWILIO_API_SECRET: that key's secret.
    pub api_secret: SecretString,
    /// TWILIO_TWIML_APP_SID, `AP…`: the application whose voice address is PUBLIC_BASE_URL/webhooks/twilio/voice.
    pub application_sid: Option<ApplicationSid>,
    /// TWILIO_PHONE_NUMBER: ours, in E.164; the number that people see and can ring back.
    pub phone_number: String,
    /// FIRM_NAME: who we are, as people who ring us hear it.
    pub firm_name: String,
    /// TWILIO_TOKEN_SECONDS: how long a browser's token is good for, four hours by default. It is replaced when half of that has passed.
    pub token_life: Duration,
    /// TWILIO_CPS: how many calls a second the carrier takes, 1 by default, for all servers together.
    pub calls_per_second: NonZeroU32,
    /// TWILIO_API_URL: in development only, where an emulator that is a process of its own takes REST requests; none: the real carrier's.
    pub api_url: Option<String>,
}

/// Where recordings are kept.
#[derive(Clone, Debug)]
pub struct RecordingsConfig {
    /// RECORDINGS_URL: `file:///` and a folder, or `s3://` and a bucket, with a folder in it. In development a folder for temporary files if
    /// nothing is said.
    pub url: Url,
    /// For `s3://`: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, and AWS_ENDPOINT for a store that is not Amazon's.
    pub options: Vec<(String, SecretString)>,
}

/// The synthetic claims platform.
#[derive(Clone, Debug)]
pub struct ClaimsSimConfig {
    /// CLAIMS_SIM_DATABASE_URL: in development only, the primary that `dialler seed` writes.
    pub url: Option<SecretString>,
}

/// Everything that is wrong, a line each.
#[derive(Debug)]
pub struct ConfigProblems(pub Vec<String>);

impl std::error::Error for ConfigProblems {}

impl fmt::Display for ConfigProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration is not right:")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl Config {
    /// Reads the process's environment.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub fn from_env() -> Result<Self, ConfigProblems> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// Reads variables from anywhere; an empty one counts as absent.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigProblems> {
        let mut reader = Reader { variable: &variable, problems: Vec::new() };
        for name in RESERVED {
            if reader.get(name).is_some() {
                reader.problem(name, "is kept for a later release and does nothing yet; take it out");
            }
        }
        let environment = reader.environment();
        let config = Self {
            database: DatabaseConfig { url: reader.url("DATABASE_URL", &["postgres://", "postgresql://"]) },
            replica: reader.replica(environment.is_development),
            cache: reader.cache(),
            discovery: reader.discovery(),
            http: reader.http(environment.is_development),
            carrier: reader.carrier(environment.is_development),
            recordings: reader.recordings(environment.is_development),
            claims_sim: reader.claims_sim(environment.is_development),
            environment,
        };
        if reader.problems.is_empty() { Ok(config) } else { Err(ConfigProblems(reader.problems)) }
    }

    /// What can be read and might be better, a line each.
    pub fn advice(&self) -> Vec<String> {
        let mut advice = Vec::new();
        if self.replica.lag_source == LagSource::Status {
            advice.push(
                "REPLICA_LAG_SOURCE is status: when the replica stops hearing its primary, that is noticed only after its heartbeat period (30 s unless the \
                 replica is told otherwise) and the limit. heartbeat notices within seconds, by a row that a job on the primary writes every second"
                    .to_owned(),
            );
        }
        let address = self.replica.url.expose_secret().to_lowercase();
        if address.contains("ssl-mode=disabled") || address.contains("sslmode=disabled") {
            advice.push(format!("REPLICA_DATABASE_URL switches TLS off. If signing in fails: {NEEDS_TLS}"));
        }
        advice
    }

    /// What holds, a line a variable, without secrets.
    pub fn describe(&self) -> Vec<(&'static str, String)> {
        let host = |url: &SecretString| {
            let url = url.expose_secret();
            url.rsplit_once('@').map_or("(as given)", |(_, place)| place).to_owned()
        };
        vec![
            ("ENVIRONMENT", if self.environment.is_development { "development" } else { "production" }.to_owned()),
            ("CLOCK", self.environment.clock.map_or_else(|| "the machine's".into(), |at| at.to_rfc3339())),
            ("TEST_NUMBER_PREFIXES", self.environment.test_number_prefixes.join(",")),
            ("ENABLE_PRE_CALL_VALIDATION", (!self.environment.is_gate_off).to_string()),
            ("DATABASE_URL", host(&self.database.url)),
            ("REPLICA_DATABASE_URL", host(&self.replica.url)),
            ("REPLICA_LAG_SOURCE", self.replica.lag_source.to_string()),
            ("REPLICA_HEARTBEAT_TABLE", self.replica.heartbeat.table().to_owned()),
            ("REPLICA_HEARTBEAT_COLUMN", self.replica.heartbeat.column().to_owned()),
            ("ENABLE_OPTIONAL_CACHING", self.cache.is_on.to_string()),
            ("REDIS_URL", self.cache.redis_url.as_ref().map_or_else(|| "not set".into(), host)),
            ("QUEUE_MODE", if self.discovery.mode == QueueMode::Direct { "direct" } else { "queue" }.to_owned()),
            ("ENABLE_HOURLY_REFRESH", (self.discovery.mode == QueueMode::Hourly).to_string()),
            ("CRON_SECRET", if self.discovery.cron_secret.is_some() { "set" } else { "not set" }.to_owned()),
            ("PUBLIC_BASE_URL", self.http.public_base_url.clone()),
            ("BIND_ADDRESS", self.http.bind_address.to_string()),
            ("TRUSTED_PROXIES", self.http.trusted_proxies.to_string()),
            ("METRICS_TOKEN", if self.http.metrics_token.is_some() { "set" } else { "not set" }.to_owned()),
            ("TWILIO_MODE", if self.carrier.is_emulated { "emulated" } else { "live" }.to_owned()),
            ("TWILIO_ACCOUNT_SID", self.carrier.account_sid.as_ref().map_or_else(|| "made up".into(), ToString::to_string)),
            ("TWILIO_API_KEY", self.carrier.api_key.as_ref().map_or_else(|| "made up".into(), ToString::to_string)),
            ("TWILIO_TWIML_APP_SID", self.carrier.application_sid.as_ref().map_or_else(|| "made up".into(), ToString::to_string)),
            ("TWILIO_PHONE_NUMBER", self.carrier.phone_number.clone()),
            ("FIRM_NAME", self.carrier.firm_name.clone()),
            ("TWILIO_TOKEN_SECONDS", self.carrier.token_life.as_secs().to_string()),
            ("TWILIO_CPS", self.carrier.calls_per_second.to_string()),
            ("TWILIO_API_URL", self.carrier.api_url.clone().unwrap_or_else(|| "the carrier's own".into())),
            ("RECORDINGS_URL", self.recordings.url.to_string()),
            ("CLAIMS_SIM_DATABASE_URL", self.claims_sim.url.as_ref().map_or_else(|| "not set".into(), host)),
        ]
    }
}

/// Reads variables and collects what is wrong with them. After a problem it goes on with a harmless value, which is
/// never used because the whole is refused in the end.
struct Reader<'a> {
    variable: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<String>,
}

impl Reader<'_> {
    fn get(&self, name: &str) -> Option<String> {
        (self.variable)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn problem(&mut self, name: &str, what: &str) {
        self.problems.push(format!("{name} {what}"));
    }

    fn environment(&mut self) -> EnvironmentConfig {
        let is_development = match self.get("ENVIRONMENT").as_deref() {
            Some("development") => true,
            None | Some("production") => false,
            Some(other) => {
                self.problem("ENVIRONMENT", &format!("is {other:?}; it is production or development"));
                false
            }
        };
        let clock = self.get("CLOCK").and_then(|text| {
            let parsed = DateTime::parse_from_rfc3339(&text);
            if parsed.is_err() {
                self.problem("CLOCK", &format!("is {text:?}; it is an instant such as 2026-11-24T10:30:00Z"));
            }
            parsed.ok().map(|at| at.with_timezone(&Utc))
        });
        if clock.is_some() && !is_development {
            self.problem("CLOCK", "is only for ENVIRONMENT=development: in production the clock is the machine's");
        }
        let given = self.get("TEST_NUMBER_PREFIXES");
        if given.is_some() && !is_development {
            self.problem("TEST_NUMBER_PREFIXES", "is only for ENVIRONMENT=development: nobody can be rung on such numbers");
        }
        let prefixes = if is_development { given.unwrap_or_else(|| TEST_PREFIXES.into()) } else { String::new() };
        let test_number_prefixes: Vec<String> =
            prefixes.split(',').map(str::trim).filter(|prefix| !prefix.is_empty()).map(str::to_owned).collect();
        for prefix in &test_number_prefixes {
            let digits = prefix.strip_prefix('+').unwrap_or_default();
            if digits.len() < 6 || !digits.bytes().all(|b| b.is_ascii_digit()) {
                self.problems.push(format!("TEST_NUMBER_PREFIXES has {prefix:?}; a prefix is + and at least six digits"));
            }
        }
        let is_gate_off = !self.flag("ENABLE_PRE_CALL_VALIDATION", true);
        if is_gate_off && !is_development {
            self.problem(
                "ENABLE_PRE_CALL_VALIDATION",
                "is false: only ENVIRONMENT=development may ring people without checking that they need the call",
            );
        }
        EnvironmentConfig { is_development, clock, test_number_prefixes, is_gate_off }
    }

    fn url(&mut self, name: &str, schemes: &[&str]) -> SecretString {
        match self.get(name) {
            Some(url) if schemes.iter().any(|scheme| url.starts_with(scheme)) => url.into(),
            Some(_) => {
                self.problem(name, &format!("does not begin with {}", schemes.join(" or ")));
                SecretString::default()
            }
            None => {
                self.problem(name, &format!("is not set; it is like {}user:password@host:port/name", schemes[0]));
                SecretString::default()
            }
        }
    }

    fn replica(&mut self, is_development: bool) -> ReplicaConfig {
        let lag_source = match self.get("REPLICA_LAG_SOURCE").as_deref() {
            None | Some("status") => LagSource::Status,
            Some("heartbeat") => LagSource::Heartbeat,
            Some("aurora") => LagSource::Aurora,
            Some("none") => LagSource::None,
            Some(other) => {
                self.problem("REPLICA_LAG_SOURCE", &format!("is {other:?}; it is status, heartbeat, aurora or none"));
                LagSource::Status
            }
        };
        let is_accepted = self.flag("REPLICA_LAG_UNKNOWN_ACCEPTED", false);
        if is_accepted && lag_source != LagSource::None {
            self.problem(
                "REPLICA_LAG_UNKNOWN_ACCEPTED",
                "is for REPLICA_LAG_SOURCE=none alone: with any other the lag is known, or nobody is rung",
            );
        }
        if lag_source == LagSource::None && !is_development && !is_accepted {
            self.problem(
                "REPLICA_LAG_SOURCE",
                "is none: nobody would know how old the facts of a call are. Set REPLICA_LAG_UNKNOWN_ACCEPTED=true if the database is no replica",
            );
        }
        let mut heartbeat = Heartbeat::default();
        for (name, read) in [
            ("REPLICA_HEARTBEAT_TABLE", Heartbeat::in_table as fn(Heartbeat, &str) -> _),
            ("REPLICA_HEARTBEAT_COLUMN", Heartbeat::in_column),
        ] {
            let Some(given) = self.get(name) else { continue };
            if lag_source != LagSource::Heartbeat {
                self.problem(name, "is for REPLICA_LAG_SOURCE=heartbeat alone");
            }
            match read(heartbeat.clone(), &given) {
                Ok(named) => heartbeat = named,
                Err(error) => self.problem(name, &format!("is {given:?}: {error}")),
            }
        }
        ReplicaConfig { url: self.url("REPLICA_DATABASE_URL", &["mysql://", "mariadb://"]), lag_source, heartbeat }
    }

    fn cache(&mut self) -> CacheOptions {
        let is_given = self.get("REDIS_URL").is_some();
        CacheOptions {
            is_on: self.flag("ENABLE_OPTIONAL_CACHING", true),
            redis_url: is_given.then(|| self.url("REDIS_URL", &["redis://", "rediss://"])),
            ..CacheOptions::default()
        }
    }

    fn metrics_token(&mut self) -> Option<SecretString> {
        let token = self.get("METRICS_TOKEN")?;
        if token.len() < SHORTEST_SECRET {
            self.problem("METRICS_TOKEN", &format!("is too easy to guess; it has at least {SHORTEST_SECRET} characters"));
        }
        Some(token.into())
    }

    fn discovery(&mut self) -> DiscoveryConfig {
        let mode = self.get("QUEUE_MODE");
        if mode.as_deref().is_some_and(|mode| mode != "queue" && mode != "direct") {
            self.problem("QUEUE_MODE", &format!("is {:?}; it is queue or direct", mode.as_deref().unwrap_or_default()));
        }
        let mode = match (mode.as_deref(), self.flag("ENABLE_HOURLY_REFRESH", true)) {
            (Some("direct"), _) => QueueMode::Direct,
            (_, true) => QueueMode::Hourly,
            (_, false) => QueueMode::OnDemand,
        };
        let cron_secret = self.get("CRON_SECRET");
        if cron_secret.as_ref().is_some_and(|secret| secret.len() < SHORTEST_SECRET) {
            self.problem("CRON_SECRET", &format!("is too easy to guess; it has at least {SHORTEST_SECRET} characters"));
        }
        DiscoveryConfig { mode, cron_secret: cron_secret.map(SecretString::from) }
    }

    fn flag(&mut self, name: &str, default: bool) -> bool {
        match self.get(name).as_deref() {
            None => default,
            Some("true") => true,
            Some("false") => false,
            Some(other) => {
                self.problem(name, &format!("is {other:?}; it is true or false"));
                default
            }
        }
    }

    fn http(&mut self, is_development: bool) -> HttpConfig {
        let bind_address = self.get("BIND_ADDRESS").unwrap_or_else(|| "127.0.0.1:3000".into());
        let bind_address = bind_address.parse().unwrap_or_else(|_| {
            self.problem("BIND_ADDRESS", &format!("is {bind_address:?}; it is an address and a port such as 127.0.0.1:3000"));
            SocketAddr::from(([127, 0, 0, 1], 3000))
        });
        let public_base_url = match self.get("PUBLIC_BASE_URL") {
            Some(url) => url,
            None if is_development => "http://localhost:3000".into(),
            None => {
                self.problem("PUBLIC_BASE_URL", "is not set; it is what people type, such as https://dialler.example.co.uk");
                String::new()
            }
        };
        let is_https = public_base_url.starts_with("https://");
        if !public_base_url.is_empty() {
            if !is_https && !public_base_url.starts_with("http://") {
                self.problem("PUBLIC_BASE_URL", "begins with https:// (or, in development, http://)");
            } else if !is_https && !is_development {
                self.problem("PUBLIC_BASE_URL", "begins with https:// in production: the session's cookie is sent over TLS only");
            }
            if public_base_url.splitn(4, '/').nth(3).is_some() {
                self.problem("PUBLIC_BASE_URL", "is an origin alone: no path and no slash at the end");
            }
        }
        let trusted_proxies = self.get("TRUSTED_PROXIES").unwrap_or_default().parse().unwrap_or_else(|error| {
            self.problem("TRUSTED_PROXIES", &format!("cannot be read: {error}"));
            TrustedProxies::default()
        });
        HttpConfig { public_base_url, bind_address, trusted_proxies, metrics_token: self.metrics_token() }
    }

    fn carrier(&mut self, is_development: bool) -> CarrierConfig {
        let is_emulated = match self.get("TWILIO_MODE").as_deref() {
            None => is_development,
            Some("live") => false,
            Some("emulated") if is_development => true,
            Some("emulated") => {
                self.problem("TWILIO_MODE", "is emulated only with ENVIRONMENT=development: nobody real is rung there");
                false
            }
            Some(other) => {
                self.problem("TWILIO_MODE", &format!("is {other:?}; it is live or emulated"));
                false
            }
        };
        let token_life = self.token_life();
        let calls_per_second = self.calls_per_second(if is_emulated { EMULATED_CALLS_PER_SECOND } else { CALLS_PER_SECOND });
        let api_url = self.api_url(is_development, is_emulated);
        if is_emulated {
            for name in CARRIER_NAMES {
                if self.get(name).is_some() {
                    self.problem(name, "is for TWILIO_MODE=live; the emulated carrier makes up its own");
                }
            }
            return CarrierConfig {
                is_emulated,
                account_sid: None,
                auth_token: SecretString::default(),
                api_key: None,
                api_secret: SecretString::default(),
                application_sid: None,
                // Of Ofcom's London range for drama.
                phone_number: "+442079460000".to_owned(),
                firm_name: self.get("FIRM_NAME").unwrap_or_else(|| "Example Claims".to_owned()),
                token_life,
                calls_per_second,
                api_url,
            };
        }
        let phone_number = self.required("TWILIO_PHONE_NUMBER", "it is a number of yours in E.164, such as +44…");
        let ours = PhoneNumber::of_anybody(&phone_number);
        if !phone_number.is_empty() && ours.is_none() {
            self.problem("TWILIO_PHONE_NUMBER", "is not one phone number, such as +44…");
        }
        CarrierConfig {
            is_emulated,
            account_sid: self.sid("TWILIO_ACCOUNT_SID", "AC"),
            auth_token: self.required("TWILIO_AUTH_TOKEN", "it is the account's auth token").into(),
            api_key: self.sid("TWILIO_API_KEY", "SK"),
            api_secret: self.required("TWILIO_API_SECRET", "it is the secret of TWILIO_API_KEY").into(),
            application_sid: self.sid("TWILIO_TWIML_APP_SID", "AP"),
            phone_number: ours.map(|number| number.as_e164().to_owned()).unwrap_or_default(),
            firm_name: self.required("FIRM_NAME", "it is who you are, as people who ring you back hear it"),
            token_life,
            calls_per_second,
            api_url,
        }
    }

    /// Whoever is asked at such an address is shown the account's password.
    fn api_url(&mut self, is_development: bool, is_emulated: bool) -> Option<String> {
        let url = self.get("TWILIO_API_URL")?;
        if !is_development {
            self.problem("TWILIO_API_URL", "is only for ENVIRONMENT=development: the account's password is sent there");
        } else if is_emulated {
            self.problem(
                "TWILIO_API_URL",
                "is for TWILIO_MODE=live: an emulator that is a process of its own; the one inside the server has no need of it",
            );
        }
        if !(url.starts_with("http://") || url.starts_with("https://")) || url.ends_with('/') {
            self.problem("TWILIO_API_URL", &format!("is {url:?}; it is like http://127.0.0.1:7777/twilio, without a slash at the end"));
        }
        Some(url)
    }

    fn recordings(&mut self, is_development: bool) -> RecordingsConfig {
        let default = Url::from_directory_path(std::env::temp_dir().join("dialler-recordings")).ok();
        let given = self.get("RECORDINGS_URL");
        let parsed = given.as_deref().and_then(|given| Url::parse(given).ok());
        let is_right = parsed.as_ref().is_some_and(|url| match url.scheme() {
            "file" => url.path().len() > 1 && url.host().is_none(),
            "s3" => url.host().is_some() && url.username().is_empty() && url.password().is_none(),
            _ => false,
        });
        match &given {
            Some(_) if !is_right => self.problem("RECORDINGS_URL", "is no file:///folder and no s3://bucket/folder"),
            None if !is_development => {
                self.problem("RECORDINGS_URL", "is not set; it says where recordings are kept: file:///folder or s3://bucket/folder");
            }
            _ => {}
        }
        let is_s3 = parsed.as_ref().is_some_and(|url| url.scheme() == "s3");
        let mut options = Vec::new();
        for name in STORE_NAMES {
            match self.get(name) {
                Some(value) if is_s3 => options.push((name.to_ascii_lowercase(), SecretString::from(value))),
                None if is_s3 && name != "AWS_ENDPOINT" => self.problem(name, "is not set; RECORDINGS_URL is an s3:// address"),
                // Another program's, on the same machine.
                _ => {}
            }
        }
        if is_s3 && is_development && self.get("AWS_ENDPOINT").is_some_and(|endpoint| endpoint.starts_with("http://")) {
            options.push(("aws_allow_http".to_owned(), "true".into()));
        }
        let url = parsed.or(default).unwrap_or_else(|| unreachable!("a folder for temporary files is absolute"));
        RecordingsConfig { url, options }
    }

    fn calls_per_second(&mut self, default: NonZeroU32) -> NonZeroU32 {
        let Some(text) = self.get("TWILIO_CPS") else { return default };
        text.parse().ok().filter(|calls| *calls <= MOST_CALLS_PER_SECOND).unwrap_or_else(|| {
            self.problem("TWILIO_CPS", &format!("is no whole number from 1 to {MOST_CALLS_PER_SECOND}"));
            default
        })
    }

    fn token_life(&mut self) -> Duration {
        let Some(text) = self.get("TWILIO_TOKEN_SECONDS") else { return TOKEN_LIFE };
        text.parse().ok().filter(|seconds| TOKEN_SECONDS.contains(seconds)).map_or_else(
            || {
                let (least, most) = (TOKEN_SECONDS.start(), TOKEN_SECONDS.end());
                self.problem("TWILIO_TOKEN_SECONDS", &format!("is no number from {least} to {most}"));
                TOKEN_LIFE
            },
            Duration::from_secs,
        )
    }

    fn required(&mut self, name: &str, what: &str) -> String {
        self.get(name).unwrap_or_else(|| {
            self.problem(name, &format!("is not set; {what}"));
            String::new()
        })
    }

    fn sid<T: std::str::FromStr>(&mut self, name: &str, letters: &str) -> Option<T> {
        let text = self.required(name, &format!("it is like {letters} and 32 hexadecimal digits"));
        let parsed = text.parse().ok();
        if parsed.is_none() && !text.is_empty() {
            self.problem(name, &format!("is not {letters} and 32 hexadecimal digits"));
        }
        parsed
    }

    fn claims_sim(&mut self, is_development: bool) -> ClaimsSimConfig {
        let given = self.get("CLAIMS_SIM_DATABASE_URL").is_some();
        if given && !is_development {
            self.problem("CLAIMS_SIM_DATABASE_URL", "is only for ENVIRONMENT=development: it is written to");
        }
        ClaimsSimConfig { url: given.then(|| self.url("CLAIMS_SIM_DATABASE_URL", &["mysql://", "mariadb://"])) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Config, Vec<String>> {
        let find = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Config::from_variables(find).map_err(|problems| problems.0)
    }

    const PRODUCTION: [(&str, &str); 14] = [
        ("DATABASE_URL", "postgres://dialler:secret-word@db/dialler"),
        ("REPLICA_DATABASE_URL", "mysql://reader:secret-word@replica/claims"),
        ("PUBLIC_BASE_URL", "https://dialler.example.co.uk"),
        ("TWILIO_ACCOUNT_SID", "AC0123456789abcdef0123456789abcdef"),
        ("TWILIO_AUTH_TOKEN", "secret-word"),
        ("TWILIO_API_KEY", "SK0123456789abcdef0123456789abcdef"),
        ("TWILIO_API_SECRET", "secret-word"),
        ("TWILIO_TWIML_APP_SID", "AP0123456789abcdef0123456789abcdef"),
        ("TWILIO_PHONE_NUMBER", "+442079460000"),
        ("FIRM_NAME", "Example Claims"),
        ("RECORDINGS_URL", "s3://recordings/dialler"),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret-word"),
        ("AWS_REGION", "eu-west-2"),
    ];

    #[test]
    fn production_is_the_default_and_accepts_no_test_numbers() {
        let config = read(&PRODUCTION).unwrap();
        assert!(!config.environment.is_development);
        assert!(config.environment.test_number_prefixes.is_empty());
        assert!(config.environment.clock.is_none());
    }

    #[test]
    fn all_problems_are_reported_together_with_their_names() {
        let problems =
            read(&[("ENVIRONMENT", "staging"), ("BIND_ADDRESS", "3000"), ("CLOCK", "noon"), ("REPLICA_LAG_SOURCE", "guess")]).unwrap_err();
        for name in
            ["ENVIRONMENT", "BIND_ADDRESS", "CLOCK", "REPLICA_LAG_SOURCE", "DATABASE_URL", "REPLICA_DATABASE_URL", "PUBLIC_BASE_URL"]
        {
            assert!(problems.iter().any(|problem| problem.starts_with(name)), "{name} in {problems:?}");
        }
    }

    #[test]
    fn the_carrier_is_asked_for_one_call_a_second_or_as_many_as_is_said() {
        let pace = |calls| read(&[&PRODUCTION[..], &[("TWILIO_CPS", calls)]].concat()).map(|config| config.carrier.calls_per_second.get());
        assert_eq!(pace("").unwrap(), 1);
        assert_eq!(pace("30").unwrap(), 30);
        for wrong in ["0", "1001", "1.5", "-1"] {
            assert!(pace(wrong).unwrap_err()[0].starts_with("TWILIO_CPS is no whole number from 1 to 1000"), "{wrong}");
        }
    }

    #[test]
    fn a_browsers_token_lives_for_four_hours_or_as_long_as_is_said() {
        let life =
            |seconds| read(&[&PRODUCTION[..], &[("TWILIO_TOKEN_SECONDS", seconds)]].concat()).map(|config| config.carrier.token_life);
        assert_eq!(life("").unwrap(), Duration::from_hours(4));
        assert_eq!(life("20").unwrap(), Duration::from_secs(20));
        for wrong in ["19", "86401", "1 h"] {
            assert!(life(wrong).unwrap_err()[0].starts_with("TWILIO_TOKEN_SECONDS is no number from 20 to 86400"), "{wrong}");
        }
    }

    #[test]
    fn what_is_only_for_development_is_refused_in_production() {
        for name in ["CLOCK", "TEST_NUMBER_PREFIXES", "CLAIMS_SIM_DATABASE_URL", "ENABLE_PRE_CALL_VALIDATION", "TWILIO_API_URL"] {
            let value = match name {
                "TWILIO_API_URL" => "http://127.0.0.1:7777/twilio",
                "CLOCK" => "2026-11-24T10:30:00Z",
                "TEST_NUMBER_PREFIXES" => "+447700900",
                "ENABLE_PRE_CALL_VALIDATION" => "false",
                _ => "mysql://sim:word@localhost/claims",
            };
            let variables = [&PRODUCTION[..], &[(name, value)]].concat();
            let problems = read(&variables).unwrap_err();
            assert!(problems.iter().all(|problem| problem.starts_with(name)) && problems.len() == 1, "{name}: {problems:?}");

            let development = [&variables[..], &[("ENVIRONMENT", "development"), ("TWILIO_MODE", "live")]].concat();
            assert!(read(&development).is_ok(), "{name}");
        }
        let plain = [&[("PUBLIC_BASE_URL", "http://dialler.example.co.uk")], &PRODUCTION[..2], &PRODUCTION[3..]].concat();
        assert!(read(&plain).unwrap_err()[0].starts_with("PUBLIC_BASE_URL"));
    }

    #[test]
    fn an_emulator_elsewhere_is_an_address_for_whoever_has_the_carriers_names() {
        let with = |url, mode| {
            let more = [("ENVIRONMENT", "development"), ("TWILIO_MODE", mode), ("TWILIO_API_URL", url)];
            read(&[if mode == "live" { &PRODUCTION[..] } else { &PRODUCTION[..3] }, &more].concat())
        };
        assert_eq!(with("http://127.0.0.1:7777/twilio", "live").unwrap().carrier.api_url.as_deref(), Some("http://127.0.0.1:7777/twilio"));
        for (url, mode) in [("127.0.0.1:7777", "live"), ("http://127.0.0.1:7777/", "live"), ("http://127.0.0.1:7777/twilio", "emulated")] {
            let problems = with(url, mode).unwrap_err();
            assert!(problems.len() == 1 && problems[0].starts_with("TWILIO_API_URL"), "{problems:?}");
        }
    }

    /// lessons, line 42: secrets without defaults.
    #[test]
    fn production_does_not_start_without_its_carrier_and_emulates_none() {
        for name in CARRIER_NAMES {
            let without: Vec<_> = PRODUCTION.into_iter().filter(|(known, _)| *known != name).collect();
            let problems = read(&without).unwrap_err();
            assert!(problems.len() == 1 && problems[0].starts_with(name), "{name}: {problems:?}");
        }
        let emulated = [&PRODUCTION[..], &[("TWILIO_MODE", "emulated")]].concat();
        assert!(read(&emulated).unwrap_err()[0].starts_with("TWILIO_MODE"));
        let development = [&PRODUCTION[..3], &[("ENVIRONMENT", "development")]].concat();
        assert!(read(&development).unwrap().carrier.is_emulated);
        let mixed = [&PRODUCTION[..4], &[("ENVIRONMENT", "development")]].concat();
        assert!(read(&mixed).unwrap_err()[0].starts_with("TWILIO_ACCOUNT_SID"));
    }

    #[test]
    fn an_unknown_lag_is_accepted_in_production_only_in_so_many_words() {
        let with = |more: &[(&'static str, &'static str)]| read(&[&PRODUCTION[..], more].concat());
        for (source, known) in [("status", LagSource::Status), ("heartbeat", LagSource::Heartbeat), ("aurora", LagSource::Aurora)] {
            assert_eq!(with(&[("REPLICA_LAG_SOURCE", source)]).unwrap().replica.lag_source, known);
            let problems = with(&[("REPLICA_LAG_SOURCE", source), ("REPLICA_LAG_UNKNOWN_ACCEPTED", "true")]).unwrap_err();
            assert!(problems.len() == 1 && problems[0].starts_with("REPLICA_LAG_UNKNOWN_ACCEPTED"), "{problems:?}");
        }
        let problems = with(&[("REPLICA_LAG_SOURCE", "none")]).unwrap_err();
        assert!(problems.len() == 1 && problems[0].starts_with("REPLICA_LAG_SOURCE"), "{problems:?}");
        let accepted = with(&[("REPLICA_LAG_SOURCE", "none"), ("REPLICA_LAG_UNKNOWN_ACCEPTED", "true")]).unwrap();
        assert_eq!(accepted.replica.lag_source, LagSource::None);
        let development = [&PRODUCTION[..3], &[("ENVIRONMENT", "development"), ("REPLICA_LAG_SOURCE", "none")]].concat();
        assert_eq!(read(&development).unwrap().replica.lag_source, LagSource::None);
    }

    #[test]
    fn what_might_be_better_is_said_and_nothing_else() {
        let advice = |more: &[(&'static str, &'static str)]| read(&[&PRODUCTION[..], more].concat()).unwrap().advice();
        let status = advice(&[]);
        assert!(
            status.len() == 1 && status[0].starts_with("REPLICA_LAG_SOURCE is status") && status[0].contains("heartbeat"),
            "{status:?}"
        );
        assert_eq!(advice(&[("REPLICA_LAG_SOURCE", "heartbeat")]), Vec::<String>::new());

        let plain = ("REPLICA_DATABASE_URL", "mysql://reader:secret-word@replica/claims?ssl-mode=DISABLED");
        let without = [&PRODUCTION[..1], &PRODUCTION[2..], &[plain, ("REPLICA_LAG_SOURCE", "heartbeat")]].concat();
        let advice = read(&without).unwrap().advice();
        assert!(advice.len() == 1 && advice[0].contains("caching_sha2_password") && !advice[0].contains("secret-word"), "{advice:?}");
    }

    #[test]
    fn the_heartbeat_is_named_only_where_it_is_read() {
        let with = |more: &[(&'static str, &'static str)]| read(&[&PRODUCTION[..], more].concat());
        let named = [
            ("REPLICA_LAG_SOURCE", "heartbeat"),
            ("REPLICA_HEARTBEAT_TABLE", "percona.heartbeat"),
            ("REPLICA_HEARTBEAT_COLUMN", "beat_at"),
        ];
        let heartbeat = with(&named).unwrap().replica.heartbeat;
        assert_eq!((heartbeat.table(), heartbeat.column()), ("percona.heartbeat", "beat_at"));
        for (variables, name) in [
            (&named[1..2], "REPLICA_HEARTBEAT_TABLE"),
            (&named[2..], "REPLICA_HEARTBEAT_COLUMN"),
            (&[named[0], ("REPLICA_HEARTBEAT_TABLE", "users; drop table users")], "REPLICA_HEARTBEAT_TABLE"),
        ] {
            let problems = with(variables).unwrap_err();
            assert!(problems.len() == 1 && problems[0].starts_with(name), "{problems:?}");
        }
    }

    #[test]
    fn caches_are_on_unless_they_are_switched_off() {
        let with = |more: &[(&'static str, &'static str)]| read(&[&PRODUCTION[..], more].concat());
        assert!(with(&[]).unwrap().cache.is_on);
        assert!(!with(&[("ENABLE_OPTIONAL_CACHING", "false"), ("REDIS_URL", "redis://cache:6379")]).unwrap().cache.is_on);
        assert!(with(&[("REDIS_URL", "rediss://:word@cache:6379/1")]).unwrap().cache.redis_url.is_some());
        for (name, value) in [("ENABLE_OPTIONAL_CACHING", "no"), ("REDIS_URL", "cache:6379"), ("METRICS_TOKEN", "short")] {
            let problems = with(&[(name, value)]).unwrap_err();
            assert!(problems.len() == 1 && problems[0].starts_with(name), "{problems:?}");
        }
    }

    #[test]
    fn proxies_are_addresses_and_networks() {
        let with = |proxies| read(&[&PRODUCTION[..], &[("TRUSTED_PROXIES", proxies)]].concat());
        assert_eq!(with("").unwrap().http.trusted_proxies, TrustedProxies::default(), "by default nobody is believed");
        assert_eq!(with("127.0.0.1, 10.0.0.0/24").unwrap().http.trusted_proxies.to_string(), "127.0.0.1/32,10.0.0.0/24");
        for proxies in ["nginx", "10.0.0.7 10.0.0.8", "0.0.0.0/0"] {
            let problems = with(proxies).unwrap_err();
            assert!(problems.len() == 1 && problems[0].starts_with("TRUSTED_PROXIES"), "{problems:?}");
        }
    }

    #[test]
    fn reserved_names_are_refused_by_name() {
        for name in RESERVED {
            let problems = read(&[&PRODUCTION[..], &[(name, "1")]].concat()).unwrap_err();
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert!(problems[0].starts_with(name));
        }
    }

    #[test]
    fn secrets_are_neither_described_nor_debugged() {
        let more = [("REDIS_URL", "redis://:secret-word@cache:6379"), ("METRICS_TOKEN", "a-long-secret-word-of-its-own-and-more")];
        let config = read(&[&PRODUCTION[..], &more].concat()).unwrap();
        assert!(!format!("{config:?} {:?}", config.describe()).contains("secret-word"));
    }
}
