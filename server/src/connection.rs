//! One task for each socket: frames in, the outbox out, keepalive, liveness.

pub(crate) mod hocuspocus;
mod hocuspocus_socket;
mod y_websocket_socket;

use std::{sync::Arc, time::Duration};

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use bytes::Bytes;
use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use tokio::time::{Instant, timeout};
use unisson_protocol::CloseReason;

use crate::{
    doc_task::DocMessage,
    metrics::{DialectLabel, ReasonLabel},
    outbox::{Next, Outbox},
    registry::{Registry, Shared},
};

pub(crate) use hocuspocus_socket::HocuspocusSocket;
pub(crate) use y_websocket_socket::YWebsocketSocket;

/// A client that has heard nothing for 30 s reconnects, so it hears something sooner.
const KEEPALIVE: Duration = Duration::from_secs(15);
/// How often a WebSocket ping asks whether anybody is there.
const PING: Duration = Duration::from_secs(25);
/// A socket that neither speaks nor answers pings for so long is dead.
const LIVENESS: Duration = Duration::from_secs(60);
/// How long writing one frame may take, beside a second for each 32 KiB of it.
const WRITE: Duration = Duration::from_secs(30);
/// How long the client has to answer a close.
const CLOSING: Duration = Duration::from_secs(2);

/// What one dialect does with a socket. Effects go to documents and to the outbox.
pub(crate) trait Dialect: Send {
    /// Its name in metrics.
    const NAME: &'static str;
    /// The frame that means nothing and keeps a client from reconnecting.
    const KEEPALIVE: &'static [u8];

    /// The socket is open.
    fn opened(&mut self) -> impl Future<Output = Result<(), CloseReason>> + Send;
    /// A binary frame has come.
    fn received(&mut self, frame: Bytes) -> impl Future<Output = Result<(), CloseReason>> + Send;
    /// A session has let go of a document.
    fn detached(&mut self, address: &unisson_protocol::dialect::hocuspocus::Address);
    /// When the client should have authenticated, if it has not.
    fn deadline(&self) -> Option<Instant>;
    /// What the client is told before the socket closes, if anything.
    fn farewell(&self, reason: CloseReason) -> Option<Bytes>;
    /// The socket is gone.
    fn closed(&mut self) -> impl Future<Output = ()> + Send;
}

/// Serves one socket to its end.
pub(crate) async fn serve<D: Dialect>(
    socket: WebSocket,
    mut dialect: D,
    outbox: Arc<Outbox>,
    shared: Arc<Shared>,
) {
    let label = DialectLabel { dialect: D::NAME };
    shared.metrics.sockets.get_or_create(&label).inc();
    let (sink, mut stream) = socket.split();
    let mut writer = Writer {
        sink,
        outbox,
        shared: shared.clone(),
        keepalive: D::KEEPALIVE,
    };
    let reason = run(&mut dialect, &mut writer, &mut stream).await;
    dialect.closed().await;
    if let Some(reason) = reason {
        shared
            .metrics
            .closed
            .get_or_create(&ReasonLabel {
                reason: reason.text(),
            })
            .inc();
        let _ = timeout(CLOSING, writer.close(dialect.farewell(reason), reason)).await;
        // The close frame is lost where the socket is dropped with unread frames in it.
        let _ = timeout(CLOSING, async {
            while let Some(Ok(_)) = stream.next().await {}
        })
        .await;
    }
    shared.metrics.sockets.get_or_create(&label).dec();
}

/// Why the server ends the socket; `None` where the client did.
async fn run<D: Dialect>(
    dialect: &mut D,
    writer: &mut Writer,
    stream: &mut SplitStream<WebSocket>,
) -> Option<CloseReason> {
    if let Err(reason) = dialect.opened().await {
        return Some(reason);
    }
    let shared = writer.shared.clone();
    let mut stopping = shared.stopping.subscribe();
    let stopped = async move {
        // An error means that nobody is left to say it: the server has gone.
        let _ = stopping.wait_for(|stopping| *stopping).await;
    };
    tokio::pin!(stopped);
    // Reading and writing go on side by side: a client that reads slowly is still heard.
    let (detached_in, mut detached_out) = tokio::sync::mpsc::unbounded_channel();
    let write = writer.run(detached_in);
    tokio::pin!(write);
    let mut alive_until = Instant::now() + LIVENESS;
    loop {
        let deadline = dialect.deadline().unwrap_or(alive_until);
        tokio::select! {
            reason = &mut write => return reason,
            () = &mut stopped => return Some(CloseReason::Restart),
            Some(address) = detached_out.recv() => dialect.detached(&address),
            () = tokio::time::sleep_until(deadline.min(alive_until)) => {
                return Some(CloseReason::TimedOut);
            }
            message = stream.next() => {
                alive_until = Instant::now() + LIVENESS;
                match message {
                    Some(Ok(Message::Binary(frame))) => {
                        shared.metrics.frames_received.inc();
                        shared.metrics.bytes_received.inc_by(frame.len() as u64);
                        if let Err(reason) = dialect.received(frame).await {
                            return Some(reason);
                        }
                    }
                    Some(Ok(Message::Text(_))) => return Some(CloseReason::Malformed),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    // A client that goes away is not an error.
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                }
            }
        }
    }
}

struct Writer {
    sink: SplitSink<WebSocket, Message>,
    outbox: Arc<Outbox>,
    shared: Arc<Shared>,
    keepalive: &'static [u8],
}

impl Writer {
    /// Writes what the outbox has, until the socket is to be closed (`Some`) or is gone.
    async fn run(
        &mut self,
        detached: tokio::sync::mpsc::UnboundedSender<
            unisson_protocol::dialect::hocuspocus::Address,
        >,
    ) -> Option<CloseReason> {
        let mut ping_at = Instant::now() + PING;
        let mut keepalive_at = Instant::now() + KEEPALIVE;
        loop {
            let next = tokio::select! {
                next = self.outbox.next() => next,
                () = tokio::time::sleep_until(ping_at) => {
                    ping_at = Instant::now() + PING;
                    self.write(Message::Ping(Bytes::new())).await?;
                    continue;
                }
                () = tokio::time::sleep_until(keepalive_at) => {
                    Next::Frame(Bytes::from_static(self.keepalive))
                }
            };
            match next {
                Next::Frame(frame) => {
                    keepalive_at = Instant::now() + KEEPALIVE;
                    self.shared.metrics.frames_sent.inc();
                    self.shared.metrics.bytes_sent.inc_by(frame.len() as u64);
                    if let Err(reason) = self.write_frame(frame).await {
                        return reason;
                    }
                }
                Next::Detached(address) => {
                    // The receiver lives as long as this socket's task.
                    let _ = detached.send(address);
                }
                Next::Drained(peers) => {
                    for (document, peer) in peers {
                        // A document that has ended has no peers to catch up.
                        let _ = document.send(DocMessage::Drained(peer)).await;
                    }
                }
                Next::Close(reason) => return Some(reason),
            }
        }
    }

    /// `Err(None)`: the socket is gone.
    async fn write_frame(&mut self, frame: Bytes) -> Result<(), Option<CloseReason>> {
        let patience = WRITE + Duration::from_secs(frame.len() as u64 / (32 << 10));
        // Frames that are queued together leave in one write, so that load makes writes larger
        // and not more.
        let write = async {
            self.sink.feed(Message::Binary(frame)).await?;
            match self.outbox.has_frames() {
                true => Ok(()),
                false => self.sink.flush().await,
            }
        };
        match timeout(patience, write).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(None),
            Err(_) => Err(Some(CloseReason::TimedOut)),
        }
    }

    async fn write(&mut self, message: Message) -> Option<()> {
        timeout(WRITE, self.sink.send(message)).await.ok()?.ok()
    }

    /// Says goodbye: what is queued still, then why, then the close frame.
    async fn close(&mut self, farewell: Option<Bytes>, reason: CloseReason) {
        while let Some(Next::Frame(frame)) = self.outbox.take() {
            if self.write_frame(frame).await.is_err() {
                return;
            }
        }
        if let Some(farewell) = farewell {
            let _ = self.write(Message::Binary(farewell)).await;
        }
        let frame = CloseFrame {
            code: reason.code(),
            reason: reason.text().into(),
        };
        let _ = self.write(Message::Close(Some(frame))).await;
    }
}

/// What both dialects need to let peers into documents.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    pub(crate) registry: Registry,
    pub(crate) outbox: Arc<Outbox>,
}

impl Door {
    pub(crate) fn new(registry: &Registry) -> Self {
        let settings = &registry.shared().settings;
        let outbox = Outbox::new(
            settings.outbox_bytes_max,
            settings.limits.document_bytes_max,
        );
        Self {
            registry: registry.clone(),
            outbox: Arc::new(outbox),
        }
    }
}
