//! What of a document a call is about, and the update that changes it.

use axum::http::StatusCode;
use bytes::Bytes;
use unisson_content::{Content, EditError, Form, Node, Root, Run, Says, edit, wanted};
use unisson_session::update_v1_of_v2;

use super::format::Format;
use crate::http::error::Problem;

/// Where editors keep rich text: TipTap and our own; ProseMirror's examples; BlockNote.
const TREES: [&str; 3] = ["default", "prosemirror", "document-store"];
/// Where they keep plain text: CodeMirror, Quill, Monaco.
const TEXTS: [&str; 3] = ["codemirror", "quill", "monaco"];
/// An update that says nothing.
pub(super) const NOTHING: &[u8] = &[0, 0];

/// A field of a document that holds text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::http) enum Target {
    /// Rich text.
    Tree(String),
    /// Text of an editor for code, or Quill's.
    Text(String),
}

/// The longest name of a field, in bytes.
pub(super) const FIELD_BYTES_MAX: usize = 256;

/// Which field a call is about: the named one, or the only one, or the one that editors use.
pub(in crate::http) fn target(content: &Content, field: Option<&str>) -> Result<Target, Problem> {
    if let Some(field) = field {
        return match content.roots.get(field) {
            Some(Root::Tree(_)) => Ok(Target::Tree(field.to_owned())),
            Some(Root::Text(_)) => Ok(Target::Text(field.to_owned())),
            Some(Root::Json(_)) => Err(wrong_field("the field holds values, and no text")),
            None if field.is_empty() || field.len() > FIELD_BYTES_MAX => {
                Err(wrong_field("no field has such a name"))
            }
            None if TEXTS.contains(&field) => Ok(Target::Text(field.to_owned())),
            None => Ok(Target::Tree(field.to_owned())),
        };
    }
    let of = |root: &Root, name: &String| match root {
        Root::Tree(_) => Some(Target::Tree(name.clone())),
        Root::Text(_) => Some(Target::Text(name.clone())),
        Root::Json(_) => None,
    };
    let fields = content
        .roots
        .iter()
        .filter_map(|(name, root)| of(root, name));
    let fields: Vec<Target> = fields.collect();
    match fields.as_slice() {
        [] => Ok(Target::Tree(TREES[0].into())),
        [only] => Ok(only.clone()),
        several => TREES
            .iter()
            .map(|name| Target::Tree((*name).into()))
            .find(|tree| several.contains(tree))
            .ok_or_else(|| wrong_field("the document has several texts: say which by `field`")),
    }
}

pub(super) fn wrong_field(detail: &str) -> Problem {
    Problem {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        code: "field",
        detail: detail.into(),
    }
}

/// Content that somebody gives.
#[derive(Debug, Clone)]
pub(in crate::http) struct Given {
    pub(in crate::http) format: Format,
    pub(in crate::http) field: Option<String>,
    pub(in crate::http) body: Bytes,
}

impl Given {
    /// The update that makes a document say this; nothing where it does. Takes a while.
    pub(super) fn update(&self, state: &[u8], client_id: u64) -> Result<Option<Bytes>, Problem> {
        let Some(form) = self.format.form() else {
            return self.as_update().map(Some);
        };
        let input = text_of(&self.body)?;
        edit(state, client_id, |draft| {
            let content = draft.content()?;
            match target(&content, self.field.as_deref())? {
                Target::Tree(field) => {
                    let present = tree_of(&content, &field);
                    let wanted = wanted(form, present, input)?;
                    Ok(draft.set_tree(&field, &wanted, form.says())?)
                }
                Target::Text(field) => {
                    let runs = [Run::plain(plain(form, input)?)];
                    Ok(draft.set_text(&field, &runs, Says::Letters)?)
                }
            }
        })
    }

    fn as_update(&self) -> Result<Bytes, Problem> {
        let malformed = |detail: String| Problem {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            code: "content",
            detail,
        };
        match self.format {
            Format::UpdateV2 => {
                update_v1_of_v2(&self.body).map_err(|error| malformed(error.to_string()))
            }
            _ => {
                let scan = unisson_protocol::scan::update_v1(&self.body);
                scan.map_err(|error| malformed(format!("not a Yjs update: {error}")))?;
                Ok(self.body.clone())
            }
        }
    }
}

/// The nodes of a field, none where it is empty.
pub(in crate::http) fn tree_of<'a>(content: &'a Content, field: &str) -> &'a [Node] {
    match content.roots.get(field) {
        Some(Root::Tree(nodes)) => nodes,
        _ => &[],
    }
}

/// What is given for a plain text.
pub(super) fn plain(form: Form, input: &str) -> Result<String, Problem> {
    match form {
        Form::Markdown | Form::Text => Ok(input.replace("\r\n", "\n")),
        Form::Html | Form::ProseMirror => Err(wrong_field(
            "the field is a plain text: give it text or Markdown",
        )),
    }
}

/// A body as text.
pub(super) fn text_of(body: &[u8]) -> Result<&str, Problem> {
    std::str::from_utf8(body).map_err(|error| Problem {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        code: "content",
        detail: format!("the content is not UTF-8: {error}"),
    })
}

/// The update that creates a document in which nothing is: one clock of garbage, as every document
/// has where something was deleted. It is nothing to see and nothing to build on, but it is there.
pub(super) fn birth(client_id: u64) -> Bytes {
    let mut writer = unisson_protocol::encoding::Writer::with_capacity(24);
    // One client with one struct, from clock 0: garbage, one long. Then no deletions.
    for number in [1, 1, client_id, 0, 0, 1, 0] {
        writer.var_uint(number);
    }
    writer.finish()
}

/// Runs what takes long, or may panic in a library, away from the async threads.
pub(in crate::http) async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| {
            tracing::error!(%error, "a change could not be made out");
            Err(Problem {
                status: StatusCode::UNPROCESSABLE_ENTITY,
                code: "content",
                detail: "the content, or the document with it, cannot be worked on".into(),
            })
        })
}

impl From<EditError> for Problem {
    fn from(error: EditError) -> Self {
        let (status, code) = match &error {
            EditError::Strange => (StatusCode::UNPROCESSABLE_ENTITY, "field"),
            EditError::Content(unisson_content::ContentError::TooDeep) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "too-deep")
            }
            EditError::Content(unisson_content::ContentError::Unreadable(_)) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "damaged")
            }
        };
        Self {
            status,
            code,
            detail: error.to_string(),
        }
    }
}

/// Only for tests of this module's neighbours.
#[cfg(test)]
pub(super) fn content_of(state: &[u8]) -> Content {
    Content::of(state).expect("a document")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(format: Format, body: &str) -> Given {
        Given {
            format,
            field: None,
            body: Bytes::copy_from_slice(body.as_bytes()),
        }
    }

    #[test]
    fn a_document_is_born_with_nothing_in_it_and_takes_content() {
        let born = birth(0xa_5e4e_0000_0001);
        assert!(unisson_protocol::scan::update_v1(&born).is_ok());
        assert_eq!(content_of(&born).roots.len(), 0);
        let update = given(Format::Markdown, "# Hello").update(&born, 77);
        assert!(update.expect("reads").is_some());
    }

    #[test]
    fn the_only_text_is_meant_and_of_several_the_editors_one() {
        let update = given(Format::Markdown, "hello").update(NOTHING, 7);
        let state = update.expect("reads").expect("something new");
        assert_eq!(
            target(&content_of(&state), None),
            Ok(Target::Tree("default".into()))
        );
        let given = Given {
            field: Some("codemirror".into()),
            ..given(Format::Text, "let x = 1")
        };
        let state = given
            .update(NOTHING, 7)
            .expect("reads")
            .expect("something new");
        assert_eq!(
            target(&content_of(&state), None),
            Ok(Target::Text("codemirror".into()))
        );
    }

    #[test]
    fn the_same_content_again_is_no_change() {
        let one = given(Format::Markdown, "# A\n\n- b\n- **c**\n\n> d\n");
        let state = one
            .update(NOTHING, 7)
            .expect("reads")
            .expect("something new");
        assert_eq!(one.update(&state, 8).expect("reads"), None);
    }
}
