//! A page as a file, and the files that belong to it.

use std::{collections::BTreeMap, fmt::Write as _};

use bytes::Bytes;
use unisson_content::{Addressed, Content, Form, Node, map_addresses};
use unisson_office::Document;
use unisson_protocol::DocName;

use super::{
    archive::Part,
    site::{Leaf, Site, Sort, file_name, relative},
};
use crate::{
    attachments::{self, File, FileError},
    http::{
        AppState,
        admission::Turn,
        documents::{self, Stored, Target},
        error::Problem,
    },
    spaces::document_of,
};

/// How pages of a site look.
const STYLE: &str = "body{font:1rem/1.6 system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem;\
color:#161616;background:#fff}img{max-width:100%;height:auto}table{border-collapse:collapse}\
td,th{border:1px solid #999;padding:.3rem .6rem;vertical-align:top}pre{overflow:auto;background:#f2f2f2;padding:1rem}\
blockquote{border-left:.25rem solid #999;margin-left:0;padding-left:1rem}\
@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}a{color:#8ab4ff}pre{background:#2a2a2a}}";

/// Something of a page that goes into the archive.
pub(super) enum Piece {
    Part(Part),
    File(Attached),
}

/// A file of a page, which is read when its turn comes.
pub(super) struct Attached {
    pub(super) path: String,
    name: DocName,
    file: File,
}

impl Attached {
    pub(super) async fn body(&self, state: &AppState) -> Result<Bytes, String> {
        let store = &state.registry.shared().store;
        let blob = self.file.blob().ok_or("its bytes have no name")?;
        let body = store.blob(self.name.as_str(), &blob).await;
        let body = body.map_err(|error| error.to_string())?;
        body.ok_or_else(|| "its bytes are not there".to_owned())
    }

    pub(super) fn part(&self, body: Bytes) -> Part {
        Part {
            path: self.path.clone(),
            body,
            is_packed: !self.file.media_type.starts_with("text/"),
        }
    }
}

/// A page, then its files.
pub(super) async fn parts(
    state: &AppState,
    site: &Site,
    leaf: &Leaf,
) -> Result<Vec<Piece>, String> {
    let name = document_of(&site.space, &leaf.id);
    let name = DocName::new(&name).map_err(|error| error.to_string())?;
    let said = |problem: Problem| problem.detail;
    let nodes = nodes(state, &name).await.map_err(said)?;
    let files = attachments::list(state.registry.shared(), &name).await;
    let files = files.map_err(|error: FileError| error.to_string())?;
    let files = files
        .into_iter()
        .filter(|(_, file)| file.deleted_ms.is_none());
    let places = places(&leaf.stem, files);
    let pictures = match site.sort {
        Sort::Office(_) => documents::embedded(state, &name, &nodes)
            .await
            .map_err(said)?,
        Sort::Markdown | Sort::Html => BTreeMap::new(),
    };
    let mut nodes = nodes;
    let is_embedded: std::collections::BTreeSet<String> = pictures.keys().cloned().collect();
    map_addresses(&mut nodes, &mut |kind, address| {
        // A picture inside of the file keeps its address: it is found by it.
        if kind == Addressed::Image && is_embedded.contains(address) {
            return None;
        }
        match attachments::id_in(address) {
            Some(id) => Some(relative(&leaf.stem, &places.get(id)?.0)),
            None => site.link(leaf, address),
        }
    });
    let (title, sort, position) = (leaf.title.clone(), site.sort, leaf.position);
    let written = documents::apart(move || written(sort, (&title, position), nodes, &pictures));
    let mut pieces = vec![Piece::Part(Part {
        path: site.path(leaf),
        body: written.await.map_err(said)?,
        is_packed: matches!(site.sort, Sort::Office(_)),
    })];
    let attached = places.into_values().map(|(path, file)| {
        Piece::File(Attached {
            path,
            name: name.clone(),
            file,
        })
    });
    pieces.extend(attached);
    Ok(pieces)
}

/// What the page says; nothing where nobody has written in it.
async fn nodes(state: &AppState, name: &DocName) -> Result<Vec<Node>, Problem> {
    let _turn = Turn::take(state).await?;
    let stored = Stored::perhaps(state.registry.shared(), name).await?;
    if !stored.exists {
        return Ok(Vec::new());
    }
    documents::apart(move || {
        let content = Content::of(&stored.state).map_err(unisson_content::EditError::from)?;
        match documents::target(&content, None)? {
            Target::Tree(field) => Ok(documents::tree_of(&content, &field).to_vec()),
            // Code and plain text stay what they are.
            Target::Text(_) => {
                let text = unisson_content::markdown::render(&content).unwrap_or_default();
                Ok(Form::Text.parse(&text)?)
            }
        }
    })
    .await
}

/// Where each file of a page goes: into a folder beside the page's file. No two get one name.
fn places(
    stem: &str,
    files: impl Iterator<Item = (String, File)>,
) -> BTreeMap<String, (String, File)> {
    let mut taken = std::collections::BTreeSet::new();
    let places = files.map(|(id, file)| {
        let (name, extension) = file.name.rsplit_once('.').unwrap_or((&file.name, "bin"));
        let name = file_name(name);
        let extension = file_name(extension);
        let mut paths = (1..).map(|number| match number {
            1 => format!("{stem}.files/{name}.{extension}"),
            number => format!("{stem}.files/{name} ({number}).{extension}"),
        });
        let path = paths.find(|path| taken.insert(path.to_lowercase()));
        (id, (path.unwrap_or_default(), file))
    });
    places.collect()
}

fn written(
    sort: Sort,
    (title, position): (&str, usize),
    nodes: Vec<Node>,
    pictures: &unisson_office::Pictures,
) -> Result<Bytes, Problem> {
    Ok(match sort {
        Sort::Markdown => {
            let text = Form::Markdown.render(&nodes);
            // JSON's texts are YAML's.
            let title = serde_json::Value::from(title);
            format!("---\ntitle: {title}\nsidebar_position: {position}\n---\n\n{text}").into()
        }
        Sort::Html => html(title, &Form::Html.render(&nodes)).into(),
        Sort::Office(format) => {
            let document = Document {
                title: Some(title.to_owned()),
                language: None,
                nodes,
            };
            unisson_office::write(format, &document, pictures)?.into()
        }
    })
}

fn html(title: &str, body: &str) -> String {
    let title = escaped(title);
    format!(
        "<!doctype html>\n<html><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style></head>\n\
         <body><h1>{title}</h1>\n{body}\n</body></html>\n"
    )
}

/// The start page of a site: the tree.
pub(super) fn index(site: &Site) -> Part {
    let mut body = String::new();
    let mut depth = 0;
    body.push_str("<ul>");
    for leaf in &site.leaves {
        while depth < leaf.depth {
            body.push_str("<ul>");
            depth += 1;
        }
        while depth > leaf.depth {
            body.push_str("</ul>");
            depth -= 1;
        }
        let address = escaped(&relative("index", &site.path(leaf)));
        let _ = write!(
            body,
            "<li><a href=\"{address}\">{}</a></li>",
            escaped(&leaf.title)
        );
    }
    body.push_str(&"</ul>".repeat(depth + 1));
    Part {
        path: "index.html".to_owned(),
        body: html(&site.title, &body).into(),
        is_packed: false,
    }
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
