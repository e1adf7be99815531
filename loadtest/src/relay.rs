//! A bare room server: it forwards each frame to the other sockets of the room and does nothing
//! else. No CRDT, no storage, no echo: what a server that does more can be measured against.
//!
//! One task per socket, one bounded channel per socket, frames shared without copying, frames that
//! wait together flushed together, no delay in the kernel.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::Result;
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::{
    net::{TcpListener, TcpStream},
    select,
    sync::mpsc,
};
use tokio_tungstenite::{
    accept_hdr_async_with_config,
    tungstenite::{
        Message,
        handshake::server::{ErrorResponse, Request, Response},
        protocol::WebSocketConfig,
    },
};

/// Frames that may wait for a socket; one that is further behind is closed.
const QUEUE_MAX: usize = 4_096;
/// Thousands of sockets: the default 128 KiB each would be all that one sees.
const BUFFER_BYTES: usize = 4 * 1024;

type Rooms = Mutex<HashMap<String, Arc<Room>>>;

#[derive(Default)]
struct Room {
    members: Mutex<Vec<(u64, mpsc::Sender<Bytes>)>>,
}

impl Room {
    /// Gives a frame to everybody but its sender. Who is too far behind leaves: its channel ends.
    fn forward(&self, from: u64, frame: &Bytes) {
        lock(&self.members)
            .retain(|(id, sender)| *id == from || sender.try_send(frame.clone()).is_ok());
    }
}

/// Serves until the listener fails.
pub async fn relay(listener: TcpListener) -> Result<()> {
    let rooms: Arc<Rooms> = Arc::default();
    let ids = AtomicU64::new(0);
    loop {
        let (stream, _) = listener.accept().await?;
        let id = ids.fetch_add(1, Ordering::Relaxed);
        let rooms = Arc::clone(&rooms);
        tokio::spawn(async move {
            // A client that goes away, or never was one, is no error of the relay.
            let _ = serve(stream, id, &rooms).await;
        });
    }
}

#[allow(clippy::result_large_err, reason = "the handshake's own types")]
async fn serve(stream: TcpStream, id: u64, rooms: &Rooms) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut path = String::new();
    let callback = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        request.uri().path().clone_into(&mut path);
        Ok(response)
    };
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(BUFFER_BYTES);
    let socket = Box::pin(accept_hdr_async_with_config(stream, callback, Some(config))).await?;
    let (sender, mut queue) = mpsc::channel(QUEUE_MAX);
    let room = {
        let mut rooms = lock(rooms);
        let room = Arc::clone(rooms.entry(path.clone()).or_default());
        lock(&room.members).push((id, sender));
        room
    };
    let served = forward(socket, id, &room, &mut queue).await;
    leave(rooms, &path, &room, id);
    served
}

async fn forward(
    mut socket: tokio_tungstenite::WebSocketStream<TcpStream>,
    id: u64,
    room: &Room,
    queue: &mut mpsc::Receiver<Bytes>,
) -> Result<()> {
    loop {
        select! {
            message = socket.next() => match message {
                Some(Ok(Message::Binary(frame))) => room.forward(id, &frame),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Ok(()),
            },
            frame = queue.recv() => {
                let Some(frame) = frame else { return Ok(()) };
                socket.feed(Message::Binary(frame)).await?;
                while let Ok(frame) = queue.try_recv() {
                    socket.feed(Message::Binary(frame)).await?;
                }
                socket.flush().await?;
            }
        }
    }
}

/// A room without members is forgotten.
fn leave(rooms: &Rooms, path: &str, room: &Room, id: u64) {
    let mut rooms = lock(rooms);
    let mut members = lock(&room.members);
    members.retain(|(member, _)| *member != id);
    if members.is_empty() {
        drop(members);
        rooms.remove(path);
    }
}

/// Nothing is left half done where a holder panics: lists of members are changed in one step.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
