//! The page of what was found: `/-/search?q=…`. Whole without a script.

use std::fmt::Write as _;

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::StatusCode,
    response::Response,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use unisson_history::escaped;

use super::{
    answer::{Keep, answer},
    failure::Failure,
    layout::Layout,
    visit::Visit,
};
use crate::http::{
    AppState,
    language::Language,
    moment::time,
    search::{Asked, Hit, Part, Viewer, search},
};

/// What the page says.
struct Words {
    title: &'static str,
    label: &'static str,
    button: &'static str,
    only_here: &'static str,
    hint: &'static str,
    latest: &'static str,
    nothing: &'static str,
    nothing_hint: &'static str,
    found: fn(usize, &str) -> String,
    more: &'static str,
    results: &'static str,
}

const ENGLISH: Words = Words {
    title: "Search",
    label: "What are you looking for?",
    button: "Search",
    only_here: "Only in this space",
    hint: "Words in any form, in French and English. “In quotes” finds words in this order; -word leaves out \
        pages with that word.",
    latest: "Changed last",
    nothing: "Nothing was found",
    nothing_hint: "Try fewer words, or others. Only pages that you may read are searched.",
    found: |count, asked| match count {
        1 => format!("One result for “{asked}”"),
        count => format!("{count} results for “{asked}” on this page"),
    },
    more: "More results",
    results: "Results",
};

const FRENCH: Words = Words {
    title: "Recherche",
    label: "Que cherchez-vous ?",
    button: "Rechercher",
    only_here: "Seulement dans cet espace",
    hint: "Les mots sous toutes leurs formes, en français et en anglais. « Entre guillemets », les mots dans cet \
        ordre ; -mot écarte les pages qui ont ce mot.",
    latest: "Modifiées en dernier",
    nothing: "Rien n’a été trouvé",
    nothing_hint: "Essayez moins de mots, ou d’autres. Seules les pages que vous pouvez lire sont cherchées.",
    found: |count, asked| match count {
        1 => format!("Un résultat pour « {asked} »"),
        count => format!("{count} résultats pour « {asked} » sur cette page"),
    },
    more: "Plus de résultats",
    results: "Résultats",
};

impl Words {
    fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &ENGLISH,
            Language::French => &FRENCH,
        }
    }
}

/// `/-/search`
pub(super) async fn page(
    State(state): State<AppState>,
    asked: Result<Query<Asked>, QueryRejection>,
    visit: Visit,
) -> Response {
    // An address that somebody has changed asks for nothing.
    let asked = asked.map_or_else(|_| Asked::default(), |Query(asked)| asked);
    match shown(&state, &visit, asked).await {
        Ok(html) => answer(&visit, StatusCode::OK, html, Keep::Never),
        Err(failure) => failure.page(&visit),
    }
}

async fn shown(state: &AppState, visit: &Visit, asked: Asked) -> Result<String, Failure> {
    let words = Words::of(visit.language);
    let (typed, space) = (asked.q.clone(), asked.space.clone());
    let mut viewer = visit.viewer(state).await?;
    let found = search(state, &mut viewer, asked).await?;
    let mut main = format!("<h1>{}</h1>\n<unisson-search>\n", words.title);
    push_form(words, &typed, space.as_deref(), &mut main);
    let status = match (typed.trim(), found.hits.len()) {
        ("", _) => words.latest.to_owned(),
        (_, 0) => words.nothing.to_owned(),
        (typed, count) => (words.found)(count, &escaped(typed)),
    };
    let _ = writeln!(main, "<p role=\"status\" class=\"found\">{status}</p>");
    if found.hits.is_empty() {
        let _ = writeln!(main, "<p class=\"empty\">{}</p>", words.nothing_hint);
    } else {
        let _ = writeln!(main, "<ol class=\"hits\" aria-label=\"{}\">", words.results);
        for hit in &found.hits {
            push_hit(visit, hit, &mut main);
        }
        main.push_str("</ol>\n");
    }
    if let Some(next) = &found.next {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let within = space.map(|space| format!("&amp;space={}", encode(&space)));
        let _ = writeln!(
            main,
            "<p><a class=\"button\" rel=\"next\" href=\"search?q={}{}&amp;cursor={}\">{}</a></p>",
            encode(&typed),
            within.unwrap_or_default(),
            encode(next),
            words.more
        );
    }
    main.push_str("</unisson-search>");
    let title = match typed.trim() {
        "" => words.title.to_owned(),
        typed => format!("{typed} · {}", words.title),
    };
    let layout = Layout {
        title,
        main,
        class: "screen",
        ..Layout::default()
    };
    Ok(layout.html(visit, Some(&viewer.who)))
}

fn push_form(words: &Words, typed: &str, space: Option<&str>, html: &mut String) {
    let within = space.map(|space| {
        format!(
            "<label class=\"check\"><input type=\"checkbox\" name=\"space\" value=\"{}\" checked> {}</label>\n",
            escaped(space),
            words.only_here
        )
    });
    let _ = write!(
        html,
        "<form class=\"asking\" action=\"search\">\n<label for=\"asked\">{}</label>\n\
         <div class=\"row\"><input id=\"asked\" name=\"q\" type=\"search\" maxlength=\"200\" value=\"{}\" \
         aria-describedby=\"asking-hint\"> <button>{}</button></div>\n{}\
         <p id=\"asking-hint\" class=\"hint\">{}</p>\n</form>\n",
        words.label,
        escaped(typed),
        words.button,
        within.unwrap_or_default(),
        words.hint
    );
}

fn push_hit(visit: &Visit, hit: &Hit, html: &mut String) {
    let _ = write!(
        html,
        "<li><h2><a href=\"{}\">{}</a></h2>\n<p class=\"hint\">",
        escaped(&visit.address_of(&hit.document, hit.space.as_deref().zip(hit.page.as_deref()))),
        marked(&hit.title_parts)
    );
    let place = hit.space_title.iter().chain(&hit.above);
    let place: Vec<String> = place.map(|title| escaped(title)).collect();
    html.push_str(&place.join(" › "));
    if let Some(ms) = hit.changed_ms {
        let between = if place.is_empty() { "" } else { " · " };
        let _ = write!(html, "{between}{}", time(ms, visit.language));
    }
    let _ = write!(html, "</p>\n<p>{}</p></li>\n", marked(&hit.excerpt));
}

fn marked(parts: &[Part]) -> String {
    let mut html = String::new();
    for part in parts {
        let text = escaped(&part.text);
        let _ = match part.hit {
            true => write!(html, "<mark>{text}</mark>"),
            false => write!(html, "{text}"),
        };
    }
    html
}

impl Visit {
    /// Who looks for something. What they show that does not count opens no less than nothing.
    pub(super) async fn viewer<'a>(&self, state: &'a AppState) -> Result<Viewer<'a>, Failure> {
        let viewer = Viewer::of(state, &self.asked.headers, self.asked.query.as_deref()).await;
        match viewer {
            Err(problem) if matches!(problem.status.as_u16(), 401 | 403) => {
                Ok(Viewer::stranger(state))
            }
            viewer => Ok(viewer?),
        }
    }

    /// Where a document is read.
    pub(super) fn address_of(&self, document: &str, page: Option<(&str, &str)>) -> String {
        match page {
            Some((space, page)) => format!("{}s/{space}/{page}", self.root),
            None => {
                let parts = document.split('/');
                let parts =
                    parts.map(|part| utf8_percent_encode(part, NON_ALPHANUMERIC).to_string());
                format!("{}d/{}", self.root, parts.collect::<Vec<_>>().join("/"))
            }
        }
    }
}
