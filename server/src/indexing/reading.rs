//! What is looked for in a document: read once it is durable.

use unisson_content::{Content, Reference, facts};
use unisson_history::activity;
use unisson_search::{Entry, Heading, Mention, Sitting, Task, Worker};
use unisson_session::chronicle;
use unisson_storage::{Store, StoreError};

use crate::{crdt, spaces::document_of};

/// A pause of so long ends somebody's work.
const PAUSE_MS: u64 = 30 * 60 * 1_000;
/// How many sittings of a document are kept for lists of what has happened.
const SITTINGS_MAX: usize = 20;

/// What there is of a document.
pub(super) enum Reading {
    Entry(Box<Entry>),
    /// It was erased meanwhile.
    Gone,
}

/// A page in which nobody has written yet.
pub(super) fn empty(name: &str, title: Option<String>) -> Reading {
    Reading::Entry(Box::new(Entry {
        document: name.to_owned(),
        title: title.unwrap_or_default(),
        ..Entry::default()
    }))
}

/// Reads a document; the title is that of its page, where it has one.
pub(super) async fn read(
    store: &Store,
    name: &str,
    title: Option<String>,
) -> Result<Reading, String> {
    let stored = match store.read(name).await {
        Ok(stored) => stored,
        Err(StoreError::Erased { .. }) => return Ok(Reading::Gone),
        Err(error) => return Err(error.to_string()),
    };
    let (parts, _) = crdt::parts(stored);
    let name = name.to_owned();
    crdt::run(move || {
        let chronicle = chronicle(&parts, None).map_err(|error| error.to_string())?;
        let content = Content::of(&chronicle.state).map_err(|error| error.to_string())?;
        let sittings = activity(&chronicle.attribution, PAUSE_MS);
        let mut entry = Entry {
            document: name,
            changed_ms: chronicle.last_edit_ms.unwrap_or(0),
            sittings: sittings
                .into_iter()
                .take(SITTINGS_MAX)
                .map(sitting)
                .collect(),
            ..Entry::default()
        };
        fill(&mut entry, &content);
        if let Some(title) = title {
            entry.title = title;
        }
        Ok::<_, String>(Reading::Entry(Box::new(entry)))
    })
    .await
}

fn sitting(sitting: unisson_history::Sitting) -> Sitting {
    let workers = sitting.authors.into_iter().map(|work| Worker {
        id: work.author.user.as_deref().map(str::to_owned),
        name: work.author.name.as_deref().map(str::to_owned),
    });
    Sitting {
        from_ms: sitting.from_ms,
        until_ms: sitting.until_ms,
        workers: workers.collect(),
    }
}

/// What a document says. The title of one that is no page is its first heading or line, or its name.
fn fill(entry: &mut Entry, content: &Content) {
    let facts = facts(content);
    let name = entry.document.rsplit('/').next().unwrap_or_default();
    entry.title = facts.title.unwrap_or_else(|| name.to_owned());
    entry.text = facts.text;
    let headings = facts.headings.into_iter().map(|heading| Heading {
        id: heading.id,
        text: heading.text,
    });
    entry.headings = headings.collect();
    let links = facts.links.into_iter().filter_map(|link| match link.to {
        Reference::Page { space, page } => Some(document_of(&space, &page)),
        Reference::Document(name) => Some(name),
        _ => None,
    });
    entry.links = links.collect();
    entry.links.sort_unstable();
    entry.links.dedup();
    let mentions = facts.mentions.into_iter().map(|mention| Mention {
        person: mention.person,
        line: mention.line,
    });
    entry.mentions = mentions.collect();
    // The first line in which somebody is named.
    entry
        .mentions
        .sort_by(|one, other| one.person.cmp(&other.person));
    entry
        .mentions
        .dedup_by(|later, first| later.person == first.person);
    let tasks = facts.tasks.into_iter().map(|task| Task {
        id: task.id,
        text: task.text,
        is_done: task.done,
        assignee: task.assignee,
        due: task.due,
    });
    entry.tasks = tasks.collect();
}
