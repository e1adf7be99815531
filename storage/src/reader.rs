//! Reading a store that may be in use: no lock is taken and nothing is written.
//!
//! What a server would do at its start (sealing the logs that it finds) happens in memory only.

use std::sync::Arc;

use object_store::local::LocalFileSystem;

use crate::{
    Inner, OpenError, Store, StoreSettings, identity, objects::Objects, recovered, shared::lock,
};

/// Openings that the writer of the folder may disturb before it counts as damage.
const ATTEMPTS: usize = 3;

impl Store {
    /// Opens a store to read what was durable at this moment, also while a server uses it.
    /// Appends and snapshots to it go nowhere: the former are refused, the latter forgotten.
    ///
    /// Objects that the server deletes later, at the earliest after the grace period, are then
    /// missing from it: open anew for a look at another moment.
    pub async fn open_read_only(settings: StoreSettings) -> Result<Self, OpenError> {
        let mut attempt = 1;
        loop {
            match open_once(settings.clone()).await {
                // A file that was listed may be gone when it is read; the next listing is right.
                Err(OpenError::Damaged { .. }) if attempt < ATTEMPTS => attempt += 1,
                opened => return opened,
            }
        }
    }
}

/// The objects of a data folder, for reading only.
pub(crate) fn objects(settings: &StoreSettings) -> Result<Objects, OpenError> {
    let no_store = |_| OpenError::NoStore {
        dir: settings.dir.clone(),
    };
    let local = LocalFileSystem::new_with_prefix(&settings.dir).map_err(no_store)?;
    Ok(Objects::read_only(Arc::new(local)))
}

async fn open_once(settings: StoreSettings) -> Result<Store, OpenError> {
    let objects = objects(&settings)?;
    if !identity::exists(&objects).await? {
        return Err(OpenError::NoStore { dir: settings.dir });
    }
    let shared = recovered(settings, objects).await?;
    lock(&shared.queue).stopped = Some("the store was opened for reading only".to_owned());
    shared.closed.send_replace(Some(Ok(())));
    Ok(Store {
        inner: Arc::new(Inner {
            shared: Arc::new(shared),
            threads: Vec::new(),
        }),
    })
}
