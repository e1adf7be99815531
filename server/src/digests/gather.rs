//! What happened in a space within a day: out of the index and out of what people said.

use std::{collections::BTreeMap, ops::Range};

use unisson_protocol::DocName;
use unisson_rights::{Space, chain};
use unisson_search::{Filter, Order, Question, Stored};

use crate::{
    comments::{self, Threads},
    events::{Actor, DigestComments, DigestEvent, DigestPage, DigestTask},
    registry::Shared,
    settings::Day,
    spaces::{document_of, parts, prefix_of},
};

/// How much of each is told; beyond, `more` says that there is more.
const EACH_MAX: usize = 200;
/// How many people of one page are named.
const PEOPLE_MAX: usize = 50;
/// How many pages of a space are looked at.
const PAGES_MAX: usize = 10_000;

/// Nothing where nothing happened.
pub(super) async fn digest(
    shared: &Shared,
    id: &str,
    day: Day,
    within: Range<u64>,
) -> Result<Option<DigestEvent>, String> {
    let held = shared.spaces.find(id).await;
    let held = held.map_err(|error| error.to_string())?;
    let space = match held {
        Some(held) => held.space().map_err(|error| error.to_string())?,
        None => None,
    };
    let Some(space) = space.filter(|space| space.settings.deleted_ms.is_none()) else {
        return Ok(None);
    };
    let mut digest = DigestEvent {
        space: id.to_owned(),
        prefix: prefix_of(id),
        title: space.settings.title.clone(),
        day: day.text(),
        from_ms: within.start,
        until_ms: within.end,
        pages: Vec::new(),
        comments: Vec::new(),
        tasks: Vec::new(),
        overdue: 0,
        more: false,
        key: format!("{id} {}", day.0),
    };
    for (document, stored) in pages(shared, id).await? {
        let place = parts(&document).and_then(|(_, page)| place(&space, page));
        if let Some(place) = place {
            add_page(&mut digest, &document, &place, &stored, &within);
            add_tasks(&mut digest, &document, &place, &stored);
        }
    }
    for page in space.pages.keys() {
        if let Some(place) = place(&space, page) {
            let document = document_of(id, page);
            add_comments(shared, &mut digest, document, &place, &within).await?;
        }
    }
    let is_due_now = digest.tasks.iter().any(|task| task.due == digest.day);
    let happened = !digest.pages.is_empty() || !digest.comments.is_empty() || is_due_now;
    Ok(happened.then_some(digest))
}

/// A page that is not deleted.
struct Place {
    title: String,
    /// Whoever sees the space sees it.
    is_open: bool,
}

impl Place {
    fn title(&self) -> Option<String> {
        self.is_open.then(|| self.title.clone())
    }
}

fn place(space: &Space, page: &str) -> Option<Place> {
    let way = chain(space, page)?;
    if way.iter().any(|(_, page)| page.deleted_ms.is_some()) {
        return None;
    }
    Some(Place {
        title: way.last()?.1.title.clone(),
        is_open: way.iter().all(|(_, page)| page.readers.is_none()),
    })
}

/// All that the index has of a space, what was changed last first.
async fn pages(shared: &Shared, space: &str) -> Result<Vec<(String, Stored)>, String> {
    let index = shared.indexing.index().ok_or("the index is not open")?;
    let filter = Filter {
        space: Some(space.to_owned()),
        ..Filter::default()
    };
    let read = tokio::task::spawn_blocking(move || {
        let search = index.search(&Question::default(), &filter, Order::Latest);
        let found = search.found(0..PAGES_MAX)?;
        let stored = found.into_iter().map(|found| {
            let mut stored = search.stored(&found)?;
            // A text may be long, and none is told.
            stored.text = String::new();
            Ok((found.document, stored))
        });
        stored.collect::<Result<Vec<_>, unisson_search::IndexError>>()
    });
    let read = read.await.map_err(|error| error.to_string())?;
    read.map_err(|error| error.to_string())
}

fn add_page(
    digest: &mut DigestEvent,
    document: &str,
    place: &Place,
    stored: &Stored,
    within: &Range<u64>,
) {
    let mut people = People::default();
    let (mut first_ms, mut last_ms) = (u64::MAX, 0);
    for sitting in &stored.sittings {
        if sitting.until_ms < within.start || sitting.from_ms >= within.end {
            continue;
        }
        first_ms = first_ms.min(sitting.from_ms.max(within.start));
        last_ms = last_ms.max(sitting.until_ms.min(within.end - 1));
        let workers = sitting.workers.iter();
        workers.for_each(|worker| people.add(worker.id.as_deref(), worker.name.as_deref()));
    }
    if last_ms == 0 {
        return;
    }
    if digest.pages.len() >= EACH_MAX {
        digest.more = true;
        return;
    }
    let (authors, others) = people.told();
    digest.pages.push(DigestPage {
        document: document.to_owned(),
        title: place.title(),
        authors,
        others,
        first_edit_ms: first_ms,
        last_edit_ms: last_ms,
    });
}

/// Those of today, and how many were due before.
fn add_tasks(digest: &mut DigestEvent, document: &str, place: &Place, stored: &Stored) {
    for task in stored.tasks.iter().filter(|task| !task.is_done) {
        match &task.due {
            Some(due) if *due < digest.day => digest.overdue += 1,
            Some(due) if *due == digest.day && digest.tasks.len() >= EACH_MAX => {
                digest.more = true;
            }
            Some(due) if *due == digest.day => digest.tasks.push(DigestTask {
                document: document.to_owned(),
                task: task.id.clone(),
                text: place.is_open.then(|| task.text.clone()),
                assignee: task.assignee.clone(),
                due: due.clone(),
            }),
            _ => {}
        }
    }
}

async fn add_comments(
    shared: &Shared,
    digest: &mut DigestEvent,
    document: String,
    place: &Place,
    within: &Range<u64>,
) -> Result<(), String> {
    let name = DocName::new(&document).map_err(|error| error.to_string())?;
    let record = comments::find(shared, &name).await;
    let Some(record) = record.map_err(|error| error.to_string())? else {
        return Ok(());
    };
    let Ok(threads) = Threads::read(record.read().entries()) else {
        tracing::error!(
            document,
            "the comments are damaged: no digest tells of them"
        );
        return Ok(());
    };
    let (mut count, mut people) = (0, People::default());
    for comment in threads.0.values().flat_map(|whole| whole.comments.values()) {
        if within.contains(&comment.at_ms) {
            count += 1;
            people.add(comment.by.user.as_deref(), comment.by.name.as_deref());
        }
    }
    if count == 0 {
        return Ok(());
    }
    if digest.comments.len() >= EACH_MAX {
        digest.more = true;
        return Ok(());
    }
    let (authors, others) = people.told();
    digest.comments.push(DigestComments {
        document,
        title: place.title(),
        count,
        authors,
        others,
    });
    Ok(())
}

/// Who took part, each once.
#[derive(Default)]
struct People {
    known: BTreeMap<String, Option<String>>,
    others: bool,
}

impl People {
    fn add(&mut self, id: Option<&str>, name: Option<&str>) {
        match id {
            Some(id) if self.known.contains_key(id) || self.known.len() < PEOPLE_MAX => {
                let known = self.known.entry(id.to_owned()).or_default();
                *known = known.take().or_else(|| name.map(str::to_owned));
            }
            _ => self.others = true,
        }
    }

    fn told(self) -> (Vec<Actor>, bool) {
        let actors = self.known.into_iter().map(|(id, name)| Actor { id, name });
        (actors.collect(), self.others)
    }
}
