//! What is one person's own: favourites, what they opened and have read, what they have ticked.
//!
//! A record ([`crate::records`]) for each person whom a token or a sign-in names. It has no title and
//! no text of anything, so that a right that is lost leaves nothing to be read; and neither its name
//! nor an author in it says whose it is. What is written here:
//! * `favourite:{space}/{page}`: since when;
//! * `page:{space}/{page}`: when it was opened last, and up to which moment it is read;
//! * `space:{space}`: up to which moment all of it counts as read. It begins with the first page that
//!   somebody opens there: what was before is nobody's backlog;
//! * `tick:{space}/{page}/{item}`: since when an item of a guide is done.
//!
//! Nothing grows without end: the pages that were opened longest ago are let go of, and what was read
//! of them moves the moment of their space on. See `docs/decisions/0043-what-is-ones-own.md`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use unisson_history::Author;
use unisson_protocol::DocName;
use unisson_rights::is_id;
use unisson_session::{Change, Entries};

use crate::{
    auth::Identity,
    records::{self, ChangeError, RecordError, RecordHandle},
    registry::{Registry, Shared},
};

const FOLDER: &str = ".unisson/people/";
/// Other hashes of the same ids are others.
const CONTEXT: &str = "unisson 2026-11 the record of a person";
const FAVOURITE: &str = "favourite:";
const PAGE: &str = "page:";
const SPACE: &str = "space:";
const TICK: &str = "tick:";

/// How many favourites somebody has.
pub(crate) const FAVOURITES_MAX: usize = 200;
/// How many opened pages are remembered, and how many of them are let go of at a time.
const PAGES_MAX: usize = 2_000;
const PAGES_LET_GO: usize = 500;
/// Of how many spaces it is remembered what is read.
const SPACES_MAX: usize = 4_000;
/// How many ticks somebody has.
pub(crate) const TICKS_MAX: usize = 5_000;
/// Somebody who opens a page again so soon has it on their list already.
const SAME_VISIT_MS: u64 = 60_000;
/// The longest name of an item.
const ITEM_BYTES_MAX: usize = 64;

/// A page of a space.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Spot {
    pub(crate) space: String,
    pub(crate) page: String,
}

impl Spot {
    /// The page of these ids, if they may be ids.
    pub(crate) fn of(space: &str, page: &str) -> Option<Self> {
        (is_id(space) && is_id(page)).then(|| Self {
            space: space.to_owned(),
            page: page.to_owned(),
        })
    }

    fn key(&self, kind: &str) -> String {
        format!("{kind}{}/{}", self.space, self.page)
    }

    fn read(text: &str) -> Option<Self> {
        let (space, page) = text.split_once('/')?;
        Self::of(space, page)
    }
}

/// A page that somebody has opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Opened {
    /// When.
    pub(crate) at_ms: u64,
    /// Up to which moment it is read.
    pub(crate) read_ms: u64,
}

/// All that is somebody's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Own {
    /// Since when.
    pub(crate) favourites: BTreeMap<Spot, u64>,
    pub(crate) pages: BTreeMap<Spot, Opened>,
    /// Up to which moment all of it counts as read.
    pub(crate) spaces: BTreeMap<String, u64>,
    /// The ticked items of each page, and since when.
    pub(crate) ticks: BTreeMap<Spot, BTreeMap<String, u64>>,
}

impl Own {
    /// A damaged entry is said in the log and hides no other.
    pub(crate) fn read(entries: &Entries) -> Self {
        let mut own = Self::default();
        for (key, value) in entries {
            if own.read_entry(key, value).is_none() {
                tracing::error!(key, "an entry of a person's record is damaged");
            }
        }
        own
    }

    fn read_entry(&mut self, key: &str, value: &str) -> Option<()> {
        if let Some(spot) = key.strip_prefix(FAVOURITE) {
            self.favourites
                .insert(Spot::read(spot)?, value.parse().ok()?);
        } else if let Some(spot) = key.strip_prefix(PAGE) {
            let opened = serde_json::from_str(value).ok()?;
            self.pages.insert(Spot::read(spot)?, opened);
        } else if let Some(space) = key.strip_prefix(SPACE) {
            self.spaces.insert(space.to_owned(), value.parse().ok()?);
        } else if let Some(item) = key.strip_prefix(TICK) {
            let (spot, item) = item.rsplit_once('/')?;
            let (spot, at_ms) = (Spot::read(spot)?, value.parse().ok()?);
            let items = self.ticks.entry(spot).or_default();
            items.insert(item.to_owned(), at_ms);
        }
        Some(())
    }

    /// Up to which moment a page is read; none in a space where they have never opened anything.
    pub(crate) fn read_ms(&self, space: &str, page: &str) -> Option<u64> {
        let all_ms = *self.spaces.get(space)?;
        let spot = Spot::of(space, page)?;
        let page_ms = self.pages.get(&spot).map_or(0, |opened| opened.read_ms);
        Some(all_ms.max(page_ms))
    }

    /// What they opened last, the last first.
    pub(crate) fn recent(&self) -> Vec<(&Spot, Opened)> {
        let mut recent: Vec<_> = self.pages.iter().map(|(spot, at)| (spot, *at)).collect();
        recent.sort_by_key(|(spot, opened)| (std::cmp::Reverse(opened.at_ms), (*spot).clone()));
        recent
    }
}

/// What is to be otherwise. Whatever happened meanwhile, all of it can be done.
#[derive(Debug, Default)]
pub(crate) struct Wishes {
    pub(crate) favour: Vec<Spot>,
    pub(crate) disfavour: Vec<Spot>,
    pub(crate) opened: Vec<(Spot, Opened)>,
    /// Spaces of which all is read.
    pub(crate) read: Vec<String>,
    /// Items of a page, and whether they are ticked.
    pub(crate) ticks: Vec<(Spot, String, bool)>,
    /// Pages without any tick from now on; before ticks are set.
    pub(crate) cleared: Vec<Spot>,
}

/// There is no room for what somebody wants to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Full {
    #[error("you have {FAVOURITES_MAX} favourites: take some away first")]
    Favourites,
    #[error("you have ticked {TICKS_MAX} items: reset some guides first")]
    Ticks,
}

impl Wishes {
    /// What has to change in a record for them.
    fn changes(self, entries: &Entries, now_ms: u64) -> Result<Vec<Change>, Full> {
        let mut own = Own::read(entries);
        // What this program does not know stays as it is.
        let before = own.entries();
        self.favour(&mut own, now_ms)?;
        self.open(&mut own, now_ms);
        self.tick(&mut own, now_ms)?;
        Ok(difference(&before, &own.entries()))
    }

    fn favour(&self, own: &mut Own, now_ms: u64) -> Result<(), Full> {
        for spot in &self.disfavour {
            own.favourites.remove(spot);
        }
        for spot in &self.favour {
            own.favourites.entry(spot.clone()).or_insert(now_ms);
        }
        match !self.favour.is_empty() && own.favourites.len() > FAVOURITES_MAX {
            true => Err(Full::Favourites),
            false => Ok(()),
        }
    }

    fn open(&self, own: &mut Own, now_ms: u64) {
        for (spot, new) in &self.opened {
            own.spaces.entry(spot.space.clone()).or_insert(now_ms);
            let opened = own.pages.entry(spot.clone()).or_insert(*new);
            let is_same_visit = new.at_ms.saturating_sub(opened.at_ms) < SAME_VISIT_MS;
            if !is_same_visit || new.read_ms > opened.read_ms {
                opened.at_ms = opened.at_ms.max(new.at_ms);
                opened.read_ms = opened.read_ms.max(new.read_ms);
            }
        }
        for space in &self.read {
            own.spaces.insert(space.clone(), now_ms);
        }
        own.let_go();
    }

    fn tick(&self, own: &mut Own, now_ms: u64) -> Result<(), Full> {
        for spot in &self.cleared {
            own.ticks.remove(spot);
        }
        for (spot, item, is_ticked) in &self.ticks {
            let items = own.ticks.entry(spot.clone()).or_default();
            if *is_ticked {
                items.entry(item.clone()).or_insert(now_ms);
            } else {
                items.remove(item);
            }
        }
        let count: usize = own.ticks.values().map(BTreeMap::len).sum();
        match count > TICKS_MAX && self.ticks.iter().any(|(_, _, is_ticked)| *is_ticked) {
            true => Err(Full::Ticks),
            false => Ok(()),
        }
    }
}

impl Own {
    /// Forgets what was longest ago, as far as it is too much.
    fn let_go(&mut self) {
        if self.pages.len() > PAGES_MAX {
            let mut oldest: Vec<(u64, Spot)> = self
                .pages
                .iter()
                .map(|(spot, opened)| (opened.at_ms, spot.clone()))
                .collect();
            oldest.sort_unstable();
            for (_, spot) in oldest.into_iter().take(PAGES_LET_GO) {
                let Some(opened) = self.pages.remove(&spot) else {
                    continue;
                };
                // What changed later than that is unread as before.
                let read_ms = self.spaces.entry(spot.space).or_insert(opened.read_ms);
                *read_ms = (*read_ms).max(opened.read_ms);
            }
        }
        while self.spaces.len() > SPACES_MAX {
            let oldest = self.spaces.iter().min_by_key(|(_, read_ms)| **read_ms);
            let Some(oldest) = oldest.map(|(space, _)| space.clone()) else {
                break;
            };
            self.spaces.remove(&oldest);
        }
    }

    fn entries(&self) -> Entries {
        let mut entries = Entries::new();
        for (spot, at_ms) in &self.favourites {
            entries.insert(spot.key(FAVOURITE), at_ms.to_string());
        }
        for (spot, Opened { at_ms, read_ms }) in &self.pages {
            let value = format!("{{\"at_ms\":{at_ms},\"read_ms\":{read_ms}}}");
            entries.insert(spot.key(PAGE), value);
        }
        for (space, read_ms) in &self.spaces {
            entries.insert(format!("{SPACE}{space}"), read_ms.to_string());
        }
        for (spot, items) in &self.ticks {
            for (item, at_ms) in items {
                entries.insert(format!("{}/{item}", spot.key(TICK)), at_ms.to_string());
            }
        }
        entries
    }
}

/// What leads from one state to another.
fn difference(before: &Entries, after: &Entries) -> Vec<Change> {
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changed = keys
        .into_iter()
        .filter(|key| before.get(*key) != after.get(*key));
    changed
        .map(|key| (key.clone(), after.get(key).cloned()))
        .collect()
}

/// Whether a text may name an item of a guide.
pub(crate) fn is_item(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.len() <= ITEM_BYTES_MAX && text.bytes().all(is_letter)
}

/// Somebody's id, where anything is kept for them: whom a token or a sign-in names. Nobody can tell
/// people apart who show nothing; a link's guest is somebody only as long as the link lasts; and a
/// token of which spaces are not to know its person may have been made by anybody for any name.
pub(crate) fn person_of(who: &Identity) -> Option<&str> {
    let person = who.principal.person.as_deref();
    person.filter(|_| who.only_in.is_none())
}

/// The name of a person's record. It does not say whose it is, though whoever knows an id finds it.
pub(crate) fn record_of(person: &str) -> Result<DocName, RecordError> {
    let hash = blake3::derive_key(CONTEXT, person.as_bytes());
    records::name_by_hash(FOLDER, hash.into())
}

/// What is durable of a person's own; nothing where nothing was ever kept.
pub(crate) async fn own(shared: &Shared, person: &str) -> Result<Own, RecordError> {
    Ok(match find(shared, person).await? {
        Some(record) => Own::read(record.read().entries()),
        None => Own::default(),
    })
}

async fn find(shared: &Shared, person: &str) -> Result<Option<RecordHandle>, RecordError> {
    let name = record_of(person)?;
    match shared.store.knows(name.as_str()) {
        true => shared.records.open(&shared.store, &name).await.map(Some),
        false => Ok(None),
    }
}

/// Keeps something for a person. Returns when that is durable.
pub(crate) async fn keep(
    registry: &Registry,
    person: &str,
    wishes: Wishes,
    now_ms: u64,
) -> Result<(), ChangeError<Full>> {
    let shared = registry.shared();
    let name = record_of(person)?;
    let record = shared.records.open(&shared.store, &name).await?;
    // Whose it is stands nowhere in it.
    let changed = record.change(registry, Author::default(), |entries| {
        let changes = wishes.changes(entries, now_ms)?;
        Ok::<_, Full>((changes, ()))
    });
    changed.await
}

/// Takes out everything that is kept for a person.
pub(crate) async fn clear(registry: &Registry, person: &str) -> Result<(), ChangeError<Full>> {
    let Some(record) = find(registry.shared(), person).await? else {
        return Ok(());
    };
    let cleared = record.change(registry, Author::default(), |entries| {
        let changes = entries.keys().map(|key| (key.clone(), None));
        Ok::<_, Full>((changes.collect(), ()))
    });
    cleared.await
}

#[cfg(test)]
mod tests;
