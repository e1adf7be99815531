//! Immutable objects over any `object_store`, with errors sorted by what to do next.

use std::{
    collections::BTreeMap,
    error::Error as _,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt as _};

use crate::{
    log_file::is_full,
    meter::{Kind, Meter, RequestFigures},
    names::object_path,
    shared::lock,
};

/// Why an object could not be had or made.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum ObjectError {
    #[error("{0}: no such object")]
    Missing(String),
    #[error("{0}: what was read back is not what was written")]
    Differs(String),
    #[error("{0}: cut short")]
    Cut(String),
    #[error("the disk is full")]
    Full,
    #[error("{0}")]
    Other(String),
}

/// An error with what is behind it: that a certificate is unknown is said by the last of them only.
pub(crate) fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let cause = source.to_string();
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
        next = source.source();
    }
    text
}

/// The object store, rooted at the data folder or at the prefix.
#[derive(Debug, Clone)]
pub(crate) struct Objects {
    store: Arc<dyn ObjectStore>,
    meter: Arc<Meter>,
    /// Of a reader that must change nothing: what it would have written. As much as the logs it
    /// found hold, which is bounded by what a server leaves unsealed.
    kept: Option<Arc<Mutex<BTreeMap<String, Bytes>>>>,
    #[cfg(test)]
    pub(crate) crash: Arc<Crash>,
}

/// Lets tests end the world between any two changes of the store.
#[cfg(test)]
#[derive(Debug)]
pub(crate) struct Crash(pub(crate) std::sync::atomic::AtomicUsize);

#[cfg(test)]
impl Default for Crash {
    fn default() -> Self {
        Self(usize::MAX.into())
    }
}

#[cfg(test)]
impl Crash {
    fn change(&self, object: &str) -> Result<(), ObjectError> {
        use std::sync::atomic::Ordering::SeqCst;
        let left = self.0.fetch_update(SeqCst, SeqCst, |left| match left {
            usize::MAX => Some(left),
            left => left.checked_sub(1),
        });
        let crashed = |_| ObjectError::Other(format!("{object}: crashed"));
        left.map(|_| ()).map_err(crashed)
    }
}

/// A listed object.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub(crate) object: String,
    pub(crate) bytes: u64,
}

impl Objects {
    pub(crate) fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self {
            store,
            meter: Arc::default(),
            kept: None,
            #[cfg(test)]
            crash: Arc::default(),
        }
    }

    /// The same, but nothing reaches the store: what is written stays in memory and lies over it,
    /// and nothing is deleted.
    pub(crate) fn read_only(store: Arc<dyn ObjectStore>) -> Self {
        Self {
            kept: Some(Arc::default()),
            ..Self::new(store)
        }
    }

    pub(crate) fn is_read_only(&self) -> bool {
        self.kept.is_some()
    }

    /// What a reader keeps of an object.
    fn kept(&self, object: &str) -> Option<Bytes> {
        lock(self.kept.as_ref()?).get(object).cloned()
    }

    pub(crate) fn figures(&self) -> RequestFigures {
        self.meter.figures()
    }

    /// Counts an attempt that was made again.
    pub(crate) fn retried(&self) {
        self.meter.retried();
    }

    /// Stores an object durably.
    pub(crate) async fn put(&self, object: &str, body: Bytes) -> Result<(), ObjectError> {
        if let Some(kept) = &self.kept {
            lock(kept).insert(object.to_owned(), body);
            return Ok(());
        }
        #[cfg(test)]
        self.crash.change(object)?;
        let running = self.meter.start(Kind::Put);
        let bytes = body.len();
        let put = self.store.put(&object_path(object), body.into()).await;
        put.map_err(|error| sort(object, &error))?;
        self.meter.sent(bytes);
        running.succeeded();
        Ok(())
    }

    /// Stores an object durably and reads it back.
    pub(crate) async fn put_verified(&self, object: &str, body: Bytes) -> Result<(), ObjectError> {
        self.put(object, body.clone()).await?;
        if self.get(object).await? == body {
            Ok(())
        } else {
            Err(ObjectError::Differs(object.to_owned()))
        }
    }

    pub(crate) async fn get(&self, object: &str) -> Result<Bytes, ObjectError> {
        if let Some(kept) = self.kept(object) {
            return Ok(kept);
        }
        self.get_with(object, GetOptions::default()).await
    }

    /// Bytes from `start` on; fewer where the object ends before.
    pub(crate) async fn get_range(
        &self,
        object: &str,
        start: u64,
        bytes: u64,
    ) -> Result<Bytes, ObjectError> {
        let end = start.saturating_add(bytes);
        if let Some(kept) = self.kept(object) {
            let length = kept.len() as u64;
            return if start < length {
                Ok(kept.slice(start as usize..end.min(length) as usize))
            } else {
                Err(ObjectError::Cut(object.to_owned()))
            };
        }
        match self.get_part(object, GetRange::Bounded(start..end)).await {
            Err(ObjectError::Other(problem)) => {
                // A beginning past the end is an error like any other; ask what it was.
                let meta = self.store.head(&object_path(object)).await;
                let meta = meta.map_err(|error| sort(object, &error))?;
                let cut = meta.size <= start;
                Err(if cut {
                    ObjectError::Cut(object.to_owned())
                } else {
                    ObjectError::Other(problem)
                })
            }
            part => part,
        }
    }

    pub(crate) async fn get_suffix(&self, object: &str, bytes: u64) -> Result<Bytes, ObjectError> {
        if let Some(kept) = self.kept(object) {
            return Ok(kept.slice(kept.len().saturating_sub(bytes as usize)..));
        }
        self.get_part(object, GetRange::Suffix(bytes)).await
    }

    async fn get_part(&self, object: &str, range: GetRange) -> Result<Bytes, ObjectError> {
        let options = GetOptions {
            range: Some(range),
            ..GetOptions::default()
        };
        self.get_with(object, options).await
    }

    async fn get_with(&self, object: &str, options: GetOptions) -> Result<Bytes, ObjectError> {
        let running = self.meter.start(Kind::Get);
        let result = self.store.get_opts(&object_path(object), options).await;
        let bytes = match result {
            Ok(result) => result.bytes().await,
            Err(error) => Err(error),
        };
        match bytes {
            Ok(bytes) => {
                self.meter.received(bytes.len());
                running.succeeded();
                Ok(bytes)
            }
            Err(error) => {
                let error = sort(object, &error);
                if matches!(error, ObjectError::Missing(_)) {
                    running.succeeded();
                }
                Err(error)
            }
        }
    }

    pub(crate) async fn list(&self, folder: &str) -> Result<Vec<Listed>, ObjectError> {
        let running = self.meter.start(Kind::List);
        let listed = self.store.list(Some(&object_path(folder)));
        let mut objects: Vec<Listed> = listed
            .map_ok(|meta| Listed {
                object: meta.location.to_string(),
                bytes: meta.size,
            })
            .try_collect()
            .await
            .map_err(|error| sort(folder, &error))?;
        if let Some(kept) = &self.kept {
            let folder = format!("{folder}/");
            let kept = lock(kept);
            let inside = kept.iter().filter(|(name, _)| name.starts_with(&folder));
            objects.extend(inside.map(|(name, body)| Listed {
                object: name.clone(),
                bytes: body.len() as u64,
            }));
        }
        objects.sort_by(|a, b| a.object.cmp(&b.object));
        running.succeeded();
        Ok(objects)
    }

    /// Deletes an object; one that is gone already is no error.
    pub(crate) async fn delete(&self, object: &str) -> Result<(), ObjectError> {
        if self.is_read_only() {
            return Ok(());
        }
        #[cfg(test)]
        self.crash.change(object)?;
        let running = self.meter.start(Kind::Delete);
        match self.store.delete(&object_path(object)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {
                running.succeeded();
                Ok(())
            }
            Err(error) => Err(sort(object, &error)),
        }
    }
}

fn sort(object: &str, error: &object_store::Error) -> ObjectError {
    if matches!(error, object_store::Error::NotFound { .. }) {
        return ObjectError::Missing(object.to_owned());
    }
    let mut cause = error.source();
    while let Some(inner) = cause {
        if inner.downcast_ref::<std::io::Error>().is_some_and(is_full) {
            return ObjectError::Full;
        }
        cause = inner.source();
    }
    ObjectError::Other(format!("{object}: {}", told(error)))
}
