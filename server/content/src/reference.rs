//! What a link of a wiki points at, told by its address alone.
//!
//! Links to pages, mentions of people, days and the table of contents are links like any other in a
//! document: text with the link mark. Every editor of Yjs documents knows those, shows them and keeps
//! them, which is not so for nodes that it has never heard of (decision 36).

use std::fmt::Write as _;

/// The longest id of a person, as in tokens.
const PERSON_BYTES_MAX: usize = 256;
/// The longest title of a page.
const TITLE_BYTES_MAX: usize = 300;
/// The address of a table of contents.
const CONTENTS: &str = "#toc";
const PEOPLE: &str = "/-/people/";
const DAYS: &str = "/-/tasks?due=";
const NEW: &str = "/-/new?title=";

/// What an address points at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reference {
    /// A page of a space: `/s/{space}/{page}`. Its part behind `#` is not looked at.
    Page {
        /// The space's id.
        space: String,
        /// The page's id.
        page: String,
    },
    /// A page that was not there yet, by the title that it is to have: `/s/{space}/-/new?title=…`.
    NewPage {
        /// The space's id.
        space: String,
        /// The title.
        title: String,
    },
    /// Any other document: `/d/{name}`.
    Document(String),
    /// A person, by the portal's id: `/-/people/{id}`.
    Person(String),
    /// A day, `2026-12-01`: `/-/tasks?due=…`. In a task it is when that is due.
    Day(String),
    /// The table of contents, where a paragraph has nothing else: `#toc`.
    Contents,
}

impl Reference {
    /// What an address points at; `None` for addresses of anything else.
    pub fn of(address: &str) -> Option<Self> {
        let address = address.trim();
        if address == CONTENTS {
            return Some(Self::Contents);
        }
        if let Some(id) = address.strip_prefix(PEOPLE) {
            return line(id, PERSON_BYTES_MAX).map(Self::Person);
        }
        if let Some(day) = address.strip_prefix(DAYS) {
            return is_day(day).then(|| Self::Day(day.to_owned()));
        }
        let path = address.split('#').next().unwrap_or_default();
        if let Some(name) = path.strip_prefix("/d/") {
            let name = decoded(name.split('?').next().unwrap_or_default())?;
            return (!name.is_empty()).then_some(Self::Document(name));
        }
        let (space, rest) = path.strip_prefix("/s/")?.split_once('/')?;
        if !is_id(space) {
            return None;
        }
        let space = space.to_owned();
        if let Some(title) = format!("/{rest}").strip_prefix(NEW) {
            let title = line(title, TITLE_BYTES_MAX)?;
            return Some(Self::NewPage { space, title });
        }
        let page = rest.split('?').next().unwrap_or_default();
        let page = page.strip_suffix('/').unwrap_or(page);
        is_id(page).then(|| Self::Page {
            space,
            page: page.to_owned(),
        })
    }

    /// Its address, from the server's root.
    pub fn address(&self) -> String {
        match self {
            Self::Page { space, page } => format!("/s/{space}/{page}"),
            Self::NewPage { space, title } => format!("/s/{space}{NEW}{}", encoded(title)),
            Self::Document(name) => format!("/d/{}", encoded(name).replace("%2F", "/")),
            Self::Person(id) => format!("{PEOPLE}{}", encoded(id)),
            Self::Day(day) => format!("{DAYS}{day}"),
            Self::Contents => CONTENTS.to_owned(),
        }
    }
}

/// As the ids of spaces and pages are.
fn is_id(text: &str) -> bool {
    let fine = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=64).contains(&text.len()) && text.bytes().all(fine) && !text.starts_with('-')
}

/// A line that people can read.
fn line(encoded: &str, bytes_max: usize) -> Option<String> {
    // Three letters for each byte at most.
    if encoded.len() > 3 * bytes_max {
        return None;
    }
    let text = decoded(encoded)?;
    let text = text.trim();
    let fine = !text.is_empty() && text.len() <= bytes_max && !text.chars().any(char::is_control);
    fine.then(|| text.to_owned())
}

/// Whether a text is a day of the calendar: `2026-12-01`.
pub(crate) fn is_day(text: &str) -> bool {
    let digits = |range: std::ops::Range<usize>| -> Option<u32> {
        let part = text.get(range)?;
        let all = part.bytes().all(|byte| byte.is_ascii_digit());
        all.then(|| part.parse().ok())?
    };
    let dashes = text.len() == 10 && [4, 7].map(|at| text.as_bytes().get(at)) == [Some(&b'-'); 2];
    let (Some(year), Some(month), Some(day), true) =
        (digits(0..4), digits(5..7), digits(8..10), dashes)
    else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// Text as a part of an address, as `encodeURIComponent` writes it.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// A part of an address as text; `None` where it is none.
fn decoded(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let value = digit(rest.next())? * 16 + digit(rest.next())?;
        bytes.push(u8::try_from(value).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn page(space: &str, page: &str) -> Reference {
        Reference::Page {
            space: space.into(),
            page: page.into(),
        }
    }

    #[test]
    fn addresses_say_what_they_point_at() {
        for (address, reference) in [
            ("/s/canteens/menus", page("canteens", "menus")),
            ("/s/canteens/menus#h-soup", page("canteens", "menus")),
            ("/s/canteens/menus/?edit", page("canteens", "menus")),
            (
                "/s/canteens/-/new?title=L%27%C3%A9t%C3%A9",
                Reference::NewPage {
                    space: "canteens".into(),
                    title: "L'été".into(),
                },
            ),
            ("/d/notes/one", Reference::Document("notes/one".into())),
            (
                "/-/people/ann%40example.org",
                Reference::Person("ann@example.org".into()),
            ),
            (
                "/-/tasks?due=2028-02-29",
                Reference::Day("2028-02-29".into()),
            ),
            ("#toc", Reference::Contents),
        ] {
            assert_eq!(Reference::of(address), Some(reference), "{address}");
        }
    }

    #[test]
    fn other_addresses_point_at_nothing_here() {
        for address in [
            "",
            "https://example.org/s/a/b",
            "//s/a/b",
            "/s/a",
            "/s/a/",
            "/s/A/b",
            "/s/a/-/members",
            "/s/a/b/c",
            "/s/-/b",
            "/s/a/-/new?title=",
            "/s/a/-/new?title=%0A",
            "/-/people/",
            "/-/people/%ff",
            "/-/people/%4",
            "/-/tasks?due=2027-02-29",
            "/-/tasks?due=2027-13-01",
            "/-/tasks?due=tomorrow",
            "/d/",
            "#tocs",
        ] {
            assert_eq!(Reference::of(address), None, "{address}");
        }
    }

    fn any_reference() -> impl Strategy<Value = Reference> {
        let id = "[a-z0-9][a-z0-9-]{0,20}";
        let words = r"[^\p{C}\p{Z}]([^\p{C}]{0,20}[^\p{C}\p{Z}])?";
        prop_oneof![
            (id, id).prop_map(|(space, page)| Reference::Page { space, page }),
            (id, words).prop_map(|(space, title)| Reference::NewPage { space, title }),
            words.prop_map(Reference::Person),
            "[a-z0-9/]{1,20}".prop_map(Reference::Document),
            (2000..2100_u32, 1..13_u32, 1..29_u32).prop_map(|(year, month, day)| Reference::Day(
                format!("{year}-{month:02}-{day:02}")
            )),
        ]
    }

    proptest! {
        #[test]
        fn an_address_points_at_what_it_was_made_for(reference in any_reference()) {
            prop_assert_eq!(Reference::of(&reference.address()), Some(reference));
        }

        #[test]
        fn any_address_is_read(address in "(/s/|/d/|/-/people/|/-/tasks\\?due=)?.{0,40}") {
            let _ = Reference::of(&address);
        }
    }
}
