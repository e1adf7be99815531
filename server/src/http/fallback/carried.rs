//! The carried sockets of a server, by name: who may speak for one.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aws_lc_rs::rand;
use axum::http::{HeaderValue, StatusCode};
use subtle::ConstantTimeEq as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{carrier::Carrier, http::error::Problem};

/// How many ended sockets keep their last words for clients that have not heard them. The next ones
/// end without: their clients find out as after a lost connection.
const LINGERING_MAX: usize = 1_024;
/// Of the names, which may be in logs, and of the keys, which may not.
const NAME_BYTES: usize = 16;
const KEY_BYTES: usize = 32;

/// What a socket was opened with, of which nobody can make the original again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binding(blake3::Hash);

impl Binding {
    pub(super) fn new(origin: Option<&HeaderValue>, token: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        let origin = origin.map(HeaderValue::as_bytes).unwrap_or_default();
        hasher.update(&(origin.len() as u64).to_le_bytes());
        hasher.update(origin);
        hasher.update(token.as_bytes());
        Self(hasher.finalize())
    }
}

/// A socket's name, and the key of who has opened it.
pub(super) struct Opened {
    pub(super) socket: String,
    pub(super) key: String,
}

#[derive(Debug)]
struct Entry {
    key: String,
    binding: Binding,
    carrier: Arc<Carrier>,
}

/// All carried sockets. Their number is bounded by that of all sockets, and of those that linger.
#[derive(Debug)]
pub(crate) struct Carried {
    entries: Mutex<HashMap<String, Entry>>,
    lingering: Arc<Semaphore>,
}

impl Default for Carried {
    fn default() -> Self {
        Self {
            entries: Mutex::default(),
            lingering: Arc::new(Semaphore::new(LINGERING_MAX)),
        }
    }
}

impl Carried {
    pub(super) fn open(&self, carrier: Arc<Carrier>, binding: Binding) -> Result<Opened, Problem> {
        let opened = Opened {
            socket: draw(NAME_BYTES)?,
            key: draw(KEY_BYTES)?,
        };
        let entry = Entry {
            key: opened.key.clone(),
            binding,
            carrier,
        };
        self.lock().insert(opened.socket.clone(), entry);
        Ok(opened)
    }

    /// The socket of this name, for its own client alone.
    pub(super) fn find(&self, socket: &str, key: &str, binding: &Binding) -> Option<Arc<Carrier>> {
        let entries = self.lock();
        let entry = entries.get(socket)?;
        let is_own: bool = entry.key.as_bytes().ct_eq(key.as_bytes()).into();
        (is_own && entry.binding == *binding).then(|| entry.carrier.clone())
    }

    /// A place for the last words of a socket, unless too many have one.
    pub(super) fn linger(&self) -> Option<OwnedSemaphorePermit> {
        self.lingering.clone().try_acquire_owned().ok()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets a socket when dropped.
pub(super) struct Forgotten {
    carried: Arc<Carried>,
    socket: String,
}

impl Forgotten {
    pub(super) fn new(carried: Arc<Carried>, socket: String) -> Self {
        Self { carried, socket }
    }
}

impl Drop for Forgotten {
    fn drop(&mut self) {
        self.carried.lock().remove(&self.socket);
    }
}

/// Random bytes that nobody can guess, as text.
fn draw(bytes: usize) -> Result<String, Problem> {
    let mut drawn = vec![0; bytes];
    rand::fill(&mut drawn).map_err(|_| Problem {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        code: "randomness",
        detail: "the system gives no random numbers".into(),
    })?;
    Ok(drawn.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_opened_a_socket_finds_it_and_nobody_once_it_is_forgotten() {
        let carried = Arc::new(Carried::default());
        let origin = HeaderValue::from_static("https://portal.example");
        let binding = Binding::new(Some(&origin), "token");
        let (carrier, _pipe) = Carrier::open();
        let opened = carried.open(carrier, binding.clone()).expect("opened");
        let found = |key: &str, binding: &Binding| carried.find(&opened.socket, key, binding);
        assert!(found(&opened.key, &binding).is_some());
        assert!(found("", &binding).is_none());
        assert!(found(&opened.socket, &binding).is_none());
        for other in [
            Binding::new(None, "token"),
            Binding::new(Some(&origin), "other"),
        ] {
            assert!(found(&opened.key, &other).is_none());
        }
        drop(Forgotten::new(carried.clone(), opened.socket.clone()));
        assert!(found(&opened.key, &binding).is_none());
    }

    #[test]
    fn an_origin_and_a_token_do_not_run_into_each_other() {
        let origin = |text| HeaderValue::from_static(text);
        assert_ne!(
            Binding::new(Some(&origin("ab")), "c"),
            Binding::new(Some(&origin("a")), "bc")
        );
    }
}
