//! Pages out of files: one file, or an archive with a tree of them.
//!
//! All pages are made at once, with their places in the tree; then each gets its files and its text.
//! What could not be read is said, and everything else is there.

mod reading;
mod tree;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Cursor, Read as _},
};

use axum::{
    Json,
    body::Body,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use unisson_content::{Form, map_addresses};
use unisson_protocol::DocName;
use unisson_rights::{Action, Changes, Denied, PAGES_MAX, Page, Position, Space, moved};
use unisson_session::Condition;
use utoipa::{IntoParams, ToSchema};
use zip::ZipArchive;

use self::tree::{Note, Plan, Planned, Source, Target};
use super::{asker::Asker, pages::place};
use crate::{
    attachments::{self, FileError, NewFile},
    http::{
        AppState,
        admission::{Asked, Reader, admit, bad_request},
        attachments::{address, collect},
        documents::{self, Format, Given, fill},
        error::Problem,
        history::parse_query,
    },
    spaces::{Refusal, document_of, draw},
    versions::unix_now_ms,
};

/// The largest archive, as it comes.
const ARCHIVE_BYTES_MAX: usize = 32 << 20;
/// All of it unpacked.
const UNPACKED_BYTES_MAX: u64 = 96 << 20;
/// The most files of an archive.
const ENTRIES_MAX: usize = 10_000;
/// The most pages at a time.
const PAGES_AT_ONCE_MAX: usize = 2_000;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Question {
    /// What the file is called; its end says what it is: `.zip`, `.md`, `.html`, `.docx` or `.odt`.
    #[param(required = true, min_length = 1)]
    name: Option<String>,
    /// The page below which the new ones go; the top where it is left out.
    parent: Option<String>,
}

/// A page that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Imported {
    id: String,
    title: String,
    /// Its document: what clients open.
    document: String,
    /// The file that it was made of.
    from: String,
}

/// Something that was left out.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LeftOut {
    path: String,
    /// Why, for programs: `unused`, `unreadable`, `twice`, `too-deep`, `outside`, or a code of the API.
    code: String,
    /// Why, for people.
    problem: String,
}

impl LeftOut {
    fn of(note: Note) -> Self {
        Self {
            path: note.path,
            code: note.code.to_owned(),
            problem: note.problem,
        }
    }
}

/// What became of the files.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ImportAnswer {
    /// In the order of the tree.
    pages: Vec<Imported>,
    left_out: Vec<LeftOut>,
}

/// Make pages of files
///
/// Of one file (Markdown, HTML, DOCX, ODT), or of a zip archive with a tree of them, as Outline, Notion,
/// Docusaurus and this server make it. Pictures and other files that pages link to become theirs.
#[utoipa::path(
    post,
    path = "/api/v1/spaces/{space}/import",
    operation_id = "import_into_space",
    tag = "spaces",
    params(("space" = String, Path, description = "Its id"), Question),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, description = "The pages", body = ImportAnswer))
)]
pub(super) async fn import(
    State(state): State<AppState>,
    asker: Asker,
    asked: Asked,
    question: Result<Query<Question>, QueryRejection>,
    body: Body,
) -> Result<Response, Problem> {
    let question = parse_query(question)?;
    let parent = question.parent.as_deref();
    asker.need(place(parent), Action::CreatePages)?;
    let name = question.name.unwrap_or_default();
    let Ok(_turn) = state.registry.shared().exports.clone().try_acquire_owned() else {
        return Err(Problem {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code: "busy",
            detail: "too many spaces are filled now: try again".into(),
        });
    };
    let (body, _room) = collect(&state, body, ARCHIVE_BYTES_MAX).await?;
    let plan = documents::apart(move || Ok(tree::plan(sources(&name, &body)?)));
    let mut plan = plan.await?;
    if plan.pages.is_empty() {
        let why = plan
            .notes
            .first()
            .map(|note| format!(": {}: {}", note.path, note.problem));
        return Err(Problem {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            code: "content",
            detail: format!("there is no page in it{}", why.unwrap_or_default()),
        });
    }
    if plan.pages.len() > PAGES_AT_ONCE_MAX {
        return Err(Refusal::Full(format!("at most {PAGES_AT_ONCE_MAX} pages at a time")).into());
    }
    let ids = make(&state, &asker, &plan, parent).await?;
    let mut used = BTreeSet::new();
    let mut notes = Vec::new();
    for (at, page) in plan.pages.iter().enumerate() {
        let filling = Filling {
            state: &state,
            asked: &asked,
            space: asker.held.id(),
            plan: &plan,
            ids: &ids,
        };
        if let Err(problem) = filling.fill(at, page, &mut used, &mut notes).await {
            notes.push(Note {
                path: page.path.clone(),
                code: problem.code,
                problem: problem.detail,
            });
        }
    }
    plan.note_unused(&used);
    notes.extend(std::mem::take(&mut plan.notes));
    let pages = plan.pages.into_iter().zip(&ids).map(|(page, id)| Imported {
        id: id.clone(),
        title: page.title,
        document: document_of(asker.held.id(), id),
        from: page.path,
    });
    let answer = ImportAnswer {
        pages: pages.collect(),
        left_out: notes.into_iter().map(LeftOut::of).collect(),
    };
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

/// The files of what came.
fn sources(name: &str, body: &Bytes) -> Result<Vec<Source>, Problem> {
    if reading::Kind::of(name).is_some() {
        let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
        return Ok(vec![Source {
            path: name.to_owned(),
            body: body.clone(),
        }]);
    }
    if !name.to_ascii_lowercase().ends_with(".zip") {
        let detail = "say ?name=: a file that ends in .zip, .md, .html, .docx or .odt";
        return Err(bad_request("attachment-name", detail));
    }
    let malformed = |error: String| Problem {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        code: "content",
        detail: format!("the archive does not read: {error}"),
    };
    let large = |what: &str| Problem {
        status: StatusCode::PAYLOAD_TOO_LARGE,
        code: "too-large",
        detail: format!("the archive has {what}"),
    };
    let archive = ZipArchive::new(Cursor::new(body));
    let mut archive = archive.map_err(|error| malformed(error.to_string()))?;
    if archive.len() > ENTRIES_MAX {
        return Err(large("too many files"));
    }
    let (mut sources, mut left) = (Vec::new(), UNPACKED_BYTES_MAX);
    for at in 0..archive.len() {
        let entry = archive
            .by_index(at)
            .map_err(|error| malformed(error.to_string()))?;
        if !entry.is_file() {
            continue;
        }
        let path = String::from_utf8_lossy(entry.name_raw()).into_owned();
        let mut body = Vec::new();
        // What it says of its size is not believed.
        let read = entry.take(left + 1).read_to_end(&mut body);
        let read = read.map_err(|error| malformed(error.to_string()))? as u64;
        left = left
            .checked_sub(read)
            .ok_or_else(|| large("too much in it"))?;
        sources.push(Source {
            path,
            body: body.into(),
        });
    }
    Ok(sources)
}

/// Makes all pages, in one change of the space; their ids.
async fn make(
    state: &AppState,
    asker: &Asker,
    plan: &Plan,
    parent: Option<&str>,
) -> Result<Vec<String>, Problem> {
    let ids = plan.pages.iter().map(|_| draw::<8>());
    let ids: Vec<String> = ids.collect::<Result<_, _>>().map_err(|detail| Problem {
        status: StatusCode::SERVICE_UNAVAILABLE,
        code: "unavailable",
        detail,
    })?;
    let made = asker.change(state, |space| {
        if !asker.rights(space, place(parent)).may(Action::CreatePages) {
            return Err(Denied::Role.into());
        }
        if space.pages.len() + plan.pages.len() > PAGES_MAX {
            return Err(Refusal::Full(format!(
                "a space has at most {PAGES_MAX} pages"
            )));
        }
        Ok((placed(space.clone(), plan, &ids, parent)?, ()))
    });
    made.await?;
    Ok(ids)
}

/// The entries of all pages, each where it goes behind those before it.
fn placed(
    mut space: Space,
    plan: &Plan,
    ids: &[String],
    top: Option<&str>,
) -> Result<Changes, Refusal> {
    let mut entries: BTreeMap<String, Option<String>> = BTreeMap::new();
    for (planned, id) in plan.pages.iter().zip(ids) {
        let parent = planned
            .parent
            .and_then(|at| ids.get(at))
            .map(String::as_str)
            .or(top);
        let page = Page {
            title: match planned.title.trim() {
                "" => "—".to_owned(),
                title => title.to_owned(),
            },
            parent: None,
            order: 0,
            readers: None,
            writers: None,
            locked: false,
            guide: false,
            deleted_ms: None,
            created_ms: unix_now_ms(),
        };
        for (key, value) in moved(&space, (id, &page), parent, &Position::Last)? {
            let page = key.strip_prefix("page:").zip(value.as_deref());
            if let Some((id, Ok(page))) = page.map(|(id, text)| (id, serde_json::from_str(text))) {
                space.pages.insert(id.to_owned(), page);
            }
            entries.insert(key, value);
        }
    }
    Ok(entries.into_iter().collect())
}

/// Fills pages, one after the other.
struct Filling<'a> {
    state: &'a AppState,
    asked: &'a Asked,
    space: &'a str,
    plan: &'a Plan,
    ids: &'a [String],
}

impl Filling<'_> {
    async fn fill(
        &self,
        at: usize,
        page: &Planned,
        used: &mut BTreeSet<String>,
        notes: &mut Vec<Note>,
    ) -> Result<(), Problem> {
        if page.read.nodes.is_empty() {
            return Ok(());
        }
        let name = document_of(self.space, self.ids.get(at).map_or("", String::as_str));
        let writer = admit(self.state, self.asked, &name).await?.writer()?.0;
        let places = self.attach(page, &writer, used, notes).await?;
        let mut nodes = page.read.nodes.clone();
        map_addresses(&mut nodes, &mut |_, address| {
            if let Some(place) = places.get(address) {
                return Some(place.clone());
            }
            match self.plan.target(page, address)? {
                Target::Page(at, part) => {
                    Some(format!("/s/{}/{}{part}", self.space, self.ids.get(at)?))
                }
                Target::File(_) => None,
            }
        });
        let given = Given {
            format: Format::Prosemirror,
            field: None,
            body: Form::ProseMirror.render(&nodes).into(),
        };
        fill(self.state, &writer, given, Condition::New).await?;
        Ok(())
    }

    /// Adds what a page shows and links to to its files; their addresses by those in its text.
    async fn attach(
        &self,
        page: &Planned,
        writer: &Reader,
        used: &mut BTreeSet<String>,
        notes: &mut Vec<Note>,
    ) -> Result<BTreeMap<String, String>, Problem> {
        let mut wanted: BTreeMap<String, (String, Bytes)> = BTreeMap::new();
        for (address, body) in &page.read.pictures {
            let name = address.rsplit('/').next().unwrap_or_default();
            wanted.insert(address.clone(), (name.to_owned(), body.clone().into()));
        }
        map_addresses(&mut page.read.nodes.clone(), &mut |_, address| {
            if let Some(Target::File(path)) = self.plan.target(page, address)
                && let Some(body) = self.plan.files.get(&path)
            {
                let name = path.rsplit('/').next().unwrap_or_default();
                wanted.insert(address.to_owned(), (name.to_owned(), body.clone()));
                used.insert(path);
            }
            None
        });
        let mut places = BTreeMap::new();
        for (asked, (file_name, body)) in wanted {
            match self.add(writer, &file_name, body).await {
                Ok(place) => drop(places.insert(asked, place)),
                Err(problem) => notes.push(Note {
                    path: format!("{}: {file_name}", page.path),
                    code: problem.code,
                    problem: problem.detail,
                }),
            }
        }
        Ok(places)
    }

    async fn add(&self, writer: &Reader, name: &str, body: Bytes) -> Result<String, Problem> {
        let shared = self.state.registry.shared();
        let bytes_max = shared.settings.traffic.attachment_bytes_max;
        if body.len() > bytes_max {
            return Err(crate::http::attachments::too_large(bytes_max));
        }
        let (name, kind) = crate::http::attachments::named(name, &HeaderMap::new())?;
        kind.check(&body)?;
        let new = NewFile { name, kind, body };
        let document: &DocName = &writer.name;
        let added = attachments::add(&self.state.registry, document, &writer.author(), new).await;
        let (id, file) = added.map_err(|error: FileError| Problem::from(error))?;
        Ok(address(&id, &file.name))
    }
}
