//! `/s/{space}/{page}`: a page to read, without a script or a socket; with `?edit` to write.

use std::fmt::Write as _;

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use unisson_content::Heading;
use unisson_history::escaped;
use unisson_rights::Place;

use super::{
    answer::{Keep, answer},
    enter,
    failure::Failure,
    layout::Layout,
    rendering::Said,
    resolve::Reader,
    screens::tools_of_page,
    space::{Inside, Opened},
    typography,
    visit::Visit,
    words::Words,
};
use crate::http::AppState;

/// A page with fewer headings needs no table of contents.
const HEADINGS_MIN: usize = 4;
/// One with more needs a shorter one.
const HEADINGS_MAX: usize = 200;

pub(super) async fn page(
    State(state): State<AppState>,
    Path((space, id)): Path<(String, String)>,
    visit: Visit,
) -> Response {
    if let Some(door) = enter::door(&visit) {
        return door;
    }
    let shown = async {
        let (inside, opened) = Inside::open(&state, &visit, &space, &id).await?;
        let read = Reading {
            visit: &visit,
            inside: &inside,
            id: &id,
            opened: &opened,
        };
        if visit.asks("edit") && opened.may_write() {
            return Ok((read.in_editor(), Keep::Browser));
        }
        let rendering = state.renderings.of(&state, &opened.document).await?;
        let reader = Reader::inside(&state, &visit, &inside, &rendering.said.pages).await;
        Ok::<_, Failure>((read.html(&rendering.said, &reader), read.keep()))
    };
    match shown.await {
        Ok((html, keep)) => answer(&visit, StatusCode::OK, html, keep),
        Err(failure) => failure.page(&visit),
    }
}

/// Somebody and the page that they read.
struct Reading<'a> {
    visit: &'a Visit,
    inside: &'a Inside,
    id: &'a str,
    opened: &'a Opened,
}

impl Reading<'_> {
    /// Who may keep it: what whoever shows nothing may read is the same for all of them.
    fn keep(&self) -> Keep {
        let is_anybody = self.inside.who.is_nobody() && self.visit.signed_in.is_none();
        match is_anybody {
            true => Keep::Anybody,
            false => Keep::Browser,
        }
    }

    fn html(&self, said: &Said, reader: &Reader) -> String {
        let words = self.visit.words();
        let page = &self.opened.page;
        let may_write = self.opened.may_write();
        let mut main = format!("<h1>{}</h1>\n", escaped(&page.title));
        for (text, is_so) in [
            (words.in_trash, page.deleted_ms.is_some()),
            (words.locked, page.locked),
        ] {
            if is_so {
                let _ = writeln!(main, "<p class=\"notice\">{text}</p>");
            }
        }
        if said.is_blank() {
            let text = if may_write {
                words.empty_page_writer
            } else {
                words.empty_page
            };
            let _ = writeln!(main, "<p class=\"empty\">{text}</p>");
        } else {
            let html: String = said.pages.iter().map(|page| page.fill(reader)).collect();
            if !html.contains("<nav class=\"contents\"") {
                push_contents(words, &said.headings, &mut main);
            }
            let html = typography::for_reading(&html, words.table);
            let _ = writeln!(main, "<article class=\"text\">{html}</article>");
        }
        self.push_below(&mut main);
        let layout = Layout {
            main,
            class: "reading",
            ..self.layout(None)
        };
        layout.html(self.visit, Some(&self.inside.who))
    }

    /// The pages below, for whoever has read to the end.
    fn push_below(&self, main: &mut String) {
        let way = self.inside.tree.way(self.id);
        let Some(below) = way
            .last()
            .map(|here| &here.below)
            .filter(|below| !below.is_empty())
        else {
            return;
        };
        let title = self.visit.words().pages_below;
        let _ = write!(
            main,
            "<nav class=\"below\" aria-labelledby=\"below\"><h2 id=\"below\">{title}</h2><ul>"
        );
        for branch in below {
            let title = escaped(&branch.title);
            let _ = write!(main, "<li><a href=\"{}\">{title}</a></li>", branch.id);
        }
        main.push_str("</ul></nav>\n");
    }

    /// The page in the editor.
    fn in_editor(&self) -> String {
        let words = self.visit.words();
        // Others hear it from the server; this is for one's own face among theirs.
        let name = self.visit.name(&self.inside.who);
        let name = name.map(|name| format!(" name=\"{}\"", escaped(&name)));
        let main = format!(
            "<h1>{title}</h1>\n<unisson-editor document=\"{document}\" locale=\"{}\"{}></unisson-editor>\n\
             <noscript><p class=\"hint\">{}</p></noscript>\n\
             <unisson-comments space=\"{}\" page=\"{}\" document=\"{document}\"></unisson-comments>",
            self.visit.language.code(),
            name.unwrap_or_default(),
            words.editor_needs_script,
            escaped(self.inside.id()),
            escaped(self.id),
            title = escaped(&self.opened.page.title),
            document = escaped(self.opened.document.as_str()),
        );
        let layout = Layout {
            main,
            scripts: vec!["page.js"],
            class: "writing",
            ..self.layout(Some("edit"))
        };
        layout.html(self.visit, Some(&self.inside.who))
    }

    fn layout(&self, here: Option<&str>) -> Layout {
        let path = format!("{}/{}", self.inside.base(), self.id);
        let rights = self.inside.rights(Place::Page(self.id));
        let may = (rights, self.opened.may_write());
        Layout {
            title: self.opened.page.title.clone(),
            within: self.inside.shown_title(),
            crumbs: self.inside.crumbs_to(self.id),
            tools: tools_of_page(self.visit, &path, may, here),
            tools_name: self.visit.words().tools_of_page,
            beside: self.inside.beside(self.visit, Some(self.id)),
            ..Layout::default()
        }
    }
}

/// What is on the page, for whoever wants to get to a part of it: its headings of the two upper
/// levels that it has.
fn push_contents(words: &Words, headings: &[Heading], html: &mut String) {
    let top = headings.iter().map(|heading| heading.level).min();
    let Some(top) = top.filter(|_| headings.len() >= HEADINGS_MIN) else {
        return;
    };
    let shown = headings.iter().filter(|heading| heading.level <= top + 1);
    let _ = write!(
        html,
        "<details class=\"contents\"><summary>{}</summary><ul>",
        words.on_this_page
    );
    for heading in shown.take(HEADINGS_MAX) {
        let class = match heading.level == top {
            true => "",
            false => " class=\"deeper\"",
        };
        let (id, text) = (escaped(&heading.id), escaped(&heading.text));
        let _ = write!(html, "<li{class}><a href=\"#{id}\">{text}</a></li>");
    }
    html.push_str("</ul></details>\n");
}
