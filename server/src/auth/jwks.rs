//! Keys that the portal publishes (a JWKS), fetched, kept, and fetched again when they rotate.
//!
//! A failing portal locks nobody out who has a token: the last good keys stay good for a day.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::http::{Request, StatusCode, Uri, header};
use bytes::Bytes;
use http_body_util::Full;
use jsonwebtoken::jwk::JwkSet;
use tokio::time::Instant;

use super::{
    claims::Refused,
    fetch::{Fetcher, shown},
    keys::{Head, Key, any_may_have_signed},
};

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The largest set: 64 keys of 4,096 bits with their certificates.
const BYTES_MAX: usize = 512 << 10;
/// After so long keys are fetched again, while those at hand go on being used.
const FRESH: Duration = Duration::from_secs(5 * 60);
/// For so long after the last good answer keys stay good while the portal fails.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// How many heads are remembered that the last set had no key for; up to 8 KiB each.
const MISSING_MAX: usize = 256;

/// What is known of the set.
#[derive(Debug, Clone, Default)]
struct Known {
    keys: Arc<[Key]>,
    /// When the keys came.
    fetched: Option<Instant>,
    /// When they were last asked for, and whether that went well.
    tried: Option<(Instant, bool)>,
    /// Tokens for which the set was fetched, and which it had no key for.
    missing: VecDeque<Head>,
}

/// Where the key that may have signed a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sought {
    AtHand,
    /// The last set was fetched for it, and did not have it.
    Missing,
    Unknown,
}

/// What to do for a token.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// Use what is known.
    Use,
    /// Use it, and fetch anew meanwhile.
    UseAndRenew,
    /// Fetch first.
    Fetch,
    /// Nobody knows now.
    Unavailable,
}

impl Known {
    /// Somebody who makes up key ids must not
    /// make this server ask the portal all the time, so fetches are `pause` apart.
    fn step(&self, now: Instant, key: Sought, pause: Duration) -> Step {
        let age = self.fetched.map(|at| now.duration_since(at));
        let may_fetch = self
            .tried
            .is_none_or(|(at, _)| now.duration_since(at) >= pause);
        let usable = age.is_some_and(|age| age < KEPT);
        match (usable && key == Sought::AtHand, may_fetch) {
            (true, true) if age.is_some_and(|age| age >= FRESH) => Step::UseAndRenew,
            (true, _) => Step::Use,
            (false, true) => Step::Fetch,
            // It was looked for, and a fetch since then would have been told here.
            (false, false)
                if key == Sought::Missing && self.tried.is_some_and(|(_, well)| well) =>
            {
                Step::Use
            }
            // The set may have changed since it was fetched: only a fetch would tell.
            (false, false) => Step::Unavailable,
        }
    }
}

/// A published set.
#[derive(Debug)]
pub(crate) struct RemoteKeys {
    url: Uri,
    fetcher: Fetcher,
    pause: Duration,
    known: Mutex<Known>,
    /// One fetch at a time: whoever comes meanwhile waits for its outcome.
    fetching: tokio::sync::Mutex<()>,
}

impl RemoteKeys {
    pub(crate) fn new(url: &Uri, pause: Duration) -> Result<Self, String> {
        Ok(Self {
            url: url.clone(),
            fetcher: Fetcher::new(url, TIMEOUT, BYTES_MAX)?,
            pause,
            known: Mutex::default(),
            fetching: tokio::sync::Mutex::default(),
        })
    }

    /// The keys to try a token with.
    pub(crate) async fn keys_for(self: &Arc<Self>, head: &Head) -> Result<Arc<[Key]>, Refused> {
        let (keys, step) = self.look(head);
        match step {
            Step::Use => return Ok(keys),
            Step::UseAndRenew => {
                let this = self.clone();
                tokio::spawn(async move { this.renew().await });
                return Ok(keys);
            }
            Step::Fetch => {}
            Step::Unavailable => return Err(self.unavailable()),
        }
        let asked = Instant::now();
        let (this, of) = (self.clone(), head.clone());
        // A task of its own: a client that hangs up must not undo the fetch, or hanging up again
        // and again would make this server ask the portal again and again.
        let fetching = tokio::spawn(async move { this.fetch_for(&of).await });
        if let Err(error) = fetching.await {
            tracing::error!(%error, "fetching the portal's keys");
        }
        let (keys, step) = self.look(head);
        let tried = self.known().tried;
        match tried {
            // A set that came just now and does not have the key says that nobody has signed this.
            Some((at, true)) if at >= asked => {
                self.remember_missing(&keys, head);
                Ok(keys)
            }
            _ if matches!(step, Step::Use | Step::UseAndRenew) => Ok(keys),
            _ => Err(self.unavailable()),
        }
    }

    /// Until the next fetch the same answer needs no question.
    fn remember_missing(&self, keys: &[Key], head: &Head) {
        let mut known = self.known();
        if any_may_have_signed(keys, head) || known.missing.contains(head) {
            return;
        }
        if known.missing.len() >= MISSING_MAX {
            known.missing.pop_front();
        }
        known.missing.push_back(head.clone());
    }

    fn unavailable(&self) -> Refused {
        Refused::Unavailable(format!("{} has not said which they are", shown(&self.url)))
    }

    async fn renew(&self) {
        if let Ok(_alone) = self.fetching.try_lock() {
            self.fetch().await;
        }
    }

    async fn fetch_for(&self, head: &Head) {
        let _alone = self.fetching.lock().await;
        // Somebody else may have fetched while this one waited.
        if self.look(head).1 == Step::Fetch {
            self.fetch().await;
        }
    }

    fn look(&self, head: &Head) -> (Arc<[Key]>, Step) {
        let known = self.known();
        let key = match any_may_have_signed(&known.keys, head) {
            true => Sought::AtHand,
            false if known.missing.contains(head) => Sought::Missing,
            false => Sought::Unknown,
        };
        let step = known.step(Instant::now(), key, self.pause);
        (known.keys.clone(), step)
    }

    async fn fetch(&self) {
        let outcome = self.answer().await;
        let now = Instant::now();
        let mut known = self.known();
        known.tried = Some((now, outcome.is_ok()));
        match outcome {
            Ok(keys) => {
                tracing::debug!(
                    url = shown(&self.url),
                    keys = keys.len(),
                    "fetched the portal's keys"
                );
                known.keys = keys.into();
                known.missing.clear();
                known.fetched = Some(now);
            }
            Err(problem) => {
                tracing::warn!(
                    url = shown(&self.url),
                    problem,
                    "cannot fetch the portal's keys"
                );
            }
        }
    }

    async fn answer(&self) -> Result<Vec<Key>, String> {
        let request = Request::get(&self.url).header(header::ACCEPT, "application/json");
        let request = request.body(Full::<Bytes>::default());
        let request = request.map_err(|error| error.to_string())?;
        let answer = self.fetcher.ask(request).await;
        let (status, body) = answer.map_err(|error| error.to_string())?;
        if status != StatusCode::OK {
            return Err(format!("it answers {status}"));
        }
        // One entry that cannot be read must not lock out the users of all others.
        let set: LooseSet =
            serde_json::from_slice(&body).map_err(|error| format!("not a key set: {error}"))?;
        let keys = set
            .keys
            .into_iter()
            .filter_map(|key| serde_json::from_value(key).ok());
        let keys = Key::of_set(&JwkSet {
            keys: keys.collect(),
        });
        match keys.is_empty() {
            true => Err("no key in it is for RS256, ES256 or EdDSA".into()),
            false => Ok(keys),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(serde::Deserialize)]
struct LooseSet {
    keys: Vec<serde_json::Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(10);

    fn step(fetched_s: Option<u64>, tried: Option<(u64, bool)>, key: Sought) -> Step {
        let then = Instant::now();
        let now = then + Duration::from_secs(200_000);
        let ago = |seconds: u64| now - Duration::from_secs(seconds);
        let known = Known {
            keys: Arc::default(),
            fetched: fetched_s.map(ago),
            tried: tried.map(|(seconds, well)| (ago(seconds), well)),
            missing: VecDeque::new(),
        };
        known.step(now, key, PAUSE)
    }

    #[test]
    fn keys_are_fetched_when_first_needed_and_renewed_beside_their_use() {
        assert_eq!(step(None, None, Sought::Unknown), Step::Fetch);
        assert_eq!(step(Some(1), Some((1, true)), Sought::AtHand), Step::Use);
        assert_eq!(
            step(Some(400), Some((400, true)), Sought::AtHand),
            Step::UseAndRenew
        );
    }

    #[test]
    fn an_unknown_key_id_makes_one_fetch_in_each_pause() {
        assert_eq!(
            step(Some(10), Some((10, true)), Sought::Unknown),
            Step::Fetch
        );
        assert_eq!(
            step(Some(9), Some((9, true)), Sought::Unknown),
            Step::Unavailable
        );
    }

    #[test]
    fn a_key_that_the_last_set_did_not_have_is_denied_until_the_next_may_come() {
        let of = |age_s| step(Some(age_s), Some((age_s, true)), Sought::Missing);
        assert_eq!(of(9), Step::Use);
        assert_eq!(of(10), Step::Fetch);
        let failing = step(Some(11), Some((1, false)), Sought::Missing);
        assert_eq!(failing, Step::Unavailable);
    }

    #[test]
    fn the_last_good_keys_outlive_the_portal_for_a_day() {
        assert_eq!(
            step(Some(80_000), Some((1, false)), Sought::AtHand),
            Step::Use
        );
        assert_eq!(
            step(Some(86_400), Some((1, false)), Sought::AtHand),
            Step::Unavailable
        );
        assert_eq!(
            step(Some(86_400), Some((10, false)), Sought::AtHand),
            Step::Fetch
        );
    }

    #[test]
    fn while_the_portal_fails_an_unknown_key_is_no_denial() {
        assert_eq!(
            step(None, Some((1, false)), Sought::Unknown),
            Step::Unavailable
        );
        assert_eq!(
            step(Some(100), Some((1, false)), Sought::Unknown),
            Step::Unavailable
        );
    }
}
