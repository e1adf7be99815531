//! What is new in a page, by what is remembered of it. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use unisson_content::Facts;

/// How many people and how many tasks of a page are remembered.
const EACH_MAX: usize = 2_000;

/// Somebody who is named in a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Named {
    pub(super) person: String,
    /// When they were found to be.
    pub(super) at_ms: u64,
}

/// A task of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Task {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) assignee: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) due: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) done: bool,
    /// When it was found to be so.
    pub(super) at_ms: u64,
}

impl Task {
    fn is_like(&self, other: &Self) -> bool {
        (&self.assignee, &self.due, self.done) == (&other.assignee, &other.due, other.done)
    }
}

/// What is remembered of a page. Tasks are known by their words without people and days.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Memory {
    pub(super) named: BTreeMap<String, Named>,
    pub(super) tasks: BTreeMap<String, Task>,
}

impl Memory {
    /// When anything of it was last found to be so.
    pub(super) fn latest_ms(&self) -> u64 {
        let named = self.named.values().map(|named| named.at_ms);
        let tasks = self.tasks.values().map(|task| task.at_ms);
        named.chain(tasks).max().unwrap_or(0)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.named.is_empty() && self.tasks.is_empty()
    }
}

/// What is new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) kind: Kind,
    /// The line of the page that says it.
    pub(super) text: String,
    /// The same for everybody who finds it, and another one when it comes again.
    pub(super) key: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// Somebody is named who was not.
    Named { person: String },
    /// A task has another person or another day than before.
    Assigned { id: String, now: Task, before: Task },
    /// A task is done that was not.
    Done { id: String, now: Task },
}

/// What is to be remembered from now on, and what is new.
pub(super) fn compare(before: &Memory, facts: &Facts, at_ms: u64) -> (Memory, Vec<Found>) {
    let mut now = Memory::default();
    let mut found = Vec::new();
    for mention in &facts.mentions {
        let key = short_hash(&mention.person);
        if now.named.contains_key(&key) || now.named.len() >= EACH_MAX {
            continue;
        }
        let known = before.named.get(&key);
        if known.is_none() {
            let person = mention.person.clone();
            found.push(Found {
                // Naming somebody again, later, is news again.
                key: format!("named {key} {at_ms}"),
                kind: Kind::Named { person },
                text: mention.line.clone(),
            });
        }
        let new = || Named {
            person: mention.person.clone(),
            at_ms,
        };
        now.named.insert(key, known.cloned().unwrap_or_else(new));
    }
    tasks(before, facts, at_ms, &mut now, &mut found);
    (now, found)
}

fn tasks(before: &Memory, facts: &Facts, at_ms: u64, now: &mut Memory, found: &mut Vec<Found>) {
    let mut same: BTreeMap<&str, usize> = BTreeMap::new();
    let keyed = facts.tasks.iter().take(EACH_MAX).map(|task| {
        let nth = same.entry(task.bare.as_str()).or_default();
        let key = format!("{}-{nth}", short_hash(&task.bare));
        *nth += 1;
        (key, task)
    });
    let keyed: Vec<_> = keyed.collect();
    let keys: BTreeSet<&str> = keyed.iter().map(|(key, _)| key.as_str()).collect();
    let mut reworded: Vec<&Task> = before
        .tasks
        .iter()
        .filter(|(key, _)| !keys.contains(key.as_str()))
        .map(|(_, task)| task)
        .collect();
    for (key, task) in keyed {
        let own = before.tasks.get(&key);
        let known = own.or_else(|| take_like(&mut reworded, task));
        let mut state = Task {
            assignee: task.assignee.clone(),
            due: task.due.clone(),
            done: task.done,
            at_ms,
        };
        let was = known.cloned().unwrap_or_default();
        let is_same = known.is_some_and(|known| known.is_like(&state));
        if is_same {
            state.at_ms = was.at_ms;
        }
        let news = |kind| Found {
            key: format!("task {key} {} {}", task.id, was.at_ms),
            kind,
            text: task.text.clone(),
        };
        let id = task.id.clone();
        let is_assigned = (&was.assignee, &was.due) != (&state.assignee, &state.due)
            && (state.assignee.is_some() || state.due.is_some());
        if known.is_some() && !was.done && state.done {
            let now = state.clone();
            found.push(news(Kind::Done { id, now }));
        } else if is_assigned && !state.done {
            let now = state.clone();
            let before = was.clone();
            found.push(news(Kind::Assigned { id, now, before }));
        }
        now.tasks.insert(key, state);
    }
}

/// A task that has other words now: that of the same person, best for the same day.
fn take_like<'a>(reworded: &mut Vec<&'a Task>, task: &unisson_content::Task) -> Option<&'a Task> {
    let says_much = task.assignee.is_some() || task.due.is_some();
    let is_whole = |old: &&Task| says_much && old.assignee == task.assignee && old.due == task.due;
    let is_theirs = |old: &&Task| task.assignee.is_some() && old.assignee == task.assignee;
    let at = reworded.iter().position(is_whole);
    let at = at.or_else(|| reworded.iter().position(is_theirs))?;
    Some(reworded.remove(at))
}

/// A text of any length as a short one; 64 bits are enough to tell what stands in one page apart.
fn short_hash(text: &str) -> String {
    let hash = blake3::hash(text.as_bytes()).to_hex();
    hash.get(..16).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
