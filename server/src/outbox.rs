//! What waits to be written to one socket, bounded in bytes.
//!
//! Over its limit an outbox drops presence first. Updates are never dropped: the document's
//! session is told that the peer lags, sends it no more, and catches up in one message once the
//! outbox is empty. Past the hard limit (a peer that writes but does not read) the socket closes.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use tokio::sync::Notify;
use unisson_protocol::{CloseReason, dialect::hocuspocus::Address};
use unisson_session::PeerId;

use crate::doc_task::DocInbox;

/// What kind of frame it is decides what happens when there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Dropped first.
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
pub(crate) enum Next {
    /// Write this.
    Frame(Bytes),
    /// The session has detached this document.
    Detached(Address),
    /// These lagging peers have nothing queued any more.
    Drained(Vec<(DocInbox, PeerId)>),
    /// Close the socket.
    Close(CloseReason),
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<(Bytes, Kind)>,
    bytes: usize,
    lagging: Vec<(DocInbox, PeerId)>,
    detached: VecDeque<Address>,
    close: Option<CloseReason>,
}

/// A bounded queue of frames for one socket.
#[derive(Debug)]
pub(crate) struct Outbox {
    state: Mutex<State>,
    changed: Notify,
    bytes_max: usize,
    bytes_max_hard: usize,
}

impl Outbox {
    pub(crate) fn new(bytes_max: usize, message_bytes_max: usize) -> Self {
        Self {
            state: Mutex::default(),
            changed: Notify::new(),
            bytes_max,
            bytes_max_hard: bytes_max
                .saturating_mul(4)
                .saturating_add(message_bytes_max),
        }
    }

    /// Queues a frame.
    pub(crate) fn push(&self, frame: Bytes, kind: Kind) -> Pushed {
        let mut state = self.lock();
        if kind == Kind::Presence && state.bytes + frame.len() > self.bytes_max {
            return Pushed::Fine;
        }
        state.bytes += frame.len();
        state.queue.push_back((frame, kind));
        if state.bytes > self.bytes_max {
            state.queue.retain(|(_, kind)| *kind != Kind::Presence);
            state.bytes = state.queue.iter().map(|(frame, _)| frame.len()).sum();
        }
        if state.bytes > self.bytes_max_hard && state.close.is_none() {
            state.close = Some(CloseReason::Overloaded);
        }
        let full = state.bytes > self.bytes_max;
        drop(state);
        self.changed.notify_one();
        if full && kind == Kind::Update {
            Pushed::Full
        } else {
            Pushed::Fine
        }
    }

    /// Remembers whom to tell when the outbox is empty.
    pub(crate) fn lags(&self, document: DocInbox, peer: PeerId) {
        let mut state = self.lock();
        if state.lagging.iter().all(|(_, other)| *other != peer) {
            state.lagging.push((document, peer));
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Tells the socket's task that a session has let go of a document.
    pub(crate) fn detach(&self, address: Address) {
        self.lock().detached.push_back(address);
        self.changed.notify_one();
    }

    /// Closes the socket once what is queued has been written.
    pub(crate) fn close(&self, reason: CloseReason) {
        self.lock().close.get_or_insert(reason);
        self.changed.notify_one();
    }

    /// What to do next. Cancelling loses nothing.
    pub(crate) async fn next(&self) -> Next {
        loop {
            if let Some(next) = self.take() {
                return next;
            }
            self.changed.notified().await;
        }
    }

    /// What to do next, if anything.
    pub(crate) fn take(&self) -> Option<Next> {
        let mut state = self.lock();
        if let Some(address) = state.detached.pop_front() {
            return Some(Next::Detached(address));
        }
        if state.close == Some(CloseReason::Overloaded) {
            return Some(Next::Close(CloseReason::Overloaded));
        }
        if let Some((frame, _)) = state.queue.pop_front() {
            state.bytes -= frame.len();
            return Some(Next::Frame(frame));
        }
        if !state.lagging.is_empty() {
            return Some(Next::Drained(std::mem::take(&mut state.lagging)));
        }
        state.close.map(Next::Close)
    }

    /// Whether another frame waits behind the one just taken.
    pub(crate) fn has_frames(&self) -> bool {
        !self.lock().queue.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(byte: u8, len: usize) -> Bytes {
        vec![byte; len].into()
    }

    fn taken(outbox: &Outbox) -> Vec<u8> {
        std::iter::from_fn(|| match outbox.take() {
            Some(Next::Frame(frame)) => frame.first().copied(),
            _ => None,
        })
        .collect()
    }

    #[test]
    fn over_the_limit_presence_goes_first_and_the_sender_of_updates_is_told() {
        let outbox = Outbox::new(100, 1_000);
        assert_eq!(outbox.push(frame(1, 60), Kind::Presence), Pushed::Fine);
        assert_eq!(outbox.push(frame(2, 60), Kind::Update), Pushed::Fine);
        assert_eq!(outbox.push(frame(3, 60), Kind::Presence), Pushed::Fine);
        assert_eq!(outbox.push(frame(4, 60), Kind::Update), Pushed::Full);
        assert_eq!(taken(&outbox), [2, 4]);
    }

    #[test]
    fn a_peer_that_never_reads_is_closed() {
        let outbox = Outbox::new(100, 100);
        for _ in 0..10 {
            outbox.push(frame(1, 60), Kind::Answer);
        }
        assert!(matches!(
            outbox.take(),
            Some(Next::Close(CloseReason::Overloaded))
        ));
    }

    #[test]
    fn what_is_queued_is_written_before_an_orderly_close() {
        let outbox = Outbox::new(100, 100);
        outbox.push(frame(1, 10), Kind::Answer);
        outbox.close(CloseReason::Restart);
        assert_eq!(taken(&outbox), [1]);
        assert!(matches!(
            outbox.take(),
            Some(Next::Close(CloseReason::Restart))
        ));
    }
}
