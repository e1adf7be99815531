//! Who is here: the own state with its renewal, and the others' with their expiry, by the clock
//! rules of y-protocols.

use std::{collections::BTreeMap, sync::Arc};

use unisson_protocol::awareness::AwarenessEntry;

/// The own state is said again after this time, with a higher clock.
pub(crate) const RENEW_MS: u64 = 15_000;
/// A state that was not renewed for this time is forgotten.
const EXPIRE_MS: u64 = 30_000;
/// Clients that are remembered, those who left included.
const CLIENTS_MAX: usize = 10_000;

/// The presence of one other client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresenceState {
    /// The Yjs client id.
    pub client_id: u64,
    /// The state as JSON text, unparsed.
    pub state: Arc<str>,
}

#[derive(Debug)]
struct Known {
    clock: u64,
    state: Option<Arc<str>>,
    seen_at: u64,
}

#[derive(Debug)]
pub(crate) struct Presence {
    client_id: u64,
    own: Option<Arc<str>>,
    own_clock: u64,
    others: BTreeMap<u64, Known>,
}

/// What a received presence update changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    pub(crate) others: bool,
    /// Somebody said that this client has left: say that it is here.
    pub(crate) renew: bool,
}

impl Presence {
    pub(crate) fn new(client_id: u64) -> Self {
        Self {
            client_id,
            own: None,
            own_clock: 0,
            others: BTreeMap::new(),
        }
    }

    /// Sets the own state; `None` leaves.
    pub(crate) fn set_own(&mut self, state: Option<Arc<str>>) {
        self.own = state;
    }

    pub(crate) fn has_own(&self) -> bool {
        self.own.is_some()
    }

    /// The own state with a new clock: peers that saw this client leave take it only so.
    pub(crate) fn announce(&mut self) -> AwarenessEntry {
        self.own_clock += 1;
        AwarenessEntry {
            client_id: self.client_id,
            clock: self.own_clock,
            state: self.own.clone(),
        }
    }

    pub(crate) fn others(&self) -> impl Iterator<Item = PresenceState> {
        self.others.iter().filter_map(|(client_id, known)| {
            Some(PresenceState {
                client_id: *client_id,
                state: known.state.clone()?,
            })
        })
    }

    pub(crate) fn received(&mut self, now: u64, entries: Vec<AwarenessEntry>) -> Changes {
        let mut changes = Changes::default();
        for entry in entries {
            if entry.client_id == self.client_id {
                // An earlier life of this client id may have left a higher clock behind.
                if entry.clock > self.own_clock {
                    self.own_clock = entry.clock;
                }
                changes.renew |= entry.state.is_none() && self.own.is_some();
                continue;
            }
            changes.others |= self.received_other(now, entry);
        }
        changes
    }

    fn received_other(&mut self, now: u64, entry: AwarenessEntry) -> bool {
        let known = self.others.get(&entry.client_id);
        let clock = known.map_or(0, |known| known.clock);
        let present = known.is_some_and(|known| known.state.is_some());
        let leaves = entry.state.is_none() && present;
        let newer = entry.clock > clock || (entry.clock == clock && leaves);
        if !newer || (known.is_none() && self.others.len() >= CLIENTS_MAX) {
            return false;
        }
        let changed = known.map_or(entry.state.is_some(), |known| known.state != entry.state);
        let known = Known {
            clock: entry.clock,
            state: entry.state,
            seen_at: now,
        };
        self.others.insert(entry.client_id, known);
        changed
    }

    /// Forgets who was not heard of; says whether anybody was.
    pub(crate) fn expire(&mut self, now: u64) -> bool {
        let mut changed = false;
        self.others.retain(|_, known| {
            let quiet = now.saturating_sub(known.seen_at);
            if quiet >= EXPIRE_MS && known.state.take().is_some() {
                changed = true;
                known.seen_at = now;
                return true;
            }
            // The clock of one who left is kept for a while: a late echo must not revive them.
            known.state.is_some() || quiet < 2 * EXPIRE_MS
        });
        changed
    }

    /// The connection is gone: nobody is known to be there.
    pub(crate) fn forget_others(&mut self) -> bool {
        let had = self.others().next().is_some();
        self.others.clear();
        had
    }

    /// When [`Presence::expire`] has something to do.
    pub(crate) fn next_expiry(&self) -> Option<u64> {
        self.others
            .values()
            .map(|known| {
                let lives = if known.state.is_some() { 1 } else { 2 };
                known.seen_at + lives * EXPIRE_MS
            })
            .min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(client_id: u64, clock: u64, state: Option<&str>) -> AwarenessEntry {
        AwarenessEntry {
            client_id,
            clock,
            state: state.map(Arc::from),
        }
    }

    #[test]
    fn stale_states_do_not_revive_who_left() {
        let mut presence = Presence::new(1);
        assert!(presence.received(0, vec![entry(2, 5, Some("{}"))]).others);
        assert!(presence.received(1, vec![entry(2, 5, None)]).others);
        assert!(!presence.received(2, vec![entry(2, 5, Some("{}"))]).others);
        assert_eq!(presence.others().count(), 0);
    }

    #[test]
    fn who_is_not_renewed_expires_after_thirty_seconds() {
        let mut presence = Presence::new(1);
        presence.received(0, vec![entry(2, 1, Some("{}"))]);
        presence.received(20_000, vec![entry(3, 1, Some("{}"))]);
        assert_eq!(presence.next_expiry(), Some(30_000));
        assert!(presence.expire(30_000));
        let left: Vec<u64> = presence.others().map(|state| state.client_id).collect();
        assert_eq!(left, [3]);
    }

    #[test]
    fn a_client_that_is_said_to_have_left_speaks_up() {
        let mut presence = Presence::new(1);
        presence.set_own(Some("{}".into()));
        let said = presence.announce();
        assert!(presence.received(5, vec![entry(1, said.clock, None)]).renew);
        assert!(presence.announce().clock > said.clock);
    }
}
