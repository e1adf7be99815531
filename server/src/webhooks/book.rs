//! Webhooks that were made by calls: a record of the server's own, beside those of the settings.
//!
//! Every server of a store reads the record and sends to the same webhooks. How a secret stands in it
//! say [`super::secrets`]. A webhook that was made for a space belongs to the space, not to who made
//! it.

use std::{collections::BTreeMap, sync::Arc};

use aws_lc_rs::rand;
use axum::http::Uri;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use unisson_history::Author;
use unisson_session::{Change, Entries, Record};
use unisson_storage::Store;

use super::{
    secrets::{Secrets, draw_secret},
    target::check_literal,
};
use crate::{
    records::{self, ChangeError, RecordError, RecordHandle, Records},
    registry::Registry,
    settings::{HookNetworks, WebhookSettings, webhook_url},
    spaces::prefix_of,
    versions::unix_now_ms,
};

const RECORD: &str = ".unisson/webhooks";
const KEY: &str = "hook:";
/// How many there may be: each has a queue in memory.
const MADE_MAX: usize = 500;
/// How many a space may have.
const OF_SPACE_MAX: usize = 10;
/// A receiver has so long to learn the new secret.
const SECRET_BEFORE_MS: u64 = 24 * 60 * 60 * 1_000;

/// A secret that is being replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SecretBefore {
    secret: String,
    until_ms: u64,
}

/// A webhook as it stands in the record.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Made {
    pub(crate) url: String,
    secret: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret_before: Option<SecretBefore>,
    /// Which kinds; empty: all.
    #[serde(default)]
    pub(crate) events: Vec<String>,
    /// The space that it belongs to; none: the operators'.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) space: Option<String>,
    /// Of documents whose names begin so.
    #[serde(default)]
    pub(crate) prefix: String,
    /// What people call it.
    #[serde(default)]
    pub(crate) description: String,
    #[serde(default)]
    pub(crate) is_paused: bool,
    pub(crate) made_ms: u64,
}

impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Made(prefix {:?}, events {:?})",
            self.prefix, self.events
        )
    }
}

/// What a new webhook is to be.
#[derive(Debug)]
pub(crate) struct HookOrder {
    pub(crate) url: String,
    pub(crate) events: Vec<String>,
    pub(crate) space: Option<String>,
    pub(crate) prefix: String,
    pub(crate) description: String,
}

/// Why a webhook is not made or changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HookRefusal {
    /// Nothing can be sent there.
    #[error("{0}")]
    Target(String),
    /// There are enough.
    #[error("{0}")]
    Full(String),
    /// There is none of this id.
    #[error("there is no webhook of this id")]
    Missing,
    /// Somebody else was faster.
    #[error("it has changed since you read it: read it again")]
    Changed,
    /// The system gives no random numbers.
    #[error("the system has no randomness")]
    Randomness,
}

/// All webhooks that were made by calls.
#[derive(Debug)]
pub(crate) struct Book {
    record: RecordHandle,
    networks: HookNetworks,
    secrets: Secrets,
}

impl Book {
    pub(crate) async fn open(
        records: &Records,
        store: &Store,
        networks: HookNetworks,
        secrets: Secrets,
    ) -> Result<Self, RecordError> {
        let name = records::name_of(RECORD)?;
        Ok(Self {
            record: records.open(store, &name).await?,
            networks,
            secrets,
        })
    }

    /// Hears of each change.
    pub(super) fn subscribe(&self) -> watch::Receiver<Arc<Record>> {
        self.record.subscribe()
    }

    /// All of them, by id.
    pub(crate) fn made(&self) -> BTreeMap<String, Made> {
        read(self.record.read().entries())
    }

    pub(crate) fn one(&self, id: &str) -> Option<Made> {
        read_one(self.record.read().entries(), id)
    }

    /// All of them, ready to be sent to.
    pub(super) fn settings(&self) -> Vec<Arc<WebhookSettings>> {
        let made = self.made();
        let all = made
            .iter()
            .filter_map(|(id, made)| match self.settings_of(id, made) {
                Ok(settings) => Some(Arc::new(settings)),
                Err(problem) => {
                    tracing::error!(webhook = id, problem, "a webhook of the record is unusable");
                    None
                }
            });
        all.collect()
    }

    /// One of them, ready to be sent to.
    pub(super) fn settings_one(&self, id: &str) -> Option<Arc<WebhookSettings>> {
        let made = self.one(id)?;
        self.settings_of(id, &made).ok().map(Arc::new)
    }

    fn settings_of(&self, id: &str, made: &Made) -> Result<WebhookSettings, String> {
        let open = |secret| self.secrets.open(id, secret);
        let (secrets, problem) = match open(&made.secret) {
            Ok(secret) => {
                // One before that does not open any more signs nothing any more.
                let before = made.secret_before.as_ref();
                let before = before.and_then(|before| open(&before.secret).ok());
                (std::iter::once(secret).chain(before).collect(), None)
            }
            Err(problem) => (Vec::new(), Some(problem)),
        };
        Ok(WebhookSettings {
            id: id.to_owned(),
            url: self.url(&made.url, made.space.is_some())?,
            secrets,
            problem,
            secrets_before_until_ms: made.secret_before.as_ref().map(|before| before.until_ms),
            events: made.events.clone(),
            prefix: made.prefix.clone(),
            allow_networks: self.networks(made.space.is_some()).to_vec(),
            is_paused: made.is_paused,
            ..WebhookSettings::defaults()
        })
    }

    /// What is not public, and may be reached all the same.
    fn networks(&self, is_of_space: bool) -> &[ipnet::IpNet] {
        match is_of_space {
            true => &self.networks.spaces,
            false => &self.networks.operators,
        }
    }

    /// An address to which messages may go, as far as one can tell before its name is resolved.
    fn url(&self, text: &str, is_of_space: bool) -> Result<Uri, String> {
        let networks = self.networks(is_of_space);
        let url = webhook_url(text, networks)?;
        check_literal(&url, networks)?;
        Ok(url)
    }

    /// Makes a webhook; its id, and its secret, which nobody is told a second time.
    pub(crate) async fn make(
        &self,
        registry: &Registry,
        author: Author,
        order: HookOrder,
    ) -> Result<(String, Made, String), ChangeError<HookRefusal>> {
        let declined = ChangeError::Declined;
        self.url(&order.url, order.space.is_some())
            .map_err(|problem| declined(HookRefusal::Target(problem)))?;
        let (id, secret) = draw_id()
            .zip(draw_secret())
            .ok_or(declined(HookRefusal::Randomness))?;
        let made = Made {
            url: order.url,
            secret: self.kept(&id, &secret).map_err(declined)?,
            secret_before: None,
            events: order.events,
            prefix: match &order.space {
                Some(space) => prefix_of(space),
                None => order.prefix,
            },
            space: order.space,
            description: order.description,
            is_paused: false,
            made_ms: unix_now_ms(),
        };
        let changed = self.record.change(registry, author, |entries| {
            room(&read(entries), made.space.as_deref())?;
            Ok((vec![entry(&id, Some(&made))], ()))
        });
        changed.await?;
        Ok((id, made, secret))
    }

    /// A secret as it is kept.
    fn kept(&self, id: &str, secret: &str) -> Result<String, HookRefusal> {
        let kept = self.secrets.keep(id, secret);
        kept.ok_or(HookRefusal::Randomness)
    }

    /// Gives a webhook another secret, which nobody is told a second time; the one before signs
    /// along for a day.
    pub(crate) async fn renew_secret(
        &self,
        registry: &Registry,
        author: Author,
        which: (&str, Option<&str>),
    ) -> Result<(Made, String), ChangeError<HookRefusal>> {
        let secret = draw_secret().ok_or(ChangeError::Declined(HookRefusal::Randomness))?;
        let kept = self.kept(which.0, &secret);
        let kept = kept.map_err(ChangeError::Declined)?;
        let renew = |made: &mut Made| made.renew_secret(kept);
        let made = self.change(registry, author, which, renew).await?;
        Ok((made, secret))
    }

    /// Changes a webhook, if it is as its reader has seen it; the webhook as it is then.
    pub(crate) async fn change(
        &self,
        registry: &Registry,
        author: Author,
        (id, expected): (&str, Option<&str>),
        change: impl FnOnce(&mut Made),
    ) -> Result<Made, ChangeError<HookRefusal>> {
        let changed = self.record.change(registry, author, |entries| {
            let mut made = expect(entries, id, expected)?;
            change(&mut made);
            let url = self.url(&made.url, made.space.is_some());
            url.map_err(HookRefusal::Target)?;
            Ok((vec![entry(id, Some(&made))], made))
        });
        changed.await
    }

    /// Takes a webhook out; what waits for it is not sent.
    pub(crate) async fn remove(
        &self,
        registry: &Registry,
        author: Author,
        (id, expected): (&str, Option<&str>),
    ) -> Result<(), ChangeError<HookRefusal>> {
        let changed = self.record.change(registry, author, |entries| {
            expect(entries, id, expected)?;
            Ok((vec![entry(id, None)], ()))
        });
        changed.await
    }
}

impl Made {
    /// Changes whenever the webhook does.
    pub(crate) fn etag(&self) -> String {
        let text = serde_json::to_string(self).unwrap_or_default();
        format!("\"{}\"", &blake3::hash(text.as_bytes()).to_hex()[..32])
    }

    /// Another secret, as it is kept.
    fn renew_secret(&mut self, secret: String) {
        let before = std::mem::replace(&mut self.secret, secret);
        self.secret_before = Some(SecretBefore {
            secret: before,
            until_ms: unix_now_ms() + SECRET_BEFORE_MS,
        });
    }
}

/// A damaged entry is said in the log and stands in nobody's way.
fn read(entries: &Entries) -> BTreeMap<String, Made> {
    let ids = entries.keys().filter_map(|key| key.strip_prefix(KEY));
    ids.filter_map(|id| Some((id.to_owned(), read_one(entries, id)?)))
        .collect()
}

fn read_one(entries: &Entries, id: &str) -> Option<Made> {
    let text = entries.get(&format!("{KEY}{id}"))?;
    serde_json::from_str(text)
        .inspect_err(
            |error| tracing::error!(webhook = id, %error, "a webhook of the record is damaged"),
        )
        .ok()
}

fn expect(entries: &Entries, id: &str, expected: Option<&str>) -> Result<Made, HookRefusal> {
    let made = read_one(entries, id).ok_or(HookRefusal::Missing)?;
    match expected {
        Some(expected) if expected != made.etag() => Err(HookRefusal::Changed),
        _ => Ok(made),
    }
}

fn room(made: &BTreeMap<String, Made>, space: Option<&str>) -> Result<(), HookRefusal> {
    if made.len() >= MADE_MAX {
        return Err(HookRefusal::Full(format!("there are {MADE_MAX} already")));
    }
    let of_space = made.values().filter(|made| made.space.as_deref() == space);
    match space.is_some() && of_space.count() >= OF_SPACE_MAX {
        true => Err(HookRefusal::Full(format!(
            "a space has at most {OF_SPACE_MAX}"
        ))),
        false => Ok(()),
    }
}

fn entry(id: &str, made: Option<&Made>) -> Change {
    let text = made.and_then(|made| serde_json::to_string(made).ok());
    (format!("{KEY}{id}"), text)
}

/// An id that no webhook of the settings is likely to have; those come first anyway.
fn draw_id() -> Option<String> {
    let mut bytes = [0; 8];
    rand::fill(&mut bytes).ok()?;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(format!("made-{hex}"))
}

impl WebhookSettings {
    /// The secrets that messages are signed with at this moment.
    pub(super) fn secrets_at(&self, now_ms: u64) -> &[Vec<u8>] {
        let is_over = self
            .secrets_before_until_ms
            .is_some_and(|until_ms| until_ms <= now_ms);
        let count = if is_over { 1 } else { self.secrets.len() };
        self.secrets.get(..count).unwrap_or(&self.secrets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(space: Option<&str>) -> Made {
        Made {
            url: "https://portal.example.org/hook".into(),
            secret: draw_secret().expect("randomness"),
            secret_before: None,
            events: Vec::new(),
            space: space.map(str::to_owned),
            prefix: String::new(),
            description: String::new(),
            is_paused: false,
            made_ms: 0,
        }
    }

    #[test]
    fn an_entry_is_read_back_and_a_damaged_one_hides_no_other() {
        let hook = made(Some("canteen"));
        let (key, value) = entry("made-1", Some(&hook));
        let mut entries = Entries::from([(key, value.expect("JSON"))]);
        entries.insert("hook:made-2".into(), "{".into());
        entries.insert("other:1".into(), "{}".into());
        assert_eq!(
            read(&entries),
            BTreeMap::from([("made-1".into(), hook.clone())])
        );
        assert!(!format!("{hook:?}").contains("whsec"));
    }

    #[test]
    fn the_secret_before_signs_along_until_its_time_is_over() {
        let settings = WebhookSettings {
            secrets: vec![vec![1], vec![2]],
            secrets_before_until_ms: Some(100),
            ..WebhookSettings::defaults()
        };
        assert_eq!(settings.secrets_at(99).len(), 2);
        assert_eq!(settings.secrets_at(100), [vec![1]]);
        let of_settings = WebhookSettings {
            secrets_before_until_ms: None,
            ..settings
        };
        assert_eq!(of_settings.secrets_at(u64::MAX).len(), 2);
    }

    #[test]
    fn a_change_is_refused_to_who_has_seen_another_state() {
        let mut hook = made(None);
        let before = hook.etag();
        hook.renew_secret("whsec_AAAA".into());
        let (key, value) = entry("made-1", Some(&hook));
        let entries = Entries::from([(key, value.expect("JSON"))]);
        assert_eq!(
            expect(&entries, "made-1", Some(&before)),
            Err(HookRefusal::Changed)
        );
        assert_eq!(expect(&entries, "made-1", Some(&hook.etag())), Ok(hook));
        assert_eq!(expect(&entries, "made-2", None), Err(HookRefusal::Missing));
    }

    #[test]
    fn a_space_has_so_many_and_others_their_own() {
        let all = (0..OF_SPACE_MAX).map(|n| (n.to_string(), made(Some("full"))));
        let all: BTreeMap<_, _> = all.collect();
        assert!(matches!(
            room(&all, Some("full")),
            Err(HookRefusal::Full(_))
        ));
        assert_eq!(room(&all, Some("other")), Ok(()));
        assert_eq!(room(&all, None), Ok(()));
    }
}
