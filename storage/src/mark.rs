//! Noticing cheaply that a document has something new, where several nodes write to one store.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::{
    Store, StoreError,
    names::DocId,
    refresh::refresh,
    shared::{Shared, lock},
};

/// What a document's log was at some moment. Another mark of the same document says that it may
/// have something new; the same one that it has not, as far as the last look saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mark(u64);

impl Mark {
    /// The mark as a number, for whoever keeps it. Another build may count differently.
    pub fn number(self) -> u64 {
        self.0
    }
}

impl Store {
    /// Whether other nodes may write to this store.
    pub fn is_shared(&self) -> bool {
        self.inner.shared.settings.is_shared()
    }

    /// Learns of everything that other nodes made durable before this call: one list of the store
    /// for all who ask at the same time. Nothing to do where nobody else writes.
    pub async fn look(&self) -> Result<(), StoreError> {
        match self.is_shared() {
            true => refresh(&self.inner.shared).await,
            false => Ok(()),
        }
    }

    /// Whether anything of a document is known here, without a look at the store.
    pub fn knows(&self, name: &str) -> bool {
        let index = lock(&self.inner.shared.index);
        index.documents.contains_key(&DocId::of(name))
    }

    /// The document's mark, by what is known here.
    pub fn mark(&self, name: &str) -> Mark {
        mark(&self.inner.shared, DocId::of(name))
    }
}

fn mark(shared: &Shared, id: DocId) -> Mark {
    let mut hasher = DefaultHasher::new();
    if let Some(document) = lock(&shared.index).documents.get(&id) {
        for segment in document.blocks.keys() {
            segment.hash(&mut hasher);
        }
        // A new document of an erased one's name may have as much of it, in another epoch.
        let last = document.tail.last();
        let last = last.map(|logged| (&logged.key, logged.seq));
        (document.tail.len(), last).hash(&mut hasher);
        // What was merged into snapshots while nobody looked.
        for (key, set) in document.retired.iter() {
            (key, set.intervals()).hash(&mut hasher);
        }
    }
    Mark(hasher.finish())
}
