//! Which page becomes which file, and how one leads to another. No IO.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use unisson_rights::Space;

use super::Format;

/// The longest part of a path, in bytes: far below what any file system takes.
const PART_BYTES_MAX: usize = 80;
/// What an address does not keep of a path.
const IN_ADDRESS: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'(')
    .add(b')')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b']')
    .add(b'\\');
/// Names that one system or another keeps for itself.
const TAKEN: [&str; 7] = ["con", "prn", "aux", "nul", "index", "readme", "errors"];

/// What the pages become, by what it means for their files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Markdown,
    Html,
    Office(unisson_office::Format),
}

impl Sort {
    pub(super) fn of(format: Format) -> Self {
        match format {
            Format::Markdown => Self::Markdown,
            Format::Html => Self::Html,
            Format::Docx => Self::Office(unisson_office::Format::Docx),
            Format::Odt => Self::Office(unisson_office::Format::Odt),
        }
    }

    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Markdown => "md",
            Self::Html => "html",
            Self::Office(format) => format.extension(),
        }
    }
}

/// A page of the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Leaf {
    pub(super) id: String,
    pub(super) title: String,
    /// Where its file is, without the end of its name; what is below it is in a folder of this name.
    pub(super) stem: String,
    pub(super) depth: usize,
    /// Its place among its siblings, from 1 on.
    pub(super) position: usize,
}

/// All pages of an archive.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) space: String,
    pub(super) title: String,
    pub(super) sort: Sort,
    /// In the order of the tree.
    pub(super) leaves: Vec<Leaf>,
    by_id: BTreeMap<String, usize>,
}

impl Site {
    /// `readable`: the ids of pages, each behind the one above it. One whose parent is not among
    /// them stands at the top.
    pub(super) fn of<'a>(
        id: &str,
        space: &Space,
        readable: impl Iterator<Item = &'a str>,
        sort: Sort,
    ) -> Self {
        let mut leaves: Vec<Leaf> = Vec::new();
        let mut by_id: BTreeMap<String, usize> = BTreeMap::new();
        let mut taken: BTreeSet<String> = BTreeSet::new();
        let mut counted: BTreeMap<Option<String>, usize> = BTreeMap::new();
        for page_id in readable {
            let Some(page) = space.pages.get(page_id) else {
                continue;
            };
            let above = page.parent.as_ref().and_then(|parent| by_id.get(parent));
            let above = above.and_then(|at| leaves.get(*at));
            let folder = above
                .map(|above| format!("{}/", above.stem))
                .unwrap_or_default();
            let depth = above.map_or(0, |above| above.depth + 1);
            let name = file_name(&page.title);
            let names = (1..).map(|number| match number {
                1 => name.clone(),
                number => format!("{name} ({number})"),
            });
            // Some systems take two that differ in capitals for one.
            let mut stems = names.map(|name| format!("{folder}{name}"));
            let stem = stems
                .find(|stem| taken.insert(stem.to_lowercase()))
                .unwrap_or_default();
            let siblings = counted
                .entry(above.map(|above| above.id.clone()))
                .or_default();
            *siblings += 1;
            by_id.insert(page_id.to_owned(), leaves.len());
            leaves.push(Leaf {
                id: page_id.to_owned(),
                title: page.title.clone(),
                stem,
                depth,
                position: *siblings,
            });
        }
        Self {
            space: id.to_owned(),
            title: space.settings.title.clone(),
            sort,
            leaves,
            by_id,
        }
    }

    pub(super) fn path(&self, leaf: &Leaf) -> String {
        format!("{}.{}", leaf.stem, self.sort.extension())
    }

    /// What an address in a page becomes in its file: links to pages of this archive lead to their
    /// files; others stay as they are.
    pub(super) fn link(&self, from: &Leaf, address: &str) -> Option<String> {
        let rest = address
            .strip_prefix("/s/")?
            .strip_prefix(self.space.as_str())?;
        let rest = rest.strip_prefix('/')?;
        let (page, part) = match rest.split_once('#') {
            Some((page, part)) => (page, format!("#{part}")),
            None => (rest, String::new()),
        };
        let to = self.leaves.get(*self.by_id.get(page)?)?;
        Some(format!("{}{part}", relative(&from.stem, &self.path(to))))
    }
}

/// The way from one file to another, as an address.
pub(super) fn relative(from: &str, to: &str) -> String {
    let from: Vec<&str> = from.split('/').collect();
    let to: Vec<&str> = to.split('/').collect();
    let folders = from.len().saturating_sub(1);
    let shared = from.iter().take(folders).zip(&to);
    let shared = shared.take_while(|(a, b)| a == b).count().min(to.len() - 1);
    let up = std::iter::repeat_n("..", folders - shared);
    let down = to.iter().skip(shared).copied();
    let path: Vec<&str> = up.chain(down).collect();
    let path = path.join("/");
    let address = utf8_percent_encode(&path, IN_ADDRESS).to_string();
    // What looks like a scheme is none.
    match address
        .split('/')
        .next()
        .is_some_and(|first| first.contains(':'))
    {
        true => format!("./{address}"),
        false => address,
    }
}

/// A title as the name of a file on any system.
pub(super) fn file_name(title: &str) -> String {
    let safe = |letter: char| match letter {
        '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '-',
        control if control.is_control() => '-',
        other => other,
    };
    let name: String = title.trim().chars().map(safe).collect();
    let mut end = PART_BYTES_MAX.min(name.len());
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    let name = name.get(..end).unwrap_or_default();
    let name = name
        .trim()
        .trim_end_matches(['.', ' '])
        .trim_start_matches('.');
    match TAKEN.contains(&name.to_lowercase().as_str()) || name.is_empty() {
        true => format!("{name}_"),
        false => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use unisson_rights::{Keys, set};

    use super::*;

    fn space(pages: &[(&str, &str, Option<&str>)]) -> Space {
        let settings = r#"{"title":"Crisis","visibility":"members","anonymous_role":"reader","signed_in_role":"reader","created_ms":1}"#;
        let mut entries = unisson_rights::Entries::new();
        entries.insert("space".into(), settings.into());
        for (at, (id, title, parent)) in pages.iter().enumerate() {
            let page = unisson_rights::Page {
                title: (*title).into(),
                parent: parent.map(str::to_owned),
                order: at as u64,
                readers: None,
                writers: None,
                locked: false,
                guide: false,
                deleted_ms: None,
                created_ms: 1,
            };
            let (key, value) = set(Keys::page(id), &page);
            entries.insert(key, value.expect("a value"));
        }
        let space = Space::read(&entries);
        space
            .expect("reads")
            .unwrap_or_else(|| panic!("{entries:?}"))
    }

    #[test]
    fn pages_become_files_in_folders_and_no_two_are_one() {
        let space = space(&[
            ("a", "Menus / été", None),
            ("b", "Monday", Some("a")),
            ("c", "monday", Some("a")),
            ("d", "Index", None),
            ("e", "Hidden's child", Some("hidden")),
        ]);
        let site = Site::of(
            "canteen",
            &space,
            ["a", "b", "c", "d", "e"].into_iter(),
            Sort::Markdown,
        );
        let paths: Vec<String> = site.leaves.iter().map(|leaf| site.path(leaf)).collect();
        assert_eq!(
            paths,
            [
                "Menus - été.md",
                "Menus - été/Monday.md",
                "Menus - été/monday (2).md",
                "Index_.md",
                "Hidden's child.md"
            ]
        );
        let positions: Vec<usize> = site.leaves.iter().map(|leaf| leaf.position).collect();
        assert_eq!(positions, [1, 1, 2, 2, 3]);
        let link = |from: usize, to| site.link(&site.leaves[from], to);
        assert_eq!(
            link(1, "/s/canteen/c#h-1").as_deref(),
            Some("monday%20%282%29.md#h-1")
        );
        assert_eq!(link(1, "/s/canteen/d").as_deref(), Some("../Index_.md"));
        assert_eq!(
            link(3, "/s/canteen/b").as_deref(),
            Some("Menus%20-%20%C3%A9t%C3%A9/Monday.md")
        );
        assert_eq!(link(0, "/s/other/b"), None);
        assert_eq!(link(0, "/s/canteen/nothing"), None);
    }

    #[test]
    fn a_title_is_a_name_on_any_system() {
        assert_eq!(file_name(".. "), "_");
        assert_eq!(file_name("a\nb: \"c\""), "a-b- -c-");
        assert_eq!(file_name("CON"), "CON_");
        assert!(file_name(&"é".repeat(100)).len() <= 80);
    }
}
