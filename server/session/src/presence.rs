//! Presence: who is here, in the order of their client ids.
//!
//! The clock rules are those of y-protocols. On top of them, a client id belongs to the connection
//! that introduced it: nobody else removes it, and only another connection of the same user may
//! take it over (the same editor that has come back before its old socket was seen to be dead).
//!
//! A renewal (a higher clock, the same state) is not news. Published clients forget a peer that
//! was silent for 30 s and renew every 15 s, so renewals are gathered and sent on together, at most
//! [`RENEWAL_DELAY_MS`] late: 25 s at worst, and one frame for all instead of one for each.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bytes::Bytes;
use unisson_protocol::awareness::{self, AwarenessEntry};

use crate::{Limits, Millis, PeerId};

/// A state that was not renewed for so long is forgotten (as in y-protocols).
const EXPIRY_MS: u64 = 30_000;
/// How long a renewal may be held back.
const RENEWAL_DELAY_MS: u64 = 10_000;
/// How long the clock of a departed client is remembered, so that a late echo of its last state
/// does not bring it back. Clients forget states after 30 s, so no echo is older.
const DEPARTED_MS: u64 = 120_000;
/// The most entries in one message: old providers echo everybody's state.
const ENTRIES_MAX: usize = 10_000;
/// The most client ids that are known at a time, the departed included.
const KNOWN_MAX: usize = 20_000;

#[derive(Debug)]
struct Known {
    clock: u64,
    state: Option<Arc<str>>,
    owner: Option<PeerId>,
    user: Option<Arc<str>>,
    updated: Millis,
}

/// Everybody's presence in one document.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    clients: BTreeMap<u64, Known>,
    renewed: BTreeSet<u64>,
    renewals_due: Option<Millis>,
}

impl Presence {
    /// Takes a peer's awareness update; gives what everybody should be told at once.
    /// Malformed or oversized presence is dropped: it is not part of the document.
    pub(crate) fn receive(
        &mut self,
        now: Millis,
        peer: PeerId,
        user: Option<&Arc<str>>,
        update: &[u8],
        limits: &Limits,
    ) -> Option<Bytes> {
        let entries = awareness::decode(update, ENTRIES_MAX).ok()?;
        let mut news = BTreeSet::new();
        for entry in entries {
            let size = entry.state.as_ref().map_or(0, |state| state.len());
            if size <= limits.awareness_bytes_max && self.accepts(peer, user, &entry, limits) {
                self.take(now, peer, user, entry, &mut news);
            }
        }
        self.encode(news)
    }

    fn accepts(
        &self,
        peer: PeerId,
        user: Option<&Arc<str>>,
        entry: &AwarenessEntry,
        limits: &Limits,
    ) -> bool {
        let Some(known) = self.clients.get(&entry.client_id) else {
            return entry.clock > 0 && entry.state.is_some() && self.has_room(peer, limits);
        };
        let newer = entry.clock > known.clock
            || (entry.clock == known.clock && entry.state.is_none() && known.state.is_some());
        match known.owner {
            _ if !newer => false,
            Some(owner) if owner == peer => true,
            Some(_) => entry.state.is_some() && known.user.as_ref() == user,
            None => entry.state.is_some() && self.has_room(peer, limits),
        }
    }

    fn has_room(&self, peer: PeerId, limits: &Limits) -> bool {
        let owned = self
            .clients
            .values()
            .filter(|known| known.owner == Some(peer))
            .count();
        owned < limits.awareness_clients_per_peer_max && self.clients.len() < KNOWN_MAX
    }

    fn take(
        &mut self,
        now: Millis,
        peer: PeerId,
        user: Option<&Arc<str>>,
        entry: AwarenessEntry,
        news: &mut BTreeSet<u64>,
    ) {
        let id = entry.client_id;
        let present = entry.state.is_some();
        let same = present
            && self
                .clients
                .get(&id)
                .is_some_and(|known| known.state == entry.state);
        if same {
            self.renewed.insert(id);
            self.renewals_due.get_or_insert(now + RENEWAL_DELAY_MS);
        } else {
            self.renewed.remove(&id);
            news.insert(id);
        }
        let known = Known {
            clock: entry.clock,
            state: entry.state,
            owner: present.then_some(peer),
            user: user.cloned(),
            updated: now,
        };
        self.clients.insert(id, known);
    }

    /// Forgets a peer's clients; gives what everybody should be told.
    pub(crate) fn leave(&mut self, now: Millis, peer: PeerId) -> Option<Bytes> {
        self.depart(now, |known| known.owner == Some(peer))
    }

    /// Does what is due; gives what everybody should be told.
    pub(crate) fn wake(&mut self, now: Millis) -> Vec<Bytes> {
        self.clients
            .retain(|_, known| known.state.is_some() || known.updated + DEPARTED_MS > now);
        let expired = self.depart(now, |known| known.updated + EXPIRY_MS <= now);
        let renewed = if self.renewals_due.is_some_and(|due| due <= now) {
            self.renewals_due = None;
            let renewed = std::mem::take(&mut self.renewed);
            self.encode(renewed)
        } else {
            None
        };
        expired.into_iter().chain(renewed).collect()
    }

    /// When [`Presence::wake`] is due.
    pub(crate) fn next_wakeup(&self) -> Option<Millis> {
        let expiry = self.clients.values().map(|known| {
            known.updated
                + if known.state.is_some() {
                    EXPIRY_MS
                } else {
                    DEPARTED_MS
                }
        });
        expiry.chain(self.renewals_due).min()
    }

    /// Everybody's state, if anybody is here.
    pub(crate) fn all(&self) -> Option<Bytes> {
        let present = self
            .clients
            .iter()
            .filter(|(_, known)| known.state.is_some());
        self.encode(present.map(|(id, _)| *id).collect())
    }

    fn depart(&mut self, now: Millis, gone: impl Fn(&Known) -> bool) -> Option<Bytes> {
        let mut departed = BTreeSet::new();
        for (id, known) in &mut self.clients {
            if known.state.is_some() && gone(known) {
                known.state = None;
                known.owner = None;
                known.updated = now;
                self.renewed.remove(id);
                departed.insert(*id);
            }
        }
        self.encode(departed)
    }

    fn encode(&self, ids: BTreeSet<u64>) -> Option<Bytes> {
        let entries: Vec<AwarenessEntry> = ids
            .into_iter()
            .filter_map(|client_id| {
                let known = self.clients.get(&client_id)?;
                Some(AwarenessEntry {
                    client_id,
                    clock: known.clock,
                    state: known.state.clone(),
                })
            })
            .collect();
        (!entries.is_empty()).then(|| awareness::encode(&entries))
    }
}
