//! One look at one page: read as it is durable, compared, told, remembered, in this order.

use unisson_content::{Content, Facts, facts};
use unisson_history::{Author, authors_since};
use unisson_protocol::DocName;
use unisson_rights::chain;
use unisson_session::chronicle;
use unisson_storage::StoreError;

use super::{
    comparing::{Found, Kind, Memory, compare},
    record,
};
use crate::{
    crdt,
    events::{Actor, Event, MentionEvent, TaskBefore, TaskEvent},
    notices::{self, Notice, Subject},
    registry::{Registry, Shared},
    spaces::parts,
    trash,
};

/// How much is told of one page at a time; somebody who pastes more has told people otherwise.
const TOLD_MAX: usize = 500;
/// Moments are noted when an edit comes, and pages wait from when it is durable.
const DURABLE_MS: u64 = 5_000;

/// What there is to compare.
struct Read {
    facts: Facts,
    /// What the page said before, where nothing is remembered of it.
    before: Facts,
    /// Whoever edited since the last look.
    authors: Vec<Author>,
    last_edit_ms: u64,
}

/// Looks at a page that was edited from `first_ms` on.
pub(super) async fn look(
    registry: &Registry,
    name: &DocName,
    since_ms: u64,
    first_ms: u64,
) -> Result<(), String> {
    let shared = registry.shared();
    let Some(place) = place_of(shared, name).await? else {
        return Ok(());
    };
    let memory = record::remembered(shared, name).await;
    let memory = memory.map_err(|error| error.to_string())?;
    let is_new = memory.is_none();
    let looked_ms = memory.as_ref().map_or(0, Memory::latest_ms);
    let wanted = Wanted {
        since_ms,
        first_ms,
        looked_ms,
        is_new,
    };
    let Some(read) = read(shared, name, wanted).await? else {
        return Ok(());
    };
    let at_ms = read.last_edit_ms;
    let before = memory.unwrap_or_else(|| compare(&Memory::default(), &read.before, at_ms).0);
    let (now, mut found) = compare(&before, &read.facts, at_ms);
    if now == before && (!is_new || now.is_empty()) {
        return Ok(());
    }
    if found.len() > TOLD_MAX {
        tracing::warn!(document = %name, found = found.len(), "too much news at once: not all is told");
        found.truncate(TOLD_MAX);
    }
    // Of several who wrote at the same time nobody knows who wrote this.
    let by = match read.authors.as_slice() {
        [author] => Actor::of(author),
        _ => None,
    };
    for found in &found {
        shared.events.emit(event(name, found, by.as_ref(), place));
    }
    if !found.is_empty()
        && let Some(webhooks) = shared.webhooks.get()
    {
        webhooks.kept().await;
    }
    for (person, notice) in found
        .iter()
        .filter_map(|found| notice(name, found, by.as_ref(), at_ms))
    {
        notices::tell(registry, &person, notice)
            .await
            .map_err(|error| error.to_string())?;
    }
    record::remember(registry, name, &now)
        .await
        .map_err(|error| error.to_string())
}

/// Whether what stands there may be told to all who hear of the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Openness {
    /// Whoever sees the space sees it.
    Open,
    /// Not everybody does.
    Restricted,
}

/// Nothing for what is deleted.
async fn place_of(shared: &Shared, name: &DocName) -> Result<Option<Openness>, String> {
    if !shared.store.has(name.as_str()) {
        return Ok(None);
    }
    let in_trash = trash::entry(shared, name).await;
    if in_trash.map_err(|error| error.to_string())?.is_some() {
        return Ok(None);
    }
    let Some((space, page)) = parts(name.as_str()) else {
        return Ok(Some(Openness::Open));
    };
    let held = shared.spaces.find(space).await;
    let Some(held) = held.map_err(|error| error.to_string())? else {
        return Ok(Some(Openness::Open));
    };
    let space = held.space().map_err(|error| error.to_string())?;
    let Some(space) = space.filter(|space| space.settings.deleted_ms.is_none()) else {
        return Ok(None);
    };
    let Some(way) = chain(&space, page) else {
        return Ok(Some(Openness::Restricted));
    };
    if way.iter().any(|(_, page)| page.deleted_ms.is_some()) {
        return Ok(None);
    }
    let is_restricted = way.iter().any(|(_, page)| page.readers.is_some());
    Ok(Some(match is_restricted {
        true => Openness::Restricted,
        false => Openness::Open,
    }))
}

/// What a page is read for.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    /// From when on anything is news.
    since_ms: u64,
    /// When the first edit came that was not looked at.
    first_ms: u64,
    /// Until when it is certain that all was looked at.
    looked_ms: u64,
    /// Nothing is remembered of the page.
    is_new: bool,
}

async fn read(shared: &Shared, name: &DocName, wanted: Wanted) -> Result<Option<Read>, String> {
    let Wanted {
        since_ms,
        first_ms,
        looked_ms,
        is_new,
    } = wanted;
    let stored = match shared.store.read(name.as_str()).await {
        Ok(stored) => stored,
        Err(StoreError::Erased { .. }) => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let (parts, _) = crdt::parts(stored);
    let read = crdt::run(move || {
        let told = chronicle(&parts, None).map_err(|error| error.to_string())?;
        let said = |state: &[u8]| {
            let content = Content::of(state).map_err(|error| error.to_string())?;
            Ok::<_, String>(facts(&content))
        };
        let now = said(&told.state)?;
        let insertions = told.attribution.insertions();
        let stamps = insertions.filter_map(|(_, stamp)| told.attribution.stamp_of(stamp));
        let begun_ms = stamps.map(|(_, stamp)| stamp.first_ms).min();
        // A page that was begun since says nothing old. What was imported has no beginning.
        let is_all_new = begun_ms.is_some_and(|begun_ms| begun_ms >= since_ms);
        let says_any = !now.tasks.is_empty() || !now.mentions.is_empty();
        let before = match is_new && says_any && !is_all_new {
            true => {
                let until_ms = first_ms.saturating_sub(DURABLE_MS).max(since_ms);
                let told = chronicle(&parts, Some(until_ms)).map_err(|error| error.to_string())?;
                said(&told.state)?
            }
            false => Facts::default(),
        };
        Ok::<_, String>(Read {
            facts: now,
            before,
            authors: authors_since(
                &told.attribution,
                first_ms.saturating_sub(DURABLE_MS).max(looked_ms),
            ),
            last_edit_ms: told.last_edit_ms.unwrap_or(first_ms),
        })
    });
    read.await.map(Some)
}

fn event(name: &DocName, found: &Found, by: Option<&Actor>, place: Openness) -> Event {
    let document = name.as_str().to_owned();
    let text = (place == Openness::Open).then(|| found.text.clone());
    let by = by.cloned();
    let key = format!("{document} {}", found.key);
    let task = |id: &str, now: &super::comparing::Task, before| TaskEvent {
        document: document.clone(),
        task: id.to_owned(),
        text: text.clone(),
        assignee: now.assignee.clone(),
        due: now.due.clone(),
        before,
        by: by.clone(),
        key: key.clone(),
    };
    match &found.kind {
        Kind::Named { person } => Event::PageMentioned(MentionEvent {
            document: document.clone(),
            person: person.clone(),
            text: text.clone(),
            by: by.clone(),
            key: key.clone(),
        }),
        Kind::Assigned { id, now, before } => {
            let before = TaskBefore {
                assignee: before.assignee.clone(),
                due: before.due.clone(),
            };
            Event::TaskAssigned(task(id, now, Some(before)))
        }
        Kind::Done { id, now } => Event::TaskDone(task(id, now, None)),
    }
}

/// Whom it concerns, and what they are told. One's own doing is nobody's news.
fn notice(
    name: &DocName,
    found: &Found,
    by: Option<&Actor>,
    at_ms: u64,
) -> Option<(String, Notice)> {
    let (person, subject) = match &found.kind {
        Kind::Named { person } => (person, Subject::Mention),
        Kind::Assigned { id, now, before } => {
            let person = now.assignee.as_ref()?;
            let is_theirs_already = before.assignee.as_ref() == Some(person);
            let task = id.clone();
            let subject = match is_theirs_already {
                true => Subject::Due { task },
                false => Subject::Task { task },
            };
            (person, subject)
        }
        Kind::Done { .. } => return None,
    };
    if by.is_some_and(|by| by.id == *person) {
        return None;
    }
    let notice = Notice {
        document: name.as_str().to_owned(),
        subject,
        at_ms,
        by: by.cloned(),
        key: found.key.clone(),
    };
    Some((person.clone(), notice))
}
