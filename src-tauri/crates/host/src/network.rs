//! The network: no retries, no redirects, no proxy, bodies with a limit, and hosts by the folder's mode.

use paydesk_channels::{Operation, WireRequest};
use paydesk_desk::ports::{BoxFuture, Cut, Network, Reached, Scope};
use paydesk_signing::{Peer, WireReply};
use std::{
    net::SocketAddr,
    sync::{Arc, RwLock},
    time::Duration,
};

/// The gateway of demo accounts; the folder knows on which port its sandbox listens now.
pub const SANDBOX_GATEWAY: &str = "http://sandbox.localhost";

/// The largest genuine answer to a money call is a few KiB.
const BODY_MAX: usize = 1 << 20;

/// A bill of a very busy day, packed or not.
const BILL_MAX: usize = 64 << 20;

/// How long a look at a host may take.
const PROBE: Duration = Duration::from_secs(5);

/// Where the demo's sandbox listens now; shared with who starts it.
pub(crate) type SandboxAddress = Arc<RwLock<Option<SocketAddr>>>;

/// Which hosts may be reached.
#[derive(Clone)]
pub(crate) enum Reach {
    /// Only this machine: the sandbox of a demo folder.
    Sandbox(SandboxAddress),
    /// Whatever the account may talk to: its channel's hosts, or the gateway of a sandbox account.
    Accounts,
}

impl Reach {
    /// The address to use and who answers there, or `None` when this folder, or this account, must not go there.
    fn place(&self, url: &str, scope: &Scope) -> Option<Place> {
        let url = self.address(url, scope)?;
        let answers = match (self, scope) {
            (Reach::Sandbox(_), _) => Peer::SandboxHere,
            (Reach::Accounts, Scope::Sandbox { gateway })
                if paydesk_desk::is_this_machine(gateway) =>
            {
                Peer::SandboxHere
            }
            // The client verifies the certificate of this host, and follows no redirect away from it.
            (Reach::Accounts, Scope::Own { .. }) => url
                .strip_prefix("https://")
                .and_then(authority_of)
                .map_or(Peer::Unknown, |host| Peer::TlsHost(host.to_owned())),
            (Reach::Accounts, Scope::Live(_) | Scope::Sandbox { .. }) => url
                .strip_prefix("https://")
                .and_then(host_of)
                .map_or(Peer::Unknown, |host| Peer::TlsHost(host.to_owned())),
        };
        Some(Place { url, answers })
    }

    fn address(&self, url: &str, scope: &Scope) -> Option<String> {
        match self {
            Reach::Sandbox(address) => {
                // A live account has no business in a demo folder.
                let Scope::Sandbox { .. } = scope else {
                    return None;
                };
                let address = (*address.read().ok()?)?;
                // Links that the sandbox itself hands out name the port it listens on.
                let rest = url
                    .strip_prefix(SANDBOX_GATEWAY)
                    .or_else(|| url.strip_prefix(&format!("http://{address}")))
                    .filter(|rest| rest.starts_with('/'))?;
                address
                    .ip()
                    .is_loopback()
                    .then(|| format!("http://{address}{rest}"))
            }
            Reach::Accounts => {
                let allowed = match scope {
                    Scope::Live(hosts) => hosts.contains(&host_of(url.strip_prefix("https://")?)?),
                    // Any host but this machine's, which could vouch for nobody: TLS decides who it is.
                    Scope::Own { gateway } => is_own(gateway) && origin(url) == origin(gateway),
                    Scope::Sandbox { gateway } => {
                        is_sandbox(gateway)
                            && (origin(url) == origin(gateway) || is_beside(url, gateway))
                    }
                };
                allowed.then(|| url.to_owned())
            }
        }
    }
}

/// Where a request goes.
#[derive(PartialEq, Eq, Debug)]
struct Place {
    url: String,
    /// Who it is that answers there, once an answer came.
    answers: Peer,
}

/// Host and port of an address without its scheme; none when the address could mean another one.
fn authority_of(rest: &str) -> Option<&str> {
    let host = rest.split(['/', '?', '#']).next()?;
    (!host.is_empty() && !host.contains(['@', '\\'])).then_some(host)
}

/// Whether a merchant's own server may be there: over TLS, and not on this machine.
fn is_own(gateway: &str) -> bool {
    let Some(authority) = gateway.strip_prefix("https://").and_then(authority_of) else {
        return false;
    };
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        Some(_) | None => authority,
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let is_here = host == "localhost"
        || host.ends_with(".localhost")
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback() || address.is_unspecified());
    !is_here
}

/// The host of an address without its scheme; none when the address could mean another one.
fn host_of(rest: &str) -> Option<&str> {
    let host = rest.split(['/', '?', '#']).next()?;
    (!host.is_empty() && !host.contains(['@', ':', '\\'])).then_some(host)
}

/// Scheme, host and port, exactly as written.
fn origin(url: &str) -> Option<&str> {
    let end = url.find("://")? + 3;
    let host = url.get(end..)?.split(['/', '?', '#']).next()?;
    let plain = !host.is_empty() && !host.contains(['@', '\\']);
    plain.then(|| url.get(..end + host.len()))?
}

/// The channel's own gateway for trying out, or this machine.
fn is_sandbox(gateway: &str) -> bool {
    let mut listed = paydesk_channels::all().iter();
    paydesk_desk::is_this_machine(gateway)
        || listed.any(|channel| channel.profile().sandbox_gateway == Some(gateway))
}

/// Whether it is another host of a channel that tries out where its real payments are: files have one of their own.
fn is_beside(url: &str, gateway: &str) -> bool {
    let host = url.strip_prefix("https://").and_then(host_of);
    let mut profiles = paydesk_channels::all().iter().map(|it| it.profile());
    host.is_some_and(|host| {
        profiles.any(|profile| {
            profile.gateway == gateway
                && profile.sandbox_gateway == Some(gateway)
                && profile.hosts.contains(&host)
        })
    })
}

/// A network over reqwest with rustls.
pub(crate) struct HttpNetwork {
    way: RwLock<Way>,
}

/// Which hosts may be reached, and the client for them.
#[derive(Clone)]
struct Way {
    client: reqwest::Client,
    reach: Reach,
}

/// A client that repeats nothing and follows nothing. The demo speaks plain HTTP to this machine, so it
/// trusts no certificate at all and does not read the system's few hundred at every start.
#[allow(
    clippy::disallowed_methods,
    reason = "the one HTTP client of the product"
)]
pub(crate) fn client(with_tls: bool) -> Result<reqwest::Client, reqwest::Error> {
    let builder = reqwest::Client::builder()
        .retry(reqwest::retry::never())
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        // A stale kept-alive connection would be re-sent by the pool; a fresh one makes "before send" provable.
        .pool_max_idle_per_host(0)
        .connect_timeout(Duration::from_secs(5));
    if with_tls {
        return builder.build();
    }
    builder.tls_certs_only(std::iter::empty()).build()
}

impl Way {
    fn to(reach: Reach) -> Result<Way, reqwest::Error> {
        let client = client(matches!(reach, Reach::Accounts))?;
        Ok(Way { client, reach })
    }
}

impl HttpNetwork {
    /// A network; which hosts it reaches can change once the folder's mode is known.
    ///
    /// # Errors
    /// reqwest's, when TLS cannot be set up.
    pub(crate) fn new(reach: Reach) -> Result<HttpNetwork, reqwest::Error> {
        Ok(HttpNetwork {
            way: RwLock::new(Way::to(reach)?),
        })
    }

    /// Sets which hosts may be reached from now on.
    ///
    /// # Errors
    /// reqwest's, when TLS cannot be set up.
    pub(crate) fn set_reach(&self, reach: Reach) -> Result<(), reqwest::Error> {
        let way = Way::to(reach)?;
        if let Ok(mut current) = self.way.write() {
            *current = way;
        }
        Ok(())
    }

    /// The address that a browser may be sent to for `url`, or none where it must not go there.
    pub(crate) fn address(&self, url: &str, scope: &Scope) -> Option<String> {
        self.way()?.reach.address(url, scope)
    }

    fn way(&self) -> Option<Way> {
        self.way.read().ok().map(|way| way.clone())
    }
}

impl Network for HttpNetwork {
    fn send(
        &self,
        request: WireRequest,
        scope: Scope,
        deadline: Duration,
    ) -> BoxFuture<'_, Result<WireReply, Cut>> {
        Box::pin(async move {
            let Some(Way { client, reach }) = self.way() else {
                return Err(Cut::BeforeSend);
            };
            let Some(Place { url, answers }) = reach.place(&request.url, &scope) else {
                return Err(Cut::BeforeSend);
            };
            let most = match request.operation {
                Operation::BillFile => BILL_MAX,
                _ => BODY_MAX,
            };
            let method = if request.method == "GET" {
                reqwest::Method::GET
            } else {
                reqwest::Method::POST
            };
            let mut builder = client
                .request(method, url)
                .timeout(deadline)
                .body(request.body);
            for (name, value) in &request.headers {
                builder = builder.header(name, value);
            }
            let mut response = builder.send().await.map_err(cut)?;
            let status = response.status().as_u16();
            let headers = response
                .headers()
                .iter()
                .map(|(name, value)| {
                    (
                        name.to_string(),
                        String::from_utf8_lossy(value.as_bytes()).into_owned(),
                    )
                })
                .collect();
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(|_| Cut::AfterSend)? {
                if body.len() + chunk.len() > most {
                    return Err(Cut::AfterSend);
                }
                body.extend_from_slice(&chunk);
            }
            Ok(WireReply {
                status,
                headers,
                body,
                peer: answers,
            })
        })
    }

    fn reach<'a>(&'a self, url: &'a str, scope: Scope) -> BoxFuture<'a, Reached> {
        Box::pin(async move {
            let way = self.way();
            let way = way.and_then(|way| Some((way.client, way.reach.address(url, &scope)?)));
            let Some((client, url)) = way else {
                return Reached::NotAllowed;
            };
            let is_tls = url.starts_with("https://");
            let Some(place) = host_and_port(&url) else {
                return Reached::NotAllowed;
            };
            let Ok(mut addresses) = tokio::net::lookup_host(place.clone()).await else {
                return Reached::NoAddress;
            };
            if addresses.next().is_none() {
                return Reached::NoAddress;
            }
            let connected = tokio::time::timeout(PROBE, tokio::net::TcpStream::connect(place));
            if !matches!(connected.await, Ok(Ok(_))) {
                return Reached::Refused;
            }
            if !is_tls {
                return Reached::Plain;
            }
            // Nothing but the handshake is of interest; the host's front page is asked for.
            let front = origin(&url).unwrap_or_default().to_owned();
            match client.head(front).timeout(PROBE).send().await {
                Err(error) if error.is_connect() => Reached::TlsWrong,
                Ok(_) | Err(_) => Reached::Tls,
            }
        })
    }
}

/// What a name look-up and a connection need.
fn host_and_port(url: &str) -> Option<(String, u16)> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    let usual = if scheme == "https" { 443 } else { 80 };
    Some(match host.rsplit_once(':') {
        Some((name, port)) => (name.trim_matches(['[', ']']).to_owned(), port.parse().ok()?),
        None => (host.to_owned(), usual),
    })
}

/// Only a connection that was never opened proves that nothing was sent.
fn cut(error: reqwest::Error) -> Cut {
    if error.is_connect() || error.is_builder() {
        Cut::BeforeSend
    } else {
        Cut::AfterSend
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const DEMO: Scope = Scope::Live(&[]);

    fn sandbox(address: Option<&str>) -> Reach {
        let address = address.map(|a| a.parse().unwrap());
        Reach::Sandbox(Arc::new(RwLock::new(address)))
    }

    fn gateway(gateway: &str) -> Scope {
        Scope::Sandbox {
            gateway: gateway.to_owned(),
        }
    }

    #[test]
    fn a_demo_folder_reaches_its_sandbox_and_nothing_else() {
        let network = sandbox(Some("127.0.0.1:4242"));
        let demo = gateway(SANDBOX_GATEWAY);
        assert_eq!(
            network
                .address("http://sandbox.localhost/gateway.do", &demo)
                .unwrap(),
            "http://127.0.0.1:4242/gateway.do"
        );
        for elsewhere in [
            "https://openapi.alipay.com/gateway.do",
            "http://127.0.0.1:80/",
            "http://sandbox.localhost.example/gateway.do",
            "http://sandbox.localhost:1/",
        ] {
            assert_eq!(network.address(elsewhere, &demo), None, "{elsewhere}");
        }
        let outside = sandbox(Some("192.0.2.1:80"));
        assert_eq!(outside.address("http://sandbox.localhost/x", &demo), None);
        let unknown = sandbox(None);
        assert_eq!(unknown.address("http://sandbox.localhost/x", &demo), None);
        assert_eq!(network.address("http://sandbox.localhost/x", &DEMO), None);
    }

    #[test]
    fn a_live_account_reaches_its_own_channel_over_tls_and_nothing_else() {
        let network = Reach::Accounts;
        for channel in paydesk_channels::all() {
            let profile = channel.profile();
            let live = Scope::Live(profile.hosts);
            for host in profile.hosts {
                let allowed = |url: String| network.address(&url, &live).is_some();
                assert!(allowed(format!("https://{host}/x")), "{host}");
                let place = network.place(&format!("https://{host}/x"), &live).unwrap();
                assert_eq!(place.answers, Peer::TlsHost((*host).to_owned()));
                let mut elsewhere = vec![
                    format!("http://{host}/x"),
                    format!("https://{host}@example.com/x"),
                    format!("https://{host}.example.com/x"),
                    format!("https://example.com\\@{host}/x"),
                    format!("https://{host}:8443/x"),
                ];
                // Some channels try out on the host of the real ones and tell the two apart by the key.
                let trying = profile.sandbox_gateway.unwrap_or_default();
                let tried = trying.strip_prefix("https://").and_then(host_of);
                if !tried.is_some_and(|tried| profile.hosts.contains(&tried)) {
                    elsewhere.push(trying.to_owned());
                }
                for elsewhere in elsewhere {
                    assert!(!allowed(elsewhere.clone()), "{elsewhere}");
                }
                let others = paydesk_channels::all().iter().map(|other| other.profile());
                for other in others.filter(|other| other.id != profile.id) {
                    let url = format!("https://{host}/x");
                    assert_eq!(network.address(&url, &Scope::Live(other.hosts)), None);
                }
            }
            for elsewhere in [
                "http://127.0.0.1:1/",
                "https://localhost/",
                "http://sandbox.localhost/x",
                "file:///etc/passwd",
            ] {
                assert_eq!(network.address(elsewhere, &live), None, "{elsewhere}");
            }
        }
    }

    #[test]
    fn a_peer_is_vouched_for_only_where_its_certificate_is_verified() {
        let answers = |reach: &Reach, url: &str, scope: &Scope| {
            let place = reach.place(url, scope);
            place.map(|place| place.answers)
        };
        let demo = sandbox(Some("127.0.0.1:4242"));
        assert_eq!(
            answers(
                &demo,
                "http://sandbox.localhost/x",
                &gateway(SANDBOX_GATEWAY)
            ),
            Some(Peer::SandboxHere)
        );
        let local = "http://127.0.0.1:4242/v1/x";
        let here = gateway("http://127.0.0.1:4242");
        assert_eq!(
            answers(&Reach::Accounts, local, &here),
            Some(Peer::SandboxHere)
        );
        // A live account gets no answer from this machine at all, whatever host is on its list.
        assert_eq!(
            answers(&Reach::Accounts, local, &Scope::Live(&["127.0.0.1:4242"])),
            None
        );
        assert_eq!(
            answers(
                &Reach::Accounts,
                "https://api.example.com/v1/x",
                &Scope::Live(&["api.example.com"])
            ),
            Some(Peer::TlsHost("api.example.com".to_owned()))
        );
    }

    #[test]
    fn a_server_of_ones_own_is_reached_over_tls_and_nothing_else_is() {
        let own = |gateway: &str| Scope::Own {
            gateway: gateway.to_owned(),
        };
        let place = |url: &str, gateway: &str| Reach::Accounts.place(url, &own(gateway));
        for (gateway, url, host) in [
            (
                "https://pay.example.com",
                "https://pay.example.com/api/v1/x?a=1",
                "pay.example.com",
            ),
            (
                "https://pay.example.com:8443",
                "https://pay.example.com:8443/api",
                "pay.example.com:8443",
            ),
            (
                "https://pay.example.com/btcpay",
                "https://pay.example.com/btcpay/api",
                "pay.example.com",
            ),
        ] {
            let place = place(url, gateway).unwrap();
            assert_eq!(place.answers, Peer::TlsHost(host.to_owned()));
        }
        for (gateway, url) in [
            ("https://pay.example.com", "http://pay.example.com/api"),
            ("http://pay.example.com", "http://pay.example.com/api"),
            (
                "https://pay.example.com",
                "https://pay.example.com.example/api",
            ),
            (
                "https://pay.example.com",
                "https://pay.example.com@example.org/api",
            ),
            (
                "https://pay.example.com",
                "https://pay.example.com:8443/api",
            ),
            ("https://localhost", "https://localhost/api"),
            ("https://shop.localhost", "https://shop.localhost/api"),
            ("https://127.0.0.1:8443", "https://127.0.0.1:8443/api"),
            ("https://[::1]", "https://[::1]/api"),
            ("", "https://pay.example.com/api"),
        ] {
            assert_eq!(place(url, gateway), None, "{url}");
        }
        // A demo has no business there.
        let demo = sandbox(Some("127.0.0.1:4242"));
        let url = "https://pay.example.com/api";
        assert_eq!(demo.place(url, &own("https://pay.example.com")), None);
    }

    #[test]
    fn a_sandbox_account_reaches_its_gateway_and_never_a_live_host() {
        let network = Reach::Accounts;
        let local = gateway("http://127.0.0.1:4242/gateway.do");
        let reached = |url: &str, scope: &Scope| network.address(url, scope).is_some();
        assert!(reached("http://127.0.0.1:4242/gateway.do?a=b", &local));
        assert!(reached("http://127.0.0.1:4242/bill", &local));
        for elsewhere in [
            "http://127.0.0.1:4243/gateway.do",
            "http://127.0.0.1:42421/gateway.do",
            "http://127.0.0.1:4242@example.com/",
            "https://127.0.0.1:4242/gateway.do",
            "https://openapi.alipay.com/gateway.do",
        ] {
            assert!(!reached(elsewhere, &local), "{elsewhere}");
        }
        let theirs = "https://openapi-sandbox.dl.alipaydev.com/gateway.do";
        assert!(reached(theirs, &gateway(theirs)));
        // Stripe tries out at the hosts of the real payments, and hands out files at another one than it answers.
        let stripe = gateway("https://api.stripe.com");
        let file = "https://files.stripe.com/v1/files/file_1/contents";
        let place = network.place(file, &stripe).unwrap();
        assert_eq!(place.answers, Peer::TlsHost("files.stripe.com".to_owned()));
        for elsewhere in [
            "http://files.stripe.com/v1/files/file_1/contents",
            "https://files.stripe.com:444/v1/files/file_1/contents",
            "https://files.stripe.com.example.com/",
            "https://dashboard.stripe.com/",
            "https://api.mch.weixin.qq.com/",
        ] {
            assert!(!reached(elsewhere, &stripe), "{elsewhere}");
        }
        assert!(!reached(file, &local) && !reached(file, &gateway(theirs)));
        // Whatever stands in the settings: a live or foreign gateway marked as a sandbox goes nowhere.
        for live in [
            "https://openapi.alipay.com/gateway.do",
            "https://api.mch.weixin.qq.com",
            "http://192.0.2.1/",
            "http://localhost.example.com/",
        ] {
            assert!(!reached(live, &gateway(live)), "{live}");
        }
    }
}
