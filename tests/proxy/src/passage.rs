//! The proxy: one task for each connection, one fault at most for each call, and a log of what passed.
//!
//! What a till has sent belongs to the network: a till that dies does not call its request back. It must never
//! change a request, and never make up a reply that the channel could have signed.

use crate::http::Message;
use crate::{Call, Fault, Trouble, Weather, monotonic_ns};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// Replies that may come again, newest last.
const KEPT_REPLIES: usize = 32;

/// A till gives up before; one that was killed closes at once.
const LONGEST_HOLD: Duration = Duration::from_secs(40);

/// What happens to one connection.
type Passing<T = ()> = io::Result<T>;

/// One call that passed.
#[derive(Clone, Debug)]
pub struct Passed {
    /// What it asked.
    pub call: Call,
    /// When all of it was here.
    pub received_ns: u64,
    /// When its answer was handed to the till's side of the network.
    pub answered_ns: Option<u64>,
    /// What struck it.
    pub fault: Option<Fault>,
}

/// What the connections share.
struct Between {
    upstream: SocketAddr,
    random: Mutex<StdRng>,
    weather: Mutex<Weather>,
    struck: Mutex<BTreeMap<Fault, u64>>,
    passed: Mutex<Vec<Passed>>,
    made: Mutex<Vec<(String, String)>>,
    old: Mutex<VecDeque<Message>>,
    under_way: AtomicU64,
}

/// A proxy that listens.
pub struct Proxy {
    between: Arc<Between>,
    address: SocketAddr,
    listening: tokio::task::JoinHandle<()>,
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Proxy {
    /// Listens on loopback and passes everything on; on the runtime it is called on.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(upstream: SocketAddr, seed: u64) -> Result<Proxy, Trouble> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let between = Arc::new(Between {
            upstream,
            random: Mutex::new(StdRng::seed_from_u64(seed)),
            weather: Mutex::default(),
            struck: Mutex::default(),
            passed: Mutex::default(),
            made: Mutex::default(),
            old: Mutex::default(),
            under_way: AtomicU64::new(0),
        });
        let shared = Arc::clone(&between);
        let listening = tokio::spawn(async move {
            while let Ok((till, _)) = listener.accept().await {
                let between = Arc::clone(&shared);
                tokio::spawn(async move {
                    // Whatever ends a connection here is what the till sees of it.
                    drop(between.serve(till).await);
                });
            }
        });
        Ok(Proxy {
            between,
            address,
            listening,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sets what strikes calls from now on.
    pub fn set_weather(&self, weather: Weather) {
        *held(&self.between.weather) = weather;
    }

    /// How many calls have passed: a place in the log.
    #[must_use]
    pub fn count(&self) -> usize {
        held(&self.between.passed).len()
    }

    /// The calls after that place.
    #[must_use]
    pub fn passed_since(&self, place: usize) -> Vec<Passed> {
        let passed = held(&self.between.passed);
        passed.get(place..).unwrap_or_default().to_vec()
    }

    /// How often each fault struck.
    #[must_use]
    pub fn struck(&self) -> BTreeMap<Fault, u64> {
        held(&self.between.struck).clone()
    }

    /// Calls that are neither answered nor given up, and copies that are still to arrive.
    #[must_use]
    pub fn under_way(&self) -> u64 {
        self.between.under_way.load(Ordering::SeqCst)
    }

    /// What the channel itself replied since the last call: reference and SHA-256 of the body.
    #[must_use]
    pub fn take_made(&self) -> Vec<(String, String)> {
        std::mem::take(&mut *held(&self.between.made))
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Counts what is under way for as long as it lives.
struct UnderWay(Arc<Between>);

impl UnderWay {
    fn begin(between: &Arc<Between>) -> UnderWay {
        between.under_way.fetch_add(1, Ordering::SeqCst);
        UnderWay(Arc::clone(between))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Between {
    async fn serve(self: &Arc<Self>, mut till: TcpStream) -> Passing {
        till.set_nodelay(true)?;
        while let Some(request) = Message::read(&mut till).await? {
            let _under_way = UnderWay::begin(self);
            if request.head.contains(" /_sandbox/") {
                self.fetch(&request).await?.write(&mut till).await?;
                continue;
            }
            let call = Call::read(&request);
            let fault = held(&self.weather).strike(call.kind, &mut held(&self.random));
            let place = self.note(call.clone(), fault);
            if self.pass(&mut till, request, &call, fault).await? {
                if let Some(passed) = held(&self.passed).get_mut(place) {
                    passed.answered_ns = Some(monotonic_ns());
                }
            } else {
                break;
            }
        }
        Ok(())
    }

    fn note(&self, call: Call, fault: Option<Fault>) -> usize {
        if let Some(fault) = fault {
            *held(&self.struck).entry(fault).or_default() += 1;
        }
        let mut passed = held(&self.passed);
        passed.push(Passed {
            call,
            received_ns: monotonic_ns(),
            answered_ns: None,
            fault,
        });
        passed.len() - 1
    }

    fn draw(&self, least: u64, most: u64) -> u64 {
        held(&self.random).gen_range(least..=most)
    }

    async fn wait(&self, least_ms: u64, most_ms: u64) {
        let wait = self.draw(least_ms, most_ms);
        sleep(Duration::from_millis(wait)).await;
    }

    /// One exchange with the channel, on a connection of its own.
    async fn fetch(&self, request: &Message) -> Passing<Message> {
        let mut channel = TcpStream::connect(self.upstream).await?;
        channel.set_nodelay(true)?;
        request.write(&mut channel).await?;
        let reply = Message::read(&mut channel).await?;
        reply.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// The same, with the reply on record as the channel's own.
    async fn deliver(&self, request: &Message, call: &Call) -> Passing<Message> {
        let reply = self.fetch(request).await?;
        if let Some(reference) = &call.reference {
            let digest = Sha256::digest(&reply.body);
            let digest = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            held(&self.made).push((reference.clone(), digest));
            let mut old = held(&self.old);
            old.push_back(reply.clone());
            if old.len() > KEPT_REPLIES {
                old.pop_front();
            }
        }
        Ok(reply)
    }

    /// Lets a call pass as its fault wills; whether an answer was handed over.
    async fn pass(
        self: &Arc<Self>,
        till: &mut TcpStream,
        request: Message,
        call: &Call,
        fault: Option<Fault>,
    ) -> Passing<bool> {
        let Some(fault) = fault else {
            self.deliver(&request, call).await?.write(till).await?;
            return Ok(true);
        };
        let reply = match fault {
            Fault::RequestLost => return Ok(false),
            Fault::RequestCut => {
                let bytes = request.bytes();
                let mut channel = TcpStream::connect(self.upstream).await?;
                let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
                channel.write_all(half).await?;
                channel.flush().await?;
                return Ok(false);
            }
            Fault::Portal => Message::reply("200 OK", "text/html", "<html>please sign in</html>"),
            Fault::GatewayBefore => bad_gateway(),
            Fault::GatewayAfter => {
                self.deliver(&request, call).await?;
                bad_gateway()
            }
            Fault::ReplyLost => {
                self.deliver(&request, call).await?;
                return Ok(false);
            }
            Fault::Silence => {
                self.deliver(&request, call).await?;
                let_go(till).await;
                return Ok(false);
            }
            Fault::RequestHeld => {
                let_go(till).await;
                self.deliver(&request, call).await?;
                return Ok(false);
            }
            Fault::RequestLate => {
                self.wait(300, 4_000).await;
                self.deliver(&request, call).await?
            }
            Fault::ReplyLate => {
                let reply = self.deliver(&request, call).await?;
                self.wait(300, 4_000).await;
                reply
            }
            Fault::RequestDoubled => {
                self.deliver(&request, call).await?;
                self.deliver(&request, call).await?
            }
            Fault::RequestAgain => {
                let reply = self.deliver(&request, call).await?;
                self.again(request, call.clone());
                reply
            }
            Fault::ReplyTrickles => {
                let reply = self.deliver(&request, call).await?;
                trickle(till, &reply).await?;
                return Ok(true);
            }
            Fault::ReplyTruncated => {
                let bytes = self.deliver(&request, call).await?.bytes();
                till.write_all(bytes.get(..bytes.len() / 2).unwrap_or_default())
                    .await?;
                till.flush().await?;
                return Ok(false);
            }
            Fault::ReplyFlipped => {
                let draw = self.draw(0, u64::MAX);
                self.deliver(&request, call).await?.flipped(draw)
            }
            Fault::ReplyForged => self.deliver(&request, call).await?.forged(),
            Fault::ReplyReplayed => {
                let earlier = self.earlier();
                let fresh = self.deliver(&request, call).await?;
                earlier.unwrap_or(fresh)
            }
        };
        reply.write(till).await?;
        Ok(true)
    }

    fn again(self: &Arc<Self>, request: Message, call: Call) {
        let between = Arc::clone(self);
        let under_way = UnderWay::begin(self);
        tokio::spawn(async move {
            between.wait(500, 6_000).await;
            // Its reply is for nobody.
            drop(between.deliver(&request, &call).await);
            drop(under_way);
        });
    }

    fn earlier(&self) -> Option<Message> {
        let old = held(&self.old);
        let place = held(&self.random).gen_range(0..KEPT_REPLIES);
        old.get(place.checked_rem(old.len())?).cloned()
    }
}

fn bad_gateway() -> Message {
    Message::reply("502 Bad Gateway", "text/html", "<html>bad gateway</html>")
}

/// Waits until the till closes its side, at most for as long as anything is held.
async fn let_go(till: &mut TcpStream) {
    let mut bytes = [0; 64];
    let closed = async { while till.read(&mut bytes).await.is_ok_and(|count| count > 0) {} };
    drop(tokio::time::timeout(LONGEST_HOLD, closed).await);
}

/// A few bytes at a time, over about a second.
async fn trickle(till: &mut TcpStream, reply: &Message) -> Passing {
    let bytes = reply.bytes();
    for drops in bytes.chunks(bytes.len().div_ceil(20).max(1)) {
        till.write_all(drops).await?;
        till.flush().await?;
        sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}
