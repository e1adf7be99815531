//! A WebSocket with small buffers and a bounded connection time.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{Message, protocol::WebSocketConfig},
};

/// How long a connection may take.
const CONNECT_MAX: Duration = Duration::from_secs(20);
/// The close code of a socket that broke without one.
const BROKEN: u16 = 1006;
/// Hundreds of sockets: the default 128 KiB would be measured instead of the server.
const BUFFER_BYTES: usize = 4 * 1024;

pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

/// What came in.
pub(crate) enum Arrival {
    Frame(Bytes),
    Closed(u16),
}

impl Socket {
    pub(crate) async fn connect(url: &str) -> Result<Self> {
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER_BYTES)
            .write_buffer_size(0);
        let connecting = Box::pin(connect_async_with_config(url, Some(config), true));
        let (stream, _) = timeout(CONNECT_MAX, connecting)
            .await
            .with_context(|| format!("no connection to {url} in time"))?
            .with_context(|| format!("cannot connect to {url}"))?;
        Ok(Self { stream })
    }

    /// Sends frames with one flush.
    pub(crate) async fn send(&mut self, frames: Vec<Bytes>) -> Result<()> {
        if frames.is_empty() {
            return Ok(());
        }
        for frame in frames {
            self.stream.feed(Message::Binary(frame)).await?;
        }
        Ok(self.stream.flush().await?)
    }

    /// The next binary frame, or the end. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Arrival {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Binary(frame))) => return Arrival::Frame(frame),
                Some(Ok(Message::Close(frame))) => {
                    return Arrival::Closed(frame.map_or(BROKEN, |frame| frame.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Arrival::Closed(BROKEN),
            }
        }
    }

    /// Like [`Socket::next`], where an end is an error.
    pub(crate) async fn frame(&mut self) -> Result<Bytes> {
        match self.next().await {
            Arrival::Frame(frame) => Ok(frame),
            Arrival::Closed(code) => bail!("the server closed the socket with {code}"),
        }
    }

    pub(crate) async fn close(mut self) {
        // The run is over: whether the farewell arrives changes nothing.
        let _ = timeout(Duration::from_secs(1), self.stream.close(None)).await;
    }
}
