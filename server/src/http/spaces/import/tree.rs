//! Which file becomes which page, and where it goes: folders of Outline, Notion, Docusaurus and of
//! our own archives. No IO.
//!
//! A page is a file of text; what is in the folder of its name is below it, and `index`, `README` and
//! Docusaurus' `_category_.json` are of the folder itself. A folder of pages without a page of its
//! own gets an empty one. Everything else is a file that pages may show or link to.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::reading::{self, Kind, Read};

/// How deep folders may be.
const DEPTH_MAX: usize = 24;
/// The names of a folder's own page.
const OWN: [&str; 3] = ["index", "readme", "_index"];

/// A file as it was in the archive.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) path: String,
    pub(super) body: Bytes,
}

/// A page to be.
#[derive(Debug)]
pub(super) struct Planned {
    /// The file that it is made of, for people; the folder where there is none.
    pub(super) path: String,
    pub(super) title: String,
    /// The page above, which comes before it in the plan.
    pub(super) parent: Option<usize>,
    pub(super) read: Read,
}

/// Something that was left out, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) path: String,
    /// For programs: one of those below, or a code of the API.
    pub(super) code: &'static str,
    pub(super) problem: String,
}

/// Why something is left out.
const OUTSIDE: &str = "outside";
const TOO_DEEP: &str = "too-deep";
const UNREADABLE: &str = "unreadable";
const TWICE: &str = "twice";
const UNUSED: &str = "unused";

/// What a space gets.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Each behind the one above it, siblings in order.
    pub(super) pages: Vec<Planned>,
    /// Other files, by their paths.
    pub(super) files: BTreeMap<String, Bytes>,
    pub(super) notes: Vec<Note>,
    by_path: BTreeMap<String, usize>,
}

/// What an address in a page leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A page of the plan, and the part of it with its `#`.
    Page(usize, String),
    File(String),
}

#[derive(Debug, Default)]
struct Draft {
    source: Option<String>,
    read: Read,
    title: Option<String>,
    position: Option<u64>,
}

/// What becomes of the files of an archive.
pub(super) fn plan(sources: Vec<Source>) -> Plan {
    let mut plan = Plan::default();
    let mut kept: Vec<(Vec<String>, Bytes)> = Vec::new();
    for source in sources {
        let parts: Vec<String> = source
            .path
            .split(['/', '\\'])
            .filter(|part| !part.is_empty() && *part != ".")
            .map(str::to_owned)
            .collect();
        let is_hidden = |part: &String| part.starts_with('.') || part == "__MACOSX";
        if parts.is_empty() || parts.iter().any(is_hidden) {
            // What systems leave behind, and paths that lead out of the archive.
            if parts.iter().any(|part| part == "..") {
                plan.note(&source.path, OUTSIDE, "its path leads out of the archive");
            }
            continue;
        }
        match parts.len() > DEPTH_MAX {
            true => plan.note(&source.path, TOO_DEEP, "it lies too deep"),
            false => kept.push((parts, source.body)),
        }
    }
    strip_root(&mut kept);
    let mut drafts: BTreeMap<String, Draft> = BTreeMap::new();
    for (parts, body) in kept {
        let path = parts.join("/");
        let name = parts.last().cloned().unwrap_or_default();
        let folder = parts[..parts.len() - 1].join("/");
        if name == "_category_.json" {
            let draft = drafts.entry(folder).or_default();
            if let Ok(said) = serde_json::from_slice::<Value>(&body) {
                let label = said.get("label").and_then(Value::as_str);
                draft.title = draft.title.take().or(label.map(str::to_owned));
                draft.position = draft
                    .position
                    .or(said.get("position").and_then(Value::as_u64));
            }
            continue;
        }
        let Some((stem, kind)) = Kind::of(&name) else {
            plan.files.insert(path, body);
            continue;
        };
        let key = match OWN.contains(&stem.to_lowercase().as_str()) && !folder.is_empty() {
            true => folder,
            false if folder.is_empty() => stem.to_owned(),
            false => format!("{folder}/{stem}"),
        };
        let read = match reading::read(kind, &body) {
            Ok(read) => read,
            Err(problem) => {
                plan.note(&path, UNREADABLE, &problem);
                continue;
            }
        };
        let draft = drafts.entry(key).or_default();
        if draft.source.is_some() {
            plan.note(&path, TWICE, "there is another page of this name beside it");
            continue;
        }
        draft.title = read.title.clone().or(draft.title.take());
        draft.position = read.position.or(draft.position);
        (draft.source, draft.read) = (Some(path), read);
    }
    // Folders that have pages, or that said what they are called.
    let keys: Vec<String> = drafts.keys().cloned().collect();
    for key in keys {
        let mut rest = key.as_str();
        while let Some((folder, _)) = rest.rsplit_once('/') {
            drafts.entry(folder.to_owned()).or_default();
            rest = folder;
        }
    }
    plan.lay_out(drafts);
    plan
}

/// One folder around everything is the archive's own name.
fn strip_root(kept: &mut [(Vec<String>, Bytes)]) {
    let first = kept.first().filter(|(parts, _)| parts.len() > 1);
    let Some(root) = first.map(|(parts, _)| parts[0].clone()) else {
        return;
    };
    if kept
        .iter()
        .all(|(parts, _)| parts.len() > 1 && parts[0] == root)
    {
        for (parts, _) in kept.iter_mut() {
            parts.remove(0);
        }
    }
}

impl Plan {
    fn note(&mut self, path: &str, code: &'static str, problem: &str) {
        self.notes.push(Note {
            path: path.to_owned(),
            code,
            problem: problem.to_owned(),
        });
    }

    fn lay_out(&mut self, mut drafts: BTreeMap<String, Draft>) {
        let mut below: BTreeMap<String, Vec<(u64, String, String)>> = BTreeMap::new();
        for (key, draft) in &drafts {
            let (folder, name) = key.rsplit_once('/').unwrap_or(("", key));
            let (number, title) = title_of(name);
            let position = draft.position.or(number).unwrap_or(u64::MAX);
            let order = draft.title.clone().unwrap_or(title).to_lowercase();
            let siblings = below.entry(folder.to_owned()).or_default();
            siblings.push((position, order, key.clone()));
        }
        below
            .values_mut()
            .for_each(|siblings| siblings.sort_unstable());
        let mut waiting: Vec<(String, Option<usize>)> = Vec::new();
        let push = |folder: &str, parent, waiting: &mut Vec<_>| {
            let siblings = below.get(folder).into_iter().flatten().rev();
            waiting.extend(siblings.map(|(_, _, key)| (key.clone(), parent)));
        };
        push("", None, &mut waiting);
        while let Some((key, parent)) = waiting.pop() {
            let Some(draft) = drafts.remove(&key) else {
                continue;
            };
            let name = key.rsplit('/').next().unwrap_or_default();
            let at = self.pages.len();
            let path = draft.source.unwrap_or_else(|| key.clone());
            self.by_path.insert(path.clone(), at);
            self.by_path.insert(key.clone(), at);
            self.pages.push(Planned {
                path,
                title: draft.title.unwrap_or_else(|| title_of(name).1),
                parent,
                read: draft.read,
            });
            push(&key, Some(at), &mut waiting);
        }
    }

    /// What an address in a page leads to, where that is in the archive.
    pub(super) fn target(&self, from: &Planned, address: &str) -> Option<Target> {
        let (path, part) = match address.split_once('#') {
            Some((path, part)) => (path, format!("#{part}")),
            None => (address, String::new()),
        };
        let path = path.split('?').next().unwrap_or_default();
        let scheme = path.split('/').next().unwrap_or_default();
        if path.is_empty() || path.starts_with('/') || scheme.contains(':') {
            return None;
        }
        let path = percent_decode_str(path).decode_utf8().ok()?;
        let mut way: Vec<&str> = from.path.split('/').collect();
        way.pop();
        for step in path.split('/') {
            match step {
                "" | "." => {}
                ".." => drop(way.pop()?),
                step => way.push(step),
            }
        }
        let path = way.join("/");
        if let Some(at) = self.by_path.get(&path) {
            return Some(Target::Page(*at, part));
        }
        self.files.contains_key(&path).then_some(Target::File(path))
    }

    /// Files that no page shows or links to.
    pub(super) fn note_unused(&mut self, used: &BTreeSet<String>) {
        let unused = self.files.keys().filter(|path| !used.contains(*path));
        let notes = unused.map(|path| Note {
            path: path.clone(),
            code: UNUSED,
            problem: "no page shows it or links to it".to_owned(),
        });
        let notes: Vec<Note> = notes.collect();
        self.notes.extend(notes);
    }
}

/// A name as people would write it, without Notion's ids and without the number that orders it.
fn title_of(name: &str) -> (Option<u64>, String) {
    let mut name = name.trim();
    if let Some((rest, id)) = name.rsplit_once(' ')
        && id.len() == 32
        && id.bytes().all(|byte| byte.is_ascii_hexdigit())
    {
        name = rest.trim();
    }
    let digits = name.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = name.split_at(digits);
    let after = rest.trim_start_matches(['-', '_', '.', ' ']);
    let is_order = digits > 0 && digits < 5 && after.len() < rest.len() && !after.is_empty();
    // A date, or a year that is a title, is no order.
    let is_order = is_order && !after.starts_with(|letter: char| letter.is_ascii_digit());
    let (number, name) = match is_order {
        true => (number.parse().ok(), after),
        false => (None, name),
    };
    let words = match name.contains(' ') {
        true => name.to_owned(),
        false => name.replace(['_', '-'], " "),
    };
    let mut letters = words.trim().chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    (
        number,
        format!("{}{}", first.unwrap_or_default(), letters.as_str()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(files: &[(&str, &str)]) -> Plan {
        let sources = files.iter().map(|(path, body)| Source {
            path: (*path).to_owned(),
            body: Bytes::copy_from_slice(body.as_bytes()),
        });
        plan(sources.collect())
    }

    fn shape(plan: &Plan) -> Vec<(&str, Option<usize>)> {
        let pages = plan.pages.iter();
        pages
            .map(|page| (page.title.as_str(), page.parent))
            .collect()
    }

    #[test]
    fn notion_folders_lose_their_ids_and_keep_their_links() {
        let id = "0123456789abcdef0123456789abcdef";
        let plan = planned(&[
            (
                &format!("Export/Plan {id}.md"),
                &format!("# Plan\n\n[m](Plan%20{id}/Menu%20{id}.md)"),
            ),
            (
                &format!("Export/Plan {id}/Menu {id}.md"),
                "# Menu\n\n![a](img.png) [x](https://e.org)",
            ),
            (&format!("Export/Plan {id}/img.png"), "png"),
            ("Export/.DS_Store", "x"),
        ]);
        assert_eq!(shape(&plan), [("Plan", None), ("Menu", Some(0))]);
        let link = format!("Plan%20{id}/Menu%20{id}.md#part");
        assert_eq!(
            plan.target(&plan.pages[0], &link),
            Some(Target::Page(1, "#part".into()))
        );
        let file = plan.target(&plan.pages[1], "img.png");
        assert_eq!(file, Some(Target::File(format!("Plan {id}/img.png"))));
        assert_eq!(plan.target(&plan.pages[1], "https://e.org"), None);
        assert_eq!(plan.target(&plan.pages[1], "../../../etc/passwd"), None);
        assert_eq!(plan.notes, []);
    }

    #[test]
    fn docusaurus_folders_say_their_names_and_their_order() {
        let plan = planned(&[
            ("docs/02-guide/index.md", "---\ntitle: Guide\n---\nText"),
            ("docs/02-guide/b.md", "---\nsidebar_position: 2\n---\nB"),
            (
                "docs/02-guide/a.md",
                "---\nsidebar_position: 3\ntitle: \"A: b\"\n---\nA",
            ),
            ("docs/01-intro.md", "Hello"),
            (
                "docs/03-api/_category_.json",
                "{\"label\":\"The API\",\"position\":9}",
            ),
            ("docs/03-api/calls/list_all.md", "x"),
        ]);
        assert_eq!(
            shape(&plan),
            [
                ("Intro", None),
                ("Guide", None),
                ("B", Some(1)),
                ("A: b", Some(1)),
                ("The API", None),
                ("Calls", Some(4)),
                ("List all", Some(5)),
            ]
        );
        let target = plan.target(&plan.pages[2], "./a.md");
        assert_eq!(target, Some(Target::Page(3, String::new())));
        assert_eq!(
            plan.target(&plan.pages[2], "../01-intro.md"),
            Some(Target::Page(0, String::new()))
        );
    }

    #[test]
    fn what_is_no_page_is_said() {
        let mut plan = planned(&[
            ("a.md", "A"),
            ("a.html", "<p>A</p>"),
            ("../b.md", "B"),
            ("broken.docx", "no zip"),
            ("c.csv", "1"),
        ]);
        assert_eq!(shape(&plan), [("A", None)]);
        plan.note_unused(&BTreeSet::new());
        let noted: Vec<&str> = plan.notes.iter().map(|note| note.path.as_str()).collect();
        assert_eq!(noted, ["../b.md", "a.html", "broken.docx", "c.csv"]);
    }

    #[test]
    fn a_year_or_a_date_is_a_title() {
        assert_eq!(title_of("2026-11-26").1, "2026 11 26");
        assert_eq!(title_of("2026").1, "2026");
        assert_eq!(
            title_of("01_soupe-du-jour"),
            (Some(1), "Soupe du jour".into())
        );
        assert_eq!(title_of("Soupe-minute du chef").1, "Soupe-minute du chef");
    }
}
