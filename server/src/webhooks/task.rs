//! The owner of the queue: hears news, starts attempts, has facts kept.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use aws_lc_rs::rand;
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
    time::Instant,
};
use unisson_session::Record;
use unisson_storage::{Journal, StoreError, utc};

use super::{
    Command, Standing,
    book::Book,
    keeper::{self, Keeper, Left, Write},
    queue::{self, Attempt, Fact, Message, Queue, next_ms},
    sender::{Outcome, Sender},
};
use crate::{
    events::{DocumentChange, Event, Events, News, TestEvent},
    settings::WebhookSettings,
    versions::unix_now_ms,
};

/// Facts gather for so long before they are kept.
const FLUSH: Duration = Duration::from_millis(200);
/// After a failure of the store.
const FLUSH_AGAIN: Duration = Duration::from_secs(2);
/// How often what other servers left is looked for.
const LOOK: Duration = Duration::from_secs(5 * 60);
/// Why a webhook gets nothing that somebody has paused.
const PAUSED: &str = "paused";

/// The owner of the queue.
pub(super) struct Task {
    /// Those of the settings, which come first.
    fixed: Vec<Arc<WebhookSettings>>,
    book: Arc<Book>,
    settings: BTreeMap<String, Arc<WebhookSettings>>,
    senders: BTreeMap<String, Sender>,
    events: Arc<Events>,
    queue: Queue,
    keeper: Keeper,
    attempts: JoinSet<(String, Message, Outcome)>,
    /// At most one at a time.
    writing: JoinSet<Result<(), (Write, StoreError)>>,
    /// What the store did not take.
    unwritten: Option<Write>,
    flush_at: Instant,
    looking: JoinSet<Result<Vec<Left>, StoreError>>,
    look_at: Instant,
    /// Whoever waits until what they told is kept.
    waiting: Vec<oneshot::Sender<()>>,
}

/// What the task sees to next.
enum Turn {
    News(Option<News>),
    Command(Option<Command>),
    Attempted((String, Message, Outcome)),
    Written(Result<(), (Write, StoreError)>),
    Looked(Result<Vec<Left>, StoreError>),
    Reshaped,
    Timer,
}

impl Task {
    pub(super) fn new(
        fixed: Vec<Arc<WebhookSettings>>,
        book: Arc<Book>,
        journal: Journal,
        events: Arc<Events>,
    ) -> Self {
        let mut task = Self {
            fixed,
            book,
            settings: BTreeMap::new(),
            senders: BTreeMap::new(),
            events,
            queue: Queue::default(),
            keeper: Keeper::new(journal),
            attempts: JoinSet::new(),
            writing: JoinSet::new(),
            unwritten: None,
            flush_at: Instant::now(),
            looking: JoinSet::new(),
            look_at: Instant::now() + LOOK,
            waiting: Vec::new(),
        };
        task.reshape();
        task
    }

    /// Takes the webhooks as they are now: those of the settings, and those of the book.
    fn reshape(&mut self) {
        let made = self.book.settings();
        let all = made.into_iter().chain(self.fixed.iter().cloned());
        let all: BTreeMap<_, _> = all
            .map(|settings| (settings.id.clone(), settings))
            .collect();
        self.senders = all
            .iter()
            .filter_map(|(id, settings)| match Sender::new(settings.clone()) {
                Ok(sender) => Some((id.clone(), sender)),
                Err(error) => {
                    tracing::error!(webhook = id, error, "nothing can be sent there");
                    None
                }
            })
            .collect();
        self.settings = all;
        let targets: Vec<_> = self
            .settings
            .values()
            .map(|settings| target(settings))
            .collect();
        self.queue = std::mem::take(&mut self.queue).with_targets(&targets);
        self.keeper.reshaped();
        self.events.want(!self.settings.is_empty());
        self.follow_pauses();
    }

    /// Switches off what somebody has paused, and on what was paused before.
    fn follow_pauses(&mut self) {
        let now_ms = unix_now_ms();
        let settings: Vec<_> = self.settings.values().cloned().collect();
        for settings in settings {
            let Some(endpoint) = self.queue.endpoint(&settings.id) else {
                continue;
            };
            let to = settings.id.clone();
            match (settings.is_paused, endpoint.disabled()) {
                (true, None) => self.note(&Fact::Disabled {
                    to,
                    disabled: queue::Disabled {
                        at_ms: now_ms,
                        reason: PAUSED.into(),
                    },
                }),
                (false, Some(disabled)) if disabled.reason == PAUSED => {
                    self.note(&Fact::Enabled { to, at_ms: now_ms });
                }
                _ => {}
            }
        }
    }

    /// Takes over what dead processes left.
    pub(super) async fn look(&mut self) -> Result<(), StoreError> {
        let targets = self.queue.targets();
        let left = keeper::left(self.keeper.journal(), &targets, unix_now_ms()).await?;
        self.take_over(left);
        Ok(())
    }

    fn take_over(&mut self, left: Vec<Left>) {
        let own: std::collections::BTreeSet<_> = self.queue.marked().map(str::to_owned).collect();
        for left in left {
            self.keeper.took_over(&left);
            let targets = self.queue.targets();
            self.queue.adopt(left.queue.with_targets(&targets));
        }
        self.follow_pauses();
        // Whoever marked these was killed before it could tell.
        let marked: Vec<_> = self.queue.marked().map(str::to_owned).collect();
        let now_ms = unix_now_ms();
        for document in marked
            .into_iter()
            .filter(|document| !own.contains(document))
        {
            let change = DocumentChange {
                document,
                authors: Vec::new(),
                others: true,
                first_edit_ms: now_ms,
                last_edit_ms: now_ms,
                recovered: true,
            };
            self.happened(now_ms, &Event::DocumentChanged(change));
        }
    }

    pub(super) async fn run(
        mut self,
        mut news: mpsc::Receiver<News>,
        mut asked: mpsc::Receiver<Command>,
        mut changes: watch::Receiver<Arc<Record>>,
    ) {
        let events = self.events.clone();
        let mut telling = std::pin::pin!(events.run());
        loop {
            let timer = tokio::time::sleep_until(self.next_timer());
            let turn = tokio::select! {
                // Whoever asks whether something is kept has told it before.
                biased;
                told = news.recv() => Turn::News(told),
                command = asked.recv() => Turn::Command(command),
                Some(Ok(attempted)) = self.attempts.join_next() => Turn::Attempted(attempted),
                Some(Ok(written)) = self.writing.join_next() => Turn::Written(written),
                Some(Ok(looked)) = self.looking.join_next() => Turn::Looked(looked),
                Ok(()) = changes.changed() => Turn::Reshaped,
                () = timer => Turn::Timer,
                () = &mut telling, if !self.settings.is_empty() => Turn::Timer,
            };
            match turn {
                Turn::News(Some(told)) => self.heard(told),
                Turn::News(None) | Turn::Command(None | Some(Command::Stop)) => break,
                Turn::Command(Some(command)) => self.answer(command),
                Turn::Attempted((to, message, outcome)) => self.attempted(&to, &message, &outcome),
                Turn::Written(Err((write, error))) => self.not_written(write, &error),
                Turn::Looked(Ok(left)) => self.take_over(left),
                Turn::Looked(Err(error)) => {
                    tracing::warn!(%error, "cannot look what other servers left of webhooks");
                }
                Turn::Reshaped => self.reshape(),
                Turn::Written(Ok(())) | Turn::Timer => {}
            }
            self.proceed();
        }
        self.end(news).await;
    }

    fn next_timer(&self) -> Instant {
        let due = self.queue.next_due_ms().map(|due_ms| {
            Instant::now() + Duration::from_millis(due_ms.saturating_sub(unix_now_ms()))
        });
        let keeps = !(self.settings.is_empty() && self.keeper.has_nothing());
        let flush = (keeps && self.writing.is_empty()).then_some(self.flush_at);
        // A timer that is always in the past would take a processor; a tick this late hurts nobody.
        let soonest = Instant::now() + Duration::from_millis(20);
        let next = [due, flush, Some(self.look_at)].into_iter().flatten().min();
        next.unwrap_or(self.look_at).max(soonest)
    }

    /// Starts what is due.
    fn proceed(&mut self) {
        let now_ms = unix_now_ms();
        for (to, message) in self.queue.due(now_ms) {
            let Some(sender) = self.senders.get(&to).cloned() else {
                continue;
            };
            self.attempts.spawn(async move {
                let outcome = sender.attempt(&message.id, &message.body).await;
                (to, message, outcome)
            });
        }
        let now = Instant::now();
        if self.writing.is_empty() && self.flush_at <= now {
            self.flush_at = now + FLUSH;
            self.write(now_ms);
        }
        let is_kept =
            self.writing.is_empty() && self.unwritten.is_none() && self.keeper.has_no_facts();
        if is_kept || self.settings.is_empty() {
            for waiting in self.waiting.drain(..) {
                // Whoever asked may have gone.
                let _ = waiting.send(());
            }
        }
        if self.look_at <= now && self.looking.is_empty() {
            self.look_at = now + LOOK;
            let journal = self.keeper.journal().clone();
            if !journal.is_alone() {
                let targets = self.queue.targets();
                let looking = async move { keeper::left(&journal, &targets, now_ms).await };
                self.looking.spawn(looking);
            }
        }
    }

    fn write(&mut self, now_ms: u64) {
        let write = self.unwritten.take();
        let write = write.or_else(|| self.keeper.next(&self.queue, now_ms));
        let Some(write) = write else { return };
        let journal = self.keeper.journal().clone();
        self.writing.spawn(async move {
            let written = keeper::write(&journal, &write).await;
            written.map_err(|error| (write, error))
        });
    }

    fn not_written(&mut self, write: Write, error: &StoreError) {
        tracing::warn!(%error, "the queue of webhooks is not kept; trying again");
        self.unwritten = Some(write);
        self.flush_at = Instant::now() + FLUSH_AGAIN;
    }

    fn note(&mut self, fact: &Fact) {
        self.queue.apply(fact);
        self.keeper.note(fact);
    }

    fn heard(&mut self, news: News) {
        match news {
            News::Pending { document } => self.note(&Fact::Marked { document }),
            News::Happened { at_ms, event } => self.happened(at_ms, &event),
        }
    }

    fn happened(&mut self, at_ms: u64, event: &Event) {
        let (kind, place) = (event.kind(), event.place());
        let wanted = |settings: &WebhookSettings| {
            settings.wants(kind) && crate::auth::claims::prefix_covers(&settings.prefix, place)
        };
        let to: Vec<String> = self
            .settings
            .values()
            .filter(|settings| wanted(settings))
            .map(|settings| settings.id.clone())
            .filter(|id| {
                self.queue
                    .endpoint(id)
                    .is_some_and(|e| e.disabled().is_none())
            })
            .collect();
        if let Some(message) = (!to.is_empty()).then(|| message(at_ms, event)).flatten() {
            self.note(&Fact::Queued { message, to });
        }
        if let Event::DocumentChanged(change) = event {
            let document = change.document.clone();
            self.note(&Fact::Unmarked { document });
        }
    }

    fn attempted(&mut self, to: &str, message: &Message, outcome: &Outcome) {
        let Some(settings) = self.settings.get(to).cloned() else {
            return;
        };
        let now_ms = unix_now_ms();
        let number = self.queue.attempts_of(to, &message.id) + 1;
        let retry_after_ms = outcome.retry_after.map(|wait| wait.as_millis() as u64);
        let failed = outcome.problem.is_some();
        let attempt = Attempt {
            message: message.id.clone(),
            kind: message.kind.clone(),
            number,
            at_ms: now_ms.saturating_sub(outcome.took.as_millis() as u64),
            took_ms: outcome.took.as_millis() as u64,
            status: outcome.status,
            problem: outcome.problem.clone(),
            next_ms: failed
                .then(|| next_ms(&settings.retries_ms, number, now_ms, draw(), retry_after_ms))
                .flatten(),
        };
        if failed {
            let problem = outcome.problem.as_deref().unwrap_or_default();
            tracing::debug!(
                webhook = to,
                message = message.id,
                number,
                problem,
                "not delivered"
            );
            if attempt.next_ms.is_none() {
                tracing::warn!(webhook = to, message = message.id, problem, "given up");
            }
        }
        self.note(&Fact::Attempted {
            to: to.to_owned(),
            attempt,
        });
        if let Some(reason) = self.why_to_disable(to, outcome, settings.disable_after_ms, now_ms) {
            tracing::error!(webhook = to, reason, "switched off");
            self.note(&Fact::Disabled {
                to: to.to_owned(),
                disabled: queue::Disabled {
                    at_ms: now_ms,
                    reason,
                },
            });
        }
    }

    fn why_to_disable(
        &self,
        to: &str,
        outcome: &Outcome,
        after_ms: u64,
        now_ms: u64,
    ) -> Option<String> {
        let endpoint = self.queue.endpoint(to)?;
        if endpoint.disabled().is_some() {
            return None;
        }
        if outcome.status == Some(410) {
            return Some("it answers 410 Gone: it wants no more".into());
        }
        let since_ms = endpoint.failing_since_ms()?;
        let is_long = now_ms.saturating_sub(since_ms) >= after_ms;
        is_long.then(|| format!("it has failed since {}", utc(since_ms)))
    }

    fn answer(&mut self, command: Command) {
        let now_ms = unix_now_ms();
        // Whoever asked may have gone.
        match command {
            Command::Standings(answer) => drop(answer.send(self.standings())),
            Command::Attempts(id, answer) => {
                let endpoint = self.queue.endpoint(&id);
                let attempts = endpoint.map(|endpoint| endpoint.attempts().cloned().collect());
                drop(answer.send(attempts.unwrap_or_default()));
            }
            Command::Message(id, answer) => drop(answer.send(self.queue.message(&id).cloned())),
            Command::Again(to, message, answer) => {
                let is_known = self.queue.message(&message).is_some();
                if is_known {
                    let at_ms = now_ms;
                    self.note(&Fact::Again { to, message, at_ms });
                }
                let _ = answer.send(is_known);
            }
            Command::Enable(to, answer) => {
                let is_known = self.queue.endpoint(&to).is_some();
                self.note(&Fact::Enabled { to, at_ms: now_ms });
                let _ = answer.send(is_known);
            }
            Command::Test(to, answer) => {
                let event = Event::WebhookTest(TestEvent {
                    webhook: to.clone(),
                });
                let message = message(now_ms, &event);
                let id = message.as_ref().map(|message| message.id.clone());
                if let Some(message) = message {
                    let to = vec![to];
                    self.note(&Fact::Queued { message, to });
                }
                drop(answer.send(id));
            }
            Command::Kept(answer) => self.waiting.push(answer),
            Command::Stop => {}
        }
    }

    fn standings(&self) -> Vec<Standing> {
        let standing = |(id, endpoint): (&str, &queue::Endpoint)| Standing {
            id: id.to_owned(),
            waiting: endpoint.waiting(),
            dropped: endpoint.dropped(),
            failing_since_ms: endpoint.failing_since_ms(),
            disabled: endpoint.disabled().map(|d| (d.at_ms, d.reason.clone())),
            last: endpoint.attempts().next().cloned(),
        };
        self.queue.endpoints().map(standing).collect()
    }

    /// What is under way counts as not made.
    async fn end(mut self, mut news: mpsc::Receiver<News>) {
        self.events.flush();
        while let Ok(told) = news.try_recv() {
            self.heard(told);
        }
        self.attempts.abort_all();
        while let Some(written) = self.writing.join_next().await {
            if let Ok(Err((write, _))) = written {
                self.unwritten = Some(write);
            }
        }
        for write in [
            self.unwritten.take(),
            self.keeper.next(&self.queue, unix_now_ms()),
        ] {
            let Some(write) = write else { continue };
            if let Err(error) = keeper::write(self.keeper.journal(), &write).await {
                tracing::error!(%error, "the queue of webhooks is not kept");
            }
        }
    }
}

/// A webhook's id, and what its address is: another one begins anew.
fn target(settings: &WebhookSettings) -> (String, String) {
    let hash = blake3::hash(settings.url.to_string().as_bytes()).to_hex();
    (settings.id.clone(), hash.as_str()[..16].to_owned())
}

/// An event as it is sent.
fn message(at_ms: u64, event: &Event) -> Option<Message> {
    let mut body = serde_json::to_value(event).ok()?;
    let fields = body.as_object_mut()?;
    fields.insert("timestamp".into(), utc(at_ms).into());
    Some(Message {
        id: match event.key() {
            Some(key) => message_id(event.kind(), key),
            None => drawn_message_id(at_ms)?,
        },
        kind: event.kind().to_owned(),
        at_ms,
        body: body.to_string(),
    })
}

/// The id of what several may tell: receivers know by it that they have had it.
fn message_id(kind: &str, key: &str) -> String {
    let hash = blake3::hash(format!("{kind} {key}").as_bytes()).to_hex();
    format!("msg_{}", hash.get(..31).unwrap_or_default())
}

fn drawn_message_id(at_ms: u64) -> Option<String> {
    let mut random = [0; 10];
    rand::fill(&mut random).ok()?;
    let random: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(format!("msg_{at_ms:011x}{random}"))
}

/// For jitter: without it nothing is worse than a crowd at one moment.
fn draw() -> u8 {
    let mut random = [128];
    let _ = rand::fill(&mut random);
    random[0]
}
