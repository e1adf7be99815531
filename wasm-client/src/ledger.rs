//! Which local edits the server has not yet acknowledged as durable.

use std::collections::VecDeque;

use unisson_protocol::{
    dialect::Dialect,
    scan::{ClockRange, UpdateScan},
};
use yrs::{ID, IdSet, block::ClientID};

/// What an update inserts and deletes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Content {
    pub(crate) inserts: IdSet,
    pub(crate) deletes: IdSet,
}

impl Content {
    pub(crate) fn is_empty(&self) -> bool {
        self.inserts.is_empty() && self.deletes.is_empty()
    }

    fn add(&mut self, other: &Self) {
        self.inserts.merge_with(other.inserts.clone());
        self.deletes.merge_with(other.deletes.clone());
    }

    fn remove(&mut self, other: &Self) {
        self.inserts.diff_with(&other.inserts);
        self.deletes.diff_with(&other.deletes);
    }
}

impl From<&UpdateScan> for Content {
    fn from(scan: &UpdateScan) -> Self {
        Self {
            inserts: id_set(&scan.inserts),
            deletes: id_set(&scan.deletes),
        }
    }
}

/// Frames sent and not yet answered, at most; further edits wait for an answer and then travel
/// together.
const IN_FLIGHT_MAX: usize = 1_024;

/// Local edits from the moment they are made to their acknowledgement.
///
/// Hocuspocus answers each frame once and in order; a `y-websocket` server sends the edit back.
/// An edit stays unsaved over a lost connection, whatever the server's state vector says: being
/// in the server's memory is not being saved.
#[derive(Debug)]
pub(crate) struct Ledger {
    dialect: Dialect,
    unsaved: Content,
    in_flight: VecDeque<Content>,
}

impl Ledger {
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            unsaved: Content::default(),
            in_flight: VecDeque::new(),
        }
    }

    /// Everything that is not acknowledged.
    pub(crate) fn unsaved(&self) -> &Content {
        &self.unsaved
    }

    /// Whether nothing waits for the server: no edit, and no answer either.
    pub(crate) fn is_clear(&self) -> bool {
        self.unsaved.is_empty() && self.in_flight.is_empty()
    }

    /// Whether one more frame may be sent now.
    pub(crate) fn has_room(&self) -> bool {
        self.in_flight.len() < IN_FLIGHT_MAX
    }

    /// Whether some unsaved edit is in no frame on its way.
    pub(crate) fn has_unsent(&self) -> bool {
        let mut left = self.unsaved.clone();
        for content in &self.in_flight {
            left.remove(content);
        }
        !left.is_empty()
    }

    pub(crate) fn edited(&mut self, content: &Content) {
        self.unsaved.add(content);
    }

    /// A frame with this content (a `SyncStep2` or an `Update`) went out.
    pub(crate) fn sent(&mut self, content: Content) {
        if self.dialect == Dialect::Hocuspocus {
            self.in_flight.push_back(content);
        }
    }

    /// The oldest frame is durable; says which inserts became saved.
    pub(crate) fn accepted(&mut self) -> Vec<ClockRange> {
        let Some(content) = self.in_flight.pop_front() else {
            return Vec::new();
        };
        self.acknowledge(&content)
    }

    /// The oldest frame is not part of the document: its edits stay unsaved. Says whether there
    /// were any.
    pub(crate) fn refused(&mut self) -> bool {
        self.in_flight
            .pop_front()
            .is_some_and(|content| !content.is_empty())
    }

    /// An `Update` came in; where the dialect acknowledges by echo, its own part is saved.
    pub(crate) fn echoed(&mut self, scan: &UpdateScan) -> Vec<ClockRange> {
        if self.dialect != Dialect::YWebsocket || self.unsaved.is_empty() {
            return Vec::new();
        }
        self.acknowledge(&Content::from(scan))
    }

    /// The connection is gone, and with it the answers to what was in flight.
    pub(crate) fn disconnected(&mut self) {
        self.in_flight.clear();
    }

    fn acknowledge(&mut self, content: &Content) -> Vec<ClockRange> {
        let saved = self.unsaved.inserts.intersect(&content.inserts);
        self.unsaved.remove(content);
        clock_ranges(&saved)
    }
}

fn id_set(ranges: &[ClockRange]) -> IdSet {
    let mut set = IdSet::default();
    for range in ranges {
        set.insert(
            ID::new(ClientID::new(range.client_id), range.clock),
            range.len,
        );
    }
    set
}

fn clock_ranges(set: &IdSet) -> Vec<ClockRange> {
    set.iter()
        .flat_map(|(client, ranges)| {
            let client_id = client.get();
            ranges.iter().map(move |range| ClockRange {
                client_id,
                clock: range.start,
                len: range.end - range.start,
            })
        })
        .collect()
}
