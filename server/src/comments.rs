//! Comments: threads about a document or about a place in it, kept beside the document.
//!
//! A document's threads are a record ([`crate::records`]) whose name is a hash of the document's, so
//! that erasing both leaves the name in no object. Nobody needs the right to write the document, and
//! nothing of a comment is in it: whoever copies or exports the text does not hand on what was said
//! about it. What is written here:
//! * `thread:{thread}`: where it is and whether it is settled, see [`Thread`];
//! * `comment:{thread}/{comment}`: what somebody said, see [`Comment`].
//!
//! Two servers may write at once: entries merge. A comment whose thread is gone is not shown.

pub(crate) mod live;
pub(crate) mod portable;

use std::{collections::BTreeMap, convert::Infallible};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use unisson_history::Author;
use unisson_protocol::DocName;
use unisson_session::{Change, Entries};

use crate::{
    events::Actor,
    records::{self, ChangeError, RecordError, RecordHandle},
    registry::{Registry, Shared},
    spaces::draw,
};

const FOLDER: &str = ".unisson/comments/";
const THREAD: &str = "thread:";
const COMMENT: &str = "comment:";

/// How many threads a document has, settled ones too.
pub(crate) const THREADS_MAX: usize = 2_000;
/// How many comments a thread has.
pub(crate) const COMMENTS_MAX: usize = 500;
/// How many bytes all comments of a document have.
pub(crate) const BYTES_MAX: usize = 4 << 20;

/// A thread, without what is said in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Thread {
    /// Where it begins and ends, as relative positions of Yjs; none: it is about all of the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) anchor: Option<(Value, Value)>,
    /// What stood there.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) quote: String,
    /// What stood before and behind it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) before: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) after: String,
    pub(crate) at_ms: u64,
    pub(crate) by: By,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) resolved: Option<Resolved>,
}

/// That a thread is settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Resolved {
    pub(crate) at_ms: u64,
    pub(crate) by: By,
}

/// What somebody said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Comment {
    pub(crate) text: String,
    /// Ids of those who are to hear of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) mentions: Vec<String>,
    pub(crate) at_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) edited_ms: Option<u64>,
    pub(crate) by: By,
}

/// Who said something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct By {
    /// Their id, where a token says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    /// Their name: of the token, else what they say they are called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
}

impl By {
    /// For events, where anybody knows who it is.
    pub(crate) fn actor(&self) -> Option<Actor> {
        Some(Actor {
            id: self.user.clone()?,
            name: self.name.clone(),
        })
    }
}

/// A thread with its comments, in the order in which they came.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Whole {
    pub(crate) thread: Thread,
    pub(crate) comments: BTreeMap<String, Comment>,
}

/// All threads of a document, the oldest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Threads(pub(crate) BTreeMap<String, Whole>);

impl Threads {
    /// Reads a record. A comment without a thread is left out, and a thread without comments too.
    pub(crate) fn read(entries: &Entries) -> Result<Self, String> {
        let read = |key: &str, problem: serde_json::Error| format!("{key}: {problem}");
        let mut threads = BTreeMap::new();
        for (key, value) in entries {
            if let Some(id) = key.strip_prefix(THREAD) {
                let thread = serde_json::from_str(value).map_err(|error| read(key, error))?;
                let comments = BTreeMap::new();
                threads.insert(id.to_owned(), Whole { thread, comments });
            }
        }
        for (key, value) in entries {
            let Some((thread, id)) = key
                .strip_prefix(COMMENT)
                .and_then(|rest| rest.split_once('/'))
            else {
                continue;
            };
            let comment = serde_json::from_str(value).map_err(|error| read(key, error))?;
            if let Some(whole) = threads.get_mut(thread) {
                whole.comments.insert(id.to_owned(), comment);
            }
        }
        threads.retain(|_, whole| !whole.comments.is_empty());
        Ok(Self(threads))
    }
}

/// The change that sets a thread, or takes it out.
pub(crate) fn set_thread(id: &str, thread: Option<&Thread>) -> Result<Change, serde_json::Error> {
    let value = thread.map(serde_json::to_string).transpose()?;
    Ok((format!("{THREAD}{id}"), value))
}

/// The same for a comment.
pub(crate) fn set_comment(
    thread: &str,
    id: &str,
    comment: Option<&Comment>,
) -> Result<Change, serde_json::Error> {
    let value = comment.map(serde_json::to_string).transpose()?;
    Ok((format!("{COMMENT}{thread}/{id}"), value))
}

/// How many bytes a record's entries have.
pub(crate) fn bytes(entries: &Entries) -> usize {
    entries
        .iter()
        .map(|(key, value)| key.len() + value.len())
        .sum()
}

/// A new id. Later ones are greater: the order of ids is that of time.
pub(crate) fn new_id(now_ms: u64) -> Result<String, String> {
    Ok(format!("{now_ms:011x}{}", draw::<5>()?))
}

/// Whether a text may be an id.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() == 21
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// The name of a document's record.
pub(crate) fn record_of(document: &DocName) -> Result<DocName, RecordError> {
    records::name_by_hash(FOLDER, blake3::hash(document.as_str().as_bytes()))
}

/// The record of a document's comments, where there is one.
pub(crate) async fn find(
    shared: &Shared,
    document: &DocName,
) -> Result<Option<RecordHandle>, RecordError> {
    let name = record_of(document)?;
    match shared.store.knows(name.as_str()) {
        true => hold(shared, document).await.map(Some),
        false => Ok(None),
    }
}

/// The same, whether there is one yet or not.
pub(crate) async fn hold(shared: &Shared, document: &DocName) -> Result<RecordHandle, RecordError> {
    shared
        .records
        .open(&shared.store, &record_of(document)?)
        .await
}

/// Says under another name what is said about a document: it is moved.
pub(crate) async fn carry(
    registry: &Registry,
    from: &DocName,
    to: &DocName,
) -> Result<(), RecordError> {
    let Some(record) = find(registry.shared(), from).await? else {
        return Ok(());
    };
    let entries = record.read();
    let changes = entries.entries().iter();
    let changes = changes.map(|(key, value)| (key.clone(), Some(value.clone())));
    let changes: Vec<Change> = changes.collect();
    let target = hold(registry.shared(), to).await?;
    // Who said what and when is in the entries themselves.
    let author = Author::default();
    let carried = target.change(registry, author, |_| Ok::<_, Infallible>((changes, ())));
    carried.await.map_err(|error| match error {
        ChangeError::Declined(never) => match never {},
        ChangeError::Failed(error) => error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Comment {
        Comment {
            text: text.into(),
            mentions: vec!["agent-7".into()],
            at_ms: 5,
            edited_ms: None,
            by: By {
                user: Some("agent-1".into()),
                name: None,
            },
        }
    }

    fn thread() -> Thread {
        Thread {
            anchor: Some((
                serde_json::json!({ "item": { "client": 1, "clock": 2 } }),
                serde_json::json!({ "item": { "client": 1, "clock": 4 }, "assoc": -1 }),
            )),
            quote: "deux".into(),
            before: "un ".into(),
            after: String::new(),
            at_ms: 5,
            by: By::default(),
            resolved: None,
        }
    }

    fn entries(changes: impl IntoIterator<Item = Change>) -> Entries {
        let set = changes.into_iter();
        set.filter_map(|(key, value)| Some((key, value?))).collect()
    }

    #[test]
    fn what_is_written_is_read_back_in_the_order_in_which_it_was_said() {
        let (first, second) = (new_id(1).expect("an id"), new_id(2).expect("an id"));
        assert!(is_id(&first) && first < second);
        let entries = entries([
            set_comment(&first, &second, Some(&said("b"))).expect("JSON"),
            set_comment(&first, &first, Some(&said("a"))).expect("JSON"),
            set_thread(&first, Some(&thread())).expect("JSON"),
        ]);
        let threads = Threads::read(&entries).expect("reads").0;
        let whole = threads.get(&first).expect("the thread");
        assert_eq!(whole.thread, thread());
        let texts: Vec<&str> = whole.comments.values().map(|c| c.text.as_str()).collect();
        assert_eq!(texts, ["a", "b"]);
        assert!(bytes(&entries) > 100);
    }

    #[test]
    fn halves_that_two_servers_left_are_not_shown() {
        let id = new_id(1).expect("an id");
        let comment = set_comment(&id, &id, Some(&said("a"))).expect("JSON");
        let thread = set_thread(&id, Some(&thread())).expect("JSON");
        for half in [comment, thread] {
            let threads = Threads::read(&entries([half])).expect("reads");
            assert_eq!(threads, Threads::default());
        }
        let broken = entries([(format!("{THREAD}{id}"), Some("{".to_owned()))]);
        assert!(Threads::read(&broken).is_err());
    }

    #[test]
    fn no_other_text_is_an_id() {
        for text in [
            "",
            "0",
            "00000000001aaaaaaaaaG",
            "00000000001AAAAAAAAAA",
            "../../etc/passwd/x/y/z",
        ] {
            assert!(!is_id(text), "{text}");
        }
    }
}
