//! Document name -> running task: started once, shared, forgotten when it stops.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use tokio::{sync::Semaphore, task::JoinSet};
use unisson_protocol::{CloseReason, DocName};
use unisson_session::PeerId;
use unisson_storage::Store;

use crate::{
    Settings,
    administration::Administration,
    attachments::Attachments,
    audit::{Audit, forgetting::Forgetting},
    auth::{Authenticator, is_anonymous},
    comments::live::Watched,
    connection::Backlog,
    crowd::Crowd,
    doc_task::{self, DocInbox, DocMessage, Joining},
    events::Events,
    gate::Gate,
    indexing::Indexing,
    knocks::Knocks,
    memory::{self, Memory, Weight},
    metrics::Metrics,
    noticing::Noticing,
    quota::Quotas,
    records::Records,
    sockets::Sockets,
    spaces::Spaces,
    webhooks::Webhooks,
};

/// How many documents load at a time: mostly they wait for the disk.
const LOADS_MAX: usize = 8;
/// How many documents are compacted at a time.
const COMPACTIONS_MAX: usize = 1;
/// How many calls about histories run at a time: each holds a whole document, several times over,
/// and mostly one processor.
const HISTORIES_MAX: usize = 2;
/// How many spaces are taken away or filled at a time: each holds a page with its pictures, or an
/// archive.
const EXPORTS_MAX: usize = 3;
/// How many updates that made a document panic are remembered.
const POISONS_MAX: usize = 1_024;

/// What all tasks of a server share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) store: Store,
    pub(crate) authenticator: Authenticator,
    pub(crate) metrics: Metrics,
    pub(crate) loads: Semaphore,
    pub(crate) compactions: Semaphore,
    /// Calls about histories that run at a time.
    pub(crate) histories: Arc<Semaphore>,
    /// One permit for each processor that may be taken by large documents at a time.
    pub(crate) heavy: Semaphore,
    /// What open documents take.
    pub(crate) memory: Arc<Memory>,
    pub(crate) poisons: Poisons,
    pub(crate) sockets: Sockets,
    /// Who has documents open, and how many times.
    pub(crate) people: Crowd<Arc<str>>,
    /// How many requests each may make.
    pub(crate) gate: Gate,
    /// Who was refused a moment ago.
    pub(crate) knocks: Knocks,
    /// How much documents may take together.
    pub(crate) quotas: Quotas,
    /// Documents that only the server writes.
    pub(crate) records: Arc<Records>,
    pub(crate) spaces: Arc<Spaces>,
    /// Documents that hear of their comments.
    pub(crate) watched: Watched,
    pub(crate) attachments: Attachments,
    /// Spaces that are taken away or filled at a time.
    pub(crate) exports: Arc<Semaphore>,
    /// What operators decide about the whole server.
    pub(crate) administration: Arc<Administration>,
    /// Whom the audit log forgets.
    pub(crate) forgetting: Forgetting,
    pub(crate) events: Arc<Events>,
    /// Set where any is configured.
    pub(crate) webhooks: OnceLock<Webhooks>,
    pub(crate) audit: Audit,
    /// What can be searched.
    pub(crate) indexing: Arc<Indexing>,
    /// What in pages concerns somebody.
    pub(crate) noticing: Arc<Noticing>,
    next_id: AtomicU64,
}

impl Shared {
    pub(crate) fn new(settings: Settings, store: Store, authenticator: Authenticator) -> Self {
        let memory_max = settings.memory_bytes_max();
        let records = Arc::new(Records::default());
        let spaces = Arc::new(Spaces::new(store.clone(), records.clone()));
        let administration = Arc::<Administration>::default();
        let authenticator = authenticator.with_spaces(spaces.clone());
        Self {
            authenticator: authenticator.with_administration(administration.clone()),
            administration,
            forgetting: Forgetting::default(),
            sockets: Sockets::new(&settings),
            people: Crowd::new(settings.traffic.peers_per_user_max),
            gate: Gate::new(&settings.traffic),
            knocks: Knocks::default(),
            quotas: Quotas::new(settings.quotas.clone()),
            settings,
            store,
            metrics: Metrics::default(),
            loads: Semaphore::new(LOADS_MAX),
            compactions: Semaphore::new(COMPACTIONS_MAX),
            histories: Arc::new(Semaphore::new(HISTORIES_MAX)),
            heavy: Semaphore::new(processors()),
            memory: Memory::new(memory_max),
            poisons: Poisons::default(),
            records,
            spaces,
            watched: Watched::default(),
            attachments: Attachments::default(),
            exports: Arc::new(Semaphore::new(EXPORTS_MAX)),
            events: Arc::default(),
            webhooks: OnceLock::new(),
            audit: Audit::default(),
            indexing: Arc::default(),
            noticing: Arc::default(),
            next_id: AtomicU64::new(1),
        }
    }

    /// A peer id that no other peer of this process has.
    pub(crate) fn draw_peer_id(&self) -> PeerId {
        PeerId(self.next_id.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn draw_seed(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Fingerprints of updates that made a document panic: a second try would end it again.
#[derive(Debug, Default)]
pub(crate) struct Poisons(Mutex<VecDeque<blake3::Hash>>);

impl Poisons {
    pub(crate) fn contains(&self, update: &Bytes) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        !known.is_empty() && known.contains(&blake3::hash(update))
    }

    pub(crate) fn insert(&self, update: &Bytes) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= POISONS_MAX {
            known.pop_front();
        }
        known.push_back(blake3::hash(update));
    }
}

/// An open document.
#[derive(Debug)]
struct Open {
    inbox: DocInbox,
    weight: Arc<Weight>,
}

#[derive(Debug, Default)]
struct State {
    documents: HashMap<DocName, Open>,
    /// Documents that nobody may open for the moment, and what they are told.
    barred: HashMap<DocName, CloseReason>,
    tasks: JoinSet<()>,
    draining: bool,
}

/// The open documents of a server; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Registry {
    shared: Arc<Shared>,
    state: Arc<Mutex<State>>,
}

/// Keeps a document closed to whoever comes, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Bar {
    registry: Registry,
    name: DocName,
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.registry.lock().barred.remove(&self.name);
    }
}

impl Registry {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            state: Arc::default(),
        }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Lets a peer into a document, which is opened where it is not open. A document that many
    /// come to at once takes them one after the other: who finds no room waits in the backlog.
    pub(crate) fn join(
        &self,
        name: &DocName,
        mut joining: Joining,
        backlog: &mut Backlog,
    ) -> Result<DocInbox, CloseReason> {
        // Whoever has shown nothing is nobody in particular: a public page has any number of them.
        let user = joining.peer.user.as_ref();
        if let Some(user) = user.filter(|user| !is_anonymous(user)) {
            let place = self.shared.people.enter(user.clone());
            joining.place = Some(place.ok_or_else(|| {
                self.shared.metrics.limit("peers_per_user_max");
                CloseReason::Overloaded
            })?);
        }
        self.tell(name, DocMessage::Join(Box::new(joining)), backlog)
    }

    /// Tells a document something, which is opened where it is not open.
    pub(crate) fn tell(
        &self,
        name: &DocName,
        message: DocMessage,
        backlog: &mut Backlog,
    ) -> Result<DocInbox, CloseReason> {
        let mut state = self.lock();
        if state.draining {
            return Err(CloseReason::Restart);
        }
        if let Some(reason) = state.barred.get(name) {
            return Err(*reason);
        }
        if let Some(open) = state.documents.get(name) {
            backlog.send(&open.inbox, message)?;
            return Ok(open.inbox.clone());
        }
        if state.documents.len() >= self.shared.settings.documents_max {
            return Err(CloseReason::Overloaded);
        }
        let weight = self.shared.memory.weigh();
        let (inbox, task) = doc_task::open(name, &self.shared, weight.clone());
        if inbox.try_send(message).is_err() {
            return Err(CloseReason::Overloaded);
        }
        let open = Open {
            inbox: inbox.clone(),
            weight,
        };
        state.documents.insert(name.clone(), open);
        self.shared
            .metrics
            .documents
            .set(state.documents.len() as i64);
        while state.tasks.try_join_next().is_some() {}
        let registry = self.clone();
        state.tasks.spawn(task.run(registry));
        Ok(inbox)
    }

    /// Where to send messages of a document, if it is open.
    pub(crate) fn open_document(&self, name: &DocName) -> Option<DocInbox> {
        let state = self.lock();
        state.documents.get(name).map(|open| open.inbox.clone())
    }

    /// Lets nobody open a document until the bar is dropped; who has it open keeps it. `None` where
    /// somebody else has barred it.
    pub(crate) fn bar(&self, name: &DocName, reason: CloseReason) -> Option<Bar> {
        let mut state = self.lock();
        if state.barred.contains_key(name) {
            return None;
        }
        state.barred.insert(name.clone(), reason);
        Some(Bar {
            registry: self.clone(),
            name: name.clone(),
        })
    }

    /// The same, for whoever waits until the document has heard it.
    pub(crate) async fn hand(
        &self,
        name: &DocName,
        message: DocMessage,
    ) -> Result<(), CloseReason> {
        let mut backlog = Backlog::default();
        drop(self.tell(name, message, &mut backlog)?);
        backlog.clear().await
    }

    /// Runs something that may end a document while nobody can join it.
    pub(crate) fn while_held(&self, name: &DocName, run: impl FnOnce(&mut dyn FnMut())) {
        let mut state = self.lock();
        run(&mut || {
            state.documents.remove(name);
            self.shared
                .metrics
                .documents
                .set(state.documents.len() as i64);
        });
    }

    /// Forgets a document whose task ends.
    pub(crate) fn forget(&self, name: &DocName) {
        self.while_held(name, |forget| forget());
    }

    /// The names of the open documents, sorted.
    pub(crate) fn names(&self) -> Vec<DocName> {
        let mut names: Vec<DocName> = self.lock().documents.keys().cloned().collect();
        names.sort_unstable();
        names
    }

    /// How many documents are open.
    pub(crate) fn documents(&self) -> usize {
        self.lock().documents.len()
    }

    /// Asks documents to give memory back, those first that were left alone for longest, for as
    /// long as more is held than should be. Never ends.
    pub(crate) async fn keep_within_memory(&self) {
        let memory = &self.shared.memory;
        loop {
            memory.short().await;
            let open: Vec<_> = {
                let state = self.lock();
                let open = state.documents.values();
                open.map(|open| (open.weight.clone(), open.inbox.clone()))
                    .collect()
            };
            for inbox in memory.choose(open) {
                // A document that is too busy to hear it is not quiet.
                let _ = inbox.try_send(DocMessage::MemoryShort);
            }
            // Reading documents back takes a while; asking again sooner would change nothing.
            tokio::time::sleep(memory::PAUSE).await;
        }
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.lock().draining
    }

    /// Lets nobody in any more, and waits until every document has made its edits durable, sent
    /// its peers away and stopped.
    pub(crate) async fn drain(&self) {
        let (inboxes, mut tasks) = {
            let mut state = self.lock();
            state.draining = true;
            let inboxes: Vec<DocInbox> = state
                .documents
                .values()
                .map(|open| open.inbox.clone())
                .collect();
            (inboxes, std::mem::take(&mut state.tasks))
        };
        for inbox in inboxes {
            // A document that has stopped meanwhile needs no telling.
            let _ = inbox.send(DocMessage::Drain).await;
        }
        while let Some(ended) = tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a document task ended badly");
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
