//! Who was refused a moment ago and comes again at once.
//!
//! Older y-websocket clients take a refusal for a lost connection and come back after a tenth of a
//! second, for ever. Each of them is answered later from its second time on, so that many of them
//! cost no more than a knock a second.

use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::BuildHasher as _,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use unisson_protocol::DocName;

use crate::auth::Credential;

/// How long a refusal is remembered. Whoever knocks in between is remembered anew.
const REMEMBERED: Duration = Duration::from_secs(30);
/// How many are remembered; where there are more, everybody waits.
const REMEMBERED_MAX: usize = 10_000;
/// How much later they are answered.
pub(crate) const PAUSE: Duration = Duration::from_secs(1);

/// Refusals of a moment ago, by a digest that nothing outside this process can make.
#[derive(Debug, Default)]
pub(crate) struct Knocks {
    digest: RandomState,
    refused: Mutex<HashMap<u64, Instant>>,
}

impl Knocks {
    /// Somebody is refused: whether that is so again.
    pub(crate) fn again(
        &self,
        now: Instant,
        credential: &Credential,
        document: Option<&DocName>,
    ) -> bool {
        let document = document.map(DocName::as_str);
        self.knocked(now, credential.address(), credential.token(), document)
    }

    fn knocked(
        &self,
        now: Instant,
        address: Option<IpAddr>,
        token: &str,
        document: Option<&str>,
    ) -> bool {
        let knock = self.digest.hash_one((address, token, document));
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = |at: &Instant| now.saturating_duration_since(*at) < REMEMBERED;
        if let Some(before) = refused.get_mut(&knock) {
            return is_fresh(&std::mem::replace(before, now));
        }
        if refused.len() >= REMEMBERED_MAX {
            refused.retain(|_, at| is_fresh(at));
        }
        if refused.len() >= REMEMBERED_MAX {
            return true;
        }
        refused.insert(knock, now);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_knock_of_the_same_waits_and_a_late_or_another_one_does_not() {
        let (knocks, now) = (Knocks::default(), Instant::now());
        let knock = |seconds, token: &str, document| {
            let now = now + Duration::from_secs(seconds);
            knocks.knocked(now, None, token, Some(document))
        };
        assert!(!knock(0, "ann", "a"));
        assert!(knock(1, "ann", "a"));
        assert!(!knock(1, "bob", "a"));
        assert!(!knock(1, "ann", "b"));
        assert!(knock(30, "ann", "a"));
        assert!(!knock(61, "ann", "a"));
    }

    #[test]
    fn a_crowd_is_not_remembered_without_end() {
        let (knocks, now) = (Knocks::default(), Instant::now());
        for number in 0..REMEMBERED_MAX {
            assert!(!knocks.knocked(now, None, &number.to_string(), None));
        }
        assert!(knocks.knocked(now, None, "one more", None));
        assert!(!knocks.knocked(now + REMEMBERED, None, "later", None));
        assert_eq!(knocks.refused.lock().expect("whole").len(), 1);
    }
}
