//! Edits on their way to the other peers.
//!
//! An edit goes out at once while few are made or few read. Where that would cost more than
//! [`Limits::edit_deliveries_per_s`](crate::Limits), edits gather for some milliseconds and go as
//! one message: one for all readers, and for each author what the others made. An author's own
//! edits do not come back here: for some clients their return says "durable".

use bytes::Bytes;
use unisson_protocol::{
    ServerMessage,
    scan::{self, Parts},
};

use super::Session;
use crate::{
    Effect, Effects, Limits, Millis, PeerId,
    pace::{Budget, Pace},
};

/// So many edits go out early: joining is quadratic in them where each has another author.
const EDITS_MAX: usize = 64;
/// So many bytes go out early: a large message is not made larger.
const BYTES_MAX: usize = 64 * 1024;

/// An edit that is in the document and not sent yet.
#[derive(Debug)]
struct Edit {
    authors: Vec<PeerId>,
    /// Taken apart, or as it is where that failed.
    update: Result<Parts, Bytes>,
}

impl Edit {
    fn bytes(&self) -> &Bytes {
        match &self.update {
            Ok(parts) => parts.update(),
            Err(update) => update,
        }
    }
}

/// What gathers.
#[derive(Debug, Default)]
pub(super) struct Fanout {
    edits: Vec<Edit>,
    bytes: usize,
    pace: Pace,
}

fn budget(limits: &Limits) -> Budget {
    Budget {
        deliveries_per_s: limits.edit_deliveries_per_s,
        // Several people who happen to type in the same moment are no reason to wait.
        burst_ms: 60,
        wait_ms_max: limits.edit_wait_ms_max,
    }
}

impl Session {
    /// Sends an edit to all but its authors, now or soon.
    pub(super) fn broadcast(
        &mut self,
        now: Millis,
        authors: &[PeerId],
        update: Bytes,
        effects: &mut Effects,
    ) {
        let budget = budget(&self.limits);
        if self.fanout.edits.is_empty() && self.fanout.pace.free_at(budget) <= now {
            let to = self.listeners(|id| !authors.contains(&id));
            self.fanout.pace.spend(now, budget, to.len());
            tell(to, ServerMessage::Update(update), effects);
            return;
        }
        self.fanout.bytes += update.len();
        self.fanout.edits.push(Edit {
            authors: authors.to_vec(),
            update: Parts::of(update.clone()).map_err(|_| update),
        });
        if self.fanout.edits.len() >= EDITS_MAX || self.fanout.bytes >= BYTES_MAX {
            self.send_edits(now, effects);
        }
    }

    /// When what gathers is due.
    pub(super) fn edits_due(&self) -> Option<Millis> {
        let due = self.fanout.pace.free_at(budget(&self.limits));
        (!self.fanout.edits.is_empty()).then_some(due)
    }

    /// Sends what has gathered.
    pub(super) fn send_edits(&mut self, now: Millis, effects: &mut Effects) {
        let edits = std::mem::take(&mut self.fanout.edits);
        self.fanout.bytes = 0;
        let mut authors: Vec<PeerId> = edits.iter().flat_map(|e| &e.authors).copied().collect();
        authors.sort_unstable();
        authors.dedup();
        let readers = self.listeners(|id| authors.binary_search(&id).is_err());
        let authors = self.listeners(|id| authors.binary_search(&id).is_ok());
        let receivers = readers.len() + authors.len();
        let budget = budget(&self.limits);
        self.fanout.pace.spend(now, budget, receivers);
        send_joined(&readers, edits.iter(), effects);
        for author in authors {
            let of_others = edits.iter().filter(|e| !e.authors.contains(&author));
            send_joined(&[author], of_others, effects);
        }
    }

    /// Whether there are edits of others that a peer was not sent yet.
    pub(super) fn has_unsent(&self, id: PeerId) -> bool {
        let edits = &self.fanout.edits;
        edits.iter().any(|edit| !edit.authors.contains(&id))
    }

    /// A state vector (lib0 v1) without what was not sent to a peer yet. Deletions need no care:
    /// they are part of every catch-up.
    pub(super) fn without_unsent(&self, id: PeerId, state_vector: Bytes) -> Bytes {
        let unsent = self
            .fanout
            .edits
            .iter()
            .filter(|e| !e.authors.contains(&id));
        let updates: Vec<&Bytes> = unsent.map(Edit::bytes).collect();
        let entries = scan::state_vector_v1(&state_vector);
        let (false, Ok(mut entries)) = (updates.is_empty(), entries) else {
            return state_vector;
        };
        for update in updates {
            for range in scan::update_v1(update).unwrap_or_default().inserts {
                let at = entries.binary_search_by_key(&range.client_id, |entry| entry.0);
                if let Some((_, clock)) = at.ok().and_then(|at| entries.get_mut(at)) {
                    *clock = (*clock).min(range.clock);
                }
            }
        }
        scan::encode_state_vector_v1(&entries)
    }

    /// Peers that are sent edits now: those that lag get a catch-up later.
    fn listeners(&self, wanted: impl Fn(PeerId) -> bool) -> Vec<PeerId> {
        let here = self.peers.iter();
        here.filter(|(id, here)| here.lagging.is_none() && wanted(**id))
            .map(|(id, _)| *id)
            .collect()
    }
}

/// Sends edits as one message, or in their order where they cannot be joined.
fn send_joined<'a>(
    to: &[PeerId],
    edits: impl Iterator<Item = &'a Edit> + Clone,
    effects: &mut Effects,
) {
    if to.is_empty() || edits.clone().next().is_none() {
        return;
    }
    let parts: Option<Vec<&Parts>> = edits.clone().map(|e| e.update.as_ref().ok()).collect();
    let joined = parts.and_then(|parts| match parts.as_slice() {
        [only] => Some(only.update().clone()),
        parts => scan::join(parts.iter().copied()),
    });
    match joined {
        Some(update) => tell(to.to_vec(), ServerMessage::Update(update), effects),
        None => {
            for edit in edits {
                let update = edit.bytes().clone();
                tell(to.to_vec(), ServerMessage::Update(update), effects);
            }
        }
    }
}

fn tell(to: Vec<PeerId>, message: ServerMessage, effects: &mut Effects) {
    if !to.is_empty() {
        effects.push(Effect::Send { to, message });
    }
}
