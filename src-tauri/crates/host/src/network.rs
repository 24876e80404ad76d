//! The network: no retries, no redirects, no proxy, bodies with a limit, and hosts by the folder's mode.

use paydesk_channels::{Operation, WireRequest};
use paydesk_desk::ports::{BoxFuture, Cut, Network};
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
const BILL_MAX: usize = 256 << 20;

/// Where the demo's sandbox listens now; shared with who starts it.
pub(crate) type SandboxAddress = Arc<RwLock<Option<SocketAddr>>>;

/// Which hosts may be reached.
#[derive(Clone)]
pub(crate) enum Reach {
    /// Only this machine: the sandbox of a demo folder.
    Sandbox(SandboxAddress),
    /// Only the hosts that connectors list.
    Channels,
}

impl Reach {
    /// The address to use, or `None` when this folder must not go there.
    fn address(&self, url: &str) -> Option<String> {
        match self {
            Reach::Sandbox(address) => {
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
            Reach::Channels => {
                let rest = url.strip_prefix("https://")?;
                let host = rest.split(['/', '?', '#', ':']).next()?;
                let listed = paydesk_channels::all()
                    .iter()
                    .any(|c| c.profile().hosts.contains(&host));
                (listed && !rest.contains('@')).then(|| url.to_owned())
            }
        }
    }
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
        let client = client(matches!(reach, Reach::Channels))?;
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

    fn way(&self) -> Option<Way> {
        self.way.read().ok().map(|way| way.clone())
    }
}

impl Network for HttpNetwork {
    fn send(
        &self,
        request: WireRequest,
        deadline: Duration,
    ) -> BoxFuture<'_, Result<WireReply, Cut>> {
        Box::pin(async move {
            let Some(Way { client, reach }) = self.way() else {
                return Err(Cut::BeforeSend);
            };
            let Some(url) = reach.address(&request.url) else {
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
                peer: Peer::Unknown,
            })
        })
    }
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

    fn sandbox(address: Option<&str>) -> Reach {
        let address = address.map(|a| a.parse().unwrap());
        Reach::Sandbox(Arc::new(RwLock::new(address)))
    }

    #[test]
    fn a_demo_folder_reaches_its_sandbox_and_nothing_else() {
        let network = sandbox(Some("127.0.0.1:4242"));
        assert_eq!(
            network
                .address("http://sandbox.localhost/gateway.do")
                .unwrap(),
            "http://127.0.0.1:4242/gateway.do"
        );
        for elsewhere in [
            "https://openapi.alipay.com/gateway.do",
            "http://127.0.0.1:80/",
            "http://sandbox.localhost.example/gateway.do",
            "http://sandbox.localhost:1/",
        ] {
            assert_eq!(network.address(elsewhere), None, "{elsewhere}");
        }
        assert_eq!(
            sandbox(Some("192.0.2.1:80")).address("http://sandbox.localhost/x"),
            None
        );
        assert_eq!(sandbox(None).address("http://sandbox.localhost/x"), None);
    }

    #[test]
    fn a_real_folder_reaches_listed_hosts_over_tls_and_no_loopback() {
        let network = Reach::Channels;
        for listed in paydesk_channels::all()
            .iter()
            .flat_map(|c| c.profile().hosts)
        {
            assert!(
                network.address(&format!("https://{listed}/x")).is_some(),
                "{listed}"
            );
            assert!(
                network.address(&format!("http://{listed}/x")).is_none(),
                "{listed}"
            );
            assert!(
                network
                    .address(&format!("https://{listed}@example.com/x"))
                    .is_none(),
                "{listed}"
            );
            assert!(
                network
                    .address(&format!("https://{listed}.example.com/x"))
                    .is_none(),
                "{listed}"
            );
        }
        for elsewhere in [
            "http://127.0.0.1:1/",
            "https://localhost/",
            "http://sandbox.localhost/x",
            "file:///etc/passwd",
        ] {
            assert_eq!(network.address(elsewhere), None, "{elsewhere}");
        }
    }
}
