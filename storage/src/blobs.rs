//! Blobs: files that people attach to a document, as they came, named by what they hold.
//!
//! A blob lies in its document's folder, so whoever erases the document erases it, and one document's
//! blob is never another's. Immutable: its name ends in the BLAKE3 hash of its bytes, and begins with
//! the time at which it was made. Which blobs are still wanted the store does not know: whoever does
//! asks for all of them and removes the others ([`Store::blobs`]).
//!
//! With a spool, blobs go straight to the object store.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use ulid::Ulid;

use crate::{
    Store, StoreError,
    documents::refuse_erased,
    names::{DocId, parse_ulid, ulid_text},
    objects::ObjectError,
    shared::lock,
};

/// The part of a document's folder that holds its blobs.
const FOLDER: &str = "b";

/// A blob's name inside its document; sorts by time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId {
    ulid: Ulid,
    hash: Arc<str>,
}

impl BlobId {
    /// Reads what its `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        let (ulid, hash) = text.split_once('-')?;
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (hash.len() == 64 && hash.bytes().all(is_hex)).then_some(())?;
        Some(Self {
            ulid: parse_ulid(ulid)?,
            hash: hash.into(),
        })
    }

    /// From the last part of an object's name.
    pub(crate) fn from_file(file: &str) -> Option<Self> {
        Self::parse(file.strip_suffix(".blob")?)
    }

    /// When it was stored, in milliseconds since 1970.
    pub fn created_ms(&self) -> u64 {
        self.ulid.timestamp_ms()
    }

    /// BLAKE3 of its bytes, in hexadecimal.
    pub fn hash(&self) -> &str {
        &self.hash
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", ulid_text(self.ulid), self.hash)
    }
}

/// A blob that is in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBlob {
    /// Of which document: see [`Store::document_key`].
    pub document: String,
    /// Its name there.
    pub id: BlobId,
    /// Its length.
    pub bytes: u64,
}

impl Store {
    /// What stands for a document in the names of its objects. The name cannot be had from it.
    pub fn document_key(name: &str) -> String {
        DocId::of(name).as_text()
    }

    /// Stores a blob of a document; it is durable, and was read back, when this returns.
    pub async fn put_blob(&self, name: &str, body: Bytes) -> Result<BlobId, StoreError> {
        let shared = &self.inner.shared;
        let document = DocId::of(name);
        refuse_erased(shared, document)?;
        let (body, hash) = tokio::task::spawn_blocking(move || {
            let hash = blake3::hash(&body).to_hex();
            (body, hash)
        })
        .await
        .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let drawn = shared.settings.environment.ulid();
        let id = BlobId {
            // Not like one that was erased before it was made.
            ulid: lock(&shared.index).tombstones.newer(drawn),
            hash: hash.as_str().into(),
        };
        let object = object(document, &id);
        let put = shared.objects.put_verified(&object, body).await;
        put.map_err(|error| unavailable(&error))?;
        Ok(id)
    }

    /// Some bytes of a blob, from `start` on; fewer where it ends before. `None` where there is no
    /// such blob.
    pub async fn blob_part(
        &self,
        name: &str,
        id: &BlobId,
        start: u64,
        bytes: u64,
    ) -> Result<Option<Bytes>, StoreError> {
        let shared = &self.inner.shared;
        let document = DocId::of(name);
        refuse_erased(shared, document)?;
        let object = object(document, id);
        match shared.objects.get_range(&object, start, bytes).await {
            Ok(part) => Ok(Some(part)),
            Err(ObjectError::Missing(_)) => Ok(None),
            Err(error) => Err(unavailable(&error)),
        }
    }

    /// All of a blob, compared with its name. `None` where there is no such blob.
    pub async fn blob(&self, name: &str, id: &BlobId) -> Result<Option<Bytes>, StoreError> {
        let shared = &self.inner.shared;
        let document = DocId::of(name);
        refuse_erased(shared, document)?;
        let object = object(document, id);
        let body = match shared.objects.get(&object).await {
            Ok(body) => body,
            Err(ObjectError::Missing(_)) => return Ok(None),
            Err(error) => return Err(unavailable(&error)),
        };
        match check(id, &body) {
            Ok(()) => Ok(Some(body)),
            Err(problem) => Err(StoreError::Damaged { object, problem }),
        }
    }

    /// The blobs of all documents. Lists everything that documents have beside the log.
    pub async fn blobs(&self) -> Result<Vec<StoredBlob>, StoreError> {
        let listed = self.inner.shared.objects.list("v1/doc").await;
        let listed = listed.map_err(|error| unavailable(&error))?;
        let blobs = listed.iter().filter_map(|listed| {
            let (document, id) = parse_object(&listed.object)?;
            Some(StoredBlob {
                document: document.as_text(),
                id,
                bytes: listed.bytes,
            })
        });
        Ok(blobs.collect())
    }

    /// Deletes a blob; one that is gone already is no error.
    pub async fn remove_blob(&self, blob: &StoredBlob) -> Result<(), StoreError> {
        let Some(document) = DocId::parse(&blob.document) else {
            let problem = format!("{:?} is no document's key", blob.document);
            return Err(StoreError::Unavailable(problem));
        };
        let shared = &self.inner.shared;
        let deleted = shared.objects.delete(&object(document, &blob.id)).await;
        deleted.map_err(|error| unavailable(&error))?;
        shared.update_status(|status| status.objects_deleted += 1);
        Ok(())
    }
}

fn object(document: DocId, id: &BlobId) -> String {
    format!("{}/{FOLDER}/{id}.blob", document.folder())
}

/// A blob's document and name, from its place.
pub(crate) fn parse_object(object: &str) -> Option<(DocId, BlobId)> {
    let document = DocId::of_object(object)?;
    let rest = object.strip_prefix(&document.folder())?;
    let file = rest.strip_prefix('/')?.strip_prefix(FOLDER)?;
    Some((document, BlobId::from_file(file.strip_prefix('/')?)?))
}

/// Whether these are the bytes that the name promises.
pub(crate) fn check(id: &BlobId, bytes: &[u8]) -> Result<(), String> {
    match blake3::hash(bytes).to_hex().as_str() == id.hash() {
        true => Ok(()),
        false => Err("it has another content than its name says".to_owned()),
    }
}

fn unavailable(error: &ObjectError) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{NameAfter, StoreSettings, check_objects};

    #[tokio::test]
    async fn a_blob_is_there_after_a_restart_in_parts_and_gone_with_its_document() {
        let dir = tempfile::tempdir().unwrap();
        let settings = StoreSettings::new(dir.path());
        let store = Store::open(settings.clone()).await.unwrap();
        let body = Bytes::from_static(b"a picture");
        let kept = store.put_blob("page", body.clone()).await.unwrap();
        let other = store.put_blob("other", body.clone()).await.unwrap();
        store.close().await.unwrap();
        drop(store);

        let store = Store::open(settings.clone()).await.unwrap();
        assert_eq!(store.blob("page", &kept).await.unwrap(), Some(body.clone()));
        let part = store.blob_part("page", &kept, 2, 100).await.unwrap();
        assert_eq!(part.as_deref(), Some(&b"picture"[..]));
        // It is the other document's under no name of this one.
        assert_eq!(store.blob("page", &other).await.unwrap(), None);
        assert_eq!(store.blobs().await.unwrap().len(), 2);
        let takes = store.statistics().await.unwrap();
        assert_eq!(
            takes.iter().map(|document| document.bytes()).sum::<u64>(),
            18
        );
        assert_eq!(store.documents().len(), 0);

        assert!(
            store
                .erase("page", NameAfter::Free)
                .await
                .unwrap()
                .is_some()
        );
        assert_eq!(store.blob("page", &kept).await.unwrap(), None);
        assert_eq!(
            store.blob("other", &other).await.unwrap(),
            Some(body.clone())
        );
        // The name is free: what comes now is no part of what was erased.
        let again = store.put_blob("page", body.clone()).await.unwrap();
        store.collect_garbage().await.unwrap();
        assert_eq!(store.blob("page", &again).await.unwrap(), Some(body));
        store.close().await.unwrap();
        let checked = check_objects(&settings, |_, _| {}).await.unwrap();
        assert_eq!((checked.blobs, checked.findings), (2, Vec::new()));
    }

    #[tokio::test]
    async fn fsck_sees_a_blob_that_is_not_what_its_name_says() {
        let dir = tempfile::tempdir().unwrap();
        let settings = StoreSettings::new(dir.path());
        let store = Store::open(settings.clone()).await.unwrap();
        let id = store.put_blob("page", Bytes::from_static(b"one")).await;
        let object = object(DocId::of("page"), &id.unwrap());
        store.close().await.unwrap();
        drop(store);
        std::fs::write(dir.path().join(object), b"two").unwrap();
        let checked = check_objects(&settings, |_, _| {}).await.unwrap();
        assert_eq!(checked.findings.len(), 1, "{:?}", checked.findings);
    }

    #[test]
    fn a_name_is_one_way_of_writing() {
        let hash = blake3::hash(b"x").to_hex();
        let text = format!("01arz3ndektsv4rrffq69g5fav-{hash}");
        assert_eq!(BlobId::parse(&text).unwrap().to_string(), text);
        assert_eq!(BlobId::parse(&text.to_uppercase()), None);
        assert_eq!(BlobId::parse("01arz3ndektsv4rrffq69g5fav-x"), None);
    }
}
