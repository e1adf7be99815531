//! A page of a wiki as HTML: headings that can be linked to, links that follow their page's title,
//! callouts, people, days, a table of contents.
//!
//! [`PageHtml`] is made once of what the page says. What differs between readers (which titles they
//! may see) and between moments (what other pages are called by now) comes in by [`PageHtml::fill`].

use std::fmt::Write as _;

use super::{
    callout::{self, Callout},
    render::{Out, escaped, push_all, push_plain_runs, wrap},
    safe_link,
};
use crate::{
    Element, Node, Reference, Run,
    facts::{heading_level, heading_text},
    heading::HeadingIds,
    linked::{Link, Linked, linked},
    markdown::{Mark, is, kind_of},
};

/// How addresses of this server begin.
const OWN: [&str; 4] = ["/s/", "/d/", "/-/", "/api/v1/"];

/// What a page needs to know of the rest of the wiki, for one reader.
pub trait Resolve {
    /// What comes before addresses that begin with `/`: nothing, or the path below which the server is
    /// reached.
    fn root(&self) -> &str;
    /// What a page is called now; `None` where there is none, or the reader may not see it.
    fn title(&self, space: &str, page: &str) -> Option<String>;
    /// The page of a space that is called so, where there is one that the reader may see.
    fn page_called(&self, space: &str, title: &str) -> Option<String>;
    /// A word in the reader's language.
    fn word(&self, word: Word) -> &str;
}

/// Words that a page needs and its text has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// What is said before a callout.
    Callout(Callout),
    /// What the table of contents is called.
    Contents,
    /// A task that is done.
    Done,
    /// A task that is not.
    NotDone,
}

/// A page as HTML, as far as it is the same for everybody.
#[derive(Debug, Clone, Default)]
pub struct PageHtml {
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
enum Part {
    Html(String),
    /// What comes before an address that begins with `/`.
    Root,
    Word(Word),
    /// A link to a page.
    Page(PageLink),
}

#[derive(Debug, Clone)]
struct PageLink {
    to: Reference,
    /// As it stands in the document, with its part behind `#`.
    address: String,
    /// The HTML of its words.
    words: String,
    /// Its words follow the page's title.
    follows: bool,
}

impl PageHtml {
    /// The HTML of a page's nodes.
    pub fn of(nodes: &[Node]) -> Self {
        let mut headings = Vec::new();
        collect(nodes, &mut HeadingIds::default(), &mut headings);
        let wiki = Wiki {
            headings,
            ..Wiki::default()
        };
        let mut out = Out {
            html: String::new(),
            wiki: Some(wiki),
        };
        push_all(nodes, &mut out);
        let Out { html, wiki } = out;
        let mut parts = wiki.unwrap_or_default().parts;
        parts.push(Part::Html(html));
        Self { parts }
    }

    /// The pages that it links to: what is called otherwise, it shows otherwise.
    pub fn links(&self) -> impl Iterator<Item = &Reference> {
        self.parts.iter().filter_map(|part| match part {
            Part::Page(link) => Some(&link.to),
            _ => None,
        })
    }

    /// How many bytes it takes, about.
    pub fn bytes(&self) -> usize {
        let part = |part: &Part| match part {
            Part::Html(html) => html.len(),
            Part::Page(link) => link.address.len() + link.words.len(),
            Part::Root | Part::Word(_) => 0,
        };
        let texts: usize = self.parts.iter().map(part).sum();
        texts + self.parts.len() * size_of::<Part>()
    }

    /// The HTML for one reader at this moment.
    pub fn fill(&self, resolve: &dyn Resolve) -> String {
        let mut html = String::with_capacity(self.bytes());
        for part in &self.parts {
            match part {
                Part::Html(part) => html.push_str(part),
                Part::Root => html.push_str(&escaped(resolve.root())),
                Part::Word(word) => html.push_str(&escaped(resolve.word(*word))),
                Part::Page(link) => link.fill(resolve, &mut html),
            }
        }
        html
    }
}

impl PageLink {
    fn fill(&self, resolve: &dyn Resolve, html: &mut String) {
        let (class, address, title) = match &self.to {
            Reference::Page { space, page } => match resolve.title(space, page) {
                Some(title) => ("page-link", self.address.clone(), Some(title)),
                None => ("page-link missing", self.address.clone(), None),
            },
            Reference::NewPage { space, title } => match resolve.page_called(space, title) {
                Some(page) => {
                    let space = space.clone();
                    let there = Reference::Page { space, page };
                    ("page-link", there.address(), None)
                }
                None => ("page-link new-page", self.address.clone(), None),
            },
            _ => ("page-link", self.address.clone(), None),
        };
        let words = match title.filter(|_| self.follows) {
            Some(title) => escaped(&title),
            None => self.words.clone(),
        };
        let (root, address) = (escaped(resolve.root()), escaped(&address));
        let _ = write!(
            html,
            "<a class=\"{class}\" href=\"{root}{address}\">{words}</a>"
        );
    }
}

/// A heading that the table of contents shows.
#[derive(Debug, Clone)]
struct Shown {
    level: u8,
    id: String,
    text: String,
}

fn collect(nodes: &[Node], ids: &mut HeadingIds, headings: &mut Vec<Shown>) {
    for node in nodes {
        let Node::Element(element) = node else {
            continue;
        };
        if is(element, "heading") {
            let text = heading_text(element);
            headings.push(Shown {
                level: heading_level(element),
                id: ids.next(&text),
                text,
            });
        }
        collect(&element.children, ids, headings);
    }
}

/// What a page of a wiki has more than other HTML.
#[derive(Default)]
pub(super) struct Wiki {
    parts: Vec<Part>,
    ids: HeadingIds,
    headings: Vec<Shown>,
    /// There is one table of contents; more of them would be as long each.
    has_contents: bool,
}

impl Wiki {
    /// Begins a new part of the page; does nothing where the HTML is of no page.
    fn part(part: Part, out: &mut Out) {
        if let Some(wiki) = &mut out.wiki {
            let before = std::mem::take(&mut out.html);
            wiki.parts.push(Part::Html(before));
            wiki.parts.push(part);
        }
    }

    /// Writes an address; one of this server begins where the server is reached.
    pub(super) fn push_address(address: &str, out: &mut Out) {
        if OWN.iter().any(|own| address.starts_with(own)) {
            Self::part(Part::Root, out);
        }
        out.push_str(&escaped(address));
    }

    /// Says for whoever does not see the box whether a task is done.
    pub(super) fn push_task_label(done: bool, out: &mut Out) {
        if out.wiki.is_some() {
            out.push_str(" aria-label=\"");
            Self::part(
                Part::Word(if done { Word::Done } else { Word::NotDone }),
                out,
            );
            out.push_str("\"");
        }
    }

    /// Writes a block that is something else in a page; `false` where it is not.
    pub(super) fn push_block(element: &Element, out: &mut Out) -> bool {
        let Some(wiki) = &mut out.wiki else {
            return false;
        };
        match kind_of(element).as_str() {
            "heading" => {
                let id = wiki.ids.next(&heading_text(element));
                let tag = format!("h{}", heading_level(element));
                wrap(&tag, &format!(" id=\"{}\"", escaped(&id)), element, out);
            }
            "paragraph" if !wiki.has_contents && is_contents(element) => {
                wiki.has_contents = true;
                Self::push_contents(out);
            }
            "blockquote" => {
                let Some(kind) = callout::of(element) else {
                    return false;
                };
                let name = kind.name();
                let _ = write!(
                    out,
                    "<div class=\"callout\" data-callout=\"{name}\" role=\"note\"><p class=\"callout-title\">"
                );
                Self::part(Part::Word(Word::Callout(kind)), out);
                out.push_str("</p>");
                push_all(&element.children, out);
                out.push_str("</div>");
            }
            _ => return false,
        }
        true
    }

    fn push_contents(out: &mut Out) {
        out.push_str("<nav class=\"contents\" aria-label=\"");
        Self::part(Part::Word(Word::Contents), out);
        out.push_str("\">");
        let headings = out
            .wiki
            .as_mut()
            .map(|wiki| std::mem::take(&mut wiki.headings));
        // The levels of the lists that are open; headings may skip some.
        let mut open: Vec<u8> = Vec::new();
        for Shown { level, id, text } in headings.unwrap_or_default() {
            while open.len() > 1 && open.last().is_some_and(|last| *last > level) {
                open.pop();
                out.push_str("</li></ol>");
            }
            match open.last_mut() {
                Some(last) if *last >= level => {
                    *last = level;
                    out.push_str("</li>");
                }
                _ => {
                    open.push(level);
                    out.push_str("<ol>");
                }
            }
            let (id, text) = (escaped(&id), escaped(&text));
            let _ = write!(out, "<li><a href=\"#{id}\">{text}</a>");
        }
        out.push_str(&"</li></ol>".repeat(open.len()));
        out.push_str("</nav>");
    }

    /// Writes a text with its links; `false` where the HTML is of no page.
    pub(super) fn push_runs(runs: &[Run], out: &mut Out) -> bool {
        if out.wiki.is_none() {
            return false;
        }
        for part in linked(runs) {
            let to = part
                .link
                .as_ref()
                .and_then(|link| Reference::of(&link.address));
            match (to, &part.link) {
                (Some(to), Some(link)) => Self::push_reference(to, link, &part, out),
                _ => push_plain_runs(part.runs, out, &|_| true),
            }
        }
        true
    }

    fn push_reference(to: Reference, link: &Link, part: &Linked<'_>, out: &mut Out) {
        let mut words = Out::default();
        push_plain_runs(part.runs, &mut words, &|mark| {
            !matches!(mark, Mark::Link(..))
        });
        let words = words.html;
        match to {
            Reference::Page { .. } | Reference::NewPage { .. } => {
                let link = PageLink {
                    // Only addresses that begin with `/s/` are references to pages.
                    address: safe_link(&link.address).unwrap_or_else(|| to.address()),
                    to,
                    words,
                    follows: part.follows_title(),
                };
                Self::part(Part::Page(link), out);
            }
            Reference::Person(id) => {
                let id = escaped(&id);
                let _ = write!(
                    out,
                    "<span class=\"mention\" data-person=\"{id}\">{words}</span>"
                );
            }
            Reference::Day(day) => {
                let _ = write!(out, "<time class=\"day\" datetime=\"{day}\">{words}</time>");
            }
            Reference::Document(_) | Reference::Contents => {
                out.push_str("<a href=\"");
                Self::push_address(&to.address(), out);
                let _ = write!(out, "\">{words}</a>");
            }
        }
    }
}

/// Whether a paragraph is nothing but a link to the table of contents.
fn is_contents(paragraph: &Element) -> bool {
    let [Node::Text(runs)] = paragraph.children.as_slice() else {
        return false;
    };
    let parts = linked(runs);
    let [part] = parts.as_slice() else {
        return false;
    };
    let to = part
        .link
        .as_ref()
        .and_then(|link| Reference::of(&link.address));
    to == Some(Reference::Contents)
}

#[cfg(test)]
mod tests;
