//! One socket: in order both ways, until it is lost. Its outbox obeys the shell's slow-reader rule.

use std::collections::VecDeque;

use unisson_session::ServerMessage;

use super::clocks::{ClockSet, Content};

/// A frame that waits for its answer.
#[derive(Debug)]
pub struct Frame {
    /// What it says, where it can be read.
    pub content: Option<Content>,
}

/// What became of a message that was put into an outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// It waits to be sent.
    Kept,
    /// The outbox went over its limit with it.
    StartsLagging,
    /// The outbox is hopelessly full: the socket must go.
    Overflow,
}

/// One socket.
#[derive(Debug)]
pub struct Link {
    /// Whose it is.
    pub client: usize,
    /// The server has been told of it and has not been told of its end.
    pub joined: bool,
    /// Nothing passes any more.
    pub severed: bool,
    /// When the last message to the server arrives: the next one comes later.
    pub arrival: u64,
    /// Milliseconds between two messages that the client reads.
    pub reading_ms: u64,
    /// What waits to be read.
    pub outbox: VecDeque<ServerMessage>,
    /// A delivery is on its way.
    pub delivering: bool,
    /// The outbox went over its limit and is not empty yet.
    pub lagging: bool,
    /// The session was told so: no more updates may come.
    pub told_lagging: bool,
    /// Frames that the session got and has not answered.
    pub unanswered: VecDeque<Frame>,
    /// The client has answered the server's first question.
    pub synced: bool,
    /// All that the client said on this socket.
    pub said: Content,
    /// What the client had written before this socket: others may bring it meanwhile.
    pub before: ClockSet,
    /// What the client wrote during this socket's life, and sent on it.
    pub sent: ClockSet,
    bytes: usize,
    bytes_max: usize,
}

impl Link {
    /// A fresh socket.
    pub fn new(client: usize, reading_ms: u64, bytes_max: usize) -> Self {
        Self {
            client,
            joined: false,
            severed: false,
            arrival: 0,
            reading_ms,
            outbox: VecDeque::new(),
            delivering: false,
            lagging: false,
            told_lagging: false,
            unanswered: VecDeque::new(),
            synced: false,
            said: Content::default(),
            before: ClockSet::default(),
            sent: ClockSet::default(),
            bytes: 0,
            bytes_max,
        }
    }

    /// Puts a message into the outbox: over the limit presence goes first, then the reader lags.
    pub fn push(&mut self, message: ServerMessage) -> Pushed {
        if self.lagging && matches!(message, ServerMessage::Awareness(_)) {
            return Pushed::Kept;
        }
        self.bytes += size(&message);
        self.outbox.push_back(message);
        if self.bytes > self.bytes_max && !self.lagging {
            self.outbox
                .retain(|message| !matches!(message, ServerMessage::Awareness(_)));
            self.bytes = self.outbox.iter().map(size).sum();
            if self.bytes > self.bytes_max {
                self.lagging = true;
                return Pushed::StartsLagging;
            }
        }
        // One catch-up may be large; what comes on top of it may not.
        let largest = self.outbox.iter().map(size).max().unwrap_or(0);
        if self.bytes - largest > 16 * self.bytes_max {
            Pushed::Overflow
        } else {
            Pushed::Kept
        }
    }

    /// Takes the oldest message.
    pub fn pop(&mut self) -> Option<ServerMessage> {
        let message = self.outbox.pop_front()?;
        self.bytes -= size(&message);
        Some(message)
    }
}

fn size(message: &ServerMessage) -> usize {
    8 + match message {
        ServerMessage::SyncStep1(bytes)
        | ServerMessage::SyncStep2(bytes)
        | ServerMessage::Update(bytes)
        | ServerMessage::Awareness(bytes) => bytes.len(),
        ServerMessage::Accepted => 0,
        ServerMessage::Refused(text)
        | ServerMessage::Access(_, text)
        | ServerMessage::Stateless(text) => text.len(),
    }
}
