//! Spaces: which documents are in one, who somebody is there, and that open sockets follow.
//!
//! A space is a record ([`crate::records`]) that [`unisson_rights`] reads. The document
//! `spaces/{space}/{page}` is a page of it, and so is whatever is named below. Nothing is kept
//! beside the record: rights are computed from it each time, and each time that it changes (or
//! somebody's time in it ends) the sockets that have documents of the space open look again.

mod link;
mod live;
mod password;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{sync::watch, task::JoinSet};
use unisson_history::Author;
use unisson_protocol::{CloseReason, DocName};
use unisson_rights::{
    Changes, Denied, MoveError, Place, Principal, Rights, Role, Space, effective, is_id,
};
use unisson_session::Record;
use unisson_storage::Store;

use crate::{
    auth::{Grant, Identity, access_of},
    records::{self, ChangeError, RecordError, RecordHandle, Records},
    registry::Registry,
    versions::unix_now_ms,
};

pub(crate) use self::{
    link::{LinkOrder, OpenError, draw, is_link_token, new_link},
    live::Watch,
    password::{PASSWORD_BYTES_MAX, Passwords},
};

/// The documents of spaces.
const DOCUMENTS: &str = "spaces/";
/// The records of spaces.
pub(crate) const RECORDS: &str = ".unisson/spaces/";
/// How many spaces are held in memory; those that nobody uses go first.
const SPACES_MAX: usize = 8_000;

/// All spaces.
#[derive(Debug)]
pub(crate) struct Spaces {
    store: Store,
    records: Arc<Records>,
    held: Mutex<Spares>,
    pub(crate) passwords: Passwords,
}

#[derive(Debug, Default)]
struct Spares {
    spaces: HashMap<Arc<str>, Arc<HeldSpace>>,
    /// One for each space: it wakes the space's sockets.
    wakers: JoinSet<()>,
}

/// A space that is in use.
#[derive(Debug)]
pub(crate) struct HeldSpace {
    id: Arc<str>,
    record: RecordHandle,
    law: Mutex<Law>,
    seats: live::Seats,
}

/// What the record says, read once for each state of it.
#[derive(Debug, Clone)]
struct Law {
    record: Arc<Record>,
    revision: u64,
    space: Result<Option<Arc<Space>>, String>,
}

impl Law {
    fn of(record: Arc<Record>, revision: u64) -> Self {
        let space = Space::read(record.entries());
        Self {
            record,
            revision,
            space: space
                .map(|space| space.map(Arc::new))
                .map_err(|error| error.to_string()),
        }
    }
}

/// A document's place in a space.
#[derive(Debug, Clone)]
pub(crate) struct PlaceInSpace {
    space: Arc<HeldSpace>,
    page: Arc<str>,
}

/// What somebody's grant rests on.
#[derive(Debug)]
pub(crate) struct Standing {
    place: PlaceInSpace,
    principal: Principal,
    /// Of the law by which the grant was made.
    revision: u64,
}

impl PartialEq for Standing {
    fn eq(&self, other: &Self) -> bool {
        let own = (&self.place.space.id, &self.place.page, &self.principal);
        own == (&other.place.space.id, &other.place.page, &other.principal)
    }
}

impl Eq for Standing {}

/// Nobody can say what somebody may do: that is no denial. Published clients come back from this
/// one by themselves.
fn undecided(error: &RecordError) -> CloseReason {
    tracing::error!(%error, "cannot say who may do what in a space");
    CloseReason::Undecided
}

impl Spaces {
    pub(crate) fn new(store: Store, records: Arc<Records>) -> Self {
        Self {
            store,
            records,
            held: Mutex::default(),
            passwords: Passwords::default(),
        }
    }

    /// The place of a document, where it is in a space that there is.
    pub(crate) async fn place_of(
        &self,
        document: &DocName,
    ) -> Result<Option<PlaceInSpace>, CloseReason> {
        let Some((space, page)) = parts(document.as_str()) else {
            return Ok(None);
        };
        let held = self.find(space).await.map_err(|error| undecided(&error))?;
        Ok(held.map(|space| PlaceInSpace {
            space,
            page: page.into(),
        }))
    }

    /// What the page of a document is called, where it is a page that there is.
    pub(crate) async fn title_of(&self, document: &DocName) -> Result<Option<String>, RecordError> {
        let Some((space, page)) = parts(document.as_str()) else {
            return Ok(None);
        };
        let Some(held) = self.find(space).await? else {
            return Ok(None);
        };
        let space = held.space()?;
        Ok(space.and_then(|space| Some(space.pages.get(page)?.title.clone())))
    }

    /// The space of this id, where there is one.
    pub(crate) async fn find(&self, id: &str) -> Result<Option<Arc<HeldSpace>>, RecordError> {
        if !is_id(id) {
            return Ok(None);
        }
        if let Some(held) = self.held().spaces.get(id) {
            return Ok(Some(held.clone()));
        }
        // Names that somebody makes up cost no look at the store.
        if !self.store.knows(&format!("{RECORDS}{id}")) {
            return Ok(None);
        }
        let held = self.hold(id).await?;
        let exists = !matches!(held.law().space, Ok(None));
        Ok(exists.then_some(held))
    }

    /// The space of this id, whether there is one yet or not.
    pub(crate) async fn hold(&self, id: &str) -> Result<Arc<HeldSpace>, RecordError> {
        let name = records::name_of(&format!("{RECORDS}{id}"))?;
        let record = self.records.open(&self.store, &name).await?;
        let mut held = self.held();
        if let Some(known) = held.spaces.get(id) {
            return Ok(known.clone());
        }
        if held.spaces.len() >= SPACES_MAX {
            held.spaces.retain(|_, space| Arc::strong_count(space) > 1);
            while held.wakers.try_join_next().is_some() {}
        }
        if held.spaces.len() >= SPACES_MAX {
            let problem = "too many spaces are in use".to_owned();
            return Err(RecordError::Unavailable(problem));
        }
        let changes = record.subscribe();
        let space = Arc::new(HeldSpace {
            id: id.into(),
            law: Mutex::new(Law::of(record.read(), 0)),
            record,
            seats: live::Seats::default(),
        });
        held.wakers
            .spawn(live::wake_sockets(Arc::downgrade(&space), changes));
        held.spaces.insert(space.id.clone(), space.clone());
        Ok(space)
    }

    /// The ids of all spaces that were ever made, sorted.
    pub(crate) fn ids(&self) -> Vec<String> {
        let documents = self.store.documents();
        let ids = documents
            .iter()
            .filter_map(|name| name.strip_prefix(RECORDS));
        ids.map(str::to_owned).collect()
    }

    fn held(&self) -> MutexGuard<'_, Spares> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Space and page in the name of a document.
pub(crate) fn parts(document: &str) -> Option<(&str, &str)> {
    let (space, rest) = document.strip_prefix(DOCUMENTS)?.split_once('/')?;
    let page = rest.split('/').next()?;
    is_id(space).then_some((space, page))
}

/// The name of a page's document.
pub(crate) fn document_of(space: &str, page: &str) -> String {
    format!("{DOCUMENTS}{space}/{page}")
}

/// How the names of a space's documents begin.
pub(crate) fn prefix_of(space: &str) -> String {
    format!("{DOCUMENTS}{space}/")
}

impl HeldSpace {
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    fn law(&self) -> Law {
        let record = self.record.read();
        let mut law = self.law.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&law.record, &record) {
            *law = Law::of(record, law.revision + 1);
        }
        law.clone()
    }

    /// The space, as it is now.
    pub(crate) fn space(&self) -> Result<Option<Arc<Space>>, RecordError> {
        self.law().space.map_err(|problem| self.damaged(problem))
    }

    /// Changes whenever the space does.
    pub(crate) fn etag(&self) -> String {
        let hash = blake3::hash(self.record.read().state());
        format!("\"{}\"", &hash.to_hex()[..32])
    }

    /// Hears of each change from now on.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Arc<Record>> {
        self.record.subscribe()
    }

    fn damaged(&self, problem: String) -> RecordError {
        let name = DocName::new(&format!("{RECORDS}{}", self.id));
        match name {
            Ok(name) => RecordError::Damaged { name, problem },
            Err(error) => RecordError::Unavailable(error.to_string()),
        }
    }

    /// What somebody may do there. In another space than the one whose link named them they are
    /// nobody.
    pub(crate) fn rights(&self, space: &Space, place: Place<'_>, who: &Identity) -> Rights {
        let elsewhere = who.only_in.as_ref().is_some_and(|only| *only != self.id);
        let nobody = Principal::default();
        let principal = if elsewhere { &nobody } else { &who.principal };
        effective(space, place, principal, unix_now_ms())
    }

    /// Changes the space, if it is still what its reader `expected`: `decide` sees it as it is.
    /// Returns when that is durable.
    pub(crate) async fn change<T>(
        &self,
        registry: &Registry,
        author: Author,
        expected: Option<&str>,
        decide: impl FnOnce(Option<&Space>) -> Result<(Changes, T), Refusal>,
    ) -> Result<T, ChangeError<Refusal>> {
        let decided = self.record.change(registry, author, |entries| {
            // Nobody else changes the record meanwhile.
            if expected.is_some_and(|expected| expected != self.etag()) {
                return Err(Refusal::Changed);
            }
            let space = Space::read(entries);
            let space = space.map_err(|error| Refusal::Unreadable(error.to_string()))?;
            decide(space.as_ref())
        });
        decided.await
    }
}

/// Why a space is not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// There is no such thing in the space.
    #[error("{0}")]
    Missing(&'static str),
    /// There is one already.
    #[error("{0}")]
    Exists(&'static str),
    /// They may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The page does not go there.
    #[error(transparent)]
    Move(#[from] MoveError),
    /// A limit is reached.
    #[error("{0}")]
    Full(String),
    /// It was changed by somebody else since it was read.
    #[error("it has changed since you read it: read it again")]
    Changed,
    /// An operator has to look.
    #[error("the space is damaged: {0}")]
    Unreadable(String),
}

impl PlaceInSpace {
    /// What an identity may do with the document.
    pub(crate) fn grant(self, identity: &Identity) -> Result<Grant, CloseReason> {
        let elsewhere = identity
            .only_in
            .as_ref()
            .is_some_and(|only| *only != self.space.id);
        if elsewhere {
            return Err(CloseReason::Forbidden);
        }
        let principal = identity.principal.clone();
        let (revision, role) = self.role(&principal).map_err(|_| CloseReason::Undecided)?;
        let mut grant = identity.grant(role)?;
        grant.standing = Some(Arc::new(Standing {
            place: self,
            principal,
            revision,
        }));
        Ok(grant)
    }

    fn role(&self, principal: &Principal) -> Result<(u64, Option<Role>), CloseReason> {
        let law = self.space.law();
        let Ok(space) = law.space else {
            return Err(CloseReason::Damaged);
        };
        let now_ms = unix_now_ms();
        let role = space.and_then(|space| {
            let place = Place::Page(&self.page);
            effective(&space, place, principal, now_ms).role
        });
        Ok((law.revision, role))
    }
}

impl Standing {
    /// What they may do by now. Nothing, where the space cannot be read any more.
    pub(crate) fn access_now(&self) -> Result<unisson_protocol::Access, CloseReason> {
        let (_, role) = self.place.role(&self.principal)?;
        role.and_then(access_of).ok_or(CloseReason::Forbidden)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_in_the_space_and_on_the_page_that_its_name_says() {
        for (name, expected) in [
            ("spaces/finance/budget", Some(("finance", "budget"))),
            ("spaces/finance/budget/notes/1", Some(("finance", "budget"))),
            ("spaces/finance/../hr/x", Some(("finance", ".."))),
            ("spaces/finance/", Some(("finance", ""))),
            ("spaces/finance", None),
            ("spaces//x", None),
            ("spaces/Finance/x", None),
            ("spaces/../x", None),
            ("other/finance/budget", None),
            ("x/spaces/finance/budget", None),
        ] {
            assert_eq!(parts(name), expected, "{name}");
        }
    }
}
