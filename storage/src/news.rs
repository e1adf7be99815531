//! What other nodes write of documents that are open here.
//!
//! Whoever has read a document knows what it has [`Seen`]. Looks at the store notice which documents
//! have something from others, and reading that costs a request for each of their segments.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;

use crate::{
    Basis, Store, StoreError, documents, epochs::OwnEpochs, index::View, interval::Covers,
    names::DocId, shared::lock,
};

/// How far somebody has followed a document: which entries of its log they know.
#[derive(Debug, Clone, Default)]
pub struct Seen(Covers);

impl From<&Basis> for Seen {
    fn from(basis: &Basis) -> Self {
        Self(basis.covers.clone())
    }
}

/// What is new of a document.
#[derive(Debug, Clone)]
pub struct News {
    /// Bodies of snapshots, where what is new is only there.
    pub snapshots: Vec<Bytes>,
    /// Logged updates.
    pub updates: Vec<Bytes>,
    /// What is known with them.
    pub seen: Seen,
}

/// Documents in which looks have found something of other nodes, until somebody asks.
#[derive(Debug, Default)]
pub(crate) struct Arrivals(BTreeMap<DocId, Arc<str>>);

impl Arrivals {
    pub(crate) fn note(&mut self, document: DocId, name: &Arc<str>) {
        self.0.entry(document).or_insert_with(|| Arc::clone(name));
    }
}

impl Store {
    /// The names of documents in which looks have found something of other nodes since the last
    /// call: edits, or that they were erased.
    pub fn arrivals(&self) -> Vec<Arc<str>> {
        let mut index = lock(&self.inner.shared.index);
        std::mem::take(&mut index.arrivals)
            .0
            .into_values()
            .collect()
    }

    /// What other nodes have written of a document and is not in `seen`, as far as the last look
    /// saw. `None` where there is nothing.
    pub async fn news(&self, name: &str, seen: &Seen) -> Result<Option<News>, StoreError> {
        let shared = &self.inner.shared;
        let id = DocId::of(name);
        documents::refuse_erased(shared, id)?;
        let view = {
            let index = lock(&shared.index);
            of_others(index.view(id), &index.own)
        };
        // Where others have merged what was never seen here, and deleted it, snapshots have it.
        let is_in_log = seen.0.missing_from(&view.retired).is_none();
        if is_in_log {
            let mut blocks = view.blocks.iter();
            if blocks.all(|(segment, block)| seen.0.contains(&segment.key, block.first, block.last))
            {
                return Ok(None);
            }
            if let Some(updates) = documents::updates_beyond(shared, name, &view, &seen.0).await? {
                let mut known = seen.0.clone();
                known.merge(&view.reach);
                return Ok(Some(News {
                    snapshots: Vec::new(),
                    updates,
                    seen: Seen(known),
                }));
            }
        }
        let stored = documents::read(shared, name).await?;
        let mut known = seen.0.clone();
        known.merge(&stored.basis.covers);
        Ok(Some(News {
            snapshots: stored.snapshots,
            updates: stored.updates,
            seen: Seen(known),
        }))
    }
}

/// Without what this process wrote: whoever follows the document has that already.
fn of_others(mut view: View, own: &OwnEpochs) -> View {
    view.blocks.retain(|(segment, _)| !own.wrote(&segment.key));
    view.tail.clear();
    view.retired = without(&view.retired, own);
    view.reach = without(&view.reach, own);
    view
}

fn without(covers: &Covers, own: &OwnEpochs) -> Covers {
    let mut others = Covers::default();
    for (key, set) in covers.iter().filter(|(key, _)| !own.wrote(key)) {
        for &(first, last) in set.intervals() {
            others.insert(key, first, last);
        }
    }
    others
}
