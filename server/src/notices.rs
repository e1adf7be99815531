//! What concerns somebody: they are named, somebody answers them, a task is theirs.
//!
//! A person's notices are a record ([`crate::records`]) whose name is a hash of their id. It says where
//! something happened, when, and by whom, and never what a page is called or says: whoever loses the
//! right to read it learns nothing from here. Who may read what is asked when the notices are read,
//! see `http/news`. Entries:
//! * `notice:{hash}`: see [`Notice`]; the hash is that of what happened, so that who tells it twice
//!   tells it once;
//! * `seen_ms`: until when the person has seen them.

use std::{collections::BTreeSet, convert::Infallible};

use serde::{Deserialize, Serialize};
use unisson_history::Author;
use unisson_protocol::DocName;
use unisson_session::{Change, Entries};

use crate::{
    comments::Whole,
    events::Actor,
    records::{self, ChangeError, RecordError, RecordHandle},
    registry::{Registry, Shared},
};

const FOLDER: &str = ".unisson/notices/";
const NOTICE: &str = "notice:";
const SEEN: &str = "seen_ms";

/// How many notices of a person are kept: those before have been read, or never will be.
const KEPT_MAX: usize = 300;
/// How long the id of a notice is.
pub(crate) const ID_LENGTH: usize = 24;
/// How many people of one thread hear of an answer.
const THREAD_PEOPLE_MAX: usize = 50;

/// Something that concerns somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Notice {
    pub(crate) document: String,
    #[serde(flatten)]
    pub(crate) subject: Subject,
    pub(crate) at_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<Actor>,
    /// What tells it from all else that happened in the document.
    #[serde(skip)]
    pub(crate) key: String,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Subject {
    /// They are named in a page.
    Mention,
    /// A task of a page is theirs.
    Task { task: String },
    /// A task that is theirs has another day.
    Due { task: String },
    /// They are named in a comment.
    Comment { thread: String, comment: String },
    /// Somebody answers in a thread in which they said something.
    Answer { thread: String, comment: String },
}

/// A person's notices, the newest first, each with its id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Notices {
    pub(crate) all: Vec<(String, Notice)>,
    pub(crate) seen_ms: u64,
}

impl Notices {
    fn read(entries: &Entries) -> Result<Self, String> {
        let seen_ms = entries.get(SEEN).map(|text| text.parse::<u64>());
        let seen_ms = seen_ms
            .transpose()
            .map_err(|error| format!("{SEEN}: {error}"))?;
        let own = entries
            .iter()
            .filter_map(|(key, value)| Some((key.strip_prefix(NOTICE)?, value)));
        let read = own.map(|(id, value)| {
            let notice = serde_json::from_str(value).map_err(|error| format!("{id}: {error}"))?;
            Ok((id.to_owned(), notice))
        });
        let mut all: Vec<(String, Notice)> = read.collect::<Result<_, String>>()?;
        all.sort_by(|(one_id, one), (other_id, other)| {
            (other.at_ms, other_id).cmp(&(one.at_ms, one_id))
        });
        Ok(Self {
            all,
            seen_ms: seen_ms.unwrap_or(0),
        })
    }
}

/// The name of a person's record.
pub(crate) fn record_of(person: &str) -> Result<DocName, RecordError> {
    records::name_by_hash(FOLDER, blake3::hash(person.as_bytes()))
}

async fn hold(shared: &Shared, person: &str) -> Result<RecordHandle, RecordError> {
    shared
        .records
        .open(&shared.store, &record_of(person)?)
        .await
}

/// What concerns a person.
pub(crate) async fn of(shared: &Shared, person: &str) -> Result<Notices, RecordError> {
    let name = record_of(person)?;
    if !shared.store.knows(name.as_str()) {
        return Ok(Notices::default());
    }
    let record = hold(shared, person).await?;
    let notices = Notices::read(record.read().entries());
    notices.map_err(|problem| RecordError::Damaged { name, problem })
}

/// Tells a person something; durable when this returns. Told again, nothing changes.
pub(crate) async fn tell(
    registry: &Registry,
    person: &str,
    notice: Notice,
) -> Result<(), RecordError> {
    let record = hold(registry.shared(), person).await?;
    let told = record.change(registry, Author::default(), |entries| {
        let changes = added(entries, &notice);
        changes
            .map(|changes| (changes, ()))
            .map_err(|error| error.to_string())
    });
    told.await.map_err(|error| match error {
        ChangeError::Declined(problem) => RecordError::Unavailable(problem),
        ChangeError::Failed(error) => error,
    })
}

fn added(entries: &Entries, notice: &Notice) -> Result<Vec<Change>, serde_json::Error> {
    let text = format!("{} {}", notice.document, notice.key);
    let hash = blake3::hash(text.as_bytes()).to_hex();
    let key = format!("{NOTICE}{}", hash.get(..ID_LENGTH).unwrap_or_default());
    if entries.contains_key(&key) {
        return Ok(Vec::new());
    }
    let value = serde_json::to_string(notice)?;
    let mut changes = vec![(key, Some(value))];
    // One that does not read is as old as can be.
    let age = |value: &String| serde_json::from_str::<Notice>(value).map_or(0, |old| old.at_ms);
    let kept = entries.iter().filter(|(key, _)| key.starts_with(NOTICE));
    let mut kept: Vec<(u64, &String)> = kept.map(|(key, value)| (age(value), key)).collect();
    kept.sort_unstable();
    let beyond = (kept.len() + 1).saturating_sub(KEPT_MAX);
    let oldest = kept.into_iter().take(beyond);
    changes.extend(oldest.map(|(_, key)| (key.clone(), None)));
    Ok(changes)
}

/// Notes until when a person has seen what concerns them; it never goes back.
pub(crate) async fn seen(
    registry: &Registry,
    person: &str,
    until_ms: u64,
) -> Result<(), RecordError> {
    let shared = registry.shared();
    if of(shared, person).await?.seen_ms >= until_ms {
        return Ok(());
    }
    let record = hold(shared, person).await?;
    let noted = record.change(registry, Author::default(), |entries| {
        let known = entries.get(SEEN).and_then(|text| text.parse().ok());
        let is_later = known.is_none_or(|known: u64| known < until_ms);
        let change = is_later.then(|| (SEEN.to_owned(), Some(until_ms.to_string())));
        Ok::<_, Infallible>((change.into_iter().collect(), ()))
    });
    noted.await.map_err(|error| match error {
        ChangeError::Declined(never) => match never {},
        ChangeError::Failed(error) => error,
    })
}

/// Forgets what concerned a person, and until when they had seen it.
pub(crate) async fn clear(registry: &Registry, person: &str) -> Result<(), RecordError> {
    let shared = registry.shared();
    if !shared.store.knows(record_of(person)?.as_str()) {
        return Ok(());
    }
    let record = hold(shared, person).await?;
    let cleared = record.change(registry, Author::default(), |entries| {
        let gone = entries.keys().map(|key| (key.clone(), None));
        Ok::<_, Infallible>((gone.collect(), ()))
    });
    cleared.await.map_err(|error| match error {
        ChangeError::Declined(never) => match never {},
        ChangeError::Failed(error) => error,
    })
}

/// A comment was made: tells whom it names, and who said something in its thread before.
pub(crate) async fn commented(
    registry: &Registry,
    document: &DocName,
    thread: &str,
    comment: &str,
    whole: &Whole,
) {
    let Some(new) = whole.comments.get(comment) else {
        return;
    };
    let (thread, comment) = (thread.to_owned(), comment.to_owned());
    let own = new.by.user.as_deref();
    let named: BTreeSet<&str> = new.mentions.iter().map(String::as_str).collect();
    let before = whole.comments.range::<String, _>(..&comment);
    let before = before.filter_map(|(_, before)| before.by.user.as_deref());
    let before: BTreeSet<&str> = before.filter(|person| !named.contains(person)).collect();
    let of_comment = |person: &str| {
        let (thread, comment) = (thread.clone(), comment.clone());
        (person.to_owned(), Subject::Comment { thread, comment })
    };
    let of_answer = |person: &str| {
        let (thread, comment) = (thread.clone(), comment.clone());
        (person.to_owned(), Subject::Answer { thread, comment })
    };
    let others = before.iter().take(THREAD_PEOPLE_MAX).copied();
    let told = named
        .iter()
        .copied()
        .map(of_comment)
        .chain(others.map(of_answer));
    for (person, subject) in told.filter(|(person, _)| Some(person.as_str()) != own) {
        let notice = Notice {
            document: document.as_str().to_owned(),
            subject,
            at_ms: new.at_ms,
            by: new.by.actor(),
            key: format!("comment {comment}"),
        };
        if let Err(error) = tell(registry, &person, notice).await {
            tracing::warn!(%document, %error, "somebody is not told of a comment");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(key: &str, at_ms: u64) -> Notice {
        Notice {
            document: "spaces/a/b".into(),
            subject: Subject::Task {
                task: "0123".into(),
            },
            at_ms,
            by: Some(Actor {
                id: "ann".into(),
                name: Some("Ann".into()),
            }),
            key: key.into(),
        }
    }

    fn apply(entries: &mut Entries, changes: Vec<Change>) {
        for (key, value) in changes {
            match value {
                Some(value) => drop(entries.insert(key, value)),
                None => drop(entries.remove(&key)),
            }
        }
    }

    #[test]
    fn what_is_told_twice_is_there_once_and_the_newest_comes_first() {
        let mut entries = Entries::new();
        for (key, at_ms) in [("a", 5), ("b", 9), ("a", 7)] {
            let changes = added(&entries, &notice(key, at_ms)).expect("JSON");
            apply(&mut entries, changes);
        }
        entries.insert(SEEN.into(), "5".into());
        let notices = Notices::read(&entries).expect("reads");
        let times: Vec<u64> = notices.all.iter().map(|(_, notice)| notice.at_ms).collect();
        assert_eq!((times, notices.seen_ms), (vec![9, 5], 5));
        assert_eq!(notices.all[0].1.subject, notice("b", 9).subject);
        entries.insert(format!("{NOTICE}x"), "{".into());
        assert!(Notices::read(&entries).is_err());
    }

    #[test]
    fn the_oldest_make_room() {
        let mut entries = Entries::new();
        for at in 0..KEPT_MAX as u64 + 10 {
            let changes = added(&entries, &notice(&at.to_string(), at)).expect("JSON");
            apply(&mut entries, changes);
        }
        let notices = Notices::read(&entries).expect("reads");
        assert_eq!(notices.all.len(), KEPT_MAX);
        assert_eq!(notices.all.last().expect("one").1.at_ms, 10);
    }
}
