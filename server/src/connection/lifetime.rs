//! How long a grant lasts, and when to ask for the next one: pure, the time is an argument.

use std::time::Duration;

use tokio::time::Instant;
use unisson_protocol::dialect::hocuspocus::Address;

use super::address_map::AddressMap;

/// A fresh token is first asked for so long before the end, or in the last third of a shorter life.
const ASK_BEFORE: Duration = Duration::from_secs(60);
/// With less time left it is too late to ask: an answer that comes after the end is refused.
const ASK_MIN: Duration = Duration::from_secs(1);
/// Ends are whole seconds of the other clock: those that are closer are the same.
const SAME: Duration = Duration::from_millis(500);

/// What has to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// The grant ends soon: see to the next one.
    Ask,
    /// It has ended.
    Ended,
}

/// One grant's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lifetime {
    ends: Instant,
    ask: Option<Instant>,
}

impl Lifetime {
    pub(crate) fn new(now: Instant, ends: Instant) -> Self {
        let left = ends.saturating_duration_since(now);
        let ask = ends - ASK_BEFORE.min(left / 3);
        Self {
            ends,
            ask: (left > ASK_MIN).then_some(ask),
        }
    }

    pub(crate) fn differs(&self, ends: Instant) -> bool {
        let later = ends.saturating_duration_since(self.ends);
        later.max(self.ends.saturating_duration_since(ends)) >= SAME
    }

    /// When [`Lifetime::due`] has something to say.
    pub(crate) fn next(&self) -> Instant {
        self.ask.map_or(self.ends, |ask| ask.min(self.ends))
    }

    /// What is due. It is asked again after half of what is left: an answer may get lost.
    pub(crate) fn due(&mut self, now: Instant) -> Option<Due> {
        if self.ends <= now {
            return Some(Due::Ended);
        }
        if self.ask.is_none_or(|ask| ask > now) {
            return None;
        }
        let left = self.ends - now;
        self.ask = (left > ASK_MIN).then_some(now + left / 2);
        Some(Due::Ask)
    }
}

/// The grants of a socket with many documents.
#[derive(Debug, Default)]
pub(crate) struct Lifetimes {
    grants: AddressMap<Lifetime>,
    next: Option<Instant>,
}

impl Lifetimes {
    /// A grant has come. One that ends with the one before is no news: it is still asked for more.
    pub(crate) fn granted(&mut self, now: Instant, address: &Address, ends: Option<Instant>) {
        match ends {
            None => drop(self.grants.remove(address)),
            Some(ends) => {
                let known = self.grants.get(address);
                if known.is_none_or(|known| known.differs(ends)) {
                    let lifetime = Lifetime::new(now, ends);
                    self.grants.insert(address.clone(), lifetime);
                }
            }
        }
        self.look();
    }

    pub(crate) fn forget(&mut self, address: &Address) {
        if self.grants.remove(address).is_some() {
            self.look();
        }
    }

    /// When [`Lifetimes::due`] has something to say.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.next
    }

    /// What is due; what has ended is forgotten.
    pub(crate) fn due(&mut self, now: Instant) -> Vec<(Address, Due)> {
        if self.next.is_none_or(|next| next > now) {
            return Vec::new();
        }
        let grants = self.grants.iter_mut();
        let due: Vec<(Address, Due)> = grants
            .filter_map(|(address, lifetime)| Some((address.clone(), lifetime.due(now)?)))
            .collect();
        for (address, _) in due.iter().filter(|(_, due)| *due == Due::Ended) {
            self.grants.remove(address);
        }
        self.look();
        due
    }

    fn look(&mut self) {
        self.next = self.grants.values().map(Lifetime::next).min();
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn address(name: &'static str) -> Address {
        Address::new(Bytes::from_static(name.as_bytes())).expect("an address")
    }

    #[test]
    fn a_long_grant_is_asked_for_a_minute_before_it_ends_and_then_more_often() {
        let start = Instant::now();
        let at = |seconds: f64| start + Duration::from_secs_f64(seconds);
        let mut lifetime = Lifetime::new(start, at(3_600.0));
        let mut asked = Vec::new();
        loop {
            let now = lifetime.next();
            match lifetime.due(now) {
                Some(Due::Ask) => asked.push((now - start).as_secs_f64()),
                Some(Due::Ended) => break assert_eq!(now, at(3_600.0)),
                None => panic!("nothing was due"),
            }
        }
        assert_eq!(asked[..3], [3_540.0, 3_570.0, 3_585.0]);
        assert!(asked.len() < 12, "{asked:?}");
    }

    #[test]
    fn a_short_grant_is_asked_for_in_its_last_third() {
        let start = Instant::now();
        let lifetime = Lifetime::new(start, start + Duration::from_secs(9));
        assert_eq!(lifetime.next(), start + Duration::from_secs(6));
    }

    #[test]
    fn each_document_ends_for_itself() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut grants = Lifetimes::default();
        grants.granted(start, &address("a"), Some(at(30)));
        grants.granted(start, &address("b"), Some(at(300)));
        grants.granted(start, &address("c"), None);
        assert_eq!(grants.next(), Some(at(20)));
        assert_eq!(grants.due(at(20)), [(address("a"), Due::Ask)]);
        assert_eq!(grants.due(at(30)), [(address("a"), Due::Ended)]);
        assert_eq!(grants.next(), Some(at(240)));
        grants.forget(&address("b"));
        assert_eq!(grants.next(), None);
    }

    #[test]
    fn a_new_token_moves_the_end_and_the_same_one_again_does_not() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut grants = Lifetimes::default();
        grants.granted(start, &address("a"), Some(at(30)));
        assert_eq!(grants.due(at(20)).len(), 1);
        let about_the_same = at(30) + Duration::from_millis(3);
        grants.granted(at(20), &address("a"), Some(about_the_same));
        assert_eq!(grants.next(), Some(at(25)));
        grants.granted(at(20), &address("a"), Some(at(320)));
        assert_eq!(grants.next(), Some(at(260)));
    }
}
