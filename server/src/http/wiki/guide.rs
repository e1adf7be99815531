//! `/-/guide`: how to read, write and look after a space, for people who are nobody's technicians.
//!
//! The chapters are files beside this one, in both languages, and part of the program: they are
//! there on an empty server and without a network.

use std::{fmt::Write as _, sync::OnceLock};

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use unisson_content::{Form, PageHtml};

use super::{
    answer::{Keep, answer},
    failure::Failure,
    layout::Layout,
    resolve::Reader,
    typography,
    visit::Visit,
};
use crate::http::{AppState, language::Language};

/// A chapter in one language: its title and its Markdown.
type Text = (&'static str, &'static str);

struct Chapter {
    name: &'static str,
    english: Text,
    french: Text,
}

macro_rules! chapter {
    ($name:literal, $english:literal, $french:literal) => {
        Chapter {
            name: $name,
            english: ($english, include_str!(concat!("guide/en/", $name, ".md"))),
            french: ($french, include_str!(concat!("guide/fr/", $name, ".md"))),
        }
    };
}

const CHAPTERS: [Chapter; 6] = [
    chapter!("start", "First steps", "Premiers pas"),
    chapter!("write", "Writing together", "Écrire à plusieurs"),
    chapter!("invite", "Inviting people", "Inviter"),
    chapter!("organise", "Keeping order", "Ranger"),
    chapter!(
        "recover",
        "Finding what has changed",
        "Retrouver ce qui a changé"
    ),
    chapter!("everybody", "For everybody", "Pour tout le monde"),
];

impl Chapter {
    fn text(&self, language: Language) -> Text {
        match language {
            Language::English => self.english,
            Language::French => self.french,
        }
    }
}

/// The HTML of all chapters in one language, made when somebody first reads one.
fn pages(language: Language) -> &'static [PageHtml; CHAPTERS.len()] {
    static ENGLISH: OnceLock<[PageHtml; CHAPTERS.len()]> = OnceLock::new();
    static FRENCH: OnceLock<[PageHtml; CHAPTERS.len()]> = OnceLock::new();
    let kept = match language {
        Language::English => &ENGLISH,
        Language::French => &FRENCH,
    };
    kept.get_or_init(|| {
        CHAPTERS.each_ref().map(|chapter| {
            // The texts are the program's own: a test reads each of them.
            let nodes = Form::Markdown.parse(chapter.text(language).1);
            PageHtml::of(&nodes.unwrap_or_default())
        })
    })
}

/// `/-/guide`
pub(super) async fn contents(State(state): State<AppState>, visit: Visit) -> Response {
    let words = visit.words();
    let mut main = format!(
        "<h1>{}</h1>\n<p>{}</p>\n<ol class=\"chapters\">",
        words.guide_title, words.promise
    );
    for chapter in &CHAPTERS {
        let (title, _) = chapter.text(visit.language);
        let _ = write!(
            main,
            "<li><a href=\"{}-/guide/{}\">{title}</a></li>",
            visit.root, chapter.name
        );
    }
    main.push_str("</ol>");
    let layout = Layout {
        title: words.guide_title.to_owned(),
        crumbs: vec![(words.guide.to_owned(), "-/guide".to_owned())],
        main,
        class: "guide",
        ..Layout::default()
    };
    respond(&state, &visit, &layout).await
}

/// `/-/guide/{chapter}`
pub(super) async fn chapter(
    State(state): State<AppState>,
    Path(name): Path<String>,
    visit: Visit,
) -> Response {
    let Some(at) = CHAPTERS.iter().position(|chapter| chapter.name == name) else {
        return Failure::Missing.page(&visit);
    };
    let words = visit.words();
    let title = CHAPTERS[at].text(visit.language).0;
    let html = pages(visit.language)[at].fill(&Reader::of(&visit));
    let html = typography::for_reading(&html, words.table);
    let crumb = |title: &str, path: String| (title.to_owned(), path);
    let layout = Layout {
        title: title.to_owned(),
        within: Some(words.guide.to_owned()),
        crumbs: vec![
            crumb(words.guide, "-/guide".to_owned()),
            crumb(title, format!("-/guide/{name}")),
        ],
        beside: beside(&visit, &name),
        main: format!("<h1>{title}</h1>\n<article class=\"text\">{html}</article>"),
        class: "guide",
        ..Layout::default()
    };
    respond(&state, &visit, &layout).await
}

fn beside(visit: &Visit, here: &str) -> String {
    let words = visit.words();
    let mut html = format!(
        "<nav class=\"beside\" id=\"pages\" aria-label=\"{}\">\n<ul>",
        words.guide_title
    );
    for chapter in &CHAPTERS {
        let (title, _) = chapter.text(visit.language);
        let current = match chapter.name == here {
            true => " aria-current=\"page\"",
            false => "",
        };
        let _ = write!(
            html,
            "<li><a href=\"{}-/guide/{}\"{current}>{title}</a></li>",
            visit.root, chapter.name
        );
    }
    html + "</ul></nav>"
}

async fn respond(state: &AppState, visit: &Visit, layout: &Layout) -> Response {
    // Whoever it is, the guide is for them.
    let who = visit.identify(state, None).await.ok();
    let is_anybody = who.as_ref().is_some_and(|who| who.is_nobody()) && visit.signed_in.is_none();
    let keep = match is_anybody {
        true => Keep::Anybody,
        false => Keep::Browser,
    };
    answer(
        visit,
        StatusCode::OK,
        layout.html(visit, who.as_ref()),
        keep,
    )
}

#[cfg(test)]
mod tests {
    use unisson_content::{Resolve, Word};

    use super::*;

    struct Plain;

    impl Resolve for Plain {
        fn root(&self) -> &str {
            "../.."
        }
        fn title(&self, _: &str, _: &str) -> Option<String> {
            None
        }
        fn page_called(&self, _: &str, _: &str) -> Option<String> {
            None
        }
        fn word(&self, _: Word) -> &str {
            "word"
        }
    }

    fn html(language: Language) -> Vec<String> {
        let pages = pages(language).iter();
        pages.map(|page| page.fill(&Plain)).collect()
    }

    #[test]
    fn each_chapter_reads_in_both_languages_and_leads_to_chapters_that_there_are() {
        for language in [Language::English, Language::French] {
            for (chapter, html) in CHAPTERS.iter().zip(html(language)) {
                let name = chapter.name;
                assert!(html.contains("<h2 ") && html.len() > 1_000, "{name}");
                for link in html.split("href=\"../../").skip(1) {
                    let to = link.split('"').next().expect("an address");
                    let mut known = CHAPTERS.iter();
                    let is_known = known.any(|other| to == format!("-/guide/{}", other.name));
                    assert!(is_known, "{to} in {name}");
                }
            }
        }
    }

    #[test]
    fn both_languages_have_the_same_parts() {
        let french = html(Language::French);
        for ((chapter, english), french) in CHAPTERS.iter().zip(html(Language::English)).zip(french)
        {
            for part in ["<h2", "<li", "<tr", "<table", "href="] {
                let count = |html: &str| html.matches(part).count();
                assert_eq!(
                    count(&english),
                    count(&french),
                    "{part} in {}",
                    chapter.name
                );
            }
        }
    }
}
