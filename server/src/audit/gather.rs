//! Which accesses are written down: one for each person, document and hour, so that a page with
//! 1,400 readers makes 1,400 lines and not one for each time that a laptop wakes. Pure.

use std::collections::HashMap;

const HOUR_MS: u64 = 60 * 60 * 1_000;
/// How many are remembered; 32 bytes each. Forgetting costs a line more, never one less.
const SEEN_MAX: usize = 100_000;
/// How many refusals of unknown people are written down in an hour: whoever floods the server must
/// not fill the store. The others are counted.
const REFUSALS_MAX: u64 = 5_000;

/// What to do with an access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// Write it down; and before it, so many that were only counted in the hour before.
    New { uncounted: u64 },
    /// It is written down already, or counted.
    Before,
}

#[derive(Debug, Default)]
pub(super) struct Gather {
    hour: u64,
    seen: HashMap<u128, ()>,
    refusals: u64,
    uncounted: u64,
}

impl Gather {
    /// `anonymous`: nobody knows who it was, and it was refused.
    pub(super) fn access(&mut self, now_ms: u64, parts: &[&str], anonymous: bool) -> Seen {
        let hour = now_ms / HOUR_MS;
        let mut uncounted = 0;
        if hour != self.hour {
            self.hour = hour;
            self.seen = HashMap::new();
            self.refusals = 0;
            uncounted = std::mem::take(&mut self.uncounted);
        }
        if self.seen.len() >= SEEN_MAX {
            self.seen = HashMap::new();
        }
        if self.seen.insert(key(parts), ()).is_some() {
            return Seen::Before;
        }
        if anonymous {
            self.refusals += 1;
            if self.refusals > REFUSALS_MAX {
                self.uncounted += 1;
                return Seen::Before;
            }
        }
        Seen::New { uncounted }
    }
}

/// Parts with their lengths, so that no two accesses look the same.
fn key(parts: &[&str]) -> u128 {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let mut key = [0; 16];
    hasher.finalize_xof().fill(&mut key);
    u128::from_le_bytes(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: Seen = Seen::New { uncounted: 0 };

    #[test]
    fn a_person_is_written_down_once_for_each_document_and_hour() {
        let mut gather = Gather::default();
        let mut access = |ms, parts: &[&str]| gather.access(ms, parts, false);
        assert_eq!(access(1, &["ann", "doc"]), NEW);
        assert_eq!(access(2, &["ann", "doc"]), Seen::Before);
        assert_eq!(access(3, &["ann", "other"]), NEW);
        assert_eq!(access(4, &["bob", "doc"]), NEW);
        assert_eq!(access(4, &["bobd", "oc"]), NEW);
        assert_eq!(access(HOUR_MS, &["ann", "doc"]), NEW);
    }

    #[test]
    fn a_flood_of_refusals_is_counted_and_not_written_down() {
        let mut gather = Gather::default();
        let flood = REFUSALS_MAX + 1_000;
        let written = (0..flood)
            .filter(|n| gather.access(1, &[&n.to_string()], true) == NEW)
            .count() as u64;
        assert_eq!(written, REFUSALS_MAX);
        assert_eq!(
            gather.access(2, &["ann", "doc"], false),
            NEW,
            "honest people are"
        );
        let next = gather.access(HOUR_MS, &["ann", "doc"], false);
        assert_eq!(next, Seen::New { uncounted: 1_000 });
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut gather = Gather::default();
        for n in 0..SEEN_MAX + 10 {
            gather.access(1, &[&n.to_string()], false);
        }
        assert!(gather.seen.len() <= SEEN_MAX);
    }
}
