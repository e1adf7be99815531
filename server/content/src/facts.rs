//! What can be found about a document without reading all of it: its title, headings, text, links,
//! mentions and tasks. Search, backlinks and task lists are made of these.

use crate::{
    Content, Element, Node, Reference, Root, Run,
    heading::HeadingIds,
    linked::linked,
    markdown::{is, is_true, kind_of},
    text,
};

/// The longest text, in bytes; more is cut.
pub const TEXT_BYTES_MAX: usize = 2 << 20;
/// The longest line of anything else, in bytes.
const LINE_BYTES_MAX: usize = 500;
/// How many headings, links, mentions and tasks there may be of each.
pub const EACH_MAX: usize = 5_000;

/// What can be found about a document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The first heading, or else the first line.
    pub title: Option<String>,
    /// Headings, as they come.
    pub headings: Vec<Heading>,
    /// All letters, blocks with blank lines between them.
    pub text: String,
    /// Links to what is on this server.
    pub links: Vec<Link>,
    /// People who are named.
    pub mentions: Vec<Mention>,
    /// Items of task lists.
    pub tasks: Vec<Task>,
}

/// A heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// 1 to 6.
    pub level: u8,
    /// Its id in the page's HTML.
    pub id: String,
    /// Its letters.
    pub text: String,
}

/// A link to a page or document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// A page, one that was not there yet, or another document.
    pub to: Reference,
    /// The letters of the link.
    pub text: String,
}

/// Somebody who is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// The portal's id of the person.
    pub person: String,
    /// The name that stands there.
    pub name: String,
    /// The line that they are named in.
    pub line: String,
}

/// An item of a task list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The how many-eth task of the document it is, from 0 on.
    pub position: usize,
    /// Stays while the task's words do, wherever it is moved in the document.
    pub id: String,
    /// Its words, without what is below it.
    pub text: String,
    /// The same without people and days: stays while others are named in it.
    pub bare: String,
    /// Whether it is ticked.
    pub done: bool,
    /// Who is named in it first, by the portal's id.
    pub assignee: Option<String>,
    /// The first day in it: `2026-12-01`.
    pub due: Option<String>,
}

/// What can be found about a document. Takes time and memory as the document is large, and no more.
pub fn facts(content: &Content) -> Facts {
    let mut finder = Finder::default();
    let mut texts = Vec::new();
    for root in content.roots.values() {
        match root {
            Root::Tree(nodes) => {
                nodes.iter().for_each(|node| finder.node(node));
                texts.push(text::of_nodes(nodes));
            }
            Root::Text(runs) => {
                finder.runs(runs);
                texts.push(text::of_runs(runs));
            }
            Root::Json(_) => {}
        }
    }
    let mut found = finder.found;
    found.text = cut(texts.join("\n\n"), TEXT_BYTES_MAX);
    let first_heading = found.headings.iter().map(|heading| heading.text.as_str());
    let lines = found.text.lines().map(str::trim);
    let mut titles = first_heading.chain(lines).filter(|line| !line.is_empty());
    found.title = titles
        .next()
        .map(|title| cut(title.to_owned(), LINE_BYTES_MAX));
    found
}

/// The letters of a text, as many whole ones as there is room for.
fn cut(mut text: String, bytes_max: usize) -> String {
    if text.len() > bytes_max {
        let end = (0..=bytes_max).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or(0));
    }
    text
}

/// A line of a document, in one line.
fn line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    cut(words.join(" "), LINE_BYTES_MAX)
}

#[derive(Default)]
struct Finder {
    found: Facts,
    ids: HeadingIds,
    /// The words of tasks so far, with how many times they came.
    words: std::collections::BTreeMap<String, usize>,
    tasks: usize,
}

impl Finder {
    fn node(&mut self, node: &Node) {
        let element = match node {
            Node::Text(runs) => return self.runs(runs),
            Node::Element(element) => element,
        };
        match kind_of(element).as_str() {
            "heading" => self.heading(element),
            "taskitem" | "checklistitem" => self.task(element),
            _ => {}
        }
        element.children.iter().for_each(|child| self.node(child));
    }

    fn heading(&mut self, element: &Element) {
        let text = heading_text(element);
        let id = self.ids.next(&text);
        let level = heading_level(element);
        if self.found.headings.len() < EACH_MAX {
            let text = line(&text);
            self.found.headings.push(Heading { level, id, text });
        }
    }

    fn task(&mut self, item: &Element) {
        let own = own_text(item);
        let words = line(
            &own.iter()
                .map(|runs| text::of_runs(runs))
                .collect::<String>(),
        );
        let position = self.tasks;
        self.tasks += 1;
        if self.found.tasks.len() >= EACH_MAX {
            return;
        }
        let same = self.words.entry(words.clone()).or_default();
        let id = format!("{:016x}", stable_hash(&format!("{words}\n{same}")));
        *same += 1;
        let mut task = Task {
            position,
            id,
            text: words,
            bare: String::new(),
            done: item.attributes.get("checked").is_some_and(is_true),
            assignee: None,
            due: None,
        };
        let mut bare = String::new();
        for part in own.iter().flat_map(|runs| linked(runs)) {
            let link = part.link.as_ref();
            match link.and_then(|link| Reference::of(&link.address)) {
                Some(Reference::Person(id)) => task.assignee = task.assignee.or(Some(id)),
                Some(Reference::Day(day)) => task.due = task.due.or(Some(day)),
                _ => bare.push_str(&part.text()),
            }
        }
        task.bare = line(&bare);
        self.found.tasks.push(task);
    }

    fn runs(&mut self, runs: &[Run]) {
        let mut whole = None;
        for part in linked(runs) {
            let Some(to) = part
                .link
                .as_ref()
                .and_then(|link| Reference::of(&link.address))
            else {
                continue;
            };
            let words = line(&part.text());
            match to {
                Reference::Person(person) if self.found.mentions.len() < EACH_MAX => {
                    let whole = whole.get_or_insert_with(|| line(&text::of_runs(runs)));
                    self.found.mentions.push(Mention {
                        person,
                        name: words.trim_start_matches('@').to_owned(),
                        line: whole.clone(),
                    });
                }
                Reference::Page { .. } | Reference::NewPage { .. } | Reference::Document(_)
                    if self.found.links.len() < EACH_MAX =>
                {
                    self.found.links.push(Link { to, text: words });
                }
                _ => {}
            }
        }
    }
}

/// The letters of a heading.
pub(crate) fn heading_text(element: &Element) -> String {
    element.children.iter().map(text::of_block).collect()
}

/// The level of a heading.
pub(crate) fn heading_level(element: &Element) -> u8 {
    let level = element.attributes.get("level");
    let level = level.and_then(|level| level.as_u64().or_else(|| level.as_str()?.parse().ok()));
    // Between 1 and 6 it is small enough.
    u8::try_from(level.unwrap_or(1).clamp(1, 6)).unwrap_or(1)
}

/// The text of an item itself: its first paragraph, or what BlockNote has in the item.
fn own_text(item: &Element) -> Vec<&Vec<Run>> {
    let first = match item.children.first() {
        Some(Node::Element(first)) if is(first, "paragraph") => &first.children,
        _ => &item.children,
    };
    let runs = first.iter().filter_map(|node| match node {
        Node::Text(runs) => Some(runs),
        Node::Element(_) => None,
    });
    runs.collect()
}

/// FNV-1a: the same in every build, as ids are kept.
fn stable_hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}

#[cfg(test)]
mod tests;
