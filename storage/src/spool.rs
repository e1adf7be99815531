//! The local folder that makes edits durable before the store has them.
//!
//! It holds logs and nothing else. A note says which store they go to, so that a spool with edits
//! in it is never emptied into another one.

use std::{fs::File, path::PathBuf, sync::Arc};

use object_store::local::LocalFileSystem;

use crate::{
    OpenError, identity, log_file,
    names::{NodeId, WalObject},
    objects::Objects,
    place::RemoteStore,
    recovery::Logs,
    settings::Environment,
};

/// A spool that this process has to itself.
#[derive(Debug)]
pub(crate) struct Spool {
    pub(crate) dir: PathBuf,
    pub(crate) lock_file: File,
    folder: Objects,
}

impl Spool {
    /// Locks the folder, and refuses one whose logs belong to another store.
    pub(crate) async fn open(dir: PathBuf, store: &RemoteStore) -> Result<Self, OpenError> {
        let (lock_file, folder) = open_folder(&dir)?;
        let spool = Self {
            dir,
            lock_file,
            folder,
        };
        let holds_logs = !spool.logs().await?.is_empty();
        identity::bind(&spool.folder, store.name(), holds_logs).await?;
        Ok(spool)
    }

    /// The name of the node whose spool it is.
    pub(crate) async fn node(&self, environment: &Environment) -> Result<NodeId, OpenError> {
        identity::node_of_spool(&self.folder, environment).await
    }

    /// Its logs.
    pub(crate) async fn logs(&self) -> Result<Logs, OpenError> {
        let mut logs = Logs::new();
        for listed in self.folder.list("v1/wal").await? {
            match WalObject::parse(&listed.object) {
                Some(WalObject::Log(key, first)) => logs.entry(key).or_default().push(first),
                Some(WalObject::Segment(_)) => {
                    let problem = "a segment: this is a data folder, not a spool";
                    return Err(OpenError::damaged(listed.object, problem));
                }
                None => tracing::warn!(object = listed.object, "not a log's name; ignored"),
            }
        }
        Ok(logs)
    }
}

/// Creates a folder where it is missing, locks it, and makes its files objects.
pub(crate) fn open_folder(dir: &PathBuf) -> Result<(File, Objects), OpenError> {
    let io_error = |source| OpenError::Io {
        what: dir.display().to_string(),
        source,
    };
    std::fs::create_dir_all(dir).map_err(io_error)?;
    if let Some(parent) = dir.canonicalize().map_err(io_error)?.parent() {
        log_file::sync_folder(parent).map_err(io_error)?;
    }
    let lock_file = identity::lock_folder(dir)?;
    let local = LocalFileSystem::new_with_prefix(dir)
        .map_err(|error| OpenError::Unavailable(error.to_string()))?;
    Ok((lock_file, Objects::new(Arc::new(local.with_fsync(true)))))
}
