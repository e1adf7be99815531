//! A WebSocket client on a bare TCP stream: what waits to be read stays in the kernel, and a read
//! goes into a buffer that all sockets of a thread share.

use std::{
    cell::RefCell,
    collections::VecDeque,
    io::ErrorKind,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, Interest},
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::frame::{self, Decoder, Event};

/// How long a connection may take. A server that is being overrun is the finding, not an error.
const CONNECT_MAX: Duration = Duration::from_secs(60);
/// The answer to a handshake: no server of ours needs a tenth of it.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// The close code of a socket that broke without one.
pub(crate) const BROKEN: u16 = 1006;
/// Shared by all sockets of a thread.
const SCRATCH_BYTES: usize = 256 * 1024;
/// Sockets per source address: a Linux host has some 28,000 ports for one destination.
const PORTS_PER_SOURCE: usize = 10_000;
/// 127.0.0.1 to 127.0.0.200.
const SOURCES: usize = 200;

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; SCRATCH_BYTES]);
}

/// Bytes of all sockets of a run, frame headers included.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) received: AtomicU64,
    pub(crate) sent: AtomicU64,
}

/// Where a socket goes to.
#[derive(Debug, Clone)]
pub(crate) struct Destination {
    pub(crate) address: SocketAddr,
    host: String,
    path: String,
}

impl Destination {
    /// Takes a `ws://host:port/path` apart and looks the host up.
    pub(crate) fn parse(url: &str) -> Result<Self> {
        use std::net::ToSocketAddrs;

        let rest = url.strip_prefix("ws://").context("ws:// is expected")?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let with_port = match host.rsplit_once(':') {
            Some((_, port)) if port.parse::<u16>().is_ok() => host.to_owned(),
            _ => format!("{host}:80"),
        };
        let address = with_port
            .to_socket_addrs()
            .with_context(|| format!("unknown host {host}"))?
            .next()
            .with_context(|| format!("{host} has no address"))?;
        Ok(Self {
            address,
            host: host.to_owned(),
            path: format!("/{path}"),
        })
    }
}

/// What a full client is told.
pub(crate) enum Arrival {
    Frame(Bytes),
    Closed(u16),
}

pub(crate) struct Socket {
    stream: TcpStream,
    decoder: Decoder,
    /// Frames that the kernel has not taken yet.
    out: Vec<u8>,
    /// Frames of one read that were not handed out yet.
    waiting: VecDeque<Arrival>,
    mask: u32,
}

impl Socket {
    /// Connects the `index`th socket of a run.
    pub(crate) async fn connect(to: &Destination, index: usize, lets_pass: bool) -> Result<Self> {
        let connecting = Self::handshake(to, index, lets_pass);
        timeout(CONNECT_MAX, connecting)
            .await
            .with_context(|| format!("no connection to {} in time", to.address))?
            .with_context(|| format!("cannot connect to {}", to.address))
    }

    async fn handshake(to: &Destination, index: usize, lets_pass: bool) -> Result<Self> {
        let mut stream = open(to, index).await?;
        stream.set_nodelay(true)?;
        // Sixteen bytes that differ from socket to socket are all that the handshake asks for.
        let key = format!("{index:021}A==");
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n",
            to.path, to.host
        );
        stream.write_all(request.as_bytes()).await?;
        let (answer, rest) = read_answer(&mut stream).await?;
        let status = answer.lines().next().unwrap_or_default();
        ensure!(status.contains(" 101 "), "the server answered \"{status}\"");
        ensure!(
            answer.contains(&derive_accept_key(key.as_bytes())),
            "the server did not accept the key"
        );
        let mut socket = Self {
            stream,
            decoder: match lets_pass {
                true => Decoder::passing(),
                false => Decoder::default(),
            },
            out: Vec::new(),
            waiting: VecDeque::new(),
            mask: (index as u32).wrapping_mul(2_654_435_761) | 1,
        };
        let waiting = &mut socket.waiting;
        socket.decoder.push(&rest, &mut |event| {
            if let Some(arrival) = owned(event) {
                waiting.push_back(arrival);
            }
        })?;
        Ok(socket)
    }

    /// Sends one binary frame: at once as far as the kernel takes it, the rest with [`Self::turn`].
    pub(crate) fn send(&mut self, payload: &[u8], traffic: &Traffic) {
        self.queue(frame::BINARY, payload);
        traffic
            .sent
            .fetch_add(payload.len() as u64 + 8, Ordering::Relaxed);
        self.write_some();
    }

    /// Whether frames wait for the kernel.
    pub(crate) fn is_behind(&self) -> bool {
        !self.out.is_empty()
    }

    fn queue(&mut self, opcode: u8, payload: &[u8]) {
        self.mask = self
            .mask
            .wrapping_mul(1_664_525)
            .wrapping_add(1_013_904_223);
        frame::encode(&mut self.out, opcode, payload, self.mask);
    }

    /// A broken socket says so at the next read.
    fn write_some(&mut self) {
        let mut written = 0;
        while written < self.out.len() {
            match self.stream.try_write(&self.out[written..]) {
                Ok(bytes) => written += bytes,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => written = self.out.len(),
            }
        }
        if written == self.out.len() {
            // An idle socket keeps no buffer.
            self.out = Vec::new();
        } else {
            self.out.drain(..written);
        }
    }

    /// Waits until something can be read or written, and does it; `handle` gets what came in.
    /// Cancel-safe: nothing is taken before the wait is over.
    pub(crate) async fn turn(
        &mut self,
        traffic: &Traffic,
        handle: &mut (dyn FnMut(Event<'_>) + Send),
    ) {
        while let Some(arrival) = self.waiting.pop_front() {
            match arrival {
                Arrival::Frame(frame) => handle(Event::Binary(&frame)),
                Arrival::Closed(code) => handle(Event::Closed(code)),
            }
            if self.waiting.is_empty() {
                return;
            }
        }
        let interest = match self.is_behind() {
            true => Interest::READABLE.add(Interest::WRITABLE),
            false => Interest::READABLE,
        };
        let Ok(ready) = self.stream.ready(interest).await else {
            return handle(Event::Closed(BROKEN));
        };
        if ready.is_writable() {
            self.write_some();
        }
        if ready.is_readable() || ready.is_read_closed() {
            self.read_some(traffic, handle);
        }
    }

    fn read_some(&mut self, traffic: &Traffic, handle: &mut dyn FnMut(Event<'_>)) {
        let mut pongs = Vec::new();
        let decoder = &mut self.decoder;
        let read = SCRATCH.with_borrow_mut(|scratch| match self.stream.try_read(scratch) {
            Ok(0) => Err(()),
            Ok(bytes) => {
                traffic.received.fetch_add(bytes as u64, Ordering::Relaxed);
                decoder
                    .push(&scratch[..bytes], &mut |event| match event {
                        Event::Ping(payload) => pongs.push(payload.to_vec()),
                        event => handle(event),
                    })
                    .map_err(|_| ())
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(_) => Err(()),
        });
        if read.is_err() {
            return handle(Event::Closed(BROKEN));
        }
        for pong in pongs {
            self.queue(frame::PONG, &pong);
            self.write_some();
        }
    }

    /// The next frame, or the end. Cancel-safe.
    pub(crate) async fn next(&mut self, traffic: &Traffic) -> Arrival {
        loop {
            if let Some(arrival) = self.waiting.pop_front() {
                return arrival;
            }
            let mut arrived = Vec::new();
            self.turn(traffic, &mut |event| arrived.extend(owned(event)))
                .await;
            self.waiting.extend(arrived);
        }
    }

    /// One turn while frames wait for the kernel: reading goes on meanwhile.
    pub(crate) async fn write_on(&mut self, traffic: &Traffic) -> Option<Arrival> {
        let mut arrived = Vec::new();
        self.turn(traffic, &mut |event| arrived.extend(owned(event)))
            .await;
        self.waiting.extend(arrived);
        self.waiting.pop_front()
    }

    /// Leaves in good order.
    pub(crate) fn close(mut self) {
        self.queue(frame::CLOSE, &1000_u16.to_be_bytes());
        self.write_some();
    }
}

fn owned(event: Event<'_>) -> Option<Arrival> {
    match event {
        Event::Binary(frame) => Some(Arrival::Frame(Bytes::copy_from_slice(frame))),
        Event::Closed(code) => Some(Arrival::Closed(code)),
        Event::Passed { .. } | Event::Ping(_) => None,
    }
}

async fn open(to: &Destination, index: usize) -> Result<TcpStream> {
    let source = index / PORTS_PER_SOURCE;
    if source == 0 || to.address.ip() != IpAddr::V4(Ipv4Addr::LOCALHOST) {
        return Ok(TcpStream::connect(to.address).await?);
    }
    let socket = TcpSocket::new_v4()?;
    // The last number stays within 1 to 200.
    let last = (source % SOURCES) as u8 + 1;
    socket.bind(SocketAddr::from(([127, 0, 0, last], 0)))?;
    Ok(socket.connect(to.address).await?)
}

/// The head of the answer, and what came behind it.
async fn read_answer(stream: &mut TcpStream) -> Result<(String, Vec<u8>)> {
    let mut bytes = Vec::with_capacity(512);
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let rest = bytes.split_off(end + 4);
            return Ok((String::from_utf8_lossy(&bytes).into_owned(), rest));
        }
        ensure!(bytes.len() < ANSWER_BYTES_MAX, "an endless answer");
        if stream.read_buf(&mut bytes).await? == 0 {
            bail!("the server closed the connection during the handshake");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let to = Destination::parse("ws://127.0.0.1:4444/ws/a b").expect("an address");
        assert_eq!(to.address, SocketAddr::from(([127, 0, 0, 1], 4444)));
        assert_eq!(to.path, "/ws/a b");
        assert!(Destination::parse("http://127.0.0.1").is_err());
    }
}
