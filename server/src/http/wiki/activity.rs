//! What has happened, as a page and as an Atom feed: on a page (`/s/{space}/{page}/-/activity`), in a
//! space (`/s/{space}/-/activity`) and everywhere (`/-/activity`), by everybody or by one person
//! (`?person=…`).

use std::fmt::Write as _;

use axum::{
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use unisson_history::escaped;
use unisson_rights::Place;
use unisson_storage::utc;

use super::{
    answer::{Keep, answer},
    failure::Failure,
    layout::Layout,
    screens::{tools_of_page, tools_of_space},
    space::Inside,
    visit::Visit,
};
use crate::http::{
    AppState,
    language::Language,
    moment::time,
    search::{ActivityAsked as Asked, Happening, Person, Viewer, Within, happenings},
};

/// How many colours the sheet has for people (`found.css`).
const TONES: u32 = 8;

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
    changes: &'static str,
    only: fn(&str) -> String,
    everybody: &'static str,
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
    changes: "What has changed since",
    only: |name| format!("What {name} did"),
    everybody: "Everybody",
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
    changes: "Ce qui a changé depuis",
    only: |name| format!("Le travail de {name}"),
    everybody: "Tout le monde",
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

fn asked_of(asked: AskedResult) -> Asked {
    asked.map_or_else(|_| Asked::default(), |Query(asked)| asked)
}

/// `/-/activity`
pub(super) async fn of_all(
    State(state): State<AppState>,
    asked: AskedResult,
    visit: Visit,
) -> Response {
    let words = Words::of(visit.language);
    let shown = async {
        let mut viewer = visit.viewer(&state).await?;
        let asked = asked_of(asked);
        let told = happenings(&state, &mut viewer, Within::All, &asked).await?;
        let layout = Layout {
            title: words.title.to_owned(),
            main: main(&visit, &asked, &told.activity, told.next),
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
        let asked = asked_of(asked);
        let told = happenings(&state, &mut viewer, Within::Space(space), &asked).await?;
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
            main: main(&visit, &asked, &told.activity, told.next),
            class: "screen",
            ..Layout::default()
        };
        Ok::<_, Failure>(layout.html(&visit, Some(&inside.who)))
    };
    respond(&visit, shown.await)
}

/// `/s/{space}/{page}/-/activity`
pub(super) async fn of_page(
    State(state): State<AppState>,
    Path((space, page)): Path<(String, String)>,
    asked: AskedResult,
    visit: Visit,
) -> Response {
    let words = Words::of(visit.language);
    let shown = async {
        let (inside, opened) = Inside::open(&state, &visit, &space, &page).await?;
        let mut viewer = visit.viewer(&state).await?;
        let asked = asked_of(asked);
        let within = Within::Document(opened.document.to_string());
        let told = happenings(&state, &mut viewer, within, &asked).await?;
        let path = format!("{}/{page}", inside.base());
        let may = (inside.rights(Place::Page(&page)), opened.may_write());
        let mut crumbs = inside.crumbs_to(&page);
        crumbs.push((words.title.to_owned(), format!("{path}/-/activity")));
        let layout = Layout {
            title: format!("{} · {}", words.title, opened.page.title),
            within: inside.shown_title(),
            crumbs,
            tools: tools_of_page(&visit, &path, may, Some("activity")),
            tools_name: visit.words().tools_of_page,
            beside: inside.beside(&visit, Some(&page)),
            main: main(&visit, &asked, &told.activity, told.next),
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

/// An address of this list or of its feed: of one person where one is asked for.
fn address(name: &str, person: Option<&str>, before_ms: Option<u64>) -> String {
    let person = person.map(|person| {
        let person = utf8_percent_encode(person, NON_ALPHANUMERIC);
        format!("person={person}")
    });
    let before = before_ms.map(|before_ms| format!("before_ms={before_ms}"));
    let parts: Vec<String> = person.into_iter().chain(before).collect();
    match parts.is_empty() {
        true => name.to_owned(),
        // What is in it is HTML already: letters, digits and `%`.
        false => format!("{name}?{}", parts.join("&amp;")),
    }
}

fn main(visit: &Visit, asked: &Asked, activity: &[Happening], next: Option<u64>) -> String {
    let words = Words::of(visit.language);
    let person = asked.person.as_deref();
    let mut html = format!(
        "<h1>{}</h1>\n<p class=\"hint\">{} <a href=\"{}\">{}</a></p>\n",
        words.title,
        words.hint,
        address("activity.atom", person, None),
        words.feed
    );
    if let Some(person) = person {
        let name = name_of(person, activity);
        let _ = writeln!(
            html,
            "<p class=\"found\">{} <a class=\"button small\" href=\"activity\">{}</a></p>",
            escaped(&(words.only)(name.unwrap_or(person))),
            words.everybody
        );
    }
    if activity.is_empty() {
        let _ = writeln!(html, "<p class=\"empty\">{}</p>", words.nothing);
        return html;
    }
    html.push_str("<ol class=\"hits\">\n");
    for happening in activity {
        push_happening(visit, words, happening, &mut html);
    }
    html.push_str("</ol>\n");
    if let Some(next) = next {
        let _ = writeln!(
            html,
            "<p><a class=\"button\" rel=\"next\" href=\"{}\">{}</a></p>",
            address("activity", person, Some(next)),
            words.more
        );
    }
    html
}

/// The name of a person of whom something is told.
fn name_of<'a>(id: &str, activity: &'a [Happening]) -> Option<&'a str> {
    let mut people = activity.iter().flat_map(|happening| &happening.people);
    let person = people.find(|person| person.id.as_deref() == Some(id))?;
    person.name.as_deref()
}

fn push_happening(visit: &Visit, words: &Words, happening: &Happening, html: &mut String) {
    let page = happening.space.as_deref().zip(happening.page.as_deref());
    let place = visit.address_of(&happening.document, page);
    let _ = write!(
        html,
        "<li><p class=\"faces\">{}</p>\n<h2><a href=\"{}\">{}</a></h2>\n<p>{}</p>\n<p class=\"hint\">{}{}",
        happening
            .people
            .iter()
            .map(|person| face(words, person))
            .collect::<String>(),
        escaped(&place),
        escaped(&happening.title),
        escaped(&(words.wrote)(&words.people(happening))),
        match &happening.space_title {
            Some(title) => format!("{} · ", escaped(title)),
            None => String::new(),
        },
        time(happening.until_ms, visit.language)
    );
    if page.is_some() {
        let _ = write!(
            html,
            " · <a href=\"{}/-/history?since={}\">{}<span class=\"unseen\"> ({})</span></a>",
            escaped(&place),
            happening.from_ms,
            words.changes,
            escaped(&happening.title)
        );
    }
    html.push_str("</p></li>\n");
}

/// Somebody's letters, and a way to all that they did.
fn face(words: &Words, person: &Person) -> String {
    let name = person.name.as_deref().or(person.id.as_deref());
    let name = name.unwrap_or(words.somebody);
    let letters = escaped(&initials(name));
    match &person.id {
        Some(id) => format!(
            "<a class=\"face tone-{}\" href=\"{}\" aria-label=\"{}\">{letters}</a>",
            tone(id),
            address("activity", Some(id), None),
            escaped(&(words.only)(name))
        ),
        None => format!("<span class=\"face\" aria-hidden=\"true\">{letters}</span>"),
    }
}

/// The first letters of the first and of the last word.
fn initials(name: &str) -> String {
    let words = name.split(|letter: char| !letter.is_alphanumeric());
    let mut words = words.filter(|word| !word.is_empty());
    let first = words.next().and_then(|word| word.chars().next());
    let last = words.next_back().and_then(|word| word.chars().next());
    let letters: String = first.into_iter().chain(last).collect();
    match letters.is_empty() {
        true => "?".to_owned(),
        false => letters.to_uppercase(),
    }
}

/// One of the colours that the sheet has for people: the same for the same person.
fn tone(id: &str) -> u32 {
    let sum = id.bytes().fold(0_u32, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(u32::from(byte))
    });
    sum % TONES
}

/// `/-/activity.atom`
pub(super) async fn feed_of_all(
    State(state): State<AppState>,
    asked: AskedResult,
    visit: Visit,
) -> Response {
    let shown = async {
        let mut viewer = visit.viewer(&state).await?;
        feed(&state, &visit, &mut viewer, Within::All, asked, None).await
    };
    feed_answer(&visit, shown.await)
}

/// `/s/{space}/-/activity.atom`
pub(super) async fn feed_of_space(
    State(state): State<AppState>,
    Path(space): Path<String>,
    asked: AskedResult,
    visit: Visit,
) -> Response {
    let shown = async {
        let inside = Inside::enter(&state, &visit, &space).await?;
        let mut viewer = visit.viewer(&state).await?;
        let (within, title) = (Within::Space(space), inside.shown_title());
        feed(&state, &visit, &mut viewer, within, asked, title).await
    };
    feed_answer(&visit, shown.await)
}

/// `/s/{space}/{page}/-/activity.atom`
pub(super) async fn feed_of_page(
    State(state): State<AppState>,
    Path((space, page)): Path<(String, String)>,
    asked: AskedResult,
    visit: Visit,
) -> Response {
    let shown = async {
        let (_, opened) = Inside::open(&state, &visit, &space, &page).await?;
        let mut viewer = visit.viewer(&state).await?;
        let within = Within::Document(opened.document.to_string());
        let title = Some(opened.page.title.clone());
        feed(&state, &visit, &mut viewer, within, asked, title).await
    };
    feed_answer(&visit, shown.await)
}

async fn feed(
    state: &AppState,
    visit: &Visit,
    viewer: &mut Viewer<'_>,
    within: Within,
    asked: AskedResult,
    title: Option<String>,
) -> Result<String, Failure> {
    let asked = asked_of(asked);
    let told = happenings(state, viewer, within, &asked).await?;
    let list = address("activity", asked.person.as_deref(), None);
    Ok(atom(visit, title.as_deref(), &list, &told.activity))
}

fn feed_answer(visit: &Visit, shown: Result<String, Failure>) -> Response {
    match shown {
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
fn atom(visit: &Visit, title: Option<&str>, list: &str, activity: &[Happening]) -> String {
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
         <id>urn:unisson:activity:{}</id>\n<updated>{}</updated>\n<link rel=\"alternate\" href=\"{list}\"/>\n\
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
    fn a_face_has_the_letters_of_the_first_and_the_last_name() {
        let names = ["Anne-Marie Le Goff", "bob", "élodie", "a.b@c.fr", "", "…"];
        let letters = names.map(initials);
        assert_eq!(letters, ["AG", "B", "É", "AF", "?", "?"]);
    }

    #[test]
    fn an_address_of_the_list_holds_anybody() {
        let person = address("activity", Some("a&b=\"<c"), Some(5));
        assert_eq!(person, "activity?person=a%26b%3D%22%3Cc&amp;before_ms=5");
        assert_eq!(address("activity.atom", None, None), "activity.atom");
    }

    #[test]
    fn nothing_in_a_feed_is_taken_for_xml() {
        let text = xml_text("<b a='1'>&amp; \"x\"\u{0}\u{b}\u{ffff}");
        assert!(!text.contains(['<', '>', '\u{0}', '\u{b}', '\u{ffff}']));
        assert!(text.starts_with("&lt;b"));
    }
}
