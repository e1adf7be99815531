//! Webhooks: events, signed as [Standard Webhooks](https://www.standardwebhooks.com) has it, to
//! whom the operator names, or who was named by a call ([`book`]).
//!
//! Promises: at least once, however often the process is killed; with retries over days; nobody
//! waits for a receiver. No promise about the order: receivers look at `timestamp`.
//!
//! One [`task`] owns the [`queue`]; attempts and writes to the journal run beside it.

pub(crate) mod book;
mod keeper;
mod queue;
pub(crate) mod secrets;
mod sender;
mod signature;
mod target;
mod task;

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use unisson_storage::Journal;

use self::{book::Book, sender::Sender, task::Task};
use crate::{
    events::{Events, News},
    settings::WebhookSettings,
};

pub(crate) use queue::{Attempt, Message};

/// How many calls may wait for the task.
const COMMANDS_MAX: usize = 64;
/// How long a stop may take.
const GOODBYE: Duration = Duration::from_secs(3);

/// How a webhook is doing.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub(crate) id: String,
    pub(crate) waiting: usize,
    pub(crate) dropped: u64,
    pub(crate) failing_since_ms: Option<u64>,
    pub(crate) disabled: Option<(u64, String)>,
    pub(crate) last: Option<Attempt>,
}

/// What calls ask of the task.
enum Command {
    Standings(oneshot::Sender<Vec<Standing>>),
    Attempts(String, oneshot::Sender<Vec<Attempt>>),
    Message(String, oneshot::Sender<Option<Message>>),
    Again(String, String, oneshot::Sender<bool>),
    Enable(String, oneshot::Sender<bool>),
    Test(String, oneshot::Sender<Option<String>>),
    Kept(oneshot::Sender<()>),
    Stop,
}

/// The way to the task.
#[derive(Debug)]
pub(crate) struct Webhooks {
    commands: mpsc::Sender<Command>,
    settings: Vec<Arc<WebhookSettings>>,
    pub(crate) book: Arc<Book>,
    task: std::sync::Mutex<Option<JoinHandle<()>>>,
}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Command")
    }
}

impl Webhooks {
    /// Takes over what was left, and begins.
    pub(crate) async fn start(
        settings: &[WebhookSettings],
        book: Book,
        journal: Journal,
        events: Arc<Events>,
        news: mpsc::Receiver<News>,
    ) -> Result<Self, String> {
        let settings: Vec<_> = settings.iter().cloned().map(Arc::new).collect();
        for settings in &settings {
            let sender = Sender::new(settings.clone());
            sender.map_err(|error| format!("webhooks: {}: {error}", settings.id))?;
        }
        let book = Arc::new(book);
        let (commands, asked) = mpsc::channel(COMMANDS_MAX);
        let changes = book.subscribe();
        let mut task = Task::new(settings.clone(), book.clone(), journal, events);
        let left = task.look().await;
        left.map_err(|error| format!("the queue of webhooks cannot be read: {error}"))?;
        let task = tokio::spawn(task.run(news, asked, changes));
        Ok(Self {
            commands,
            settings,
            book,
            task: std::sync::Mutex::new(Some(task)),
        })
    }

    pub(crate) fn settings(&self, id: &str) -> Option<Arc<WebhookSettings>> {
        let fixed = self.settings.iter().find(|settings| settings.id == id);
        fixed.cloned().or_else(|| self.book.settings_one(id))
    }

    /// Whether anybody wants to hear of a kind at a place, or (where it is empty) at any.
    pub(crate) fn want(&self, kind: &str, place: &str) -> bool {
        let covers = |settings: &WebhookSettings| {
            place.is_empty() || crate::auth::claims::prefix_covers(&settings.prefix, place)
        };
        let wants = |settings: &WebhookSettings| {
            !settings.is_paused && settings.wants(kind) && covers(settings)
        };
        let made = self.book.settings();
        self.settings
            .iter()
            .chain(&made)
            .any(|settings| wants(settings))
    }

    pub(crate) async fn standings(&self) -> Option<Vec<Standing>> {
        self.ask(Command::Standings).await
    }

    /// Newest first.
    pub(crate) async fn attempts(&self, id: &str) -> Option<Vec<Attempt>> {
        self.ask(|answer| Command::Attempts(id.into(), answer))
            .await
    }

    pub(crate) async fn message(&self, id: &str) -> Option<Option<Message>> {
        self.ask(|answer| Command::Message(id.into(), answer)).await
    }

    /// Sends a message again; false where it is not known any more.
    pub(crate) async fn again(&self, id: &str, message: &str) -> Option<bool> {
        self.ask(|answer| Command::Again(id.into(), message.into(), answer))
            .await
    }

    pub(crate) async fn enable(&self, id: &str) -> Option<bool> {
        self.ask(|answer| Command::Enable(id.into(), answer)).await
    }

    /// Sends an event about nothing; its id.
    pub(crate) async fn test(&self, id: &str) -> Option<Option<String>> {
        self.ask(|answer| Command::Test(id.into(), answer)).await
    }

    /// Returns once everything is kept that was told before.
    pub(crate) async fn kept(&self) {
        // A task that ends keeps everything on its way out.
        let _ = self.ask(Command::Kept).await;
    }

    async fn ask<A>(&self, command: impl FnOnce(oneshot::Sender<A>) -> Command) -> Option<A> {
        let (answer, answered) = oneshot::channel();
        self.commands.send(command(answer)).await.ok()?;
        answered.await.ok()
    }

    /// Keeps everything and ends. Attempts that are under way are made again after the next start.
    pub(crate) async fn stop(&self) {
        let task = self.task.lock().ok().and_then(|mut task| task.take());
        // A task that has ended needs no telling.
        let _ = self.commands.send(Command::Stop).await;
        if let Some(task) = task
            && tokio::time::timeout(GOODBYE, task).await.is_err()
        {
            tracing::error!("the queue of webhooks was not kept in time");
        }
    }
}
