//! What is to be sent to whom, and what became of it: a state that changes by facts alone, so that
//! facts which were kept make the same state again. Pure: times and draws are parts of facts.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

/// How many messages may wait for one webhook: a month of a busy wiki.
const PENDING_MAX: usize = 10_000;
/// How many attempts are remembered for each webhook.
const ATTEMPTS_MAX: usize = 200;
/// How many attempts are under way for one webhook.
const UNDER_WAY_MAX: usize = 4;
/// After so many failures in a row it is asked one message at a time.
const DOUBTED_AFTER: u32 = 5;
/// How many documents may be marked as being edited; the same as are gathered.
const MARKED_MAX: usize = 20_000;

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) at_ms: u64,
    pub(crate) body: String,
}

/// One attempt, as people look it up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attempt {
    pub(crate) message: String,
    pub(crate) kind: String,
    /// Which one it was; 0: none was made.
    pub(crate) number: u32,
    pub(crate) at_ms: u64,
    pub(crate) took_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<String>,
    /// When the next one is made, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) next_ms: Option<u64>,
}

impl Attempt {
    pub(crate) fn succeeded(&self) -> bool {
        self.problem.is_none()
    }
}

/// Why a webhook gets nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Disabled {
    pub(crate) at_ms: u64,
    pub(crate) reason: String,
}

/// What is kept and told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fact {
    /// A message is to be sent to these.
    Queued { message: Message, to: Vec<String> },
    /// A document is being edited: a message about it will be queued.
    Marked { document: String },
    /// That message is queued.
    Unmarked { document: String },
    /// An attempt was made.
    Attempted { to: String, attempt: Attempt },
    /// A webhook is switched off.
    Disabled { to: String, disabled: Disabled },
    /// A webhook is switched on; all that waits is due.
    Enabled { to: String, at_ms: u64 },
    /// Somebody wants a message to be sent again.
    Again {
        to: String,
        message: String,
        at_ms: u64,
    },
}

/// A message that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Pending {
    attempts: u32,
    due_ms: u64,
    #[serde(skip)]
    under_way: bool,
}

/// One webhook's part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Endpoint {
    /// Which address this is about; another one begins anew.
    target: String,
    pending: BTreeMap<String, Pending>,
    attempts: VecDeque<Attempt>,
    /// Since when nothing has succeeded, if something failed.
    failing_since_ms: Option<u64>,
    failures: u32,
    dropped: u64,
    disabled: Option<Disabled>,
    /// What waits, by when it is due.
    #[serde(skip)]
    schedule: BTreeSet<(u64, String)>,
    #[serde(skip)]
    under_way: usize,
}

/// Everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Queue {
    marked: BTreeSet<String>,
    messages: BTreeMap<String, Message>,
    endpoints: BTreeMap<String, Endpoint>,
}

impl Queue {
    /// The same with exactly these webhooks: others are forgotten, and one whose address is another
    /// one begins anew, though with what waits for it.
    pub(crate) fn with_targets(mut self, targets: &[(String, String)]) -> Self {
        let mut before = std::mem::take(&mut self.endpoints);
        for (id, target) in targets {
            let mut endpoint = before.remove(id).unwrap_or_default();
            if endpoint.target != *target {
                endpoint.target.clone_from(target);
                endpoint.disabled = None;
                endpoint.failing_since_ms = None;
                endpoint.failures = 0;
            }
            endpoint.reschedule();
            self.endpoints.insert(id.clone(), endpoint);
        }
        self.forget_messages();
        self
    }

    /// The webhooks that it is about, with what each one's address is.
    pub(crate) fn targets(&self) -> Vec<(String, String)> {
        let endpoints = self.endpoints.iter();
        endpoints
            .map(|(id, endpoint)| (id.clone(), endpoint.target.clone()))
            .collect()
    }

    /// Takes over what another server of the same store left.
    pub(crate) fn adopt(&mut self, other: Self) {
        self.marked.extend(other.marked);
        self.messages.extend(other.messages);
        for (id, theirs) in other.endpoints {
            let Some(endpoint) = self.endpoints.get_mut(&id) else {
                continue;
            };
            for (message, pending) in theirs.pending {
                endpoint.pending.entry(message).or_insert(pending);
            }
            for attempt in theirs.attempts.into_iter().rev() {
                endpoint.attempts.push_front(attempt);
            }
            let beyond = endpoint.attempts.len().saturating_sub(ATTEMPTS_MAX);
            endpoint.attempts.drain(..beyond);
            endpoint.disabled = endpoint.disabled.take().or(theirs.disabled);
            // Otherwise a webhook would have to fail for as long again after each restart.
            let since_ms = [endpoint.failing_since_ms, theirs.failing_since_ms];
            endpoint.failing_since_ms = since_ms.into_iter().flatten().min();
            endpoint.failures = endpoint.failures.max(theirs.failures);
            endpoint.dropped += theirs.dropped;
            endpoint.reschedule();
        }
        self.forget_messages();
    }

    /// A fact.
    pub(crate) fn apply(&mut self, fact: &Fact) {
        match fact {
            Fact::Queued { message, to } => self.queued(message, to),
            Fact::Marked { document } => {
                if self.marked.len() < MARKED_MAX {
                    self.marked.insert(document.clone());
                }
            }
            Fact::Unmarked { document } => drop(self.marked.remove(document)),
            Fact::Attempted { to, attempt } => {
                let Some(endpoint) = self.endpoints.get_mut(to) else {
                    return;
                };
                if let Some(gone) = endpoint.attempted(attempt) {
                    self.forget(&gone);
                }
            }
            Fact::Disabled { to, disabled } => {
                if let Some(endpoint) = self.endpoints.get_mut(to) {
                    endpoint.disabled = Some(disabled.clone());
                }
            }
            Fact::Enabled { to, at_ms } => {
                if let Some(endpoint) = self.endpoints.get_mut(to) {
                    endpoint.disabled = None;
                    endpoint.failing_since_ms = None;
                    endpoint.failures = 0;
                    endpoint.hurry(*at_ms);
                }
            }
            Fact::Again { to, message, at_ms } => {
                if let Some(endpoint) = self.endpoints.get_mut(to) {
                    endpoint.wait(message, *at_ms);
                }
            }
        }
    }

    fn queued(&mut self, message: &Message, to: &[String]) {
        let mut is_wanted = false;
        for id in to {
            let Some(endpoint) = self.endpoints.get_mut(id) else {
                continue;
            };
            if endpoint.pending.len() >= PENDING_MAX {
                endpoint.dropped += 1;
                continue;
            }
            endpoint.wait(&message.id, message.at_ms);
            is_wanted = true;
        }
        if is_wanted {
            self.messages.insert(message.id.clone(), message.clone());
        }
    }

    /// What is to be attempted now; it is under way from then on.
    pub(crate) fn due(&mut self, now_ms: u64) -> Vec<(String, Message)> {
        let mut due = Vec::new();
        for (id, endpoint) in &mut self.endpoints {
            while let Some(message) = endpoint.start(now_ms) {
                match self.messages.get(&message) {
                    Some(message) => due.push((id.clone(), message.clone())),
                    // Cannot be: a message stays for as long as it waits.
                    None => endpoint.give_up(&message),
                }
            }
        }
        due
    }

    /// When something is due next; nothing, while nothing can be started.
    pub(crate) fn next_due_ms(&self) -> Option<u64> {
        let endpoints = self
            .endpoints
            .values()
            .filter(|endpoint| endpoint.has_room());
        endpoints
            .filter_map(|endpoint| Some(endpoint.schedule.first()?.0))
            .min()
    }

    /// How often a message was attempted.
    pub(crate) fn attempts_of(&self, to: &str, message: &str) -> u32 {
        let endpoint = self.endpoints.get(to);
        let pending = endpoint.and_then(|endpoint| endpoint.pending.get(message));
        pending.map_or(0, |pending| pending.attempts)
    }

    pub(crate) fn endpoint(&self, id: &str) -> Option<&Endpoint> {
        self.endpoints.get(id)
    }

    pub(crate) fn endpoints(&self) -> impl Iterator<Item = (&str, &Endpoint)> {
        self.endpoints
            .iter()
            .map(|(id, endpoint)| (id.as_str(), endpoint))
    }

    pub(crate) fn message(&self, id: &str) -> Option<&Message> {
        self.messages.get(id)
    }

    /// Documents that were being edited.
    pub(crate) fn marked(&self) -> impl Iterator<Item = &str> {
        self.marked.iter().map(String::as_str)
    }

    /// Whether there is no webhook at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.endpoints.is_empty()
    }

    /// Whether anything would be lost with it.
    pub(crate) fn is_idle(&self) -> bool {
        self.marked.is_empty() && self.endpoints.values().all(|e| e.pending.is_empty())
    }

    fn forget(&mut self, message: &str) {
        let wanted = self
            .endpoints
            .values()
            .any(|endpoint| endpoint.names(message));
        if !wanted {
            self.messages.remove(message);
        }
    }

    fn forget_messages(&mut self) {
        let endpoints = &self.endpoints;
        let wanted: BTreeSet<&str> = endpoints
            .values()
            .flat_map(|endpoint| {
                let pending = endpoint.pending.keys().map(String::as_str);
                pending.chain(
                    endpoint
                        .attempts
                        .iter()
                        .map(|attempt| attempt.message.as_str()),
                )
            })
            .collect();
        self.messages.retain(|id, _| wanted.contains(id.as_str()));
    }
}

impl Endpoint {
    pub(crate) fn disabled(&self) -> Option<&Disabled> {
        self.disabled.as_ref()
    }

    pub(crate) fn failing_since_ms(&self) -> Option<u64> {
        self.failing_since_ms
    }

    pub(crate) fn waiting(&self) -> usize {
        self.pending.len()
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Newest first.
    pub(crate) fn attempts(&self) -> impl Iterator<Item = &Attempt> {
        self.attempts.iter().rev()
    }

    fn names(&self, message: &str) -> bool {
        self.pending.contains_key(message)
            || self
                .attempts
                .iter()
                .any(|attempt| attempt.message == message)
    }

    fn has_room(&self) -> bool {
        let room = if self.failures >= DOUBTED_AFTER {
            1
        } else {
            UNDER_WAY_MAX
        };
        self.disabled.is_none() && self.under_way < room
    }

    fn wait(&mut self, message: &str, due_ms: u64) {
        if self
            .pending
            .get(message)
            .is_some_and(|pending| pending.under_way)
        {
            return;
        }
        if let Some(before) = self.pending.get(message) {
            self.schedule.remove(&(before.due_ms, message.to_owned()));
        }
        let pending = Pending {
            attempts: 0,
            due_ms,
            under_way: false,
        };
        self.pending.insert(message.to_owned(), pending);
        self.schedule.insert((due_ms, message.to_owned()));
    }

    fn start(&mut self, now_ms: u64) -> Option<String> {
        if !self.has_room() || self.schedule.first()?.0 > now_ms {
            return None;
        }
        let (_, message) = self.schedule.pop_first()?;
        if let Some(pending) = self.pending.get_mut(&message) {
            pending.under_way = true;
            self.under_way += 1;
        }
        Some(message)
    }

    fn give_up(&mut self, message: &str) {
        if let Some(pending) = self.pending.remove(message) {
            self.schedule.remove(&(pending.due_ms, message.to_owned()));
            if pending.under_way {
                self.under_way = self.under_way.saturating_sub(1);
            }
        }
    }

    /// Gives the message of an attempt that is remembered no longer.
    fn attempted(&mut self, attempt: &Attempt) -> Option<String> {
        self.give_up(&attempt.message);
        if attempt.succeeded() {
            let was_failing = self.failing_since_ms.take().is_some();
            self.failures = 0;
            if was_failing {
                // It answers again: what waited for it need not wait for its next turn.
                self.hurry(attempt.at_ms);
            }
        } else {
            self.failures = self.failures.saturating_add(1);
            self.failing_since_ms.get_or_insert(attempt.at_ms);
            if let Some(next_ms) = attempt.next_ms {
                self.wait(&attempt.message, next_ms);
                if let Some(pending) = self.pending.get_mut(&attempt.message) {
                    pending.attempts = attempt.number;
                }
            }
        }
        self.attempts.push_back(attempt.clone());
        let beyond = self.attempts.len() > ATTEMPTS_MAX;
        beyond
            .then(|| self.attempts.pop_front())
            .flatten()
            .map(|gone| gone.message)
    }

    fn hurry(&mut self, now_ms: u64) {
        for pending in self.pending.values_mut() {
            pending.due_ms = pending.due_ms.min(now_ms);
        }
        self.reschedule();
    }

    fn reschedule(&mut self) {
        let waiting = self
            .pending
            .iter()
            .filter(|(_, pending)| !pending.under_way);
        self.schedule = waiting
            .map(|(id, pending)| (pending.due_ms, id.clone()))
            .collect();
    }
}

/// When the attempt after this one is made: by the list of waits, a fifth sooner or later so that
/// not all receivers' waits end together, and not before the receiver wants it.
pub(crate) fn next_ms(
    waits_ms: &[u64],
    number: u32,
    now_ms: u64,
    draw: u8,
    retry_after_ms: Option<u64>,
) -> Option<u64> {
    /// A receiver that wants to be left alone for longer is asked all the same.
    const PATIENCE_MS: u64 = 24 * 60 * 60 * 1_000;
    let wait_ms = *waits_ms.get(number.checked_sub(1)? as usize)?;
    let jittered_ms = wait_ms * 4 / 5 + wait_ms * 2 / 5 * u64::from(draw) / 255;
    let wanted_ms = retry_after_ms.unwrap_or(0).min(PATIENCE_MS);
    Some(now_ms + jittered_ms.max(wanted_ms).max(1))
}

#[cfg(test)]
mod tests;
