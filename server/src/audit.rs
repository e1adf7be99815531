//! The audit log: who did what, when, from where, on which document.
//!
//! Promises: lines are only ever appended, each carries the hash of the one before ([`line`]), and
//! they are durable within a second in the store that has the documents, as immutable objects below
//! the node and the start that wrote them ([`archive`]). Recording never waits for the store and
//! never fails for whoever does something; what finds no room is counted, and the count is a line.
//!
//! Deliberately missing: content. The log says that somebody restored a version, not what it says.

pub(crate) mod archive;
pub(crate) mod check;
pub(crate) mod forgetting;
mod gather;
pub(crate) mod line;
pub(crate) mod query;
mod retention;
mod writer;

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use aws_lc_rs::rand;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use unisson_protocol::CloseReason;
use unisson_storage::Journal;

use self::{
    gather::{Gather, Seen},
    line::{Content, Head, Personal, Verdict},
    writer::Writer,
};
use crate::{auth::Grant, events::Actor, settings::AuditSettings, versions::unix_now_ms};

/// How many lines may wait for the store: about 2 MB.
const WAITING_MAX: usize = 8_192;
/// How long a stop may take.
const GOODBYE: Duration = Duration::from_secs(5);
/// The longest text in a line: names of documents are the longest things in it.
const TEXT_BYTES_MAX: usize = 4_096;

/// What is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Somebody opened a document, or was not let in. Once for each person, document and hour.
    Access,
    /// So many refusals were only counted.
    AccessUncounted,
    SignIn,
    SignOut,
    TokenMinted,
    DocumentExported,
    VersionRestored,
    ChangesReverted,
    DocumentTrashed,
    DocumentUntrashed,
    DocumentMoved,
    DocumentErased,
    AttachmentAdded,
    AttachmentDeleted,
    AttachmentRestored,
    GrantChanged,
    LinkChanged,
    WebhookChanged,
    /// Somebody is kept out for a while, or let in again.
    PersonKeptOut,
    SocketClosed,
    BannerChanged,
    /// So many lines found no room.
    LinesLost,
    /// Somebody was taken out of the log.
    PersonForgotten,
}

impl Action {
    fn text(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::AccessUncounted => "access.uncounted",
            Self::SignIn => "sign-in",
            Self::SignOut => "sign-out",
            Self::TokenMinted => "token.minted",
            Self::DocumentExported => "document.exported",
            Self::VersionRestored => "version.restored",
            Self::ChangesReverted => "changes.reverted",
            Self::DocumentTrashed => "document.trashed",
            Self::DocumentUntrashed => "document.untrashed",
            Self::DocumentMoved => "document.moved",
            Self::DocumentErased => "document.erased",
            Self::AttachmentAdded => "attachment.added",
            Self::AttachmentDeleted => "attachment.deleted",
            Self::AttachmentRestored => "attachment.restored",
            Self::GrantChanged => "grant.changed",
            Self::LinkChanged => "link.changed",
            Self::WebhookChanged => "webhook.changed",
            Self::PersonKeptOut => "person.kept-out",
            Self::SocketClosed => "socket.closed",
            Self::BannerChanged => "banner.changed",
            Self::LinesLost => "log.lost",
            Self::PersonForgotten => "person.forgotten",
        }
    }
}

/// Something that somebody did, or was not let do.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    action: Action,
    verdict: Verdict,
    who: Option<Actor>,
    address: Option<IpAddr>,
    about: Option<Actor>,
    document: Option<String>,
    space: Option<String>,
    detail: BTreeMap<String, String>,
}

impl Entry {
    /// Done, by nobody in particular, from nowhere.
    pub(crate) fn new(action: Action) -> Self {
        Self {
            action,
            verdict: Verdict::Done,
            who: None,
            address: None,
            about: None,
            document: None,
            space: None,
            detail: BTreeMap::new(),
        }
    }

    pub(crate) fn refused(self, because: &str) -> Self {
        let refused = Self {
            verdict: Verdict::Refused,
            ..self
        };
        refused.detail("because", because)
    }

    pub(crate) fn by(self, who: Option<Actor>) -> Self {
        Self { who, ..self }
    }

    pub(crate) fn from(self, address: Option<IpAddr>) -> Self {
        Self { address, ..self }
    }

    /// Whom it was done to.
    pub(crate) fn about(self, about: Actor) -> Self {
        Self {
            about: Some(about),
            ..self
        }
    }

    pub(crate) fn document(self, document: &str) -> Self {
        Self {
            document: Some(short(document)),
            ..self
        }
    }

    pub(crate) fn space(self, space: &str) -> Self {
        Self {
            space: Some(short(space)),
            ..self
        }
    }

    /// Nothing that names a person: it cannot be taken out again.
    pub(crate) fn detail(mut self, key: &str, value: impl Into<String>) -> Self {
        self.detail.insert(key.to_owned(), short(&value.into()));
        self
    }

    fn content(self, at_ms: u64) -> Content {
        let address = self
            .address
            .map(|address| address.to_canonical().to_string());
        Content {
            at_ms,
            action: self.action.text(),
            verdict: self.verdict,
            document: self.document,
            space: self.space,
            detail: self.detail,
            who: personal(self.who, address),
            about: personal(self.about, None),
        }
    }
}

fn personal(who: Option<Actor>, address: Option<String>) -> Option<Personal> {
    if who.is_none() && address.is_none() {
        return None;
    }
    // Without a salt the hash of a short id could be guessed: then nobody is named at all.
    let salt = random_hex()?;
    let (id, name) = who.map_or((None, None), |who| (Some(short(&who.id)), who.name));
    Some(Personal {
        salt,
        id,
        name: name.map(|name| short(&name)),
        address,
    })
}

fn random_hex() -> Option<String> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).ok()?;
    Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn short(text: &str) -> String {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

/// What is published of the log, so that an end that is cut off can be found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Published {
    pub(crate) chain: String,
    pub(crate) head: Head,
}

/// What the recorder shares with its writer.
#[derive(Debug, Default)]
struct Board {
    lost: AtomicU64,
    published: Mutex<Published>,
}

enum Order {
    Write(Box<(u64, Entry)>),
    /// Everything before this is durable when it is answered.
    Flush(oneshot::Sender<()>),
    /// The same, and what comes after it begins an object.
    Settle(oneshot::Sender<()>),
    Stop,
}

/// Where things are written down; says nothing where the log is switched off.
#[derive(Debug, Default)]
pub(crate) struct Audit {
    orders: Option<mpsc::Sender<Order>>,
    accesses: Option<Mutex<Gather>>,
    board: Arc<Board>,
    journal: Option<Journal>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl std::fmt::Debug for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Order")
    }
}

impl Audit {
    /// Begins a chain that continues this node's last one.
    pub(crate) async fn start(settings: &AuditSettings, journal: Journal) -> Result<Self, String> {
        if !settings.enabled {
            return Ok(Self::default());
        }
        let (orders, ordered) = mpsc::channel(WAITING_MAX);
        let board = Arc::<Board>::default();
        let writer = Writer::open(journal.clone(), board.clone(), settings.retention_days).await;
        let writer = writer.map_err(|error| format!("the audit log cannot be read: {error}"))?;
        Ok(Self {
            orders: Some(orders),
            accesses: settings.access.then(Mutex::default),
            board,
            journal: Some(journal),
            task: Mutex::new(Some(tokio::spawn(writer.run(ordered)))),
        })
    }

    /// The journal, where there is a log.
    pub(crate) fn journal(&self) -> Option<&Journal> {
        self.journal.as_ref()
    }

    /// Writes something down.
    pub(crate) fn record(&self, entry: Entry) {
        let Some(orders) = &self.orders else { return };
        let order = Order::Write(Box::new((unix_now_ms(), entry)));
        if orders.try_send(order).is_err() && self.board.lost.fetch_add(1, Ordering::Relaxed) == 0 {
            tracing::error!("the audit log takes no more lines: its store does not answer");
        }
    }

    /// Writes down that somebody was let in to a document, or was not.
    pub(crate) fn access(
        &self,
        address: Option<IpAddr>,
        document: &str,
        outcome: &Result<Grant, CloseReason>,
    ) {
        let Some(accesses) = &self.accesses else {
            return;
        };
        // Nobody knows: that is neither.
        if matches!(outcome, Err(CloseReason::Undecided)) {
            return;
        }
        let who = outcome.as_ref().ok().and_then(actor_of);
        let from = address.map(network).unwrap_or_default();
        let what = match outcome {
            Ok(grant) => format!("{:?}", grant.access),
            Err(reason) => reason.text().to_owned(),
        };
        let refused = outcome.is_err();
        let person = who.as_ref().map_or(from.as_str(), |who| who.id.as_str());
        // Who is refused may try any number of names.
        let place = if refused { "" } else { document };
        let seen = accesses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .access(unix_now_ms(), &[person, place, &what], refused);
        let Seen::New { uncounted } = seen else {
            return;
        };
        if uncounted > 0 {
            let entry = Entry::new(Action::AccessUncounted);
            self.record(entry.detail("count", uncounted.to_string()));
        }
        let entry = Entry::new(Action::Access)
            .by(who)
            .from(address)
            .document(document);
        self.record(match refused {
            true => entry.refused(&what),
            false => entry.detail("may", if what == "ReadWrite" { "write" } else { "read" }),
        });
    }

    /// Makes everything durable that is written down so far.
    pub(crate) async fn flush(&self) {
        self.order(Order::Flush).await;
    }

    /// The same, and no line so far is written again: objects of the past are nobody's any more.
    pub(crate) async fn settle(&self) {
        self.order(Order::Settle).await;
    }

    async fn order(&self, order: impl FnOnce(oneshot::Sender<()>) -> Order) {
        let Some(orders) = &self.orders else { return };
        let (done, carried_out) = oneshot::channel();
        if orders.send(order(done)).await.is_ok() {
            let _ = carried_out.await;
        }
    }

    /// How far the log goes, where there is one.
    pub(crate) fn published(&self) -> Option<Published> {
        self.orders.as_ref()?;
        let published = self.board.published.lock();
        Some(published.unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// How many lines found no room.
    pub(crate) fn lost(&self) -> u64 {
        self.board.lost.load(Ordering::Relaxed)
    }

    /// Makes everything durable, and ends.
    pub(crate) async fn stop(&self) {
        let task = self.task.lock().ok().and_then(|mut task| task.take());
        let (Some(orders), Some(task)) = (&self.orders, task) else {
            return;
        };
        let stopping = async {
            // A task that has ended needs no telling.
            let _ = orders.send(Order::Stop).await;
            let _ = task.await;
        };
        if tokio::time::timeout(GOODBYE, stopping).await.is_err() {
            tracing::error!("the end of the audit log is not durable: its store does not answer");
        }
    }
}

/// Who a grant is for, where it says so.
pub(crate) fn actor_of(grant: &Grant) -> Option<Actor> {
    Some(Actor {
        id: grant.user.as_deref()?.to_owned(),
        name: grant.display_name.as_deref().map(str::to_owned),
    })
}

/// Whoever has one address of an IPv6 network has 2^64 of them.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}")
        }
    }
}
