//! Pages as HTML, made once for each state of their documents, however many read them.
//!
//! Promises:
//! * whoever asks gets at least what was durable when they asked;
//! * a document is rendered by one call at a time; all who ask meanwhile get what comes next;
//! * a document that changes all the time takes a small part of a processor: the next rendering
//!   waits as long as the last one took, several times over;
//! * no document is opened, and what is kept in memory is bounded.
//!
//! What other servers of a shared store write is seen when this one has heard of it, as for records.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::time::{sleep, timeout};
use unisson_content::{
    Content, Element, Heading, Node, PageHtml, Root, Run, facts, letters, map_addresses,
    operation::is_blank,
};
use unisson_protocol::DocName;
use unisson_storage::Mark;

use super::failure::Failure;
use crate::{
    attachments,
    http::{AppState, admission::Turn, documents::Stored},
    trash,
    versions::{HistoryError, heavy},
};

/// How much is kept.
const KEPT_BYTES_MAX: usize = 64 << 20;
/// How many documents have a place, rendered or not.
const PLACES_MAX: usize = 20_000;
/// A rendering rests so many times as long as it took…
const REST: u32 = 4;
/// … and no longer than this.
const REST_MAX: Duration = Duration::from_secs(1);
/// How long somebody waits for their turn.
const PATIENCE: Duration = Duration::from_secs(20);

/// A page's content at one state of its document.
#[derive(Debug)]
pub(super) struct Rendering {
    state: State,
    pub(super) said: Said,
    bytes: usize,
    made: Instant,
    took: Duration,
}

/// What a rendering depends on: the document, and whether it is in the trash.
type State = (Mark, Mark);

/// All renderings.
#[derive(Debug, Default)]
pub(crate) struct Renderings(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    places: HashMap<DocName, Arc<Place>>,
    bytes: usize,
    clock: u64,
}

/// The place of one document.
#[derive(Debug, Default)]
struct Place {
    inner: Mutex<Inner>,
    /// Held by whoever renders.
    rendering: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Inner {
    latest: Option<Arc<Rendering>>,
    used: u64,
}

impl Place {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn latest(&self) -> Option<Arc<Rendering>> {
        self.inner().latest.clone()
    }
}

impl Renderings {
    /// The content of a document as it is durable now.
    pub(super) async fn of(
        &self,
        state: &AppState,
        name: &DocName,
    ) -> Result<Arc<Rendering>, Failure> {
        let place = self.place(name);
        if let Some(known) = place.latest()
            && known.state == state_of(state, name)?
        {
            return Ok(known);
        }
        let waiting = timeout(PATIENCE, place.rendering.lock());
        let _rendering = waiting.await.map_err(|_| Failure::Unavailable)?;
        let before = place.latest();
        if let Some(known) = &before {
            // Somebody else was first.
            if known.state == state_of(state, name)? {
                return Ok(known.clone());
            }
            let rest = (known.took * REST).min(REST_MAX);
            sleep(rest.saturating_sub(known.made.elapsed())).await;
        }
        let rendering = Arc::new(render(state, name).await?);
        self.keep(name, &place, rendering.clone());
        Ok(rendering)
    }

    fn place(&self, name: &DocName) -> Arc<Place> {
        let mut kept = self.kept();
        kept.clock += 1;
        let clock = kept.clock;
        if kept.places.len() >= PLACES_MAX && !kept.places.contains_key(name) {
            let are_empty = |place: &Arc<Place>| {
                Arc::strong_count(place) == 1 && place.inner().latest.is_none()
            };
            kept.places.retain(|_, place| !are_empty(place));
            kept.make_room(PLACES_MAX - 1, KEPT_BYTES_MAX);
        }
        let place = kept.places.entry(name.clone()).or_default().clone();
        place.inner().used = clock;
        place
    }

    fn keep(&self, name: &DocName, place: &Arc<Place>, rendering: Arc<Rendering>) {
        let mut kept = self.kept();
        // Its place may have been given away meanwhile.
        if !kept
            .places
            .get(name)
            .is_some_and(|held| Arc::ptr_eq(held, place))
        {
            return;
        }
        let bytes = rendering.bytes;
        let before = place.inner().latest.replace(rendering);
        kept.bytes += bytes;
        kept.bytes -= before.map_or(0, |before| before.bytes);
        kept.make_room(PLACES_MAX, KEPT_BYTES_MAX);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Lets go of what was not asked for longest.
    fn make_room(&mut self, places_max: usize, bytes_max: usize) {
        if self.places.len() <= places_max && self.bytes <= bytes_max {
            return;
        }
        let mut oldest: Vec<(u64, DocName)> = self
            .places
            .iter()
            .map(|(name, place)| (place.inner().used, name.clone()))
            .collect();
        oldest.sort_unstable_by_key(|(used, _)| *used);
        for (_, name) in oldest {
            // A tenth less than allowed, so that this is not done each time.
            if self.places.len() <= places_max - places_max / 10
                && self.bytes <= bytes_max - bytes_max / 10
            {
                break;
            }
            if let Some(place) = self.places.remove(&name) {
                let latest = place.inner().latest.take();
                self.bytes -= latest.map_or(0, |latest| latest.bytes);
            }
        }
    }
}

fn state_of(state: &AppState, name: &DocName) -> Result<State, Failure> {
    let store = &state.registry.shared().store;
    let trash = trash::record_of(name).map_err(broken)?;
    Ok((store.mark(name.as_str()), store.mark(trash.as_str())))
}

async fn render(state: &AppState, name: &DocName) -> Result<Rendering, Failure> {
    let _turn = Turn::take(state).await?;
    let began = Instant::now();
    let shared = state.registry.shared();
    // Before it is read: what comes meanwhile may be in it, and is looked at again.
    let mark = state_of(state, name)?;
    let stored = Stored::perhaps(shared, name).await?;
    // What comes before it is put in for each reader.
    let files = attachments::folder("", name);
    let said = heavy(move || match stored.exists {
        true => Ok(Said {
            changed_ms: stored.last_edit_ms,
            ..said(&stored.state, &files)?
        }),
        false => Ok(Said::default()),
    });
    let said = said.await.map_err(broken)?;
    shared.metrics.renderings.inc();
    Ok(Rendering {
        state: mark,
        bytes: said.bytes(),
        said,
        made: Instant::now(),
        took: began.elapsed(),
    })
}

#[allow(clippy::needless_pass_by_value, reason = "as `map_err` hands it over")]
fn broken(error: HistoryError) -> Failure {
    tracing::warn!(%error, "a page cannot be rendered");
    match error {
        HistoryError::Unavailable(_) => Failure::Unavailable,
        HistoryError::Erased(_) => Failure::Gone,
        HistoryError::Damaged(_) | HistoryError::TooDeep(_) => Failure::Broken,
    }
}

/// What there is to read in a document.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// Texts of the wiki's editor and its like; empty where nobody has written anything.
    pub(super) pages: Vec<PageHtml>,
    /// Where the text has parts: their headings.
    pub(super) headings: Vec<Heading>,
    /// What its tasks are called, in their order.
    pub(super) tasks: Vec<String>,
    /// When the document was last edited, as far as anybody knows.
    pub(super) changed_ms: Option<u64>,
}

impl Said {
    pub(super) fn is_blank(&self) -> bool {
        self.pages.is_empty()
    }

    fn bytes(&self) -> usize {
        let headings = self.headings.iter();
        let pages: usize = self.pages.iter().map(PageHtml::bytes).sum();
        let letters = headings.map(|heading| heading.id.len() + heading.text.len());
        let tasks: usize = self.tasks.iter().map(String::len).sum();
        pages + letters.sum::<usize>() + tasks + size_of::<Rendering>()
    }
}

/// Everything that a document says in words. `files`: where its own files are.
fn said(state: &[u8], files: &str) -> Result<Said, HistoryError> {
    let damaged = |error: unisson_content::ContentError| HistoryError::Damaged(error.to_string());
    let mut content = Content::of(state).map_err(damaged)?;
    for root in content.roots.values_mut() {
        if let Root::Tree(nodes) = root {
            // Relative to the document, and a page is read at another address.
            map_addresses(nodes, &mut |_, address| {
                attachments::id_in(address).map(|_| format!("{files}{address}"))
            });
        }
    }
    let pages = content.roots.values().filter_map(|root| match root {
        // Editors leave an empty paragraph where there is nothing.
        Root::Tree(nodes) if is_blank(nodes) => None,
        Root::Tree(nodes) => Some(PageHtml::of(nodes)),
        Root::Text(runs) => Some(PageHtml::of(&[code(runs)])),
        Root::Json(_) => None,
    });
    let pages: Vec<PageHtml> = pages.collect();
    let (headings, tasks) = match pages.len() {
        1 => {
            let facts = facts(&content);
            (facts.headings, facts.tasks)
        }
        _ => (Vec::new(), Vec::new()),
    };
    Ok(Said {
        pages,
        headings,
        tasks: tasks.into_iter().map(|task| task.id).collect(),
        changed_ms: None,
    })
}

/// A text of an editor for code, or Quill's, as it looks there.
fn code(runs: &[Run]) -> Node {
    let text = Node::Text(vec![Run::plain(letters(runs))]);
    Element::new("codeBlock", vec![text]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> DocName {
        DocName::new(text).expect("a name")
    }

    fn rendering(state: Mark, bytes: usize) -> Arc<Rendering> {
        Arc::new(Rendering {
            state: (state, state),
            said: Said::default(),
            bytes,
            made: Instant::now(),
            took: Duration::ZERO,
        })
    }

    #[test]
    fn what_was_not_asked_for_longest_goes_first_and_bytes_are_counted() {
        let all = Renderings::default();
        let mark = Mark::default();
        for at in 0..20 {
            let name = name(&format!("doc {at}"));
            let place = all.place(&name);
            all.keep(&name, &place, rendering(mark, KEPT_BYTES_MAX / 10));
            // Asked for again and again.
            all.place(&self::name("doc 0"));
        }
        let kept = all.kept();
        let sum: usize = kept
            .places
            .values()
            .filter_map(|place| Some(place.latest()?.bytes))
            .sum();
        assert_eq!(kept.bytes, sum);
        assert!(kept.bytes <= KEPT_BYTES_MAX);
        assert!(kept.places.contains_key(&name("doc 0")));
        assert!(kept.places.contains_key(&name("doc 19")));
        assert!(!kept.places.contains_key(&name("doc 1")));
    }

    #[test]
    fn a_newer_rendering_takes_the_place_of_the_one_before() {
        let all = Renderings::default();
        let name = name("doc");
        let place = all.place(&name);
        for bytes in [100, 300, 200] {
            all.keep(&name, &place, rendering(Mark::default(), bytes));
            assert_eq!(all.kept().bytes, bytes);
        }
    }
}
