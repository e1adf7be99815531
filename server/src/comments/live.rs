//! Open documents hear of their comments: who has one open is told that something changed, and
//! nothing of what was said; the answer to the next question says that.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{task::JoinSet, time::timeout};
use unisson_protocol::DocName;

use crate::{doc_task::DocMessage, records::RecordHandle, registry::Registry};

/// What editors are told.
const NOTICE: &str = r#"{"type":"comments"}"#;
/// How often it is looked whether a document is still open.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// The documents whose comments are watched: those that are open and whose comments somebody asked
/// for on this server.
#[derive(Debug, Default)]
pub(crate) struct Watched(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    documents: HashSet<DocName>,
    tasks: JoinSet<()>,
}

impl Watched {
    /// Tells a document's peers of each change of its comments, whichever server made it, for as
    /// long as it is open.
    pub(crate) fn watch(&self, registry: &Registry, document: &DocName, record: &RecordHandle) {
        if registry.open_document(document).is_none() {
            return;
        }
        let mut state = lock(&self.0);
        while state.tasks.try_join_next().is_some() {}
        if !state.documents.insert(document.clone()) {
            return;
        }
        let (registry, document, all) = (registry.clone(), document.clone(), self.0.clone());
        let mut changes = record.subscribe();
        // The record is held for as long as it is watched.
        let record = record.clone();
        state.tasks.spawn(async move {
            while registry.open_document(&document).is_some() {
                match timeout(LOOK_EVERY, changes.changed()).await {
                    Ok(Ok(())) => tell(&registry, &document).await,
                    Ok(Err(_)) => break,
                    Err(_) => {}
                }
            }
            drop(record);
            lock(&all).documents.remove(&document);
        });
    }
}

async fn tell(registry: &Registry, document: &DocName) {
    if let Some(inbox) = registry.open_document(document) {
        // A document that ends meanwhile has nobody left to tell.
        drop(inbox.send(DocMessage::Tell(NOTICE.into())).await);
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
