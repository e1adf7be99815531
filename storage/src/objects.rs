//! Immutable objects over any `object_store`, with errors sorted by what to do next.

use std::{error::Error as _, sync::Arc};

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt as _};

use crate::{
    log_file::is_full,
    meter::{Kind, Meter, RequestFigures},
    names::object_path,
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

/// The object store, rooted at the data folder or at the prefix.
#[derive(Debug, Clone)]
pub(crate) struct Objects {
    store: Arc<dyn ObjectStore>,
    meter: Arc<Meter>,
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
        }
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
        objects.sort_by(|a, b| a.object.cmp(&b.object));
        running.succeeded();
        Ok(objects)
    }

    /// Deletes an object; one that is gone already is no error.
    pub(crate) async fn delete(&self, object: &str) -> Result<(), ObjectError> {
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
    ObjectError::Other(format!("{object}: {error}"))
}
