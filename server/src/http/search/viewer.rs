//! What somebody may see of what the index finds.

use std::{collections::HashMap, sync::Arc};

use axum::http::HeaderMap;
use unisson_protocol::{CloseReason, DocName};
use unisson_rights::{Action, Place, Space, chain};

use crate::{
    auth::{About, Credential, Identity},
    http::{AppState, admission::refused, error::Problem, ws},
    registry::Shared,
    spaces::{HeldSpace, document_of, parts, prefix_of},
    trash,
};

/// How many documents of no space, or with a token of their own, are looked at for one answer.
const LOOKS_MAX: usize = 500;
/// The same where the portal has to be asked about each.
const LOOKS_MAX_ASKING: usize = 50;
/// What the names of all spaces' documents begin with.
const ALL: &str = "spaces/";

/// Somebody who looks for something.
pub(crate) struct Viewer<'a> {
    shared: &'a Arc<Shared>,
    credential: Credential,
    /// Who they are for all spaces together.
    pub(crate) who: Identity,
    spaces: HashMap<String, Option<Seen>>,
    looks_left: usize,
}

/// A space, and who they are in it.
struct Seen {
    held: Arc<HeldSpace>,
    space: Arc<Space>,
    who: Identity,
}

/// A page of a space, for whoever may read it.
#[derive(Debug, Clone)]
pub(crate) struct SeenPage {
    pub(crate) space: String,
    pub(crate) space_title: String,
    pub(crate) page: String,
    pub(crate) title: String,
    /// The titles of those pages above that they may read.
    pub(crate) above: Vec<String>,
}

impl<'a> Viewer<'a> {
    /// Whoever asks. Somebody who shows nothing sees what is open to everybody; an error where they
    /// show what does not count.
    pub(crate) async fn of(
        state: &'a AppState,
        headers: &HeaderMap,
        query: Option<&str>,
    ) -> Result<Self, Problem> {
        let shared = state.registry.shared();
        let credential = ws::credential(query, headers, state);
        let identified = shared
            .authenticator
            .identify(&credential, About::Within(ALL));
        let who = match identified.await {
            Err(CloseReason::Unauthorized) if credential.is_empty() => Identity::anonymous(),
            // The portal may say nothing of all spaces and something of one.
            Err(CloseReason::Forbidden) => Identity::anonymous(),
            identity => identity.map_err(refused)?,
        };
        let asks_portal = shared.settings.auth.callback.is_some();
        Ok(Self {
            shared,
            credential,
            who,
            spaces: HashMap::new(),
            looks_left: if asks_portal {
                LOOKS_MAX_ASKING
            } else {
                LOOKS_MAX
            },
        })
    }

    /// Somebody who shows nothing.
    pub(crate) fn stranger(state: &'a AppState) -> Self {
        Self {
            shared: state.registry.shared(),
            credential: Credential::default(),
            who: Identity::anonymous(),
            spaces: HashMap::new(),
            looks_left: LOOKS_MAX,
        }
    }

    /// Whether they may read a document, told cheaply: [`Self::confirms`] has the last word.
    pub(crate) async fn may_read(&mut self, name: &str) -> bool {
        let asks_portal = self.shared.settings.auth.callback.is_some();
        let Some((space, page)) = parts(name) else {
            return self.looks(name).await;
        };
        if asks_portal && !self.credential.is_empty() {
            return self.is_kept(space, page).await && self.looks(name).await;
        }
        let (space, page) = (space.to_owned(), page.to_owned());
        let Some(seen) = self.seen(&space).await else {
            // There is no space: the names only look so.
            return self.looks(name).await;
        };
        if !is_kept(&seen.space, &page) {
            return false;
        }
        let rights = seen.held.rights(&seen.space, Place::Page(&page), &seen.who);
        // Tokens may be for single documents.
        rights.may(Action::Read) || (!self.credential.is_empty() && self.looks(name).await)
    }

    async fn is_kept(&mut self, space: &str, page: &str) -> bool {
        let seen = self.seen(space).await;
        seen.is_none_or(|seen| is_kept(&seen.space, page))
    }

    /// What an open socket for the document would be told; only so many times.
    async fn looks(&mut self, name: &str) -> bool {
        let Some(left) = self.looks_left.checked_sub(1) else {
            return false;
        };
        self.looks_left = left;
        self.confirms(name).await
    }

    /// Whether they may read a document that is not in the trash: the same question that is asked
    /// when somebody opens it.
    pub(crate) async fn confirms(&self, name: &str) -> bool {
        let Ok(name) = DocName::new(name) else {
            return false;
        };
        let granted = self
            .shared
            .authenticator
            .authenticate(&self.credential, &name);
        granted.await.is_ok() && matches!(trash::entry(self.shared, &name).await, Ok(None))
    }

    async fn seen(&mut self, space: &str) -> Option<&Seen> {
        if !self.spaces.contains_key(space) {
            let seen = self.look_at(space).await;
            self.spaces.insert(space.to_owned(), seen);
        }
        self.spaces.get(space)?.as_ref()
    }

    async fn look_at(&self, id: &str) -> Option<Seen> {
        let held = self.shared.spaces.find(id).await.ok()??;
        let space = held.space().ok()??;
        let prefix = prefix_of(id);
        let about = About::Within(&prefix);
        let who = self
            .shared
            .authenticator
            .identify(&self.credential, about)
            .await;
        // Whoever shows nothing that counts here is somebody to whom it may be open.
        let who = who.unwrap_or_else(|_| Identity::anonymous());
        Some(Seen { held, space, who })
    }

    /// The page of a document that they may read, where it is one.
    pub(crate) async fn page_of(&mut self, name: &str) -> Option<SeenPage> {
        let (space, page) = parts(name)?;
        if *name != *document_of(space, page) {
            return None;
        }
        let (id, page) = (space.to_owned(), page.to_owned());
        let seen = self.seen(&id).await?;
        let facts = seen.space.pages.get(&page)?;
        let may = |page: &str| {
            let rights = seen.held.rights(&seen.space, Place::Page(page), &seen.who);
            rights.may(Action::Read)
        };
        let way = chain(&seen.space, &page)?;
        let above = way.iter().filter(|(above, _)| *above != page && may(above));
        Some(SeenPage {
            space_title: seen.space.settings.title.clone(),
            title: facts.title.clone(),
            above: above.map(|(_, page)| page.title.clone()).collect(),
            space: id,
            page,
        })
    }
}

/// Whether neither the space nor the page is deleted.
fn is_kept(space: &Space, page: &str) -> bool {
    let way = chain(space, page).unwrap_or_default();
    space.settings.deleted_ms.is_none() && way.iter().all(|(_, page)| page.deleted_ms.is_none())
}
