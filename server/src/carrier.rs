//! A socket's bytes without a connection: what a client's requests carry, kept in order.
//!
//! Both directions are streams of bytes with positions from 0. A request that is repeated, cut or late
//! changes nothing: what is known already is skipped, and what was not confirmed is sent again. The
//! socket's task sees a pipe like any other, so a carried socket has the same limits, signs of life and
//! closes.

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    sync::Notify,
    time::{Instant, Sleep, sleep_until},
};

/// What may be under way in one direction, as in a connection's own buffers.
const WINDOW_BYTES_MAX: usize = 256 << 10;
/// How much one reading takes: a large document does not hold up the presence behind it in memory.
const READING_BYTES_MAX: usize = 32 << 10;
/// A client that has had no request open for what is said to it for so long is gone: it comes back
/// from a cut in well under this.
const ABSENT_MAX: Duration = Duration::from_secs(20);

/// Why a request cannot be served: the client starts a new socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotCarried {
    #[error("the socket has ended")]
    Ended,
    #[error("the position is not one that the client can have reached")]
    Position,
}

/// The streams of one socket.
#[derive(Debug)]
pub(crate) struct Carrier {
    state: Mutex<State>,
    /// There is room again for what the client says, or the end has come.
    has_room: Notify,
    /// There is more for the client, or the end has come.
    has_more: Notify,
}

#[derive(Debug)]
struct State {
    /// What the client has said and the socket not yet read.
    up: VecDeque<u8>,
    /// How much the client has said.
    received: u64,
    /// What was said to the client and is not yet confirmed.
    down: VecDeque<u8>,
    /// How much the client has confirmed.
    confirmed: u64,
    /// Which reading is the client's latest: it alone gets anything.
    reading: u64,
    /// Since when the client is not reading.
    absent_since: Option<Instant>,
    ended: bool,
    /// The socket's task.
    task: Option<Waker>,
}

impl Carrier {
    /// A new socket's streams, and their end in the server.
    pub(crate) fn open() -> (Arc<Self>, CarriedPipe) {
        let state = State {
            up: VecDeque::new(),
            received: 0,
            down: VecDeque::new(),
            confirmed: 0,
            reading: 0,
            absent_since: Some(Instant::now()),
            ended: false,
            task: None,
        };
        let carrier = Arc::new(Self {
            state: Mutex::new(state),
            has_room: Notify::new(),
            has_more: Notify::new(),
        });
        let pipe = CarriedPipe {
            carrier: carrier.clone(),
            absence: None,
        };
        (carrier, pipe)
    }

    /// How much of what the client says has come.
    pub(crate) fn received(&self) -> u64 {
        self.lock().received
    }

    /// Takes what the client says from `position` on, as far as it is new, as soon as there is room.
    /// Behind a gap nothing is taken: [`Carrier::received`] tells the client where to go on.
    pub(crate) async fn take(&self, position: u64, bytes: &[u8]) -> Result<(), NotCarried> {
        let mut has_room = std::pin::pin!(self.has_room.notified());
        loop {
            has_room.as_mut().enable();
            if self.lock().take(position, bytes)? {
                return Ok(());
            }
            has_room.as_mut().await;
            has_room.set(self.has_room.notified());
        }
    }

    /// The client has everything before `position`.
    pub(crate) fn confirm(&self, position: u64) -> Result<(), NotCarried> {
        let confirmed = self.lock().confirm(position);
        self.has_more.notify_waiters();
        confirmed
    }

    /// The client reads from `position` on. An earlier reading ends: its client does not hear it.
    pub(crate) fn read(self: &Arc<Self>, position: u64) -> Result<Reading, NotCarried> {
        self.confirm(position)?;
        let mut state = self.lock();
        if state.ended && state.down.is_empty() {
            return Err(NotCarried::Ended);
        }
        state.reading += 1;
        state.absent_since = None;
        let number = state.reading;
        drop(state);
        self.has_more.notify_waiters();
        Ok(Reading {
            carrier: self.clone(),
            number,
            position,
        })
    }

    /// Waits until the socket has ended and the client has all of it, but not for long.
    pub(crate) async fn heard_out(&self, patience: Duration) {
        let all_heard = async {
            let mut has_more = std::pin::pin!(self.has_more.notified());
            loop {
                has_more.as_mut().enable();
                let is_heard = {
                    let state = self.lock();
                    state.ended && state.down.is_empty()
                };
                if is_heard {
                    return;
                }
                has_more.as_mut().await;
                has_more.set(self.has_more.notified());
            }
        };
        let _ = tokio::time::timeout(patience, all_heard).await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Says whether everything is taken, or can never be.
    fn take(&mut self, position: u64, bytes: &[u8]) -> Result<bool, NotCarried> {
        if self.ended {
            return Err(NotCarried::Ended);
        }
        let Some(known) = self.received.checked_sub(position) else {
            return Ok(true);
        };
        let known = usize::try_from(known).unwrap_or(usize::MAX);
        let new = bytes.get(known..).unwrap_or_default();
        let taken = new.len().min(WINDOW_BYTES_MAX - self.up.len());
        self.up.extend(&new[..taken]);
        self.received += taken as u64;
        if taken > 0 {
            self.wake();
        }
        Ok(taken == new.len())
    }

    fn confirm(&mut self, position: u64) -> Result<(), NotCarried> {
        // An older request may come later than a newer one.
        let Some(new) = position.checked_sub(self.confirmed) else {
            return Ok(());
        };
        let new = usize::try_from(new).unwrap_or(usize::MAX);
        if new > self.down.len() {
            return Err(NotCarried::Position);
        }
        if new > 0 {
            self.down.drain(..new);
            self.confirmed = position;
            self.wake();
        }
        if self.down.is_empty() {
            self.down = VecDeque::new();
        }
        Ok(())
    }

    fn wake(&self) {
        if let Some(task) = &self.task {
            task.wake_by_ref();
        }
    }
}

/// One request's view of what is said to the client.
#[derive(Debug)]
pub(crate) struct Reading {
    carrier: Arc<Carrier>,
    number: u64,
    position: u64,
}

impl Reading {
    /// Behind the last byte that was read.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// What comes next, as soon as there is something; `None` at the socket's end, and where the client
    /// reads by another request.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        let carrier = self.carrier.clone();
        let mut has_more = std::pin::pin!(carrier.has_more.notified());
        loop {
            has_more.as_mut().enable();
            match self.look() {
                Looked::Bytes(bytes) => return Some(bytes),
                Looked::End => return None,
                Looked::Nothing => {}
            }
            has_more.as_mut().await;
            has_more.set(carrier.has_more.notified());
        }
    }

    fn look(&mut self) -> Looked {
        let state = self.carrier.lock();
        if state.reading != self.number {
            return Looked::End;
        }
        self.position = self.position.max(state.confirmed);
        let read = self.position - state.confirmed;
        let read = usize::try_from(read).unwrap_or(usize::MAX);
        let left = state.down.len().saturating_sub(read);
        if left == 0 {
            return if state.ended {
                Looked::End
            } else {
                Looked::Nothing
            };
        }
        let taken = left.min(READING_BYTES_MAX);
        let bytes: Bytes = state.down.range(read..read + taken).copied().collect();
        self.position += taken as u64;
        Looked::Bytes(bytes)
    }
}

enum Looked {
    Bytes(Bytes),
    Nothing,
    End,
}

impl Drop for Reading {
    fn drop(&mut self) {
        let mut state = self.carrier.lock();
        if state.reading == self.number {
            state.absent_since = Some(Instant::now());
            // The socket's task has to see when that has lasted too long.
            state.wake();
        }
    }
}

/// The end of the streams that the socket's task has.
#[derive(Debug)]
pub(crate) struct CarriedPipe {
    carrier: Arc<Carrier>,
    /// Ends when a client that is not reading is taken for gone.
    absence: Option<Pin<Box<Sleep>>>,
}

impl CarriedPipe {
    /// Reads what has come; 0 is the end: the client is gone.
    pub(crate) fn poll_read(&mut self, context: &mut Context<'_>, into: &mut [u8]) -> Poll<usize> {
        let mut state = self.carrier.lock();
        state.task = Some(context.waker().clone());
        if !state.up.is_empty() {
            let taken = state.up.len().min(into.len());
            for (place, byte) in into.iter_mut().zip(state.up.drain(..taken)) {
                *place = byte;
            }
            if state.up.is_empty() {
                state.up = VecDeque::new();
            }
            drop(state);
            self.carrier.has_room.notify_waiters();
            return Poll::Ready(taken);
        }
        let absent_since = state.absent_since;
        drop(state);
        self.poll_absence(absent_since, context)
    }

    fn poll_absence(&mut self, since: Option<Instant>, context: &mut Context<'_>) -> Poll<usize> {
        let Some(since) = since else {
            self.absence = None;
            return Poll::Pending;
        };
        let gone_at = since + ABSENT_MAX;
        let absence = self
            .absence
            .get_or_insert_with(|| Box::pin(sleep_until(gone_at)));
        if absence.deadline() != gone_at {
            absence.as_mut().reset(gone_at);
        }
        absence.as_mut().poll(context).map(|()| 0)
    }

    /// Takes as much as there is room for.
    pub(crate) fn try_write(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut state = self.carrier.lock();
        let mut written = 0;
        for piece in pieces {
            let taken = piece.len().min(WINDOW_BYTES_MAX - state.down.len());
            state.down.extend(&piece[..taken]);
            written += taken;
        }
        drop(state);
        if written == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.carrier.has_more.notify_waiters();
        Ok(written)
    }

    /// Whether there is room; where not, the task is woken when there is.
    pub(crate) fn poll_writable(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.carrier.lock();
        state.task = Some(context.waker().clone());
        if state.down.len() < WINDOW_BYTES_MAX {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Drop for CarriedPipe {
    fn drop(&mut self) {
        {
            let mut state = self.carrier.lock();
            state.ended = true;
            state.up = VecDeque::new();
            state.task = None;
        }
        self.carrier.has_room.notify_waiters();
        self.carrier.has_more.notify_waiters();
    }
}

#[cfg(test)]
mod tests;
