//! Notices who edits a document, and that it is new. Costs a comparison for each edit, and nothing
//! where nobody listens.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::time::Instant;
use unisson_history::Author;
use unisson_protocol::{DocName, PeerMessage};
use unisson_session::{Effect, Input, PeerId};

use crate::{
    events::{Actor, DocumentEvent, Event, Events},
    indexing::Indexing,
    noticing::Noticing,
    registry::Shared,
};

/// The same author's next edit within this time is no news.
const SAME: Duration = Duration::from_millis(250);
/// How many authors are remembered who wrote before the document was there.
const EARLY_MAX: usize = 64;

/// One document's.
pub(super) struct Newsroom {
    name: DocName,
    events: Arc<Events>,
    indexing: Arc<Indexing>,
    noticing: Arc<Noticing>,
    peers: BTreeMap<PeerId, Author>,
    /// Whoever may have written what the session takes now.
    writing: Vec<Author>,
    loaded: bool,
    /// Nobody had ever written it; until that is told.
    is_new: bool,
    by: Option<Author>,
    told: Option<(Author, Instant)>,
}

impl Newsroom {
    pub(super) fn new(name: DocName, shared: &Shared) -> Self {
        Self {
            name,
            events: shared.events.clone(),
            indexing: shared.indexing.clone(),
            noticing: shared.noticing.clone(),
            peers: BTreeMap::new(),
            writing: Vec::new(),
            loaded: false,
            is_new: false,
            by: None,
            told: None,
        }
    }

    /// A fact, before the session takes it.
    pub(super) fn notice(&mut self, input: &Input) {
        if let Input::Appended(_, Ok(())) = input {
            self.indexing.touch(&self.name);
            self.noticing.edited(&self.name);
        }
        if !self.events.are_heard() {
            return;
        }
        if self.loaded {
            self.writing.clear();
        }
        match input {
            Input::Joined(id, peer) => {
                let author = Author {
                    user: peer.user.clone(),
                    name: peer.display_name.clone(),
                };
                self.peers.insert(*id, author);
            }
            Input::Left(id) => drop(self.peers.remove(id)),
            Input::Received(id, PeerMessage::Update(_) | PeerMessage::SyncStep2(_)) => {
                let author = self.peers.get(id).cloned();
                self.writes(author.unwrap_or_default());
            }
            Input::Edit(_, author, _) => self.writes(author.clone()),
            Input::Loaded(Ok(document)) => {
                self.loaded = true;
                self.is_new = document.is_new();
            }
            Input::Appended(_, Ok(())) if self.is_new => {
                self.is_new = false;
                self.events.emit(Event::DocumentCreated(DocumentEvent {
                    document: self.name.as_str().to_owned(),
                    by: self.by.take().as_ref().and_then(Actor::of),
                }));
            }
            _ => {}
        }
    }

    fn writes(&mut self, author: Author) {
        if self.writing.len() < EARLY_MAX && !self.writing.contains(&author) {
            self.writing.push(author);
        }
    }

    /// What the session ordered.
    pub(super) fn carried(&mut self, effects: &[Effect]) {
        for effect in effects {
            if let Effect::Close(id, _) = effect {
                self.peers.remove(id);
            }
        }
        let edited = || {
            effects
                .iter()
                .any(|effect| matches!(effect, Effect::Append(..)))
        };
        if !self.events.are_heard() || self.writing.is_empty() || !edited() {
            return;
        }
        let now = Instant::now();
        for author in std::mem::take(&mut self.writing) {
            let is_told = self
                .told
                .as_ref()
                .is_some_and(|(before, at)| *before == author && now.duration_since(*at) < SAME);
            if is_told {
                continue;
            }
            self.events.edited(&self.name, Some(&author));
            if self.is_new && self.by.is_none() {
                self.by = Some(author.clone());
            }
            self.told = Some((author, now));
        }
    }
}
