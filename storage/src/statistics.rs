//! How much each document takes.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use crate::{
    Store, StoreError,
    blobs::BlobId,
    documents::read_header,
    names::{DocId, SnapshotId},
    objects::ObjectError,
    shared::{Shared, lock},
    versions::{self, VersionId},
};

/// What one document takes in the store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DocumentStatistics {
    /// Its name; `None` where only snapshots are left of it and none tells.
    pub name: Option<Arc<str>>,
    /// Snapshots.
    pub snapshots: u64,
    /// Their bytes.
    pub snapshot_bytes: u64,
    /// Kept versions.
    pub versions: u64,
    /// Their bytes.
    pub version_bytes: u64,
    /// Attached files.
    pub blobs: u64,
    /// Their bytes.
    pub blob_bytes: u64,
    /// Updates in the log, also those that a snapshot covers and that are not deleted yet.
    pub log_updates: u64,
    /// Their bytes, compressed where they are in segments.
    pub log_bytes: u64,
    /// When the newest snapshot or segment with it was made, in milliseconds since 1970.
    pub stored_ms: Option<u64>,
}

impl DocumentStatistics {
    /// All bytes.
    pub fn bytes(&self) -> u64 {
        self.snapshot_bytes + self.version_bytes + self.blob_bytes + self.log_bytes
    }

    fn stored(&mut self, at_ms: u64) {
        self.stored_ms = self.stored_ms.max(Some(at_ms));
    }
}

impl Store {
    /// What each document takes, by name; those without a known name come first.
    pub async fn statistics(&self) -> Result<Vec<DocumentStatistics>, StoreError> {
        let unavailable = |error: ObjectError| StoreError::Unavailable(error.to_string());
        let shared = &self.inner.shared;
        let mut documents = self.log_statistics();
        let mut nameless: BTreeMap<DocId, String> = BTreeMap::new();
        for listed in shared.objects.list("v1/doc").await.map_err(unavailable)? {
            let Some(id) = DocId::of_object(&listed.object) else {
                continue;
            };
            if lock(&shared.index)
                .tombstones
                .blocked_until(id, shared.now_ms())
                .is_some()
            {
                continue;
            }
            let document = documents.entry(id).or_default();
            let file = listed.object.rsplit('/').next().unwrap_or_default();
            if let Some(snapshot) = SnapshotId::from_file(file) {
                document.snapshots += 1;
                document.snapshot_bytes += listed.bytes;
                document.stored(snapshot.created_ms());
            } else if VersionId::from_file(file).is_some() {
                document.versions += 1;
                document.version_bytes += listed.bytes;
            } else if BlobId::from_file(file).is_some() {
                document.blobs += 1;
                document.blob_bytes += listed.bytes;
                // A blob does not know its document's name.
                continue;
            } else {
                continue;
            }
            if document.name.is_none() {
                nameless.insert(id, listed.object);
            }
        }
        for (id, object) in nameless {
            let name = name_in(shared, &object).await.map_err(unavailable)?;
            if let (Ok(name), Some(document)) = (name, documents.get_mut(&id)) {
                document.name = Some(name.into());
            }
        }
        let mut documents: Vec<_> = documents.into_values().collect();
        documents.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(documents)
    }

    /// How many versions a document has.
    pub async fn count_versions(&self, name: &str) -> Result<usize, StoreError> {
        let folder = DocId::of(name).version_folder();
        let listed = self.inner.shared.objects.list(&folder).await;
        let listed = listed.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(listed.len())
    }

    fn log_statistics(&self) -> HashMap<DocId, DocumentStatistics> {
        let index = lock(&self.inner.shared.index);
        let of_one = |document: &crate::index::Document| {
            let mut statistics = DocumentStatistics {
                name: Some(Arc::clone(&document.name)),
                ..DocumentStatistics::default()
            };
            for (segment, block) in &document.blocks {
                statistics.log_updates += block.count;
                statistics.log_bytes += block.bytes;
                if let Some(segment) = index.segments.get(segment) {
                    statistics.stored(segment.created_ms);
                }
            }
            for logged in &document.tail {
                statistics.log_updates += 1;
                statistics.log_bytes += logged.update.len() as u64;
            }
            statistics
        };
        let documents = index.documents.iter();
        documents
            .map(|(id, document)| (*id, of_one(document)))
            .collect()
    }
}

/// The document's name, as a snapshot or a version tells it.
async fn name_in(shared: &Shared, object: &str) -> Result<Result<String, String>, ObjectError> {
    Ok(
        match SnapshotId::from_file(object.rsplit('/').next().unwrap_or_default()) {
            Some(_) => read_header(shared, object).await?.map(|header| header.name),
            None => versions::read_header(shared, object)
                .await?
                .map(|header| header.name),
        },
    )
}
