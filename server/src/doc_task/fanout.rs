//! The peers of one document, and the writing to their sockets.
//!
//! A message is encoded once for all its receivers and only queued. When the document has seen to
//! all that was ready, each socket that got something is written to once, with everything that is
//! queued for it: alone, an edit leaves at once; under load, several leave in one write.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use tokio::time::Instant;
use unisson_protocol::{
    CloseReason, ServerMessage,
    dialect::{hocuspocus, y_websocket},
};
use unisson_session::PeerId;

use super::DocInbox;
use crate::{
    crowd::Member,
    frame::Frame,
    outbox::{Kind, Outbox, Pushed, Written},
    registry::Shared,
};

/// How many sockets are written to before other tasks have their turn: at some 10 µs each, a
/// document with thousands of readers holds up nobody for long.
const FLUSHES_MAX: usize = 32;

/// Where a peer's frames go.
#[derive(Debug, Clone)]
pub(crate) struct Sink {
    pub(crate) outbox: Arc<Outbox>,
    /// The address of a Hocuspocus provider; none for y-websocket.
    pub(crate) address: Option<hocuspocus::Address>,
}

impl Sink {
    /// Ends the peer's part in the document, in the way that its clients understand.
    pub(super) fn close(&self, reason: CloseReason) {
        match &self.address {
            // A socket shared by several documents stays open where coming back would not help;
            // it is closed where it would, because published clients never sync again otherwise.
            Some(address) if !reason.is_transient() || reason == CloseReason::Damaged => {
                let denied = hocuspocus::Control::PermissionDenied(reason.text().into());
                let denied = hocuspocus::encode_control(address, &denied);
                self.outbox.push(Frame::message(&denied), Kind::Answer);
                self.outbox.detach(address.clone());
            }
            _ => self.outbox.close(reason),
        }
    }
}

#[derive(Debug)]
struct Seat {
    sink: Sink,
    /// The round in which it was last sent something.
    round: u64,
    _place: Option<Member<Arc<str>>>,
}

/// The peers of a document.
pub(super) struct Fanout {
    shared: Arc<Shared>,
    seats: BTreeMap<PeerId, Seat>,
    /// Whom this round's frames are for.
    touched: Vec<Arc<Outbox>>,
    round: u64,
    /// What was queued for the peer that got most in this round, at most.
    round_bytes: usize,
}

impl Fanout {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            seats: BTreeMap::new(),
            touched: Vec::new(),
            round: 1,
            round_bytes: 0,
        }
    }

    pub(super) fn seat(&mut self, id: PeerId, sink: Sink, place: Option<Member<Arc<str>>>) {
        let seat = Seat {
            sink,
            round: 0,
            _place: place,
        };
        self.seats.insert(id, seat);
    }

    pub(super) fn everybody(&self) -> Vec<PeerId> {
        self.seats.keys().copied().collect()
    }

    pub(super) fn has(&self, id: PeerId) -> bool {
        self.seats.contains_key(&id)
    }

    /// The socket of a peer.
    pub(super) fn outbox(&self, id: PeerId) -> Option<Arc<Outbox>> {
        self.seats.get(&id).map(|seat| seat.sink.outbox.clone())
    }

    /// A peer is gone; `None` where it was not here.
    pub(super) fn remove(&mut self, id: PeerId) -> Option<Sink> {
        self.seats.remove(&id).map(|seat| seat.sink)
    }

    pub(super) fn close_all(&mut self, reason: CloseReason) {
        for seat in std::mem::take(&mut self.seats).into_values() {
            seat.sink.close(reason);
        }
    }

    /// The peer's outbox will say when it is empty.
    pub(super) fn lags(&self, id: PeerId, inbox: DocInbox) {
        if let Some(seat) = self.seats.get(&id) {
            self.shared.metrics.lagging.inc();
            seat.sink.outbox.lags(inbox, id);
        }
    }

    /// How much this round may have queued for one socket.
    pub(super) fn round_bytes(&self) -> usize {
        self.round_bytes
    }

    /// Queues a message, encoded once for all receivers of a dialect and address.
    pub(super) fn send(
        &mut self,
        to: &[PeerId],
        message: &ServerMessage,
        lagging: &mut Vec<PeerId>,
    ) {
        if matches!(message, ServerMessage::Refused(_)) {
            self.shared.metrics.refuse("edit");
        }
        let kind = kind(message);
        let mut encoder = Encoder::new(message);
        let mut largest = 0;
        for id in to {
            let Some(seat) = self.seats.get_mut(id) else {
                continue;
            };
            let Some(frame) = encoder.frame(seat.sink.address.as_ref()) else {
                continue;
            };
            largest = largest.max(frame.len());
            if seat.round != self.round {
                seat.round = self.round;
                self.touched.push(seat.sink.outbox.clone());
            }
            if seat.sink.outbox.push(frame, kind) == Pushed::Full {
                lagging.push(*id);
            }
        }
        self.round_bytes += largest;
    }

    /// Writes what this round has queued.
    pub(super) async fn flush(&mut self) {
        self.round += 1;
        self.round_bytes = 0;
        let mut written = Written::default();
        let mut now = Instant::now();
        for (count, outbox) in self.touched.iter().enumerate() {
            if count % FLUSHES_MAX == FLUSHES_MAX - 1 {
                tokio::task::yield_now().await;
                now = Instant::now();
            }
            outbox.flush(now, &mut written);
        }
        self.touched.clear();
        if self.touched.capacity() > FLUSHES_MAX && self.seats.len() <= FLUSHES_MAX {
            self.touched.shrink_to(FLUSHES_MAX);
        }
        self.shared.metrics.sent(written);
    }
}

fn kind(message: &ServerMessage) -> Kind {
    match message {
        ServerMessage::Awareness(_) => Kind::Presence,
        ServerMessage::Update(_) | ServerMessage::Stateless(_) => Kind::Update,
        ServerMessage::SyncStep1(_)
        | ServerMessage::SyncStep2(_)
        | ServerMessage::Accepted
        | ServerMessage::Refused(_)
        | ServerMessage::Access(..) => Kind::Answer,
    }
}

/// One message's frames, each made when the first receiver needs it.
struct Encoder<'a> {
    message: &'a ServerMessage,
    /// For y-websocket; the inner `None` where that dialect has no words for the message.
    plain: Option<Option<Frame>>,
    body: Option<(Vec<u8>, Bytes)>,
    /// For the last Hocuspocus address: most providers of a document have the same one, its name.
    addressed: Option<(hocuspocus::Address, Frame)>,
}

impl<'a> Encoder<'a> {
    fn new(message: &'a ServerMessage) -> Self {
        Self {
            message,
            plain: None,
            body: None,
            addressed: None,
        }
    }

    fn frame(&mut self, address: Option<&hocuspocus::Address>) -> Option<Frame> {
        let Some(address) = address else {
            let plain = self.plain.get_or_insert_with(|| {
                let (head, payload) = y_websocket::encode_split(self.message)?;
                Some(Frame::binary(&[&head], &payload))
            });
            return plain.clone();
        };
        if let Some((last, frame)) = &self.addressed
            && last == address
        {
            return Some(frame.clone());
        }
        let (head, payload) = self
            .body
            .get_or_insert_with(|| hocuspocus::encode_body_split(self.message));
        let frame = Frame::binary(&[&hocuspocus::address_head(address), head], payload);
        // Addresses with a session belong to one provider each: they do not push the name out.
        if self.addressed.is_none() || address.session_id().is_none() {
            self.addressed = Some((address.clone(), frame.clone()));
        }
        Some(frame)
    }
}
