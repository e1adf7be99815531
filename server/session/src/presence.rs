//! Presence: who is here, in the order of their client ids.
//!
//! The clock rules are those of y-protocols. On top of them, a client id belongs to the connection
//! that introduced it: nobody else removes it, and only another connection of the same user may
//! take it over (the same editor that has come back before its old socket was seen to be dead).
//!
//! Of somebody who has authenticated the name is the server's, see `stamp`.
//!
//! News goes at once while few people are here or move, and gathers where it would cost more than
//! [`Limits::presence_deliveries_per_s`]: then one message has the newest state of each.
//!
//! A renewal (a higher clock, the same state) is not news. Published clients forget a peer that
//! was silent for 30 s and renew every 15 s, so renewals are gathered and sent on together, at most
//! [`RENEWAL_DELAY_MS`] late: 26 s at worst, and one frame for all instead of one for each.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bytes::Bytes;
use unisson_protocol::awareness::{self, Presence as Entry};

use crate::{
    Limits, Millis, Peer, PeerId,
    pace::{Budget, Pace},
    stamp::stamp,
};

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

impl Known {
    /// When it is to be forgotten, or to be counted as gone.
    fn expires(&self) -> Millis {
        let after_ms = if self.state.is_some() {
            EXPIRY_MS
        } else {
            DEPARTED_MS
        };
        self.updated + after_ms
    }
}

/// Everybody's presence in one document.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    clients: BTreeMap<u64, Known>,
    /// The client ids that each peer owns.
    owned: BTreeMap<PeerId, Vec<u64>>,
    /// Whose state is to be told.
    news: BTreeSet<u64>,
    pace: Pace,
    renewed: BTreeSet<u64>,
    renewals_due: Option<Millis>,
    /// Before this moment nothing expires.
    expiry_look: Option<Millis>,
}

fn budget(limits: &Limits) -> Budget {
    Budget {
        deliveries_per_s: limits.presence_deliveries_per_s,
        // Some moves in a row are shown as they are made.
        burst_ms: 100,
        wait_ms_max: limits.presence_wait_ms_max,
    }
}

impl Presence {
    /// Takes a peer's awareness update. Malformed or oversized presence is dropped: it is not part
    /// of the document.
    pub(crate) fn receive(
        &mut self,
        now: Millis,
        peer: PeerId,
        who: &Peer,
        update: &[u8],
        limits: &Limits,
    ) {
        let user = who.user.as_ref();
        let Ok(entries) = awareness::read(update, ENTRIES_MAX) else {
            return;
        };
        for entry in entries {
            let size = entry.state.map_or(0, str::len);
            if size <= limits.awareness_bytes_max && self.accepts(peer, user, &entry, limits) {
                self.take_stamped(now, peer, who, entry);
            }
        }
    }

    fn accepts(
        &self,
        peer: PeerId,
        user: Option<&Arc<str>>,
        entry: &Entry<'_>,
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

    fn take_stamped(&mut self, now: Millis, peer: PeerId, who: &Peer, entry: Entry<'_>) {
        let state = entry.state.map(|state| stamp(state, who));
        if let Some(None) = state {
            return;
        }
        let state = state.flatten();
        let entry = Entry {
            state: state.as_deref(),
            ..entry
        };
        self.take(now, peer, who.user.as_ref(), &entry);
    }

    fn has_room(&self, peer: PeerId, limits: &Limits) -> bool {
        let owned = self.owned.get(&peer).map_or(0, Vec::len);
        owned < limits.awareness_clients_per_peer_max && self.clients.len() < KNOWN_MAX
    }

    fn take(&mut self, now: Millis, peer: PeerId, user: Option<&Arc<str>>, entry: &Entry<'_>) {
        let id = entry.client_id;
        let owner = entry.state.map(|_| peer);
        let known = self.clients.entry(id).or_insert_with(|| Known {
            clock: 0,
            state: None,
            owner: None,
            user: None,
            updated: now,
        });
        let before = std::mem::replace(&mut known.owner, owner);
        let same = entry.state.is_some() && known.state.as_deref() == entry.state;
        known.clock = entry.clock;
        known.updated = now;
        if known.user.as_ref() != user {
            known.user = user.cloned();
        }
        if same {
            self.renewed.insert(id);
            self.renewals_due.get_or_insert(now + RENEWAL_DELAY_MS);
        } else {
            known.state = entry.state.map(Arc::from);
            self.renewed.remove(&id);
            self.news.insert(id);
        }
        if before != owner {
            self.change_owner(id, before, owner);
        }
        self.look_for_expiry(now + EXPIRY_MS);
    }

    fn change_owner(&mut self, id: u64, before: Option<PeerId>, owner: Option<PeerId>) {
        if let Some(before) = before
            && let Some(ids) = self.owned.get_mut(&before)
        {
            ids.retain(|owned| *owned != id);
            if ids.is_empty() {
                self.owned.remove(&before);
            }
        }
        if let Some(owner) = owner {
            self.owned.entry(owner).or_default().push(id);
        }
    }

    fn look_for_expiry(&mut self, at: Millis) {
        self.expiry_look = Some(self.expiry_look.map_or(at, |look| look.min(at)));
    }

    /// Forgets a peer's clients.
    pub(crate) fn leave(&mut self, now: Millis, peer: PeerId) {
        for id in self.owned.remove(&peer).unwrap_or_default() {
            self.depart(now, id);
        }
    }

    fn depart(&mut self, now: Millis, id: u64) {
        if let Some(known) = self.clients.get_mut(&id) {
            known.state = None;
            known.owner = None;
            known.updated = now;
            self.renewed.remove(&id);
            self.news.insert(id);
            self.look_for_expiry(now + DEPARTED_MS);
        }
    }

    /// Does what is due; gives what all `receivers` should be told.
    pub(crate) fn wake(&mut self, now: Millis, receivers: usize, limits: &Limits) -> Option<Bytes> {
        if self.expiry_look.is_some_and(|look| look <= now) {
            self.expire(now);
        }
        if self.renewals_due.is_some_and(|due| due <= now) {
            self.renewals_due = None;
            self.news.append(&mut self.renewed);
        }
        let budget = budget(limits);
        if self.news.is_empty() || self.pace.free_at(budget) > now {
            return None;
        }
        self.pace.spend(now, budget, receivers);
        let news = std::mem::take(&mut self.news);
        self.encode(news.iter())
    }

    fn expire(&mut self, now: Millis) {
        self.expiry_look = None;
        self.clients
            .retain(|_, known| known.state.is_some() || known.updated + DEPARTED_MS > now);
        let silent = |known: &Known| known.state.is_some() && known.updated + EXPIRY_MS <= now;
        let expired: Vec<(u64, Option<PeerId>)> = self
            .clients
            .iter()
            .filter(|(_, known)| silent(known))
            .map(|(id, known)| (*id, known.owner))
            .collect();
        for (id, owner) in expired {
            self.change_owner(id, owner, None);
            self.depart(now, id);
        }
        let next = self.clients.values().map(Known::expires).min();
        self.expiry_look = next;
    }

    /// When [`Presence::wake`] is due.
    pub(crate) fn next_wakeup(&self, limits: &Limits) -> Option<Millis> {
        let news = (!self.news.is_empty()).then(|| self.pace.free_at(budget(limits)));
        [news, self.renewals_due, self.expiry_look]
            .into_iter()
            .flatten()
            .min()
    }

    /// What one peer says of itself: the state of each of its clients.
    pub(crate) fn of(&self, peer: PeerId) -> impl Iterator<Item = Arc<str>> {
        let ids = self.owned.get(&peer).into_iter().flatten();
        ids.filter_map(|id| self.clients.get(id)?.state.clone())
    }

    /// Everybody's state, if anybody is here.
    pub(crate) fn all(&self) -> Option<Bytes> {
        let present = self
            .clients
            .iter()
            .filter(|(_, known)| known.state.is_some());
        self.encode(present.map(|(id, _)| id))
    }

    fn encode<'a>(&self, ids: impl Iterator<Item = &'a u64>) -> Option<Bytes> {
        let entries: Vec<Entry<'_>> = ids
            .filter_map(|client_id| {
                let known = self.clients.get(client_id)?;
                Some(Entry {
                    client_id: *client_id,
                    clock: known.clock,
                    state: known.state.as_deref(),
                })
            })
            .collect();
        (!entries.is_empty()).then(|| awareness::write(&entries))
    }
}
