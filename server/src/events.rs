//! What happened, for whoever wants to hear of it: webhooks today.
//!
//! Emitting never waits and never fails for the emitter: what finds no room is counted and said in
//! the log. Changes of documents are gathered, see [`changes`]; all else goes on at once.
//!
//! Deliberately missing: who may see what. Listeners are configured by the operator.

mod bodies;
mod changes;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use unisson_history::Author;
use unisson_protocol::DocName;

pub(crate) use self::bodies::{
    CommentEvent, DigestComments, DigestEvent, DigestPage, DigestTask, DocumentChange,
    DocumentEvent, DocumentMove, MemberEvent, MentionEvent, TaskBefore, TaskEvent, TestEvent,
};
use self::changes::{Changes, Heard};
use crate::{digests, settings::EventSettings, versions::unix_now_ms};

/// How many events may wait for the listener: it takes them within milliseconds.
const WAITING_MAX: usize = 4_096;
/// How often gathered changes are looked at. Pauses are counted in seconds.
const TICK: Duration = Duration::from_millis(250);

/// Somebody, as far as the server knows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Actor {
    /// The portal's or the sign-in's own id of the person.
    pub(crate) id: String,
    /// The name that others see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
}

impl Actor {
    /// An author, where anybody knows who it is.
    pub(crate) fn of(author: &Author) -> Option<Self> {
        Some(Self {
            id: author.user.as_deref()?.to_owned(),
            name: author.name.as_deref().map(str::to_owned),
        })
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
pub(crate) enum Event {
    /// A document has its first content.
    #[serde(rename = "document.created")]
    DocumentCreated(DocumentEvent),
    /// A document was edited, and has been quiet since, or edits go on.
    #[serde(rename = "document.changed")]
    DocumentChanged(DocumentChange),
    /// A document is in the trash.
    #[serde(rename = "document.trashed")]
    DocumentTrashed(DocumentEvent),
    /// It is back from there.
    #[serde(rename = "document.restored")]
    DocumentRestored(DocumentEvent),
    /// It has another name.
    #[serde(rename = "document.moved")]
    DocumentMoved(DocumentMove),
    /// It is gone for good.
    #[serde(rename = "document.erased")]
    DocumentErased(DocumentEvent),
    /// Somebody is a member of a space.
    #[serde(rename = "member.added")]
    MemberAdded(MemberEvent),
    /// A member has another role.
    #[serde(rename = "member.changed")]
    MemberChanged(MemberEvent),
    /// Somebody is no member any more.
    #[serde(rename = "member.removed")]
    MemberRemoved(MemberEvent),
    /// Somebody commented.
    #[serde(rename = "comment.created")]
    CommentCreated(CommentEvent),
    /// A thread of comments is settled.
    #[serde(rename = "comment.resolved")]
    CommentResolved(CommentEvent),
    /// A task has another person or another day.
    #[serde(rename = "task.assigned")]
    TaskAssigned(TaskEvent),
    /// A task is done.
    #[serde(rename = "task.done")]
    TaskDone(TaskEvent),
    /// Somebody is newly named in a page.
    #[serde(rename = "page.mentioned")]
    PageMentioned(MentionEvent),
    /// What happened in a space within a day.
    #[serde(rename = "digest.daily")]
    DigestDaily(Box<DigestEvent>),
    /// The operator tries a webhook out.
    #[serde(rename = "webhook.test")]
    WebhookTest(TestEvent),
}

/// All kinds that a listener may ask for.
pub(crate) const KINDS: [&str; 15] = [
    "document.created",
    "document.changed",
    "document.trashed",
    "document.restored",
    "document.moved",
    "document.erased",
    "member.added",
    "member.changed",
    "member.removed",
    "comment.created",
    "comment.resolved",
    "task.assigned",
    "task.done",
    "page.mentioned",
    digests::KIND,
];

impl Event {
    /// Its kind, as it stands in `type`.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::DocumentCreated(_) => "document.created",
            Self::DocumentChanged(_) => "document.changed",
            Self::DocumentTrashed(_) => "document.trashed",
            Self::DocumentRestored(_) => "document.restored",
            Self::DocumentMoved(_) => "document.moved",
            Self::DocumentErased(_) => "document.erased",
            Self::MemberAdded(_) => "member.added",
            Self::MemberChanged(_) => "member.changed",
            Self::MemberRemoved(_) => "member.removed",
            Self::CommentCreated(_) => "comment.created",
            Self::CommentResolved(_) => "comment.resolved",
            Self::TaskAssigned(_) => "task.assigned",
            Self::TaskDone(_) => "task.done",
            Self::PageMentioned(_) => "page.mentioned",
            Self::DigestDaily(_) => digests::KIND,
            Self::WebhookTest(_) => "webhook.test",
        }
    }

    /// What the event is known by to all who may tell it; none: whoever tells it is the only one.
    pub(crate) fn key(&self) -> Option<&str> {
        match self {
            Self::TaskAssigned(about) | Self::TaskDone(about) => Some(&about.key),
            Self::PageMentioned(about) => Some(&about.key),
            Self::DigestDaily(about) => Some(&about.key),
            _ => None,
        }
    }

    /// The name, or the beginning of names, of the documents that it is about.
    pub(crate) fn place(&self) -> &str {
        match self {
            Self::DocumentCreated(about)
            | Self::DocumentTrashed(about)
            | Self::DocumentRestored(about)
            | Self::DocumentErased(about) => &about.document,
            Self::DocumentChanged(about) => &about.document,
            Self::DocumentMoved(about) => &about.document,
            Self::MemberAdded(about) | Self::MemberChanged(about) | Self::MemberRemoved(about) => {
                &about.prefix
            }
            Self::CommentCreated(about) | Self::CommentResolved(about) => &about.document,
            Self::TaskAssigned(about) | Self::TaskDone(about) => &about.document,
            Self::PageMentioned(about) => &about.document,
            Self::DigestDaily(about) => &about.prefix,
            Self::WebhookTest(_) => "",
        }
    }
}

/// What the listener gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum News {
    /// Something happened.
    Happened { at_ms: u64, event: Box<Event> },
    /// A document is being edited: a change is told later. If the server is killed before that, it
    /// is told without its authors.
    Pending { document: String },
}

/// Where events are emitted; cheap where nobody listens.
#[derive(Debug, Default)]
pub(crate) struct Events {
    listener: Option<mpsc::Sender<News>>,
    changes: Mutex<Changes>,
    lost: AtomicU64,
    /// There is a listener, and nothing for it to do.
    is_idle: AtomicBool,
}

impl Events {
    /// With a listener; all that it gets is in the second part.
    pub(crate) fn heard(pace: EventSettings) -> (Arc<Self>, mpsc::Receiver<News>) {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        let events = Self {
            listener: Some(sender),
            changes: Mutex::new(Changes::new(pace)),
            lost: AtomicU64::new(0),
            is_idle: AtomicBool::new(false),
        };
        (Arc::new(events), receiver)
    }

    pub(crate) fn are_heard(&self) -> bool {
        self.listener.is_some() && !self.is_idle.load(Ordering::Relaxed)
    }

    /// Whether the listener has any use for events now. Without, editing costs nothing here.
    pub(crate) fn want(&self, is_wanted: bool) {
        self.is_idle.store(!is_wanted, Ordering::Relaxed);
    }

    /// Something happened. What people do not see (`.unisson/…`) is no event.
    pub(crate) fn emit(&self, event: Event) {
        if self.are_heard() && !is_hidden(event.place()) {
            let at_ms = unix_now_ms();
            let event = Box::new(event);
            self.tell(News::Happened { at_ms, event });
        }
    }

    /// Somebody edits a document.
    pub(crate) fn edited(&self, document: &DocName, author: Option<&Author>) {
        if !self.are_heard() || is_hidden(document.as_str()) {
            return;
        }
        let author = author.and_then(Actor::of);
        let heard = self.lock().edited(unix_now_ms(), document.as_str(), author);
        match heard {
            Heard::Before => {}
            Heard::First => self.tell(News::Pending {
                document: document.as_str().to_owned(),
            }),
            // Told sooner than it would be, because there is no room to wait.
            Heard::NoRoom(change) => self.tell_change(change),
        }
    }

    /// Tells changes when they are due. Never ends.
    pub(crate) async fn run(&self) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let due = self.lock().due(unix_now_ms());
            due.into_iter().for_each(|change| self.tell_change(change));
        }
    }

    /// Tells all changes at once: the server stops.
    pub(crate) fn flush(&self) {
        let all = self.lock().take_all();
        all.into_iter().for_each(|change| self.tell_change(change));
    }

    /// How many events found no room.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    fn tell_change(&self, change: DocumentChange) {
        self.tell(News::Happened {
            at_ms: unix_now_ms(),
            event: Box::new(Event::DocumentChanged(change)),
        });
    }

    fn tell(&self, news: News) {
        let Some(listener) = &self.listener else {
            return;
        };
        if listener.try_send(news).is_err() && self.lost.fetch_add(1, Ordering::Relaxed) == 0 {
            tracing::error!("an event found no room and is lost; the metric counts further ones");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Documents that the server writes for itself.
fn is_hidden(place: &str) -> bool {
    place.starts_with(".unisson/")
}
