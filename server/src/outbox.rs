//! What waits to be written to one socket, bounded in bytes, and the writing of it.
//!
//! Whoever has queued frames flushes: a document writes to its readers' sockets itself, and no task
//! is woken for a delivery. What a socket does not take stays queued, and from then on only the
//! socket's own task writes, each time that there is room, until all is gone.
//!
//! Over its limit an outbox drops presence first. Updates are never dropped: the document's
//! session is told that the peer lags, sends it no more, and catches up in one message once the
//! outbox is empty. Past the hard limit (a peer that writes but does not read) the socket closes.

mod pipe;

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::time::Instant;
use unisson_protocol::{CloseReason, dialect::hocuspocus::Address};
use unisson_session::PeerId;

pub(crate) use self::pipe::Pipe;
use crate::{connection::Decided, doc_task::DocInbox, frame::Frame};

/// How long writing one frame may take, beside a second for each 32 KiB of it.
const WRITE: Duration = Duration::from_secs(30);
/// How many pieces leave in one write: enough to make the call cheap for each of them.
const PIECES_MAX: usize = 64;
/// How many writes one flush may make. The rest is left to the socket's own task: a document has
/// other readers.
const WRITES_MAX: usize = 8;

/// What kind of frame it is decides what happens when there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Presence and signs of life: dropped first.
    Presence,
    /// Kept; the sender learns that the peer lags.
    Update,
    /// Kept: an answer that the client counts on.
    Answer,
}

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// There was room.
    Fine,
    /// It is queued, but the outbox is over its limit.
    Full,
}

/// What a socket's task has to do next.
#[derive(Debug)]
pub(crate) enum Order {
    /// The session has detached this document.
    Detached(Address),
    /// A credential has been checked.
    Decided(Decided),
    /// What somebody may do in a space may have changed.
    LookAgain,
    /// These lagging peers have nothing queued any more.
    Drained(Vec<(DocInbox, PeerId)>),
    /// Close the socket.
    Close(CloseReason),
    /// Nothing can be written any more: the client has gone.
    Gone,
}

/// What a socket's task wakes up for.
#[derive(Debug)]
pub(crate) enum Event {
    /// Something to do.
    Order(Order),
    /// So many bytes have been read; 0 is the end.
    Read(io::Result<usize>),
}

/// Frames that a socket took whole.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Written {
    pub(crate) frames: u64,
    pub(crate) bytes: u64,
}

#[derive(Debug)]
struct State {
    /// `None` once the socket is closed.
    pipe: Option<Pipe>,
    queue: VecDeque<(Frame, Kind)>,
    /// How much of the first frame has been written.
    front_written: usize,
    /// Of all frames queued, the first one whole.
    bytes: usize,
    /// The socket took less than there was: its own task writes, until the queue is empty.
    blocked: bool,
    /// When the first frame must be written, while blocked.
    patience: Instant,
    /// When a message was last written whole.
    written_at: Instant,
    gone: bool,
    /// Nothing more is queued.
    closing: bool,
    close: Option<CloseReason>,
    lagging: Vec<(DocInbox, PeerId)>,
    detached: VecDeque<Address>,
    /// Checks have come to these; each address of the socket has one under way at most.
    decided: Vec<Decided>,
    looks_again: bool,
    /// The socket's task.
    task: Option<Waker>,
}

/// A bounded queue of frames for one socket, and the socket.
#[derive(Debug)]
pub(crate) struct Outbox {
    state: Mutex<State>,
    bytes_max: usize,
    bytes_max_hard: usize,
}

impl Outbox {
    pub(crate) fn new(pipe: impl Into<Pipe>, bytes_max: usize, message_bytes_max: usize) -> Self {
        Self::of(Some(pipe.into()), bytes_max, message_bytes_max)
    }

    fn of(pipe: Option<Pipe>, bytes_max: usize, message_bytes_max: usize) -> Self {
        let now = Instant::now();
        Self {
            state: Mutex::new(State {
                pipe,
                queue: VecDeque::new(),
                front_written: 0,
                bytes: 0,
                blocked: false,
                patience: now,
                written_at: now,
                gone: false,
                closing: false,
                close: None,
                lagging: Vec::new(),
                detached: VecDeque::new(),
                decided: Vec::new(),
                looks_again: false,
                task: None,
            }),
            bytes_max,
            bytes_max_hard: bytes_max
                .saturating_mul(4)
                .saturating_add(message_bytes_max),
        }
    }

    /// Queues a frame; [`Outbox::flush`] writes it.
    pub(crate) fn push(&self, frame: Frame, kind: Kind) -> Pushed {
        let mut state = self.lock();
        if state.closing || state.gone || state.close.is_some() {
            return Pushed::Fine;
        }
        if kind == Kind::Presence && state.bytes + frame.len() > self.bytes_max {
            return Pushed::Fine;
        }
        state.bytes += frame.len();
        state.queue.push_back((frame, kind));
        if state.bytes > self.bytes_max {
            state.drop_presence();
        }
        if state.bytes > self.bytes_max_hard {
            state.close = Some(CloseReason::Overloaded);
            state.wake();
        }
        if state.bytes > self.bytes_max && kind == Kind::Update {
            Pushed::Full
        } else {
            Pushed::Fine
        }
    }

    /// Writes what is queued, as far as the socket takes it now.
    pub(crate) fn flush(&self, now: Instant, written: &mut Written) {
        let mut state = self.lock();
        if state.blocked {
            return;
        }
        state.write(now, written);
        if state.blocked || state.gone || (state.queue.is_empty() && state.has_orders()) {
            state.wake();
        }
    }

    /// Remembers whom to tell when the outbox is empty.
    pub(crate) fn lags(&self, document: DocInbox, peer: PeerId) {
        let mut state = self.lock();
        if state.lagging.iter().all(|(_, other)| *other != peer) {
            state.lagging.push((document, peer));
        }
        state.wake();
    }

    /// Tells the socket's task that a session has let go of a document.
    pub(crate) fn detach(&self, address: Address) {
        let mut state = self.lock();
        state.detached.push_back(address);
        state.wake();
    }

    /// Tells the socket's task what a check has come to.
    pub(crate) fn decide(&self, decided: Decided) {
        let mut state = self.lock();
        state.decided.push(decided);
        state.wake();
    }

    /// Tells the socket's task that rights may have changed.
    pub(crate) fn look_again(&self) {
        let mut state = self.lock();
        state.looks_again = true;
        state.wake();
    }

    /// Closes the socket once what is queued has been written; nothing more is queued.
    pub(crate) fn close(&self, reason: CloseReason) {
        let mut state = self.lock();
        state.close.get_or_insert(reason);
        state.wake();
    }

    /// What the socket's task has to see to: orders, and what has been read into `into`; nothing is
    /// read where that has no room. What is queued is written on the way.
    pub(crate) fn poll(
        &self,
        context: &mut Context<'_>,
        into: &mut [u8],
        written: &mut Written,
    ) -> Poll<Event> {
        let mut state = self.lock();
        state.remember(context);
        state.poll_write(context, written);
        if let Some(order) = state.order() {
            return Poll::Ready(Event::Order(order));
        }
        match &mut state.pipe {
            Some(_) if into.is_empty() => Poll::Pending,
            Some(pipe) => pipe.poll_read(context, into).map(Event::Read),
            None => Poll::Ready(Event::Order(Order::Gone)),
        }
    }

    /// Ready when everything is written, or nothing can be.
    pub(crate) fn poll_empty(&self, context: &mut Context<'_>, written: &mut Written) -> Poll<()> {
        let mut state = self.lock();
        state.remember(context);
        state.poll_write(context, written);
        if state.gone || (state.queue.is_empty() && !state.owes()) {
            return Poll::Ready(());
        }
        Poll::Pending
    }

    /// Reads only: what a client still says while it is being sent away.
    pub(crate) fn poll_read(
        &self,
        context: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.lock().pipe {
            Some(pipe) => pipe.poll_read(context, into),
            None => Poll::Ready(Ok(0)),
        }
    }

    /// Queues the last frames; nothing is queued behind them. Where the queue is to be given up,
    /// only a frame that the client has the beginning of goes before them.
    pub(crate) fn finish(&self, last: impl IntoIterator<Item = Frame>, give_up: bool) {
        let mut state = self.lock();
        state.closing = true;
        if give_up {
            let begun = usize::from(state.front_written > 0);
            state.queue.truncate(begun);
        }
        for frame in last {
            state.queue.push_back((frame, Kind::Answer));
        }
        state.bytes = state.queue.iter().map(|(frame, _)| frame.len()).sum();
    }

    /// Closes the socket now.
    pub(crate) fn shut(&self) {
        let mut state = self.lock();
        state.closing = true;
        if let Some(pipe) = &mut state.pipe {
            pipe.say_goodbye();
        }
        state.fail();
        state.pipe = None;
        state.task = None;
    }

    /// Whether the reader is behind: it is caught up once it has taken what waits.
    pub(crate) fn is_slow(&self) -> bool {
        !self.lock().lagging.is_empty()
    }

    /// When a message was last written, and until when the first one that waits must be.
    pub(crate) fn times(&self) -> (Instant, Option<Instant>) {
        let mut state = self.lock();
        if state.queue.is_empty() && state.lagging.is_empty() {
            // An idle socket keeps no room for frames.
            state.queue = VecDeque::new();
        }
        (state.written_at, state.blocked.then_some(state.patience))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_orders(&self) -> bool {
        self.close.is_some()
            || !self.lagging.is_empty()
            || !self.detached.is_empty()
            || !self.decided.is_empty()
            || self.looks_again
    }

    fn order(&mut self) -> Option<Order> {
        if let Some(address) = self.detached.pop_front() {
            return Some(Order::Detached(address));
        }
        if self.gone {
            return Some(Order::Gone);
        }
        if !self.decided.is_empty() {
            return Some(Order::Decided(self.decided.remove(0)));
        }
        if std::mem::take(&mut self.looks_again) {
            return Some(Order::LookAgain);
        }
        if self.close == Some(CloseReason::Overloaded) {
            return Some(Order::Close(CloseReason::Overloaded));
        }
        if !self.queue.is_empty() {
            return None;
        }
        if !self.lagging.is_empty() {
            return Some(Order::Drained(std::mem::take(&mut self.lagging)));
        }
        self.close.map(Order::Close)
    }

    fn remember(&mut self, context: &Context<'_>) {
        match &self.task {
            Some(task) if task.will_wake(context.waker()) => {}
            _ => self.task = Some(context.waker().clone()),
        }
    }

    fn wake(&self) {
        if let Some(task) = &self.task {
            task.wake_by_ref();
        }
    }

    /// The client must have the rest of a frame that it has the beginning of.
    fn drop_presence(&mut self) {
        let mut begun = self.front_written > 0;
        let mut bytes = 0;
        self.queue.retain(|(frame, kind)| {
            let keep = std::mem::take(&mut begun) || *kind != Kind::Presence;
            bytes += if keep { frame.len() } else { 0 };
            keep
        });
        self.bytes = bytes;
    }

    /// Something was taken off the queue that has not gone out yet.
    fn owes(&self) -> bool {
        self.pipe.as_ref().is_some_and(Pipe::owes)
    }

    /// Writes for the socket's own task, which waits where the socket takes no more.
    fn poll_write(&mut self, context: &mut Context<'_>, written: &mut Written) {
        if self.queue.is_empty() && !self.owes() {
            return;
        }
        loop {
            if self.blocked {
                let Some(pipe) = &self.pipe else { return };
                match pipe.poll_writable(context) {
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(_)) => return self.fail(),
                    Poll::Pending => return,
                }
            }
            self.write(Instant::now(), written);
            if !self.blocked {
                return;
            }
        }
    }

    /// Writes until the queue is empty or the socket takes no more.
    fn write(&mut self, now: Instant, written: &mut Written) {
        let was_blocked = std::mem::replace(&mut self.blocked, false);
        let frames_before = written.frames;
        for _ in 0..WRITES_MAX {
            let Some(pipe) = &mut self.pipe else { return };
            match pipe.pay() {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => return self.fail(),
            }
            let (pieces, count, bytes) = gather(&self.queue, self.front_written);
            if count == 0 {
                break;
            }
            match pipe.try_write(&pieces[..count]) {
                Ok(0) => return self.fail(),
                Ok(taken) => {
                    self.consume(taken, now, written);
                    if taken < bytes {
                        break;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // A client that goes away is not an error; its task sees the end.
                Err(_) => return self.fail(),
            }
        }
        let has_written = written.frames > frames_before;
        let first = self.queue.front().map(|(first, _)| first.len());
        if first.is_some() || self.owes() {
            self.blocked = true;
            if has_written || !was_blocked {
                let seconds = first.unwrap_or_default() as u64 / (32 << 10);
                self.patience = now + WRITE + Duration::from_secs(seconds);
            }
        }
    }

    fn consume(&mut self, taken: usize, now: Instant, written: &mut Written) {
        self.front_written += taken;
        while let Some((first, _)) = self.queue.front() {
            let bytes = first.len();
            if self.front_written < bytes {
                return;
            }
            if first.is_message() {
                self.written_at = now;
            }
            self.front_written -= bytes;
            self.bytes -= bytes;
            written.frames += 1;
            written.bytes += bytes as u64;
            self.queue.pop_front();
        }
    }

    fn fail(&mut self) {
        self.gone = true;
        self.blocked = false;
        self.queue = VecDeque::new();
        self.front_written = 0;
        self.bytes = 0;
    }
}

/// The pieces of the next write, how many they are, and their bytes.
fn gather(
    queue: &VecDeque<(Frame, Kind)>,
    front_written: usize,
) -> ([IoSlice<'_>; PIECES_MAX], usize, usize) {
    let mut pieces = [IoSlice::new(&[]); PIECES_MAX];
    let (mut count, mut bytes, mut skipped) = (0, 0, front_written);
    for (frame, _) in queue.iter().take(PIECES_MAX / 2) {
        for piece in frame.pieces(skipped) {
            if !piece.is_empty() {
                bytes += piece.len();
                pieces[count] = piece;
                count += 1;
            }
        }
        skipped = 0;
    }
    (pieces, count, bytes)
}

#[cfg(test)]
mod tests;
