//! How many of something each one has: sockets of an address, open documents of a person.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Counts of those that have any: as many entries as there are members, at most.
#[derive(Debug)]
pub(crate) struct Crowd<K: Hash + Eq> {
    counts: Arc<Mutex<HashMap<K, usize>>>,
    max: usize,
}

/// One of them; dropped, it is counted no more.
#[derive(Debug)]
pub(crate) struct Member<K: Hash + Eq> {
    counts: Arc<Mutex<HashMap<K, usize>>>,
    key: K,
}

impl<K: Hash + Eq + Clone> Crowd<K> {
    pub(crate) fn new(max: usize) -> Self {
        Self {
            counts: Arc::default(),
            max,
        }
    }

    /// One more, unless this one has as many as may be.
    pub(crate) fn enter(&self, key: K) -> Option<Member<K>> {
        let mut counts = lock(&self.counts);
        let count = counts.entry(key.clone()).or_default();
        if *count >= self.max {
            return None;
        }
        *count += 1;
        drop(counts);
        let counts = self.counts.clone();
        Some(Member { counts, key })
    }
}

impl<K: Hash + Eq> Drop for Member<K> {
    fn drop(&mut self) {
        let mut counts = lock(&self.counts);
        if let Some(count) = counts.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.key);
                // After a crowd has gone its room is given back.
                if counts.capacity() > 1_024 && counts.capacity() / 8 > counts.len() {
                    counts.shrink_to_fit();
                }
            }
        }
    }
}

fn lock<K>(counts: &Mutex<HashMap<K, usize>>) -> MutexGuard<'_, HashMap<K, usize>> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_one_has_its_own_count_and_leaving_makes_room() {
        let crowd = Crowd::new(2);
        let first = crowd.enter("a").expect("room");
        let _second = crowd.enter("a").expect("room");
        assert!(crowd.enter("a").is_none());
        assert!(crowd.enter("b").is_some());
        drop(first);
        assert!(crowd.enter("a").is_some());
    }

    #[test]
    fn who_has_none_left_is_forgotten() {
        let crowd = Crowd::new(1);
        drop(crowd.enter(1));
        assert!(
            crowd
                .enter(2)
                .is_some_and(|_| lock(&crowd.counts).len() == 1)
        );
        assert!(lock(&crowd.counts).is_empty());
    }
}
