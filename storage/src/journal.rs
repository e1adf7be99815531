//! Journals: what a server writes down beside the documents (its audit log, its queue of webhooks),
//! as small immutable objects in the same place: a data folder or an object store.
//!
//! An object is durable when [`Journal::put`] returns, and is named by whoever writes it. Nothing is
//! overwritten by this crate's callers: each process writes below its own node and epoch. With a
//! spool, journals go straight to the object store.

use bytes::Bytes;

use crate::{
    Store, StoreError,
    objects::{ObjectError, Objects},
    settings::Place,
};

/// Where all journals are.
const FOLDER: &str = "v1/journal";
/// The longest name within a journal: far below what any store takes.
const NAME_BYTES_MAX: usize = 512;

/// One kind of journal of a store.
#[derive(Debug, Clone)]
pub struct Journal {
    objects: Objects,
    folder: String,
    node: String,
    epoch: String,
    is_alone: bool,
}

/// An object of a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalObject {
    /// Its name within the journal.
    pub name: String,
    /// Its size.
    pub bytes: u64,
}

impl Store {
    /// The journal of this kind: a short lower-case word.
    pub fn journal(&self, kind: &str) -> Journal {
        let shared = &self.inner.shared;
        Journal {
            objects: shared.objects.clone(),
            folder: format!("{FOLDER}/{kind}"),
            node: shared.began.node.as_str().to_owned(),
            epoch: shared.began.epoch.to_string(),
            is_alone: matches!(shared.settings.place, Place::Folder),
        }
    }
}

impl Journal {
    /// This server's name among those that share the store.
    pub fn node(&self) -> &str {
        &self.node
    }

    /// This start of this server: later ones sort after it.
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// Whether nobody else can be writing to this store now.
    pub fn is_alone(&self) -> bool {
        self.is_alone
    }

    /// Stores an object; it is durable when this returns.
    pub async fn put(&self, name: &str, body: Bytes) -> Result<(), StoreError> {
        if !is_name(name) {
            return Err(StoreError::Unavailable(format!("{name:?} names no object")));
        }
        let put = self.objects.put(&self.object(name), body).await;
        put.map_err(|error| unavailable(&error))
    }

    /// All objects, sorted by name.
    pub async fn list(&self) -> Result<Vec<JournalObject>, StoreError> {
        let listed = self.objects.list(&self.folder).await;
        let prefix = format!("{}/", self.folder);
        let objects = listed.map_err(|error| unavailable(&error))?.into_iter();
        let named = objects.filter_map(|listed| {
            Some(JournalObject {
                name: listed.object.strip_prefix(&prefix)?.to_owned(),
                bytes: listed.bytes,
            })
        });
        Ok(named.collect())
    }

    /// The objects below one folder of the journal, sorted by name.
    pub async fn list_in(&self, folder: &str) -> Result<Vec<JournalObject>, StoreError> {
        if !is_name(folder) {
            return Ok(Vec::new());
        }
        let listed = self.objects.list(&self.object(folder)).await;
        let prefix = format!("{}/", self.folder);
        let objects = listed.map_err(|error| unavailable(&error))?.into_iter();
        let named = objects.filter_map(|listed| {
            Some(JournalObject {
                name: listed.object.strip_prefix(&prefix)?.to_owned(),
                bytes: listed.bytes,
            })
        });
        Ok(named.collect())
    }

    /// An object's bytes; `None` where there is no such object (any more).
    pub async fn get(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        match self.objects.get(&self.object(name)).await {
            Ok(body) => Ok(Some(body)),
            Err(ObjectError::Missing(_)) => Ok(None),
            Err(error) => Err(unavailable(&error)),
        }
    }

    /// Deletes an object; one that is gone already is no error.
    pub async fn remove(&self, name: &str) -> Result<(), StoreError> {
        let removed = self.objects.delete(&self.object(name)).await;
        removed.map_err(|error| unavailable(&error))
    }

    fn object(&self, name: &str) -> String {
        format!("{}/{name}", self.folder)
    }
}

/// Whether an object is part of a journal.
pub(crate) fn is_journal(object: &str) -> bool {
    let name = object
        .strip_prefix(FOLDER)
        .and_then(|rest| rest.strip_prefix('/'));
    name.is_some_and(is_name)
}

fn is_name(name: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-/".contains(&byte);
    name.len() <= NAME_BYTES_MAX
        && name.bytes().all(allowed)
        && name
            .split('/')
            .all(|part| !part.is_empty() && !part.starts_with('.'))
}

fn unavailable(error: &ObjectError) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::StoreSettings;

    #[tokio::test]
    async fn what_was_put_is_there_after_a_restart_and_only_in_its_journal() {
        let dir = tempfile::tempdir().unwrap();
        let open = || Store::open(StoreSettings::new(dir.path()));
        let store = open().await.unwrap();
        let journal = store.journal("audit");
        let epoch = journal.epoch().to_owned();
        journal
            .put("n/e/1.jsonl", Bytes::from_static(b"one"))
            .await
            .unwrap();
        assert!(journal.put("../1", Bytes::new()).await.is_err());
        assert_eq!(journal.list_in("n/e").await.unwrap().len(), 1);
        assert_eq!(journal.list_in("n/f").await.unwrap(), []);
        assert_eq!(store.journal("hooks").list().await.unwrap(), []);
        store.close().await.unwrap();
        drop((store, journal));

        let store = open().await.unwrap();
        let journal = store.journal("audit");
        assert!(journal.epoch() > epoch.as_str());
        let listed = journal.list().await.unwrap();
        assert_eq!(
            listed,
            [JournalObject {
                name: "n/e/1.jsonl".into(),
                bytes: 3
            }]
        );
        let body = journal.get("n/e/1.jsonl").await.unwrap();
        assert_eq!(body.as_deref(), Some(&b"one"[..]));
        journal.remove("n/e/1.jsonl").await.unwrap();
        assert_eq!(journal.get("n/e/1.jsonl").await.unwrap(), None);
        assert_eq!(store.documents().len(), 0);
        store.close().await.unwrap();
    }

    #[test]
    fn fsck_knows_journals_by_their_names() {
        assert!(is_journal("v1/journal/audit/n1/01h/0-1.jsonl"));
        assert!(!is_journal("v1/journal/"));
        assert!(!is_journal("v1/journals/x"));
    }
}
