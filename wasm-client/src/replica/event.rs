//! What observers see: for each changed type its path, what was inserted, deleted and kept, and the
//! names that changed.

use std::sync::Arc;

use yrs::{
    Any, DeepObservable, MapRef, Out, TransactionMut,
    branch::Branch,
    types::{Change, Delta, EntryChange, Event as Seen, Events, Path, PathSegment},
};

use super::{
    Event, Replica, ReplicaError,
    delta::operation,
    locked,
    node::{self, resolve},
    value,
};

impl Replica {
    /// Has everything that happens in a type, and in all inside it, kept for [`Replica::take_events`]
    /// under a number.
    pub fn observe(&mut self, id: &str, observer: u32) -> Result<(), ReplicaError> {
        let journal = Arc::clone(&self.journal);
        self.edit(None, |transaction| {
            let shared: MapRef = resolve(transaction, id, |_| true)?;
            shared.observe_deep(key(observer), move |transaction, events| {
                let bytes = value::encode(&list(transaction, events));
                locked(&journal).events.push(Event { observer, bytes });
            });
            Ok(())
        })
    }

    /// Ends what [`Replica::observe`] began.
    pub fn unobserve(&mut self, id: &str, observer: u32) -> Result<(), ReplicaError> {
        self.edit(None, |transaction| {
            let shared: MapRef = resolve(transaction, id, |_| true)?;
            shared.unobserve_deep(key(observer));
            Ok(())
        })
    }
}

fn key(observer: u32) -> String {
    format!("observer {observer}")
}

fn list(transaction: &TransactionMut<'_>, events: &Events<'_>) -> Any {
    value::list(events.iter().map(|event| describe(transaction, event)))
}

/// `{target, path, delta, keys}`
fn describe(transaction: &TransactionMut<'_>, event: &Seen) -> Any {
    let (target, path, delta, keys): (Option<_>, _, _, _) = match event {
        Seen::Text(event) => (
            branch_of(event.target()),
            event.path(),
            text_delta(event.delta(transaction)),
            Vec::new(),
        ),
        Seen::XmlText(event) => (
            branch_of(event.target()),
            event.path(),
            text_delta(event.delta(transaction)),
            entries(event.keys(transaction)),
        ),
        Seen::Array(event) => (
            branch_of(event.target()),
            event.path(),
            changes(event.delta(transaction)),
            Vec::new(),
        ),
        Seen::Map(event) => (
            branch_of(event.target()),
            event.path(),
            Vec::new(),
            entries(event.keys(transaction)),
        ),
        Seen::XmlFragment(event) => (
            branch_of(event.target()),
            event.path(),
            changes(event.delta(transaction)),
            entries(event.keys(transaction)),
        ),
    };
    value::object([
        ("target".to_owned(), target.unwrap_or(Any::Null)),
        ("path".to_owned(), path_list(&path)),
        ("delta".to_owned(), value::list(delta)),
        ("keys".to_owned(), value::object(keys)),
    ])
}

fn branch_of(shared: &impl AsRef<Branch>) -> Option<Any> {
    let (kind, id, tag) = node::describe_branch(shared.as_ref())?;
    Some(value::list([
        value::number(1),
        value::number(kind.code()),
        value::text(id),
        value::text(tag),
    ]))
}

fn text_delta(delta: &[Delta]) -> Vec<Any> {
    delta
        .iter()
        .map(|part| match part {
            Delta::Inserted(inserted, attributes) => {
                operation("insert", value::out(inserted), attributes.as_deref())
            }
            Delta::Deleted(len) => operation("delete", value::number(*len), None),
            Delta::Retain(len, attributes) => {
                operation("retain", value::number(*len), attributes.as_deref())
            }
        })
        .collect()
}

fn changes(changes: &[Change]) -> Vec<Any> {
    changes
        .iter()
        .map(|change| match change {
            Change::Added(items) => {
                operation("insert", value::list(items.iter().map(value::out)), None)
            }
            Change::Removed(len) => operation("delete", value::number(*len), None),
            Change::Retain(len) => operation("retain", value::number(*len), None),
        })
        .collect()
}

/// `{name: {action, old, new}}`
fn entries<'a>(
    changes: impl IntoIterator<Item = (&'a Arc<str>, &'a EntryChange)>,
) -> Vec<(String, Any)> {
    let entry = |action: &str, old: Option<&Out>, new: Option<&Out>| {
        let fields = [("old", old), ("new", new)]
            .into_iter()
            .filter_map(|(name, item)| Some((name.to_owned(), value::out(item?))));
        value::object(
            [("action".to_owned(), value::text(action))]
                .into_iter()
                .chain(fields),
        )
    };
    changes
        .into_iter()
        .map(|(key, change)| {
            let described = match change {
                EntryChange::Inserted(new) => entry("add", None, Some(new)),
                EntryChange::Updated(old, new) => entry("update", Some(old), Some(new)),
                EntryChange::Removed(old) => entry("delete", Some(old), None),
            };
            (key.to_string(), described)
        })
        .collect()
}

fn path_list(path: &Path) -> Any {
    value::list(path.iter().map(|segment| match segment {
        PathSegment::Key(key) => value::text(key),
        PathSegment::Index(index) => value::number(*index),
    }))
}
