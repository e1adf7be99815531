//! Walks through what the index finds, and keeps what the asker may read.

use std::{sync::Arc, time::Duration};

use axum::http::StatusCode;
use tokio::{sync::Semaphore, time::timeout};
use unisson_search::{Edited, Filter, Found, Index, IndexError, Order, Question, Search, Stored};

use super::Viewer;
use crate::http::{AppState, error::Problem};

/// How much of what is found is looked at for one answer: somebody may read little of much.
const LOOKS_MAX: usize = 10_000;
/// How much is looked at first; then ever more.
const LOOKS_MIN: usize = 64;
/// How many answers are made at a time, and how long others wait.
static TURNS: Semaphore = Semaphore::const_new(2);
const PATIENCE: Duration = Duration::from_secs(10);

/// What is shown, and whether there is more.
pub(super) struct Shown {
    pub(super) hits: Vec<(Found, Stored)>,
    pub(super) is_more: bool,
}

/// What is asked of the index.
pub(super) struct Finding<'a> {
    pub(super) question: &'a Question,
    pub(super) filter: Filter,
    pub(super) order: Order,
    /// How many hits the asker has had already.
    pub(super) skip: usize,
    pub(super) limit: usize,
}

impl Finding<'_> {
    /// Finds what a viewer may read.
    pub(super) async fn run(
        self,
        state: &AppState,
        viewer: &mut Viewer<'_>,
    ) -> Result<Shown, Problem> {
        let Ok(Ok(_turn)) = timeout(PATIENCE, TURNS.acquire()).await else {
            return Err(Problem {
                status: StatusCode::SERVICE_UNAVAILABLE,
                code: "busy",
                detail: "too many search now: try again".into(),
            });
        };
        // The index itself is let go: who opens it again waits for nobody.
        let search = open(state)?.search(self.question, &self.filter, self.order);
        let search = Arc::new(search);
        let wanted = self.skip.saturating_add(self.limit);
        let mut readable = Vec::new();
        let (mut from, mut step) = (0, LOOKS_MIN);
        while readable.len() <= wanted && from < LOOKS_MAX {
            let until = (from + step).min(LOOKS_MAX);
            let found = look(state, &search, from, until).await?;
            let is_last = found.len() < until - from;
            for found in found {
                if readable.len() <= wanted && viewer.may_read(&found.document).await {
                    readable.push(found);
                }
            }
            if is_last {
                break;
            }
            (from, step) = (until, step * 4);
        }
        let is_more = readable.len() > wanted;
        let mut hits = Vec::new();
        for found in readable.into_iter().skip(self.skip).take(self.limit) {
            if viewer.confirms(&found.document).await {
                let stored = stored(state, &search, &found).await?;
                hits.push((found, stored));
            }
        }
        Ok(Shown { hits, is_more })
    }
}

/// When each document of a space, or of all of them, was edited last, and by whom. Rights are the
/// caller's to look at.
pub(crate) async fn edited(state: &AppState, space: Option<&str>) -> Result<Vec<Edited>, Problem> {
    let (index, space) = (open(state)?, space.map(str::to_owned));
    run(state, move || index.edited(space.as_deref())).await
}

/// The index, where people can search.
fn open(state: &AppState) -> Result<Arc<Index>, Problem> {
    let shared = state.registry.shared();
    let detail = match shared.settings.search.enabled {
        true => "the index is not open yet, or not usable: try again later",
        false => "searching is switched off on this server",
    };
    shared.indexing.index().ok_or_else(|| unavailable(detail))
}

async fn look(
    state: &AppState,
    search: &Arc<Search>,
    from: usize,
    until: usize,
) -> Result<Vec<Found>, Problem> {
    let search = search.clone();
    run(state, move || search.found(from..until)).await
}

async fn stored(state: &AppState, search: &Arc<Search>, found: &Found) -> Result<Stored, Problem> {
    let (search, found) = (search.clone(), found.clone());
    run(state, move || search.stored(&found)).await
}

/// Runs work of the index away from the async threads.
async fn run<T: Send + 'static>(
    state: &AppState,
    work: impl FnOnce() -> Result<T, IndexError> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    let problem = match done {
        Ok(Ok(done)) => return Ok(done),
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    tracing::error!(problem, "a search has failed");
    state.registry.shared().indexing.doubt();
    Err(unavailable("the index does not answer: try again later"))
}

fn unavailable(detail: &str) -> Problem {
    Problem {
        status: StatusCode::SERVICE_UNAVAILABLE,
        code: "no-index",
        detail: detail.into(),
    }
}
