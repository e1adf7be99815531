//! Passwords of links: slow to try, few at a time, and not often.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use tokio::{sync::Semaphore, time::Instant};

/// The longest password: hashing takes time by its length.
pub(crate) const PASSWORD_BYTES_MAX: usize = 256;
/// How many wrong passwords one link takes in [`PAUSE`].
const WRONG_MAX: u32 = 10;
const PAUSE: Duration = Duration::from_secs(15 * 60);
/// How many links with wrong passwords are remembered. Past it the oldest half goes.
const LINKS_MAX: usize = 10_000;
/// How many passwords are tried at a time: each takes 19 MiB and a processor for a moment.
const TRIES_MAX: usize = 2;

/// What came of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tried {
    /// It is the password.
    Right,
    /// It is not.
    Wrong,
    /// Too many were wrong: come back after so long.
    TooOften(Duration),
}

#[derive(Debug, Clone, Copy)]
struct Wrong {
    count: u32,
    since: Instant,
}

/// Tries passwords.
#[derive(Debug)]
pub(crate) struct Passwords {
    wrong: Mutex<HashMap<String, Wrong>>,
    turns: Semaphore,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            wrong: Mutex::default(),
            turns: Semaphore::new(TRIES_MAX),
        }
    }
}

impl Passwords {
    /// The form in which a password is kept (argon2id with its own salt, in PHC form).
    pub(crate) async fn hash(&self, password: String) -> Result<String, String> {
        let _turn = self.turns.acquire().await;
        let hashed = tokio::task::spawn_blocking(move || {
            let hash = Argon2::default().hash_password(password.as_bytes());
            hash.map(|hash| hash.to_string())
        });
        let hashed = hashed.await.map_err(|error| error.to_string())?;
        hashed.map_err(|error| error.to_string())
    }

    /// Whether it is the password that `kept` was made of. `link` names the link.
    pub(crate) async fn check(&self, link: &str, kept: String, password: String) -> Tried {
        if password.len() > PASSWORD_BYTES_MAX {
            return Tried::Wrong;
        }
        // Counted before it is tried: many at once must not be more than one after the other.
        if let Some(wait) = self.count(link) {
            return Tried::TooOften(wait);
        }
        let _turn = self.turns.acquire().await;
        let tried = tokio::task::spawn_blocking(move || {
            let kept = PasswordHash::new(&kept).ok()?;
            Argon2::default()
                .verify_password(password.as_bytes(), &kept)
                .ok()
        });
        match tried.await {
            Ok(Some(())) => {
                self.wrong().remove(link);
                Tried::Right
            }
            Ok(None) | Err(_) => Tried::Wrong,
        }
    }

    /// Counts a try; how long to wait where there were too many.
    fn count(&self, link: &str) -> Option<Duration> {
        let now = Instant::now();
        let mut wrong = self.wrong();
        if wrong.len() >= LINKS_MAX && !wrong.contains_key(link) {
            wrong.retain(|_, wrong| now.duration_since(wrong.since) < PAUSE / 2);
            if wrong.len() >= LINKS_MAX {
                return Some(PAUSE / 2);
            }
        }
        let entry = wrong.entry(link.to_owned()).or_insert(Wrong {
            count: 0,
            since: now,
        });
        let age = now.duration_since(entry.since);
        if age >= PAUSE {
            *entry = Wrong {
                count: 0,
                since: now,
            };
        }
        if entry.count >= WRONG_MAX {
            return Some(PAUSE.saturating_sub(age));
        }
        entry.count += 1;
        None
    }

    fn wrong(&self) -> MutexGuard<'_, HashMap<String, Wrong>> {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_its_own_and_no_other() {
        let passwords = Passwords::default();
        let kept = passwords.hash("printemps".into()).await.expect("hashed");
        assert!(kept.starts_with("$argon2id$") && !kept.contains("printemps"));
        let again = passwords.hash("printemps".into()).await.expect("hashed");
        assert_ne!(kept, again, "each has a salt of its own");
        let right = passwords.check("l", kept.clone(), "printemps".into()).await;
        assert_eq!(right, Tried::Right);
        let wrong = passwords.check("l", kept, "Printemps".into()).await;
        assert_eq!(wrong, Tried::Wrong);
    }

    #[tokio::test(start_paused = true)]
    async fn after_ten_wrong_ones_a_link_rests_and_others_do_not() {
        let passwords = Passwords::default();
        for _ in 0..WRONG_MAX {
            assert_eq!(passwords.count("l"), None);
        }
        assert_eq!(passwords.count("l"), Some(PAUSE));
        assert_eq!(passwords.count("other"), None);
        tokio::time::advance(PAUSE).await;
        assert_eq!(passwords.count("l"), None);
    }
}
