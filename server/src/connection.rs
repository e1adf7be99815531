//! One task for each socket: what the client says, keepalive, liveness, the end.
//!
//! What the server says is written by whoever says it, see [`Outbox`]; the task writes only where
//! the socket did not take everything at once. Idle, it holds no buffer and one timer.

mod address_map;
mod backlog;
mod frame_reader;
pub(crate) mod hocuspocus;
mod hocuspocus_socket;
mod lifetime;
mod pacing;
mod y_websocket_socket;

use std::{
    cell::RefCell,
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use unisson_protocol::{CloseReason, DocName, dialect::hocuspocus::Address};

use self::{
    frame_reader::{FrameReader, Incoming, Violation},
    pacing::{Pace, Pacing},
};
use crate::{
    auth::Grant,
    doc_task::DocMessage,
    frame::Frame,
    metrics::{DialectLabel, ReasonLabel},
    outbox::{Event, Kind, Order, Outbox, Pipe, Written},
    registry::{Registry, Shared},
    sockets::{Admission, Place},
    spaces::{Standing, Watch},
};

pub(crate) use backlog::Backlog;
pub(crate) use hocuspocus_socket::HocuspocusSocket;
pub(crate) use y_websocket_socket::YWebsocketSocket;

/// A client that has heard nothing for 30 s reconnects, so it hears something sooner. A socket's
/// timer is never set further ahead than this.
const KEEPALIVE: Duration = Duration::from_secs(15);
/// How often a socket that takes nothing is looked at, at most.
const TICK_MIN: Duration = Duration::from_secs(1);
/// A client that has said nothing for so long is asked, by a WebSocket ping, whether it is there.
const PING: Duration = Duration::from_secs(25);
/// A socket that neither speaks nor answers pings for so long is dead.
const LIVENESS: Duration = Duration::from_secs(60);
/// How long the client has to take the last frames, and then to answer the close.
const CLOSING: Duration = Duration::from_secs(2);
/// What frames need beside an update: address, type and lengths.
const FRAME_OVERHEAD_BYTES: usize = 4 << 10;
/// How much is read at once.
const READ_BYTES: usize = 64 << 10;

thread_local! {
    /// Where sockets read to: each thread reads one socket at a time, and what is read is taken
    /// before the next, so that no socket needs a buffer of its own.
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_BYTES].into());
}

/// What one dialect does with a socket. Effects go to documents and to the outbox.
pub(crate) trait Dialect: Send {
    /// Its name in metrics.
    const NAME: &'static str;
    /// The frame that means nothing and keeps a client from reconnecting.
    const KEEPALIVE: &'static [u8];

    /// The socket is open.
    fn opened(&mut self, backlog: &mut Backlog) -> Result<(), CloseReason>;
    /// A binary frame has come. No other one comes before the backlog is empty.
    fn received(&mut self, frame: Bytes, backlog: &mut Backlog) -> Result<(), CloseReason>;
    /// A session has let go of a document.
    fn detached(&mut self, address: &Address);
    /// A credential has been checked.
    fn decided(&mut self, decided: Decided, backlog: &mut Backlog) -> Result<(), CloseReason>;
    /// What the client may do in spaces may have changed.
    fn look_again(&mut self, backlog: &mut Backlog) -> Result<(), CloseReason>;
    /// Who it is, where authentication has said so.
    fn user(&self) -> Option<&Arc<str>>;
    /// When the client should have authenticated, if it has not.
    fn deadline(&self) -> Option<Instant>;
    /// When a grant ends, or the next one should be seen to.
    fn next_due(&self) -> Option<Instant>;
    /// That moment has come.
    fn due(&mut self, now: Instant, backlog: &mut Backlog) -> Result<(), CloseReason>;
    /// What the client is told before the socket closes, if anything.
    fn farewell(&self, reason: CloseReason) -> Option<Bytes>;
    /// The socket is gone.
    fn closed(&mut self, backlog: &mut Backlog);
}

/// How a socket ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// The server ends it.
    Server(CloseReason),
    /// The client has closed it, with this code.
    Client(Option<u16>),
    /// The client has gone without a word.
    Gone,
}

impl From<CloseReason> for Ended {
    fn from(reason: CloseReason) -> Self {
        Self::Server(reason)
    }
}

impl From<Violation> for Ended {
    fn from(violation: Violation) -> Self {
        tracing::debug!(%violation, "malformed");
        Self::Server(CloseReason::Malformed)
    }
}

/// Serves one socket to its end; `early` has been read from it already.
pub(crate) fn serve<D: Dialect>(
    dialect: D,
    outbox: Arc<Outbox>,
    shared: Arc<Shared>,
    early: Vec<u8>,
    admission: Admission,
) -> impl Future<Output = ()> + Send {
    let limit = shared.settings.limits.update_bytes_max + FRAME_OVERHEAD_BYTES;
    let now = Instant::now();
    // Made here, not in the future, which would keep room for all the parts as well.
    let mut socket = Socket {
        dialect,
        outbox,
        reader: FrameReader::new(limit),
        backlog: Backlog::default(),
        unread: early,
        heard_at: now,
        pinged_at: now,
        pacing: Pacing::new(now),
        frames_came: 0,
        shared,
        admission,
    };
    async move {
        let place = socket.entered();
        let ended = socket.run().await;
        // Saying goodbye takes rooms that an open socket does not need.
        Box::pin(socket.end(ended)).await;
        socket.left(place);
    }
}

struct Socket<D> {
    dialect: D,
    outbox: Arc<Outbox>,
    reader: FrameReader,
    backlog: Backlog,
    /// Read, but not looked at while the backlog is not empty.
    unread: Vec<u8>,
    heard_at: Instant,
    pinged_at: Instant,
    pacing: Pacing,
    /// Since the pace was last looked at.
    frames_came: usize,
    shared: Arc<Shared>,
    admission: Admission,
}

/// What a round of a socket's task came to.
enum Round {
    Order(Order),
    Heard(Result<(), Ended>),
    Timer,
}

impl<D: Dialect> Socket<D> {
    const LABEL: DialectLabel = DialectLabel { dialect: D::NAME };

    fn entered(&self) -> Place {
        let metrics = &self.shared.metrics;
        metrics.sockets.get_or_create(&Self::LABEL).inc();
        let sockets = &self.shared.sockets;
        sockets.enter(&self.outbox, D::NAME, &self.admission)
    }

    fn left(&self, place: Place) {
        let metrics = &self.shared.metrics;
        metrics.sockets.get_or_create(&Self::LABEL).dec();
        self.shared.sockets.leave(place);
    }

    async fn run(&mut self) -> Ended {
        match self.serve().await {
            Ok(never) => match never {},
            Err(ended) => ended,
        }
    }

    async fn serve(&mut self) -> Result<std::convert::Infallible, Ended> {
        self.dialect.opened(&mut self.backlog)?;
        let first = Instant::now() + KEEPALIVE;
        let due = self.dialect.next_due().unwrap_or(first);
        let deadline = self.dialect.deadline().unwrap_or(first);
        let mut timer = pin!(sleep_until(first.min(due).min(deadline)));
        loop {
            if !self.admission.is_identified() && self.dialect.deadline().is_none() {
                self.admission.identified();
            }
            if let Some(user) = self.dialect.user()
                && !self.admission.has_user()
            {
                let share = self.shared.sockets.share_of(user);
                self.admission.of_user(share);
            }
            while !(self.backlog.is_empty() && self.unread.is_empty()) {
                Box::pin(self.backlog.clear()).await?;
                let mut unread = std::mem::take(&mut self.unread);
                self.heard(&mut unread)?;
            }
            match poll_fn(|context| self.poll(context, timer.as_mut())).await {
                Round::Order(order) => self.obey(order)?,
                Round::Heard(outcome) => outcome?,
                Round::Timer => timer.as_mut().reset(self.tick()?),
            }
            // What was just granted, or a pause, may end before the timer would look.
            let soonest = self.dialect.next_due().into_iter();
            let soonest = soonest.chain(self.pacing.resume_at()).min();
            if let Some(due) = soonest.filter(|due| *due < timer.deadline()) {
                timer.as_mut().reset(due);
            }
        }
    }

    fn poll(&mut self, context: &mut Context<'_>, timer: Pin<&mut Sleep>) -> Poll<Round> {
        SCRATCH.with_borrow_mut(|scratch| {
            let mut written = Written::default();
            // Over its rate a socket is not read: the client's machine holds the rest.
            let room = match self.pacing.resume_at() {
                Some(_) => 0,
                None => scratch.len(),
            };
            let event = self
                .outbox
                .poll(context, &mut scratch[..room], &mut written);
            self.shared.metrics.sent(written);
            match event {
                Poll::Ready(Event::Order(order)) => Poll::Ready(Round::Order(order)),
                Poll::Ready(Event::Read(Ok(0) | Err(_))) => {
                    Poll::Ready(Round::Heard(Err(Ended::Gone)))
                }
                Poll::Ready(Event::Read(Ok(bytes))) => {
                    self.heard_at = Instant::now();
                    let outcome = self.heard(&mut scratch[..bytes]);
                    let outcome = outcome.and_then(|()| Ok(self.pace(bytes)?));
                    Poll::Ready(Round::Heard(outcome))
                }
                Poll::Pending => timer.poll(context).map(|()| Round::Timer),
            }
        })
    }

    /// Takes bytes of the client, and writes what they are answered with here and now.
    fn heard(&mut self, bytes: &mut [u8]) -> Result<(), Ended> {
        let (mut frames, mut frame_bytes) = (0, 0);
        let outcome = self.take_frames(bytes, &mut frames, &mut frame_bytes);
        self.shared.metrics.frames_received.inc_by(frames);
        self.shared.metrics.bytes_received.inc_by(frame_bytes);
        outcome
    }

    /// Counts what was just read, and the frames that have come of it, against the socket's rates.
    fn pace(&mut self, bytes: usize) -> Result<(), CloseReason> {
        let shared = &self.shared;
        let now = Instant::now();
        let took = (std::mem::take(&mut self.frames_came), bytes);
        let (of_user, of_address) = self.admission.took(now, took);
        let limits = &shared.settings.traffic;
        match self.pacing.took(now, took, of_user, of_address, limits) {
            Pace::Fine | Pace::Slow => Ok(()),
            Pace::Slowed(limit) => {
                shared.metrics.limit(limit);
                Ok(())
            }
            Pace::Flood => {
                shared.metrics.limit("slowed_ms_max");
                Err(CloseReason::Overloaded)
            }
        }
    }

    fn take_frames(
        &mut self,
        mut bytes: &mut [u8],
        frames: &mut u64,
        frame_bytes: &mut u64,
    ) -> Result<(), Ended> {
        while let Some(incoming) = self.reader.next(&mut bytes)? {
            self.frames_came += 1;
            match incoming {
                Incoming::Message(frame) => {
                    *frames += 1;
                    *frame_bytes += frame.len() as u64;
                    self.dialect.received(frame, &mut self.backlog)?;
                }
                Incoming::Ping(payload) => {
                    self.outbox.push(Frame::pong(&payload), Kind::Presence);
                }
                Incoming::Pong => {}
                Incoming::Close(code) => return Err(Ended::Client(code)),
            }
            if !self.backlog.is_empty() {
                self.unread = bytes.to_vec();
                break;
            }
        }
        Ok(())
    }

    fn obey(&mut self, order: Order) -> Result<(), Ended> {
        match order {
            Order::Detached(address) => self.dialect.detached(&address),
            Order::Decided(decided) => self.dialect.decided(decided, &mut self.backlog)?,
            Order::LookAgain => self.dialect.look_again(&mut self.backlog)?,
            Order::Drained(peers) => {
                for (document, peer) in peers {
                    self.backlog.send(&document, DocMessage::Drained(peer))?;
                }
            }
            Order::Close(reason) => return Err(reason.into()),
            Order::Gone => return Err(Ended::Gone),
        }
        Ok(())
    }

    /// Does what is due, and says when to look again.
    fn tick(&mut self) -> Result<Instant, Ended> {
        let now = Instant::now();
        if self.pacing.resume(now) {
            // Nobody listened meanwhile.
            self.heard_at = now;
        }
        if self.dialect.next_due().is_some_and(|due| due <= now) {
            self.dialect.due(now, &mut self.backlog)?;
        }
        let (written_at, patience) = self.outbox.times();
        // Where the client has much to take, taking it is its sign of life.
        let dead_at = patience.unwrap_or(self.heard_at + LIVENESS);
        let deadline = self.dialect.deadline().unwrap_or(dead_at);
        if dead_at.min(deadline) <= now {
            return Err(CloseReason::TimedOut.into());
        }
        // What is queued already says that the server is there, once the client takes it.
        let mut keepalive_at = written_at + KEEPALIVE;
        let mut ping_at = self.heard_at.max(self.pinged_at) + PING;
        let takes = patience.is_none();
        if ping_at <= now && takes {
            self.outbox.push(Frame::ping(), Kind::Presence);
            self.pinged_at = now;
            ping_at = now + PING;
        }
        if keepalive_at <= now && takes {
            let keepalive = Frame::message(&Bytes::from_static(D::KEEPALIVE));
            self.outbox.push(keepalive, Kind::Presence);
            keepalive_at = now + KEEPALIVE;
        }
        let soonest = keepalive_at.min(ping_at).max(now + TICK_MIN);
        let due = self.dialect.next_due().unwrap_or(dead_at);
        let latest = dead_at.min(deadline).min(due).min(now + KEEPALIVE);
        Ok(soonest.min(latest))
    }

    /// Leaves the documents and says goodbye.
    async fn end(&mut self, ended: Ended) {
        self.dialect.closed(&mut self.backlog);
        // What the client said before it went is said; a document that has ended forgets anyway.
        let _ = self.backlog.clear().await;
        let mut last = Vec::new();
        match ended {
            Ended::Server(reason) => {
                let label = ReasonLabel {
                    reason: reason.text(),
                };
                self.shared.metrics.closed.get_or_create(&label).inc();
                last.extend(self.dialect.farewell(reason).as_ref().map(Frame::message));
                last.push(Frame::close(reason.code(), reason.text()));
            }
            Ended::Client(code) => last.push(answer_to_close(code)),
            Ended::Gone => return self.outbox.shut(),
        }
        let give_up = ended == Ended::Server(CloseReason::Overloaded);
        self.outbox.finish(last, give_up);
        let mut written = Written::default();
        let emptied = poll_fn(|context| self.outbox.poll_empty(context, &mut written));
        let _ = timeout(CLOSING, emptied).await;
        self.shared.metrics.sent(written);
        if matches!(ended, Ended::Server(_)) {
            let _ = timeout(CLOSING, poll_fn(|context| self.poll_closed(context))).await;
        }
        self.outbox.shut();
    }

    /// Reads on until the client has closed: the close frame would be lost where a socket is
    /// dropped with bytes in it that nobody has read.
    fn poll_closed(&mut self, context: &mut Context<'_>) -> Poll<()> {
        SCRATCH.with_borrow_mut(|scratch| {
            loop {
                let read = match self.outbox.poll_read(context, scratch) {
                    Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(()),
                    Poll::Ready(Ok(read)) => read,
                    Poll::Pending => return Poll::Pending,
                };
                let mut bytes = &mut scratch[..read];
                // A client that has broken the protocol is read to its end without being heard.
                while let Ok(Some(incoming)) = self.reader.next(&mut bytes) {
                    if matches!(incoming, Incoming::Close(_)) {
                        return Poll::Ready(());
                    }
                }
            }
        })
    }
}

/// The client's own code, where it may stand in a frame.
fn answer_to_close(code: Option<u16>) -> Frame {
    match code {
        None => Frame::close_without_code(),
        Some(code @ (1000..=1003 | 1007..=1014 | 3000..=4999)) => Frame::close(code, ""),
        Some(_) => Frame::close(1002, ""),
    }
}

/// What the check of a credential has come to.
#[derive(Debug)]
pub(crate) struct Decided {
    /// Which document, where a socket may have several.
    pub(crate) address: Option<Address>,
    pub(crate) name: DocName,
    /// Which check of the socket: a later one for the same document counts alone.
    pub(crate) attempt: u64,
    pub(crate) result: Result<Grant, CloseReason>,
}

/// What both dialects need to let peers into documents.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    pub(crate) registry: Registry,
    pub(crate) outbox: Arc<Outbox>,
}

/// What a peer's right rests on in a space, and the wish to hear when that changes.
#[derive(Debug)]
pub(crate) struct Watched {
    standing: Arc<Standing>,
    _watch: Watch,
}

impl Watched {
    fn new(standing: Option<Arc<Standing>>, outbox: &Arc<Outbox>) -> Option<Box<Self>> {
        let standing = standing?;
        let watch = standing.watch(outbox);
        Some(Box::new(Self {
            standing,
            _watch: watch,
        }))
    }
}

impl Door {
    pub(crate) fn new(registry: &Registry, pipe: impl Into<Pipe>) -> Self {
        let settings = &registry.shared().settings;
        let outbox = Outbox::new(
            pipe,
            settings.outbox_bytes_max,
            settings.limits.document_bytes_max,
        );
        Self {
            registry: registry.clone(),
            outbox: Arc::new(outbox),
        }
    }
}
