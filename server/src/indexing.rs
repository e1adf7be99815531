//! Keeps the index of the search up to date with what is durable.
//!
//! Promises:
//! * an edit is found within seconds, and nobody who edits waits for that;
//! * the index is disposable: what is missing in it, or older than the document, is put in at the
//!   next start, and one that does not read is made anew;
//! * an erased document leaves the index's folder, too.
//!
//! Who may see what is found is decided when somebody asks, see `http/search`.

mod feeder;
mod reading;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::Notify;
use unisson_protocol::DocName;
use unisson_search::{Index, IndexError};

use self::feeder::Feeder;
use crate::registry::Shared;

pub(crate) use self::feeder::Progress;

/// How long after a failure of the index or of its folder it is opened again: ever longer while it
/// goes on failing.
const AGAIN_MIN: Duration = Duration::from_secs(1);
const AGAIN_MAX: Duration = Duration::from_secs(30);
/// How many processes of one machine may each have an index of the same store.
const PROCESSES_MAX: usize = 8;

/// The index, as far as it is open, and what it has to be told.
#[derive(Debug, Default)]
pub(crate) struct Indexing {
    index: Mutex<Option<Arc<Index>>>,
    news: Mutex<News>,
    wake: Notify,
    pub(crate) figures: Figures,
}

#[derive(Debug, Default)]
struct News {
    /// Documents with something new.
    touched: BTreeSet<DocName>,
    /// Something was erased since the index's folder was last tidied.
    is_erased: bool,
    /// What was read in the index makes no sense.
    is_doubted: bool,
    is_closed: bool,
}

/// How it is going, for metrics.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) waiting: AtomicU64,
    pub(crate) indexed: AtomicU64,
    pub(crate) failed: AtomicU64,
}

impl Figures {
    fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

impl Indexing {
    /// Something of a document is newly durable. Cheap, and never waits.
    pub(crate) fn touch(&self, name: &DocName) {
        let mut news = self.news();
        if !news.touched.contains(name) {
            news.touched.insert(name.clone());
            drop(news);
            self.wake.notify_one();
        }
    }

    /// A document is gone for good.
    pub(crate) fn erased(&self, name: &DocName) {
        self.news().is_erased = true;
        self.touch(name);
    }

    /// A search has failed: the index is opened again, which finds what is wrong with it.
    pub(crate) fn doubt(&self) {
        self.news().is_doubted = true;
        self.wake.notify_one();
    }

    /// The index, once it is open.
    pub(crate) fn index(&self) -> Option<Arc<Index>> {
        self.opened().clone()
    }

    /// Lets go of the index: the server stops.
    pub(crate) fn close(&self) {
        self.news().is_closed = true;
        *self.opened() = None;
    }

    /// Opens the index and feeds it. Never ends.
    pub(crate) async fn keep_up(&self, shared: &Shared) {
        if !shared.settings.search.enabled {
            std::future::pending::<()>().await;
        }
        let folder = shared.settings.index_folder();
        let mut pause = AGAIN_MIN;
        loop {
            let began = Instant::now();
            if let Err(error) = self.feed(shared, folder.clone()).await {
                tracing::error!(folder = %folder.display(), %error, "searching does not work now");
            }
            *self.opened() = None;
            if began.elapsed() > AGAIN_MAX {
                pause = AGAIN_MIN;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(AGAIN_MAX);
        }
    }

    /// Returns where the index fails.
    async fn feed(&self, shared: &Shared, folder: PathBuf) -> Result<(), IndexError> {
        let index = blocking(move || open_free(&folder)).await?;
        let index = Arc::new(index);
        {
            let mut news = self.news();
            if news.is_closed {
                return Ok(());
            }
            news.is_doubted = false;
            *self.opened() = Some(index.clone());
        }
        let mut feeder = Feeder::new(&shared.store, &shared.spaces, &self.figures, index).await?;
        feeder.tells(&shared.noticing);
        feeder.sweep().await;
        loop {
            let pause = feeder.pause();
            tokio::select! {
                () = self.wake.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
            // What comes now comes along.
            tokio::time::sleep(feeder::GATHER).await;
            if self.news().is_doubted {
                return Err(IndexError::Damaged("a search has failed".into()));
            }
            let (touched, is_erased) = self.take();
            if is_erased {
                feeder.purge_next();
            }
            feeder.urge(&touched);
            feeder.work().await?;
        }
    }

    fn take(&self) -> (BTreeSet<DocName>, bool) {
        let mut news = self.news();
        let touched = std::mem::take(&mut news.touched);
        (touched, std::mem::take(&mut news.is_erased))
    }

    fn news(&self) -> MutexGuard<'_, News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn opened(&self) -> MutexGuard<'_, Option<Arc<Index>>> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens the index of a folder, or of one beside it where another process of the same store has it.
fn open_free(folder: &Path) -> Result<Index, IndexError> {
    for number in 1..PROCESSES_MAX {
        match Index::open(&numbered(folder, number)) {
            Err(IndexError::Busy) => {}
            opened => return opened,
        }
    }
    Index::open(&numbered(folder, PROCESSES_MAX))
}

fn numbered(folder: &Path, number: usize) -> PathBuf {
    match number {
        1 => folder.to_path_buf(),
        number => {
            let mut name = folder.file_name().unwrap_or_default().to_owned();
            name.push(format!("-{number}"));
            folder.with_file_name(name)
        }
    }
}

/// Runs work of the index away from the async threads; a panic of its library is a damaged index.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, IndexError> + Send + 'static,
) -> Result<T, IndexError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(IndexError::Damaged(error.to_string())))
}

/// Makes the index of a folder anew, while no server has it.
pub(crate) async fn rebuild(
    store: &unisson_storage::Store,
    spaces: &crate::spaces::Spaces,
    folder: PathBuf,
    tell: impl Fn(Progress),
) -> Result<(u64, u64), IndexError> {
    let index = blocking(move || {
        Index::reset(&folder)?;
        Index::open(&folder)
    });
    let index = Arc::new(index.await?);
    let figures = Figures::default();
    let mut feeder = Feeder::new(store, spaces, &figures, index).await?;
    feeder.sweep().await;
    while feeder.is_behind() {
        feeder.work().await?;
        tell(feeder.progress());
    }
    let indexed = figures.indexed.load(Ordering::Relaxed);
    Ok((indexed, figures.failed.load(Ordering::Relaxed)))
}
