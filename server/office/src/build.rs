//! Puts blocks together as they are read, line after line: office suites say of each paragraph at
//! which level of which list it is, and the tree has lists in items of lists.

use std::collections::BTreeMap;

use unisson_content::{Element, Node, tree::paragraph};

use crate::inline::{self, Piece};

/// Where a paragraph is in lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Which list: paragraphs with the same one go on with it.
    pub(crate) list: String,
    pub(crate) level: usize,
    pub(crate) is_ordered: bool,
    /// The number of its first item.
    pub(crate) start: u64,
    /// Another list begins here, whatever the paragraphs before were in.
    pub(crate) restarts: bool,
}

#[derive(Debug)]
struct Open {
    place: Place,
    items: Vec<(Vec<Node>, Option<bool>)>,
}

/// Blocks that are being put together.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    nodes: Vec<Node>,
    open: Vec<Open>,
    /// How many items lists have had that were left and may be gone on with.
    counted: BTreeMap<(String, usize), u64>,
}

impl Blocks {
    /// A block that is in no list.
    pub(crate) fn push(&mut self, node: Node) {
        self.close(0);
        self.nodes.push(node);
    }

    /// A new item, which begins with this paragraph. `checked`: it has a box to tick.
    pub(crate) fn push_item(&mut self, mut place: Place, first: Node, checked: Option<bool>) {
        let keep = self.open.iter().take_while(|open| {
            open.place.level < place.level
                || open.place.level == place.level
                    && open.place.list == place.list
                    && !place.restarts
        });
        let keep = keep.count();
        self.close(keep);
        let goes_on = self
            .open
            .last()
            .is_some_and(|open| open.place.level == place.level);
        if !goes_on {
            let key = (place.list.clone(), place.level);
            if place.restarts {
                self.counted.remove(&key);
            }
            let counted = self.counted.get(&key);
            place.start += counted.copied().unwrap_or_default();
            self.open.push(Open {
                place,
                items: Vec::new(),
            });
        }
        if let Some(open) = self.open.last_mut() {
            open.items.push((vec![first], checked));
        }
    }

    /// More of the last item at this level; false where there is none.
    pub(crate) fn push_in_item(&mut self, level: usize, nodes: Vec<Node>) -> bool {
        let found = self.open.iter().position(|open| open.place.level == level);
        let Some(at) = found else { return false };
        self.close(at + 1);
        match self.open.last_mut().and_then(|open| open.items.last_mut()) {
            Some((item, _)) => item.extend(nodes),
            None => return false,
        }
        true
    }

    /// All blocks.
    pub(crate) fn end(mut self) -> Vec<Node> {
        self.close(0);
        self.nodes
    }

    /// Closes all lists but the outermost so many.
    fn close(&mut self, keep: usize) {
        while self.open.len() > keep {
            let Some(done) = self.open.pop() else { return };
            let counted = (done.place.list.clone(), done.place.level);
            *self.counted.entry(counted).or_default() += done.items.len() as u64;
            let list = list(done);
            match self.open.last_mut().and_then(|open| open.items.last_mut()) {
                Some((item, _)) => item.push(list),
                None => self.nodes.push(list),
            }
        }
    }
}

fn list(open: Open) -> Node {
    let is_tasks = open.items.iter().all(|(_, checked)| checked.is_some());
    list_of(
        open.items,
        is_tasks,
        open.place.is_ordered.then_some(open.place.start),
    )
}

/// A list of these items; `start` where it is numbered.
pub(crate) fn list_of(
    items: Vec<(Vec<Node>, Option<bool>)>,
    is_tasks: bool,
    start: Option<u64>,
) -> Node {
    let items = items.into_iter().map(|(mut blocks, checked)| {
        let begins =
            matches!(blocks.first(), Some(Node::Element(first)) if first.name == "paragraph");
        if !begins {
            blocks.insert(0, paragraph(""));
        }
        match is_tasks {
            true => Element::new("taskItem", blocks)
                .with("checked", checked == Some(true))
                .into(),
            false => Element::new("listItem", blocks).into(),
        }
    });
    let items: Vec<Node> = items.collect();
    match (is_tasks, start) {
        (true, _) => Element::new("taskList", items).into(),
        (false, Some(start)) => Element::new("orderedList", items)
            .with("start", start)
            .into(),
        (false, None) => Element::new("bulletList", items).into(),
    }
}

/// A line with pictures in it, as blocks one after the other: `make` makes one of what stands
/// between them. A line of nothing but a picture is that picture.
pub(crate) fn lines(pieces: Vec<Piece>, make: impl Fn(Vec<Node>) -> Node) -> Vec<Node> {
    let mut out = Vec::new();
    let mut line: Vec<Piece> = Vec::new();
    let has_blocks = pieces.iter().any(|piece| matches!(piece, Piece::Block(_)));
    let flush = |line: &mut Vec<Piece>, out: &mut Vec<Node>| {
        let blank = line.iter().all(|piece| match piece {
            Piece::Text(text, ..) => text.trim().is_empty(),
            Piece::Break | Piece::Block(_) => true,
        });
        if !(blank && has_blocks) {
            out.push(make(inline::nodes(line)));
        }
        line.clear();
    };
    for piece in pieces {
        match piece {
            Piece::Block(node) => {
                flush(&mut line, &mut out);
                out.push(node);
            }
            other => line.push(other),
        }
    }
    if !(line.is_empty() && has_blocks) {
        flush(&mut line, &mut out);
    }
    out
}

/// The box at the beginning of a line, as a letter, and the line without it.
pub(crate) fn ticked(pieces: &mut [Piece]) -> Option<bool> {
    let Some(Piece::Text(text, ..)) = pieces.first_mut() else {
        return None;
    };
    let mut letters = text.chars();
    let checked = match letters.next()? {
        '\u{2610}' => false,
        '\u{2611}' | '\u{2612}' => true,
        _ => return None,
    };
    let rest = letters.as_str();
    let line = rest.strip_prefix(' ').unwrap_or(rest).to_owned();
    let was_alone = line.is_empty() && !rest.starts_with(' ');
    *text = line;
    // The space may be in the next piece.
    if was_alone && let Some(Piece::Text(next, ..)) = pieces.get_mut(1) {
        *next = next.strip_prefix(' ').unwrap_or(next).to_owned();
    }
    Some(checked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(list: &str, level: usize) -> Place {
        Place {
            list: list.into(),
            level,
            is_ordered: true,
            start: 1,
            restarts: false,
        }
    }

    fn shape(nodes: &[Node]) -> String {
        let each = nodes.iter().map(|node| match node {
            Node::Element(element) => {
                let start = element.attributes.get("start").map(ToString::to_string);
                let inside = shape(&element.children);
                let letter = element.name.chars().next().unwrap_or_default();
                format!(
                    "{letter}{}{}",
                    start.unwrap_or_default(),
                    match inside.as_str() {
                        "" => String::new(),
                        inside => format!("({inside})"),
                    }
                )
            }
            Node::Text(_) => String::new(),
        });
        each.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn levels_become_lists_in_items_and_a_list_goes_on_behind_a_paragraph() {
        let mut blocks = Blocks::default();
        let line = || paragraph("");
        blocks.push_item(place("a", 0), line(), None);
        blocks.push_item(place("a", 1), line(), None);
        blocks.push_item(place("b", 1), line(), None);
        assert!(blocks.push_in_item(0, vec![line()]));
        blocks.push_item(place("a", 0), line(), None);
        blocks.push(line());
        assert!(!blocks.push_in_item(0, vec![line()]));
        blocks.push_item(place("a", 0), line(), None);
        assert_eq!(
            shape(&blocks.end()),
            "o1(l(p o1(l(p)) o1(l(p)) p) l(p)) p o3(l(p))"
        );
    }
}
