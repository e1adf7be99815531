//! What has happened, as a page and as an Atom feed: in a space (`/s/{space}/-/activity`) and
//! everywhere (`/-/activity`).

use std::fmt::Write as _;

use axum::{
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use unisson_history::escaped;
use unisson_storage::utc;

use super::{
    answer::{Keep, answer},
    failure::Failure,
    layout::Layout,
    screens::tools_of_space,
    space::Inside,
    visit::Visit,
};
use crate::http::{
    AppState,
    language::Language,
    moment::time,
    search::{ActivityAsked as Asked, Happening, happenings},
};

/// What the pages say.
struct Words {
    title: &'static str,
    hint: &'static str,
    nothing: &'static str,
    more: &'static str,
    feed: &'static str,
    somebody: &'static str,
    and: &'static str,
    wrote: fn(&str) -> String,
}

const ENGLISH: Words = Words {
    title: "Activity",
    hint: "Who worked on which page, the last first. Of each page the last twenty times.",
    nothing: "Nothing has happened yet in pages that you may read. As soon as somebody writes, the page and its authors are here, and in the feed.",
    more: "Earlier",
    feed: "Feed (Atom)",
    somebody: "somebody",
    and: "and",
    wrote: |people| format!("{people} wrote"),
};

const FRENCH: Words = Words {
    title: "Activité",
    hint: "Qui a travaillé sur quelle page, le plus récent d’abord. De chaque page, les vingt dernières fois.",
    nothing: "Rien ne s’est encore passé dans les pages que vous pouvez lire. Dès que quelqu’un écrit, la page et ses auteurs sont ici, et dans le flux.",
    more: "Plus ancien",
    feed: "Flux (Atom)",
    somebody: "quelqu’un",
    and: "et",
    wrote: |people| format!("{people} : écriture"),
};

impl Words {
    fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &ENGLISH,
            Language::French => &FRENCH,
        }
    }

    /// The people as one names them.
    fn people(&self, happening: &Happening) -> String {
        let names = happening.people.iter().map(|person| {
            let name = person.name.as_deref().or(person.id.as_deref());
            name.unwrap_or(self.somebody).to_owned()
        });
        let mut names: Vec<String> = names.collect();
        match (names.pop(), names.is_empty()) {
            (None, _) => self.somebody.to_owned(),
            (Some(last), true) => last,
            (Some(last), false) => format!("{} {} {last}", names.join(", "), self.and),
        }
    }
}

type AskedResult = Result<Query<Asked>, QueryRejection>;

/// `/-/activity`
pub(super) async fn of_all(
    State(state): State<AppState>,
    asked: AskedResult,
    visit: Visit,
) -> Response {
    let words = Words::of(visit.language);
    let shown = async {
        let mut viewer = visit.viewer(&state).await?;
        let asked = asked.map_or_else(|_| Asked::default(), |Query(asked)| asked);
        let told = happenings(&state, &mut viewer, None, &asked).await?;
        let layout = Layout {
            title: words.title.to_owned(),
            main: main(&visit, &told.activity, told.next),
            class: "screen",
            ..Layout::default()
        };
        Ok::<_, Failure>(layout.html(&visit, Some(&viewer.who)))
    };
    respond(&visit, shown.await)
}

/// `/s/{space}/-/activity`
pub(super) async fn of_space(
    State(state): State<AppState>,
    Path(space): Path<String>,
    asked: AskedResult,
    visit: Visit,
) -> Response {
    let words = Words::of(visit.language);
    let shown = async {
        let inside = Inside::enter(&state, &visit, &space).await?;
        let mut viewer = visit.viewer(&state).await?;
        let asked = asked.map_or_else(|_| Asked::default(), |Query(asked)| asked);
        let told = happenings(&state, &mut viewer, Some(space), &asked).await?;
        let mut crumbs = inside.crumbs();
        crumbs.push((
            words.title.to_owned(),
            format!("{}/-/activity", inside.base()),
        ));
        let layout = Layout {
            title: words.title.to_owned(),
            within: inside.shown_title(),
            crumbs,
            tools: tools_of_space(&visit, &inside, Some("activity")),
            tools_name: visit.words().tools_of_space,
            beside: inside.beside(&visit, None),
            main: main(&visit, &told.activity, told.next),
            class: "screen",
            ..Layout::default()
        };
        Ok::<_, Failure>(layout.html(&visit, Some(&inside.who)))
    };
    respond(&visit, shown.await)
}

fn respond(visit: &Visit, shown: Result<String, Failure>) -> Response {
    match shown {
        Ok(html) => answer(visit, StatusCode::OK, html, Keep::Never),
        Err(failure) => failure.page(visit),
    }
}

fn main(visit: &Visit, activity: &[Happening], next: Option<u64>) -> String {
    let words = Words::of(visit.language);
    let mut html = format!(
        "<h1>{}</h1>\n<p class=\"hint\">{} <a href=\"activity.atom\">{}</a></p>\n",
        words.title, words.hint, words.feed
    );
    if activity.is_empty() {
        let _ = writeln!(html, "<p class=\"empty\">{}</p>", words.nothing);
        return html;
    }
    html.push_str("<ol class=\"hits\">\n");
    for happening in activity {
        let page = happening.space.as_deref().zip(happening.page.as_deref());
        let _ = write!(
            html,
            "<li><h2><a href=\"{}\">{}</a></h2>\n<p>{}</p>\n<p class=\"hint\">{}{}</p></li>\n",
            escaped(&visit.address_of(&happening.document, page)),
            escaped(&happening.title),
            escaped(&(words.wrote)(&words.people(happening))),
            match &happening.space_title {
                Some(title) => format!("{} · ", escaped(title)),
                None => String::new(),
            },
            time(happening.until_ms, visit.language)
        );
    }
    html.push_str("</ol>\n");
    if let Some(next) = next {
        let _ = writeln!(
            html,
            "<p><a class=\"button\" rel=\"next\" href=\"activity?before_ms={next}\">{}</a></p>",
            words.more
        );
    }
    html
}

/// `/-/activity.atom`
pub(super) async fn feed_of_all(State(state): State<AppState>, visit: Visit) -> Response {
    feed(&state, &visit, None).await
}

/// `/s/{space}/-/activity.atom`
pub(super) async fn feed_of_space(
    State(state): State<AppState>,
    Path(space): Path<String>,
    visit: Visit,
) -> Response {
    feed(&state, &visit, Some(space)).await
}

async fn feed(state: &AppState, visit: &Visit, space: Option<String>) -> Response {
    let shown = async {
        let title = match &space {
            Some(space) => Inside::enter(state, visit, space).await?.shown_title(),
            None => None,
        };
        let mut viewer = visit.viewer(state).await?;
        let told = happenings(state, &mut viewer, space, &Asked::default()).await?;
        Ok::<_, Failure>(atom(visit, title.as_deref(), &told.activity))
    };
    match shown.await {
        Ok(feed) => {
            let headers = [
                (header::CONTENT_TYPE, "application/atom+xml; charset=utf-8"),
                (header::CACHE_CONTROL, "private, no-cache"),
                (header::VARY, "accept-language, cookie, authorization"),
            ];
            let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
            (headers, feed).into_response()
        }
        Err(failure) => failure.page(visit),
    }
}

/// A feed (RFC 4287). Addresses are relative to where the feed is: a server behind a proxy does not
/// know its own.
fn atom(visit: &Visit, title: Option<&str>, activity: &[Happening]) -> String {
    let words = Words::of(visit.language);
    let updated = activity.first().map_or(0, |latest| latest.until_ms);
    let title = match title {
        Some(title) => format!("{title} · {}", words.title),
        None => words.title.to_owned(),
    };
    let id = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"{}\">\n<title>{}</title>\n\
         <id>urn:unisson:activity:{}</id>\n<updated>{}</updated>\n<link rel=\"alternate\" href=\"activity\"/>\n\
         <author><name>Unisson</name></author>\n",
        visit.language.code(),
        xml_text(&title),
        id(&visit.path),
        utc(updated)
    );
    for happening in activity {
        let page = happening.space.as_deref().zip(happening.page.as_deref());
        let people = words.people(happening);
        let _ = write!(
            xml,
            "<entry>\n<title>{}</title>\n<id>urn:unisson:activity:{}:{}</id>\n<updated>{}</updated>\n\
             <published>{}</published>\n<link href=\"{}\"/>\n<author><name>{}</name></author>\n\
             <summary>{}</summary>\n</entry>\n",
            xml_text(&happening.title),
            id(&happening.document),
            happening.from_ms,
            utc(happening.until_ms),
            utc(happening.from_ms),
            xml_text(&visit.address_of(&happening.document, page)),
            xml_text(&people),
            xml_text(&(words.wrote)(&people))
        );
    }
    xml.push_str("</feed>\n");
    xml
}

/// Text in XML, which has no words at all for most control characters.
fn xml_text(text: &str) -> String {
    let fine = |letter: &char| !letter.is_control() && !matches!(letter, '\u{fffe}' | '\u{ffff}');
    escaped(&text.chars().filter(fine).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_feed_is_taken_for_xml() {
        let text = xml_text("<b a='1'>&amp; \"x\"\u{0}\u{b}\u{ffff}");
        assert!(!text.contains(['<', '>', '\u{0}', '\u{b}', '\u{ffff}']));
        assert!(text.starts_with("&lt;b"));
    }
}
