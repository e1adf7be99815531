//! What a notice is about, read when somebody asks who may read it.

use std::collections::HashMap;

use serde::Serialize;
use unisson_protocol::DocName;
use unisson_search::{Filter, Order, Question, Stored};
use utoipa::ToSchema;

use crate::{
    comments::{self, Threads},
    http::{
        AppState,
        error::Problem,
        search::{Person, Viewer},
    },
    notices::{Notice, Subject},
};

/// The most of a comment, in bytes.
const TEXT_BYTES_MAX: usize = 300;

/// Why it concerns you.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum NewsKind {
    /// You are named in a page.
    Mention,
    /// A task is newly yours.
    Task,
    /// A task of yours has another day.
    Due,
    /// You are named in a comment.
    Comment,
    /// Somebody answers in a thread in which you said something.
    Answer,
}

/// Something that concerns you.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NewsItem {
    id: String,
    kind: NewsKind,
    at_ms: u64,
    /// It came since you have last seen them.
    is_new: bool,
    /// Who did it; null where nobody knows, or where several people wrote at the time.
    by: Option<Person>,
    document: String,
    /// The document's title.
    title: String,
    /// The space and the page that the document is; null where it is no page.
    space: Option<String>,
    page: Option<String>,
    space_title: Option<String>,
    /// The task, the line that names you, or the beginning of the comment; null where it is not there
    /// any more.
    text: Option<String>,
    /// Until when the task is to be done: a day, as `2026-11-30`.
    due: Option<String>,
    /// Whether the task is done.
    done: bool,
    /// The thread of comments.
    thread: Option<String>,
    /// The comment.
    comment: Option<String>,
}

/// Reads each document once for all that is told of it.
pub(super) struct Details<'a> {
    state: &'a AppState,
    pages: HashMap<String, Option<Stored>>,
    threads: HashMap<String, Threads>,
}

impl<'a> Details<'a> {
    pub(super) fn new(state: &'a AppState) -> Self {
        Self {
            state,
            pages: HashMap::new(),
            threads: HashMap::new(),
        }
    }

    /// Nothing where what it is about was taken back.
    pub(super) async fn of(
        &mut self,
        viewer: &mut Viewer<'_>,
        id: &str,
        notice: &Notice,
        is_new: bool,
    ) -> Result<Option<NewsItem>, Problem> {
        let page = viewer.page_of(&notice.document).await;
        let me = viewer.who.principal.person.clone().unwrap_or_default();
        let stored = self.stored(&notice.document).await;
        let last = notice.document.rsplit('/').next();
        let title = page.as_ref().map(|page| page.title.clone());
        let title = title.or_else(|| stored.map(|stored| stored.title.clone()));
        let mut item = NewsItem {
            id: id.to_owned(),
            kind: kind_of(&notice.subject),
            at_ms: notice.at_ms,
            is_new,
            by: notice.by.as_ref().map(|by| Person {
                id: Some(by.id.clone()),
                name: by.name.clone(),
            }),
            document: notice.document.clone(),
            title: title.unwrap_or_else(|| last.unwrap_or_default().to_owned()),
            space: page.as_ref().map(|page| page.space.clone()),
            space_title: page.as_ref().map(|page| page.space_title.clone()),
            page: page.map(|page| page.page),
            text: None,
            due: None,
            done: false,
            thread: None,
            comment: None,
        };
        match &notice.subject {
            Subject::Mention => {
                let mut mentions = stored.iter().flat_map(|stored| &stored.mentions);
                let line = mentions.find(|mention| mention.person == me);
                item.text = line.map(|mention| mention.line.clone());
            }
            Subject::Task { task } | Subject::Due { task } => {
                let mut tasks = stored.iter().flat_map(|stored| &stored.tasks);
                if let Some(task) = tasks.find(|known| known.id == *task) {
                    item.text = Some(task.text.clone());
                    item.due.clone_from(&task.due);
                    item.done = task.is_done;
                }
            }
            Subject::Comment { thread, comment } | Subject::Answer { thread, comment } => {
                let threads = self.threads(&notice.document).await?;
                let whole = threads.0.get(thread);
                let Some(said) = whole.and_then(|whole| whole.comments.get(comment)) else {
                    return Ok(None);
                };
                let end = said.text.floor_char_boundary(TEXT_BYTES_MAX);
                item.text = said.text.get(..end).map(str::to_owned);
                item.thread = Some(thread.clone());
                item.comment = Some(comment.clone());
            }
        }
        Ok(Some(item))
    }

    /// What the index has of a document. News are news without it, too.
    async fn stored(&mut self, document: &str) -> Option<&Stored> {
        if !self.pages.contains_key(document) {
            let stored = self.find(document).await;
            self.pages.insert(document.to_owned(), stored);
        }
        self.pages.get(document)?.as_ref()
    }

    async fn find(&self, document: &str) -> Option<Stored> {
        let index = self.state.registry.shared().indexing.index()?;
        let filter = Filter {
            document: Some(document.to_owned()),
            ..Filter::default()
        };
        let found = tokio::task::spawn_blocking(move || {
            let search = index.search(&Question::default(), &filter, Order::Latest);
            let found = search.found(0..1)?;
            found.first().map(|found| search.stored(found)).transpose()
        });
        match found.await {
            Ok(Ok(stored)) => stored,
            Ok(Err(error)) => {
                tracing::error!(%error, "the index does not answer");
                None
            }
            Err(_) => None,
        }
    }

    async fn threads(&mut self, document: &str) -> Result<&Threads, Problem> {
        if !self.threads.contains_key(document) {
            let threads = self.read_threads(document).await?;
            self.threads.insert(document.to_owned(), threads);
        }
        Ok(self.threads.entry(document.to_owned()).or_default())
    }

    async fn read_threads(&self, document: &str) -> Result<Threads, Problem> {
        let shared = self.state.registry.shared();
        let Ok(name) = DocName::new(document) else {
            return Ok(Threads::default());
        };
        let Some(record) = comments::find(shared, &name).await? else {
            return Ok(Threads::default());
        };
        let threads = Threads::read(record.read().entries());
        // One damaged record must not take all other news along.
        Ok(threads.unwrap_or_else(|problem| {
            tracing::error!(document, problem, "the comments are damaged");
            Threads::default()
        }))
    }
}

fn kind_of(subject: &Subject) -> NewsKind {
    match subject {
        Subject::Mention => NewsKind::Mention,
        Subject::Task { .. } => NewsKind::Task,
        Subject::Due { .. } => NewsKind::Due,
        Subject::Comment { .. } => NewsKind::Comment,
        Subject::Answer { .. } => NewsKind::Answer,
    }
}
