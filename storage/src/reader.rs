//! Reading a store that may be in use: no lock is taken and nothing is written.
//!
//! What a server would do at its start (sealing the logs that it finds) happens in memory only.

use std::sync::Arc;

use object_store::local::LocalFileSystem;

use crate::{
    Inner, OpenError, Place, Store, StoreSettings, identity, objects::Objects, opening,
    shared::lock,
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

/// The objects of a data folder or an object store, for reading only.
pub(crate) fn objects(settings: &StoreSettings) -> Result<Objects, OpenError> {
    match &settings.place {
        Place::Folder => {
            let local = LocalFileSystem::new_with_prefix(&settings.dir);
            let local = local.map_err(|_| no_store(settings))?;
            Ok(Objects::read_only(Arc::new(local)))
        }
        Place::Direct(remote) | Place::Spooled(remote) => {
            Ok(Objects::read_only(Arc::clone(&remote.store)))
        }
    }
}

pub(crate) fn no_store(settings: &StoreSettings) -> OpenError {
    let place = match &settings.place {
        Place::Folder => settings.dir.display().to_string(),
        Place::Direct(remote) | Place::Spooled(remote) => remote.name().to_owned(),
    };
    OpenError::NoStore { place }
}

async fn open_once(settings: StoreSettings) -> Result<Store, OpenError> {
    let objects = objects(&settings)?;
    if !identity::exists(&objects).await? {
        return Err(no_store(&settings));
    }
    let shared = opening::open_read_only(settings, objects).await?;
    lock(&shared.queue).stopped = Some("the store was opened for reading only".to_owned());
    shared.closed.send_replace(Some(Ok(())));
    Ok(Store {
        inner: Arc::new(Inner {
            shared,
            threads: Vec::new(),
        }),
    })
}
