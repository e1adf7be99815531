//! Presence as y-protocols keeps it in every published client.

use std::collections::BTreeMap;

use bytes::Bytes;

/// A renewal is due after so long, and a silent state is forgotten after twice as long.
pub const RENEW_MS: u64 = 15_000;

/// `(client id, clock, state)`.
pub type Entry = (u64, u64, Option<String>);

/// One client's view of who is here.
#[derive(Debug, Default)]
pub struct Presence {
    own: u64,
    /// Clock and moment of the last news of each client; kept after it has left.
    meta: BTreeMap<u64, (u64, u64)>,
    states: BTreeMap<u64, String>,
}

impl Presence {
    /// As at the start of a client: an empty state at clock 0, which nobody takes note of.
    pub fn new(own: u64, now: u64) -> Self {
        let mut presence = Self {
            own,
            ..Self::default()
        };
        presence.meta.insert(own, (0, now));
        presence.states.insert(own, "{}".to_owned());
        presence
    }

    /// Changes, renews or (with `None`) removes the own state.
    pub fn set_own(&mut self, state: Option<String>, now: u64) -> Entry {
        let clock = self.meta.get(&self.own).map_or(0, |meta| meta.0 + 1);
        self.meta.insert(self.own, (clock, now));
        match &state {
            Some(state) => self.states.insert(self.own, state.clone()),
            None => self.states.remove(&self.own),
        };
        (self.own, clock, state)
    }

    /// The own entry as it stands.
    pub fn own(&self) -> Option<Entry> {
        let clock = self.meta.get(&self.own)?.0;
        self.states
            .get(&self.own)
            .map(|state| (self.own, clock, Some(state.clone())))
    }

    /// Takes what the server said; gives back what was news.
    pub fn apply(&mut self, entries: &[Entry], now: u64) -> Vec<Entry> {
        let mut news = Vec::new();
        for (id, clock, state) in entries {
            let known = self.meta.get(id).map_or(0, |meta| meta.0);
            let removes = known == *clock && state.is_none() && self.states.contains_key(id);
            if known >= *clock && !removes {
                continue;
            }
            let mut clock = *clock;
            match state {
                // A client never lets others remove its own state.
                None if *id == self.own && self.states.contains_key(id) => clock += 1,
                None => drop(self.states.remove(id)),
                Some(state) => drop(self.states.insert(*id, state.clone())),
            }
            self.meta.insert(*id, (clock, now));
            news.push((*id, clock, self.states.get(id).cloned()));
        }
        news
    }

    /// The work of y-protocols' interval timer: the renewal that is due, and who was forgotten.
    pub fn tick(&mut self, now: u64) -> (Option<Entry>, Vec<Entry>) {
        let due = |at: u64, after: u64| now >= at + after;
        let renewal = self.states.get(&self.own).cloned().filter(|_| {
            self.meta
                .get(&self.own)
                .is_some_and(|(_, at)| due(*at, RENEW_MS))
        });
        let renewal = renewal.map(|state| self.set_own(Some(state), now));
        let silent: Vec<Entry> = (self.states.keys())
            .filter(|id| **id != self.own)
            .filter_map(|id| self.meta.get(id).map(|meta| (*id, *meta)))
            .filter(|(_, (_, at))| due(*at, 2 * RENEW_MS))
            .map(|(id, (clock, _))| (id, clock, None))
            .collect();
        for (id, _, _) in &silent {
            self.states.remove(id);
        }
        (renewal, silent)
    }

    /// The socket is gone: everybody else is.
    pub fn disconnected(&mut self) {
        self.states.retain(|id, _| *id == self.own);
    }

    /// Who is here, and in which state.
    pub fn states(&self) -> &BTreeMap<u64, String> {
        &self.states
    }

    /// The clock last heard of a client.
    pub fn clock(&self, id: u64) -> u64 {
        self.meta.get(&id).map_or(0, |meta| meta.0)
    }
}

/// Encodes an awareness update.
pub fn encode(entries: &[Entry]) -> Bytes {
    let mut out = Vec::new();
    write_number(&mut out, entries.len() as u64);
    for (id, clock, state) in entries {
        write_number(&mut out, *id);
        write_number(&mut out, *clock);
        let state = state.as_deref().unwrap_or("null");
        write_number(&mut out, state.len() as u64);
        out.extend_from_slice(state.as_bytes());
    }
    out.into()
}

/// Decodes an awareness update that the server sent.
pub fn decode(bytes: &[u8]) -> Option<Vec<Entry>> {
    let mut rest = bytes;
    let count = read_number(&mut rest)?;
    let mut entries = Vec::new();
    for _ in 0..count {
        let id = read_number(&mut rest)?;
        let clock = read_number(&mut rest)?;
        let len = usize::try_from(read_number(&mut rest)?).ok()?;
        let text = std::str::from_utf8(rest.get(..len)?).ok()?;
        rest = rest.get(len..)?;
        entries.push((id, clock, (text != "null").then(|| text.to_owned())));
    }
    rest.is_empty().then_some(entries)
}

fn write_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn read_number(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..63).step_by(7) {
        let (byte, tail) = rest.split_first()?;
        *rest = tail;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}
