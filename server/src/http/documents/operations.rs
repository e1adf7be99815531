//! Small changes: for whoever adds to a document, or keeps one place of it up to date.

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use unisson_content::{
    Content, Draft, Node, Root, Run, Says, edit as edited, in_names_of,
    operation::{replace_in_runs, replace_text, section},
};
use utoipa::ToSchema;

use super::{
    content::{Changed, answer},
    editing::{Target, apart, plain, target, wrong_field},
    format::Format,
    stored::Stored,
};
use crate::{
    changes::{self, draw_client_id},
    http::{
        AppState,
        admission::{Turn, Writer},
        error::Problem,
    },
};

/// The most operations in one call: each looks at the whole document.
const OPERATIONS_MAX: usize = 32;
/// The longest key of a map.
const KEY_BYTES_MAX: usize = 1_024;

/// Some operations: all of them are made, as one edit, or none.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Operations {
    /// At most 32.
    #[schema(min_items = 1, max_items = 32)]
    operations: Vec<Operation>,
}

/// A small change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "op", rename_all = "kebab-case", deny_unknown_fields)]
enum Operation {
    /// Adds content at the end.
    Append {
        content: String,
        #[serde(default)]
        #[schema(inline)]
        format: Format,
        field: Option<String>,
    },
    /// Adds content at the beginning.
    Prepend {
        content: String,
        #[serde(default)]
        #[schema(inline)]
        format: Format,
        field: Option<String>,
    },
    /// Replaces what stands below a heading, up to the next one of its level or above.
    ReplaceSection {
        /// The heading's text, whatever its case.
        heading: String,
        content: String,
        #[serde(default)]
        #[schema(inline)]
        format: Format,
        field: Option<String>,
    },
    /// Replaces a text by another one.
    ReplaceText {
        find: String,
        replace_with: String,
        /// Everywhere, and not only where it stands first.
        #[serde(default)]
        all: bool,
        field: Option<String>,
    },
    /// Sets a key of a map.
    Set {
        /// The map.
        field: String,
        key: String,
        value: Value,
    },
    /// Takes a key out of a map; one that is not there is no error.
    Delete { field: String, key: String },
}

/// Change a document in places
///
/// Appends, prepends, replaces a section or a text, sets or deletes a key of a map. What people type
/// at the same time stays. With `If-Match` nothing is done where the document has changed since.
#[utoipa::path(
    patch,
    path = "/api/v1/documents/{document}/content",
    operation_id = "edit_content",
    tag = "content",
    request_body = Operations,
    responses((status = 200, description = "Done and durable", body = Changed, headers(("ETag" = String))))
)]
pub(super) async fn edit(
    State(state): State<AppState>,
    Writer(writer): Writer,
    headers: HeaderMap,
    body: Result<Json<Operations>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(Operations { operations }) = body.map_err(|error| match error.status() {
        StatusCode::UNPROCESSABLE_ENTITY => unfit(error.body_text()),
        status => Problem {
            status,
            code: "body",
            detail: error.body_text(),
        },
    })?;
    if operations.is_empty() || operations.len() > OPERATIONS_MAX {
        return Err(unfit(format!(
            "give between 1 and {OPERATIONS_MAX} operations"
        )));
    }
    let turn = Turn::take(&state).await?;
    let stored = Stored::of(state.registry.shared(), &writer.name).await?;
    let condition = stored.condition(&headers)?;
    let client_id = draw_client_id(&stored.state).map_err(Problem::from)?;
    let update = apart(move || update(&stored.state, client_id, operations)).await?;
    drop(turn);
    let changed = update.is_some();
    if let Some(update) = update {
        let author = writer.author();
        changes::make(&state.registry, &writer.name, &author, update, condition).await?;
    }
    answer(&state, &writer.name, changed).await
}

fn unfit(detail: String) -> Problem {
    Problem {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        code: "operations",
        detail,
    }
}

fn update(
    state: &[u8],
    client_id: u64,
    operations: Vec<Operation>,
) -> Result<Option<Bytes>, Problem> {
    edited(state, client_id, |draft| {
        operations
            .into_iter()
            .try_for_each(|operation| carry_out(draft, operation))
    })
}

/// Where new content goes.
enum Place {
    Start,
    End,
    Below(String),
}

fn carry_out(draft: &mut Draft<'_>, operation: Operation) -> Result<(), Problem> {
    match operation {
        Operation::Append {
            content,
            format,
            field,
        } => put(draft, &Place::End, (&content, format), field.as_deref()),
        Operation::Prepend {
            content,
            format,
            field,
        } => put(draft, &Place::Start, (&content, format), field.as_deref()),
        Operation::ReplaceSection {
            heading,
            content,
            format,
            field,
        } => put(
            draft,
            &Place::Below(heading),
            (&content, format),
            field.as_deref(),
        ),
        Operation::ReplaceText {
            find,
            replace_with,
            all,
            field,
        } => replace(draft, (&find, &replace_with), all, field.as_deref()),
        Operation::Set { field, key, value } => {
            check_key(&field, &key)?;
            Ok(draft.set_key(&field, &key, &value)?)
        }
        Operation::Delete { field, key } => {
            check_key(&field, &key)?;
            draft.remove_key(&field, &key)?;
            Ok(())
        }
    }
}

fn check_key(field: &str, key: &str) -> Result<(), Problem> {
    let fits = |name: &str| !name.is_empty() && name.len() <= KEY_BYTES_MAX;
    match fits(field) && fits(key) {
        true => Ok(()),
        false => Err(unfit(format!(
            "a field and a key have between 1 and {KEY_BYTES_MAX} bytes"
        ))),
    }
}

fn put(
    draft: &mut Draft<'_>,
    place: &Place,
    (input, format): (&str, Format),
    field: Option<&str>,
) -> Result<(), Problem> {
    let form = format
        .form()
        .ok_or_else(|| unfit("this is no form of text".into()))?;
    let content = draft.content()?;
    match target(&content, field)? {
        Target::Tree(field) => {
            let present = nodes_of(&content, &field);
            let new = form.parse(input)?;
            let new = match form.is_exact() {
                true => new,
                false => in_names_of(&present, new),
            };
            let wanted = put_nodes(present, new, place)?;
            Ok(draft.set_tree(&field, &wanted, Says::Everything)?)
        }
        Target::Text(field) => {
            let present = runs_of(&content, &field);
            let new = plain(form, input)?;
            let wanted = put_text(present, new, place)?;
            Ok(draft.set_text(&field, &wanted, Says::Everything)?)
        }
    }
}

fn put_nodes(present: Vec<Node>, new: Vec<Node>, place: &Place) -> Result<Vec<Node>, Problem> {
    if let [Node::Element(group)] = present.as_slice()
        && group.name.eq_ignore_ascii_case("blockGroup")
    {
        let mut group = group.clone();
        let new = unisson_content::block_note::containers(new);
        group.children = put_blocks(group.children, new, place)?;
        return Ok(vec![group.into()]);
    }
    put_blocks(present, new, place)
}

fn put_blocks(mut present: Vec<Node>, new: Vec<Node>, place: &Place) -> Result<Vec<Node>, Problem> {
    let span = match place {
        Place::Start => 0..0,
        Place::End => present.len()..present.len(),
        Place::Below(heading) => section(&present, heading).ok_or_else(|| Problem {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            code: "no-such-heading",
            detail: "the document has no heading that reads so".into(),
        })?,
    };
    present.splice(span, new);
    Ok(present)
}

fn put_text(present: Vec<Run>, new: String, place: &Place) -> Result<Vec<Run>, Problem> {
    let mut runs = present;
    match place {
        Place::Start => {
            let break_after = !new.is_empty() && !new.ends_with('\n') && !runs.is_empty();
            let new = if break_after { format!("{new}\n") } else { new };
            runs.insert(0, Run::plain(new));
        }
        Place::End => {
            let text = unisson_content::letters(&runs);
            let break_before = !text.is_empty() && !text.ends_with('\n') && !new.is_empty();
            let new = if break_before {
                format!("\n{new}")
            } else {
                new
            };
            runs.push(Run::plain(new));
        }
        Place::Below(_) => return Err(wrong_field("a plain text has no headings")),
    }
    Ok(runs)
}

fn replace(
    draft: &mut Draft<'_>,
    (find, with): (&str, &str),
    all: bool,
    field: Option<&str>,
) -> Result<(), Problem> {
    if find.is_empty() {
        return Err(unfit("find is the text to replace".into()));
    }
    let content = draft.content()?;
    let count = match target(&content, field)? {
        Target::Tree(field) => {
            let mut nodes = nodes_of(&content, &field);
            let count = replace_text(&mut nodes, find, with, all);
            draft.set_tree(&field, &nodes, Says::Everything)?;
            count
        }
        Target::Text(field) => {
            let mut runs = runs_of(&content, &field);
            let count = replace_in_runs(&mut runs, find, with, all);
            draft.set_text(&field, &runs, Says::Everything)?;
            count
        }
    };
    match count {
        0 => Err(Problem {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            code: "no-such-text",
            detail: "the text to replace does not stand there in one piece".into(),
        }),
        _ => Ok(()),
    }
}

fn nodes_of(content: &Content, field: &str) -> Vec<Node> {
    match content.roots.get(field) {
        Some(Root::Tree(nodes)) => nodes.clone(),
        _ => Vec::new(),
    }
}

fn runs_of(content: &Content, field: &str) -> Vec<Run> {
    match content.roots.get(field) {
        Some(Root::Text(runs)) => runs.clone(),
        _ => Vec::new(),
    }
}
