//! Opening a store, and starting what works beside it.

use std::{
    fs::File,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
};

use futures_util::FutureExt as _;
use tokio::sync::{Notify, watch};

use crate::{
    AppendError, OpenError, StoreSettings,
    committer::Committer,
    flusher::Flusher,
    identity,
    index::Index,
    keeper, ledger,
    log_file::LogError,
    names::{Epoch, EpochKey, NodeId},
    objects::Objects,
    recovery::{self, Records},
    refresh::{self, Looks},
    sealer::{self, Driver},
    settings::Place,
    shared::{Mode, Queue, SealQueue, Shared, Sleep, lock},
    spool::{self, Spool},
    status,
    tombstone::Tombstones,
};

/// What was found in a store.
struct Found {
    objects: Objects,
    index: Index,
    records: Records,
}

/// Recovers what earlier processes left.
pub(crate) async fn open(settings: StoreSettings) -> Result<Arc<Shared>, OpenError> {
    let (found, lock_file) = match &settings.place {
        Place::Folder => {
            let (lock_file, objects) = spool::open_folder(&settings.dir)?;
            (find_in_folder(&settings, objects).await?, Some(lock_file))
        }
        Place::Direct(store) => {
            let objects = Objects::new(Arc::clone(&store.store));
            (find_in_store(&settings, objects, None).await?, None)
        }
        Place::Spooled(store) => {
            let spool = Spool::open(settings.dir.clone(), store).await?;
            let objects = Objects::new(Arc::clone(&store.store));
            let found = find_in_store(&settings, objects, Some(&spool)).await?;
            (found, Some(spool.lock_file))
        }
    };
    let shared = Arc::new(share(settings, found, lock_file));
    sealer::write_heads(&shared).await?;
    Ok(shared)
}

/// The same without a lock and without writing anything. A spool is left out: what it holds is
/// not in the store yet.
pub(crate) async fn open_read_only(
    settings: StoreSettings,
    objects: Objects,
) -> Result<Arc<Shared>, OpenError> {
    let found = match &settings.place {
        Place::Folder => find_in_folder(&settings, objects).await?,
        Place::Direct(_) | Place::Spooled(_) => find_in_store(&settings, objects, None).await?,
    };
    Ok(Arc::new(share(settings, found, None)))
}

async fn find_in_folder(settings: &StoreSettings, objects: Objects) -> Result<Found, OpenError> {
    let node = identity::establish(&objects, &settings.environment).await?;
    let mut index = new_index(settings, &objects, node).await?;
    let now_ms = (settings.environment.now_ms)();
    let records = recovery::recover(&objects, &settings.dir, &mut index, now_ms).await?;
    index.mark_retired(now_ms);
    Ok(Found {
        objects,
        index,
        records,
    })
}

async fn find_in_store(
    settings: &StoreSettings,
    objects: Objects,
    spool: Option<&Spool>,
) -> Result<Found, OpenError> {
    let environment = &settings.environment;
    identity::establish_shared(&objects, environment).await?;
    let node = match (&settings.node, spool) {
        (Some(name), _) => NodeId::parse(name).ok_or_else(|| {
            OpenError::Unavailable(format!(
                "{name:?} is not a node's name: lower-case letters, digits and _ make one"
            ))
        })?,
        (None, Some(spool)) => spool.node(environment).await?,
        (None, None) => NodeId::from_random((environment.random)()),
    };
    let index = Mutex::new(new_index(settings, &objects, node).await?);
    let mut records = Records::new();
    let retries = refresh::LOOKS_MAX;
    refresh::settle(&objects, &index, &mut records, environment, retries).await?;
    let mut index = index.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(spool) = spool {
        let now_ms = (environment.now_ms)();
        recovery::recover_spool(&objects, spool, &mut index, now_ms).await?;
    }
    Ok(Found {
        objects,
        index,
        records,
    })
}

/// An index of a new epoch, which is newer than what was erased.
async fn new_index(
    settings: &StoreSettings,
    objects: &Objects,
    node: NodeId,
) -> Result<Index, OpenError> {
    let tombstones = Tombstones::load(objects).await?;
    let epoch = Epoch::new(tombstones.newer(settings.environment.ulid()));
    Ok(Index::new(EpochKey { epoch, node }, tombstones))
}

fn share(settings: StoreSettings, found: Found, lock_file: Option<File>) -> Shared {
    let files = ledger::Files::of(&found.records);
    Shared {
        settings,
        objects: found.objects,
        began: EpochKey::clone(&found.index.own.current),
        queue: Queue {
            items: std::collections::VecDeque::new(),
            weight: 0,
            count: 0,
            sleep: Sleep::No,
            mode: Mode::Running,
            stopped: None,
        }
        .into(),
        queue_ready: std::sync::Condvar::new(),
        queued: Notify::new(),
        seal: SealQueue::default().into(),
        seal_ready: std::sync::Condvar::new(),
        has_tombstones: (!found.index.tombstones.is_empty()).into(),
        index: found.index.into(),
        figures: status::Figures::default().into(),
        records: tokio::sync::Mutex::new(files),
        sealed_logs: std::collections::VecDeque::new().into(),
        closed: watch::Sender::new(None),
        lock_file: lock_file.into(),
        recent: Mutex::default(),
        merging: tokio::sync::Mutex::default(),
        looks: Looks::of(found.records),
        abandoned: watch::Sender::new(false),
    }
}

/// Starts the writer and its companions; the threads among them are handed back.
pub(crate) fn start(shared: &Arc<Shared>) -> Result<Vec<JoinHandle<()>>, OpenError> {
    let settings = &shared.settings;
    let started = match settings.place {
        Place::Folder => Driver::own().and_then(|driver| start_threads(shared, driver)),
        Place::Spooled(_) => {
            start_threads(shared, Driver::Callers(tokio::runtime::Handle::current()))
        }
        Place::Direct(_) => {
            tokio::spawn(flush(Arc::clone(shared)));
            Ok(Vec::new())
        }
    };
    if settings.is_shared() && started.is_ok() {
        tokio::spawn(keeper::run(Arc::clone(shared)));
    }
    started.map_err(|source| OpenError::Io {
        what: folder_name(&settings.dir),
        source,
    })
}

fn folder_name(dir: &Path) -> String {
    dir.display().to_string()
}

async fn flush(shared: Arc<Shared>) {
    let flusher = Flusher::new(Arc::clone(&shared));
    if AssertUnwindSafe(flusher.run())
        .catch_unwind()
        .await
        .is_err()
    {
        shared.stop("the flusher panicked");
    }
}

fn start_threads(shared: &Arc<Shared>, driver: Driver) -> std::io::Result<Vec<JoinHandle<()>>> {
    let committer = Committer::new(Arc::clone(shared)).map_err(|error| match error {
        LogError::Write(error) | LogError::Sync(error) => error,
    })?;
    let named = |name: &str| std::thread::Builder::new().name(name.to_owned());
    let for_sealer = Arc::clone(shared);
    let for_committer = Arc::clone(shared);
    let committing = named("store-committer").spawn(move || {
        if catch_unwind(AssertUnwindSafe(|| committer.run())).is_err() {
            for_committer.stop("the committer panicked");
            lock(&for_committer.seal).ended = Some(Mode::Abandoned);
            for_committer.seal_ready.notify_all();
        }
    })?;
    let sealing = named("store-sealer").spawn(move || {
        // Appends go on without it until `unsealed_bytes_max` refuses them; nothing is lost.
        if catch_unwind(AssertUnwindSafe(|| sealer::run(&for_sealer, &driver))).is_err() {
            for_sealer.note_error("the sealer panicked", false);
            let error = AppendError::Unavailable("the sealer panicked".to_owned());
            for_sealer.closed.send_replace(Some(Err(error)));
        }
    });
    match sealing {
        Ok(sealing) => Ok(vec![committing, sealing]),
        Err(error) => {
            shared.end(Mode::Abandoned);
            Err(error)
        }
    }
}
