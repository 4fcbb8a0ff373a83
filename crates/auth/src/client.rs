//! Who sends a request, as far as the network says, and the names of our cookies.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// Characters that are kept of what a browser says of itself.
const BROWSER_LIMIT: usize = 200;

/// Proxies of our own. What one of them says about where a request came from is believed, and nobody else's word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

/// What was given is not a list of addresses and networks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidProxies {
    /// Not an address.
    #[error("{0:?} is neither an address nor a network, such as 10.0.0.7 or 10.0.0.0/24")]
    NoAddress(String),
    /// Every sender would be believed.
    #[error("{0:?} is every address there is: everybody could say that they are somebody else")]
    Everybody(String),
}

impl FromStr for TrustedProxies {
    type Err = InvalidProxies;

    fn from_str(text: &str) -> Result<Self, InvalidProxies> {
        let given = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let read = given.map(|part| {
            let address = part.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
            let network = address.or_else(|_| part.parse::<IpNet>()).map_err(|_| InvalidProxies::NoAddress(part.to_owned()))?;
            if network.prefix_len() == 0 { Err(InvalidProxies::Everybody(part.to_owned())) } else { Ok(network) }
        });
        Ok(Self(read.collect::<Result<_, _>>()?))
    }
}

impl fmt::Display for TrustedProxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&names.join(","))
    }
}

impl TrustedProxies {
    /// The client's address. `peer` is the other end of the connection; `forwarded` are the values of X-Forwarded-For in their order. Each
    /// proxy adds at the end whom it was asked by, so the last hop that is no proxy of ours is the client: what stands before it was
    /// written by the client itself.
    pub fn client<'a>(&self, peer: IpAddr, forwarded: impl DoubleEndedIterator<Item = &'a str>) -> IpAddr {
        let mut client = peer.to_canonical();
        for hop in forwarded.rev().flat_map(|value| value.rsplit(',')) {
            if !self.0.iter().any(|network| network.contains(&client)) {
                break;
            }
            let Some(named) = hop_address(hop.trim()) else { break };
            client = named;
        }
        client
    }
}

/// Some proxies write the port as well.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|hop| hop.strip_suffix(']')).unwrap_or(hop);
    let address = bare.parse::<IpAddr>().or_else(|_| hop.parse::<SocketAddr>().map(|socket| socket.ip()));
    address.ok().map(|address| address.to_canonical())
}

/// Where a request came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// The address; none in a program without connections.
    pub address: Option<IpAddr>,
    /// What the browser says of itself, shortened.
    pub browser: Option<String>,
}

impl Client {
    fn of(headers: &HeaderMap, peer: Option<IpAddr>, proxies: &TrustedProxies) -> Self {
        let forwarded: Vec<&str> = headers.get_all("x-forwarded-for").iter().map(|value| value.to_str().unwrap_or_default()).collect();
        let browser = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        Self {
            address: peer.map(|peer| proxies.client(peer, forwarded.iter().copied())),
            browser: browser.map(|words| words.chars().take(BROWSER_LIMIT).collect()),
        }
    }

    /// What limits count by: an address of IPv4, or the network that one customer of IPv6 is given.
    pub(crate) fn network(&self) -> Option<IpAddr> {
        self.address.map(|address| match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & !u128::from(u64::MAX)).into()),
        })
    }
}

/// How requests come in.
#[derive(Clone, Debug)]
pub struct Entrance {
    proxies: Arc<TrustedProxies>,
    is_https: bool,
}

impl Entrance {
    /// Behind these proxies; `is_https`: browsers reach us over TLS.
    pub fn new(proxies: TrustedProxies, is_https: bool) -> Self {
        Self { proxies: Arc::new(proxies), is_https }
    }

    pub(crate) const fn is_https(&self) -> bool {
        self.is_https
    }

    pub(crate) const fn session_cookie(&self) -> &'static str {
        if self.is_https { "__Host-dialler_session" } else { OLD_SESSION_COOKIE }
    }

    pub(crate) const fn browser_cookie(&self) -> &'static str {
        if self.is_https { "__Host-dialler_browser" } else { "dialler_browser" }
    }
}

/// The name of the session's cookie without TLS, and before release 0.2.0 also with it.
const OLD_SESSION_COOKIE: &str = "dialler_session";

/// The layer that says of each request where it came from ([`Client`]). It stands around the session's layer.
///
/// Over TLS the cookies' names begin with `__Host-`: a browser takes such a cookie only from this very host and over TLS. The name of before
/// is read for one release more, so that nobody is signed out by the change.
pub async fn know_client(State(entrance): State<Entrance>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let client = Client::of(request.headers(), peer, &entrance.proxies);
    let name = entrance.session_cookie();
    let old = if name == OLD_SESSION_COOKIE { None } else { cookie(request.headers(), OLD_SESSION_COOKIE) };
    if let Some(old) = &old
        && cookie(request.headers(), name).is_none()
        && let Ok(renamed) = HeaderValue::from_str(&format!("{name}={old}"))
    {
        request.headers_mut().append(header::COOKIE, renamed);
    }
    request.extensions_mut().insert(client);
    request.extensions_mut().insert(entrance);
    let mut response = next.run(request).await;
    mend_cookies(response.headers_mut(), name, old.is_some());
    response
}

/// The value of a cookie of a request.
fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
}

/// A browser takes away a cookie named `__Host-` only when it is told so with Secure, which the session's layer leaves out there. The cookie
/// of before goes when the session's does or is made anew.
fn mend_cookies(headers: &mut HeaderMap, session_cookie: &str, has_old: bool) {
    let header::Entry::Occupied(entry) = headers.entry(header::SET_COOKIE) else { return };
    let (_, values) = entry.remove_entry_mult();
    let mut mended: Vec<HeaderValue> = Vec::new();
    for value in values {
        let text = value.to_str().unwrap_or_default();
        let is_bare = text.starts_with("__Host-") && !text.split(';').any(|part| part.trim().eq_ignore_ascii_case("secure"));
        let secure = is_bare.then(|| HeaderValue::from_str(&format!("{text}; Secure")).ok()).flatten();
        if has_old && text.starts_with(session_cookie) {
            mended.push(HeaderValue::from_static("dialler_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict; Secure"));
        }
        mended.push(secure.unwrap_or(value));
    }
    for value in mended {
        headers.append(header::SET_COOKIE, value);
    }
}

/// The words for a browser and its machine, such as "Firefox on Windows". Browsers name those that they descend from as well, so the first
/// that is found is it.
pub(crate) fn device_words(browser: Option<&str>) -> String {
    let said = browser.unwrap_or_default();
    let first = |known: &[(&str, &'static str)]| known.iter().find(|(mark, _)| said.contains(mark)).map(|(_, words)| *words);
    let program = first(&[("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrom", "Chrome"), ("Safari/", "Safari")]);
    let machine = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("CrOS", "ChromeOS"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (program, machine) {
        (Some(program), Some(machine)) => format!("{program} on {machine}"),
        (Some(only), None) | (None, Some(only)) => only.to_owned(),
        (None, None) => "Unknown browser".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// lessons, line 62: behind a proxy everybody had one address, and anybody could write another one.
    #[test]
    fn the_client_is_the_last_hop_that_is_no_proxy_of_ours() {
        let ours: TrustedProxies = "10.0.0.7, 192.0.2.0/24,2001:db8:1::/48".parse().unwrap();
        for (peer, forwarded, expected) in [
            ("203.0.113.9", &[][..], "203.0.113.9"),
            ("203.0.113.9", &["198.51.100.1"], "203.0.113.9"),
            ("10.0.0.7", &["198.51.100.1"], "198.51.100.1"),
            ("::ffff:10.0.0.7", &["198.51.100.1"], "198.51.100.1"),
            ("10.0.0.7", &["6.6.6.6, 198.51.100.1"], "198.51.100.1"),
            ("10.0.0.7", &["6.6.6.6", "198.51.100.1"], "198.51.100.1"),
            ("10.0.0.7", &["6.6.6.6, 198.51.100.1, 192.0.2.200"], "198.51.100.1"),
            ("10.0.0.7", &["6.6.6.6", "198.51.100.1,192.0.2.200 "], "198.51.100.1"),
            ("10.0.0.7", &["198.51.100.1:4711"], "198.51.100.1"),
            ("10.0.0.7", &["[2001:db8:2::5]:4711"], "2001:db8:2::5"),
            ("2001:db8:1::1", &["2001:db8:2::5"], "2001:db8:2::5"),
            // Nothing that can be read: the proxy itself asks.
            ("10.0.0.7", &[], "10.0.0.7"),
            ("10.0.0.7", &["198.51.100.1, unknown"], "10.0.0.7"),
            ("10.0.0.7", &["198.51.100.1,"], "10.0.0.7"),
            ("10.0.0.7", &["192.0.2.4"], "192.0.2.4"),
        ] {
            assert_eq!(ours.client(address(peer), forwarded.iter().copied()), address(expected), "{peer} {forwarded:?}");
        }
        let nobody = TrustedProxies::default();
        assert_eq!(nobody.client(address("127.0.0.1"), ["198.51.100.1"].into_iter()), address("127.0.0.1"));
    }

    #[test]
    fn what_is_no_address_or_every_address_is_no_proxy() {
        for text in ["proxy.example.co.uk", "10.0.0.0/33", "10.0.0", "10.0.0.7;10.0.0.8", "0.0.0.0/0", "10.0.0.7,::/0"] {
            assert!(text.parse::<TrustedProxies>().is_err(), "{text}");
        }
        assert_eq!("".parse::<TrustedProxies>().unwrap(), TrustedProxies::default());
        assert_eq!("10.0.0.7, 192.0.2.0/24".parse::<TrustedProxies>().unwrap().to_string(), "10.0.0.7/32,192.0.2.0/24");
    }

    #[test]
    fn one_customer_of_ipv6_is_one_address() {
        let of = |text: &str| Client { address: Some(address(text)), browser: None }.network().unwrap();
        assert_eq!(of("2001:db8:2:3:4:5:6:7"), address("2001:db8:2:3::"));
        assert_eq!(of("198.51.100.1"), address("198.51.100.1"));
    }

    #[test]
    fn browsers_are_named_in_words() {
        let chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";
        for (said, words) in [
            (chrome.to_owned(), "Chrome on Windows"),
            (format!("{chrome} Edg/142.0.0.0"), "Edge on Windows"),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".into(), "Firefox on Linux"),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.6 Safari/605.1.15".into(), "Safari on macOS"),
            ("curl/8.0".into(), "Unknown browser"),
        ] {
            assert_eq!(device_words(Some(&said)), words);
        }
        assert_eq!(device_words(None), "Unknown browser");
    }
}
