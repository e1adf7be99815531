//! Sessions that were ended before their time, and the keys that seal sessions, in the journal
//! `sessions`.
//!
//! `ended/{until s}-{at s}-{kind}-{digest}`: the name says all. `keys/{ms}-{draw}`: 32 bytes; the
//! first one seals.

use std::collections::HashMap;

use aws_lc_rs::rand;
use bytes::Bytes;
use unisson_storage::{Journal, StoreError};

use super::session::Session;

/// How many endings are remembered: a person signs out once a day.
const ENDINGS_MAX: usize = 200_000;
const KEY_BYTES: usize = 32;

/// What has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    /// One session, by its name here.
    Session,
    /// All sessions of one at the provider.
    ProviderSession,
    /// All sessions of one person until then.
    Person,
}

/// Something that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ending {
    kind: Kind,
    digest: String,
    at_s: u64,
    /// Then no session is left that it could be about.
    until_s: u64,
}

impl Ending {
    pub(super) fn of_session(session: &Session, until_s: u64) -> Self {
        Self::new(Kind::Session, &session.sid, 0, until_s)
    }

    pub(super) fn of_provider_session(sid: &str, until_s: u64) -> Self {
        Self::new(Kind::ProviderSession, sid, 0, until_s)
    }

    pub(super) fn of_person(sub: &str, at_s: u64, until_s: u64) -> Self {
        Self::new(Kind::Person, sub, at_s, until_s)
    }

    fn new(kind: Kind, of: &str, at_s: u64, until_s: u64) -> Self {
        Self {
            kind,
            digest: digest(of),
            at_s,
            until_s,
        }
    }

    pub(super) fn name(&self) -> String {
        let kind = match self.kind {
            Kind::Session => 's',
            Kind::ProviderSession => 'p',
            Kind::Person => 'u',
        };
        format!(
            "ended/{:010x}-{:010x}-{kind}-{}",
            self.until_s, self.at_s, self.digest
        )
    }

    fn parse(name: &str) -> Option<Self> {
        let mut parts = name.strip_prefix("ended/")?.split('-');
        let until_s = u64::from_str_radix(parts.next()?, 16).ok()?;
        let at_s = u64::from_str_radix(parts.next()?, 16).ok()?;
        let kind = match parts.next()? {
            "s" => Kind::Session,
            "p" => Kind::ProviderSession,
            "u" => Kind::Person,
            _ => return None,
        };
        Some(Self {
            kind,
            digest: parts.next()?.to_owned(),
            at_s,
            until_s,
        })
    }
}

fn digest(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().as_str()[..32].to_owned()
}

/// All that has ended.
#[derive(Debug, Default)]
pub(super) struct Revoked(HashMap<(Kind, String), u64>);

impl Revoked {
    /// Whether any of them is news.
    pub(super) fn add_all(&mut self, endings: impl IntoIterator<Item = Ending>) -> bool {
        let mut news = false;
        for ending in endings {
            if self.0.len() >= ENDINGS_MAX {
                tracing::error!("too many sessions were ended to remember all of them");
                return news;
            }
            let at_s = self
                .0
                .entry((ending.kind, ending.digest))
                .or_insert_with(|| {
                    news = true;
                    ending.at_s
                });
            if ending.at_s > *at_s {
                (*at_s, news) = (ending.at_s, true);
            }
        }
        news
    }

    pub(super) fn covers(&self, session: &Session) -> bool {
        let has = |kind, of: &str| self.0.get(&(kind, digest(of))).copied();
        !self.0.is_empty()
            && (has(Kind::Session, &session.sid).is_some()
                || session
                    .provider_sid
                    .as_deref()
                    .and_then(|sid| has(Kind::ProviderSession, sid))
                    .is_some()
                || has(Kind::Person, &session.sub).is_some_and(|at_s| session.signed_in_s <= at_s))
    }
}

/// What the journal has.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) keys: Vec<Vec<u8>>,
    pub(super) endings: Vec<Ending>,
}

/// Reads everything, and removes what is about sessions that are over anyway.
pub(super) async fn read(journal: &Journal, now_s: u64) -> Result<Found, StoreError> {
    let mut found = Found::default();
    for object in journal.list().await? {
        if object.name.starts_with("keys/") {
            let key = journal.get(&object.name).await?;
            let key = key.filter(|key| key.len() == KEY_BYTES);
            found.keys.extend(key.map(|key| key.to_vec()));
        } else if let Some(ending) = Ending::parse(&object.name) {
            if ending.until_s < now_s {
                journal.remove(&object.name).await?;
            } else {
                found.endings.push(ending);
            }
        }
    }
    Ok(found)
}

/// Draws a key where there is none. Two servers that do so at once have two, and both open both.
pub(super) async fn establish_key(journal: &Journal, now_ms: u64) -> Result<(), StoreError> {
    let listed = journal.list().await?;
    if listed.iter().any(|object| object.name.starts_with("keys/")) {
        return Ok(());
    }
    let (mut key, mut draw) = ([0; KEY_BYTES], [0; 8]);
    let drawn = rand::fill(&mut key).and_then(|()| rand::fill(&mut draw));
    drawn.map_err(|_| StoreError::Unavailable("there is no randomness".into()))?;
    let name = format!("keys/{now_ms:012x}-{:016x}", u64::from_le_bytes(draw));
    journal.put(&name, Bytes::copy_from_slice(&key)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(sid: &str, provider_sid: &str, sub: &str, signed_in_s: u64) -> Session {
        Session {
            sid: sid.into(),
            provider_sid: Some(provider_sid.into()),
            sub: sub.into(),
            id: sub.into(),
            name: sub.into(),
            groups: Vec::new(),
            signed_in_s,
            ends_s: u64::MAX,
            id_token: None,
        }
    }

    #[test]
    fn an_ending_is_about_whom_it_names_and_nobody_else() {
        let (ann, bob) = (session("1", "p1", "ann", 10), session("2", "p2", "bob", 10));
        let covered = |ending: Ending| {
            let mut revoked = Revoked::default();
            assert!(revoked.add_all([Ending::parse(&ending.name()).expect("a name")]));
            assert!(!revoked.add_all([ending]), "known");
            (revoked.covers(&ann), revoked.covers(&bob))
        };
        assert_eq!(covered(Ending::of_session(&ann, 99)), (true, false));
        assert_eq!(
            covered(Ending::of_provider_session("p2", 99)),
            (false, true)
        );
        assert_eq!(covered(Ending::of_person("ann", 10, 99)), (true, false));
        assert_eq!(
            covered(Ending::of_person("ann", 9, 99)),
            (false, false),
            "signed in since"
        );
    }
}
