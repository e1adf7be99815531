//! Paragraphs to blocks.

use unisson_content::{Element, Node};

use super::{
    ITEM, QUOTE, parts,
    styles::{Kind, Styles},
    table,
};
use crate::{
    Document, OfficeError, Pictures,
    build::{lines, list_of, ticked},
    found::Found,
    inline::{self, Link, Look, Piece},
    package::Package,
    xml::{Item, Tag},
};

/// A document on its way in.
struct Reader<'a, 'b> {
    package: &'a mut Package<'b>,
    styles: Styles,
    found: Found,
    /// In so many quotes, whose paragraphs have the style of quotes.
    quotes: usize,
}

/// The document and its pictures.
pub(crate) fn read(bytes: &[u8]) -> Result<(Document, Pictures), OfficeError> {
    let mut package = Package::open(bytes)?;
    let content = package.xml("content.xml")?;
    let content = content.ok_or_else(|| OfficeError::malformed("it has no content.xml"))?;
    let common = package.xml("styles.xml")?;
    let meta = package.xml("meta.xml")?;
    let mut styles = Styles::default();
    common.iter().for_each(|common| styles.learn(common));
    styles.learn(&content);
    let said = |name| {
        let found = meta
            .as_ref()
            .and_then(|meta| meta.find(name))
            .map(Tag::text);
        found
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
    };
    let mut reader = Reader {
        package: &mut package,
        styles,
        found: Found::default(),
        quotes: 0,
    };
    let text = content.child("body").and_then(|body| body.child("text"));
    let text = text.ok_or_else(|| OfficeError::malformed("it is no text document"))?;
    let document = Document {
        title: said("title"),
        language: said("language"),
        nodes: reader.blocks(text)?,
    };
    Ok((document, reader.found.pictures))
}

/// A quoted paragraph, or a line of code, that stands alone until its neighbours are known.
const LOOSE_QUOTE: &str = "loose quote";
const LOOSE_CODE: &str = "loose code";

impl Reader<'_, '_> {
    /// The blocks of something.
    fn blocks(&mut self, parent: &Tag) -> Result<Vec<Node>, OfficeError> {
        let mut out = Vec::new();
        self.push_blocks(parent, &mut out)?;
        name_loose(&mut out);
        Ok(out)
    }

    fn push_blocks(&mut self, parent: &Tag, out: &mut Vec<Node>) -> Result<(), OfficeError> {
        for tag in parent.tags() {
            match tag.name.as_str() {
                "p" | "h" => {
                    for block in self.paragraph(tag, None)? {
                        push_loose(block, out);
                    }
                }
                "list" => self.list(tag, None, 1, out)?,
                "table" => {
                    let mut failed = None;
                    // Two borrows of the same reader: styles are looked at before cells are read.
                    let headers: Vec<String> = header_styles(tag, &self.styles);
                    let table = table::read(
                        tag,
                        |style| headers.iter().any(|known| known == style),
                        |cell| {
                            self.blocks(cell).unwrap_or_else(|error| {
                                failed = Some(error);
                                Vec::new()
                            })
                        },
                    );
                    if let Some(error) = failed {
                        return Err(error);
                    }
                    out.extend(table);
                }
                "section" => self.section(tag, out)?,
                "index-body" | "table-of-content" | "alphabetical-index" | "bibliography" => {
                    self.push_blocks(tag, out)?;
                }
                "frame" => {
                    let mut pieces = Vec::new();
                    self.frame(tag, &mut pieces)?;
                    out.extend(lines(pieces, plain));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn section(&mut self, tag: &Tag, out: &mut Vec<Node>) -> Result<(), OfficeError> {
        let name = tag.get("name").unwrap_or_default();
        if name.starts_with(QUOTE) {
            self.quotes += 1;
            let blocks = self.blocks(tag);
            self.quotes -= 1;
            out.push(Element::new("blockquote", blocks?).into());
            return Ok(());
        }
        let level = name
            .strip_prefix(ITEM)
            .and_then(|rest| rest.split('-').next()?.parse().ok());
        let Some(level) = level else {
            return self.push_blocks(tag, out);
        };
        let quotes = std::mem::take(&mut self.quotes);
        let blocks = self.blocks(tag);
        self.quotes = quotes;
        match last_item(out, level) {
            Some(item) => item.children.extend(blocks?),
            None => out.extend(blocks?),
        }
        Ok(())
    }

    /// A list, behind what is there: it may go on with the list before it.
    fn list(
        &mut self,
        tag: &Tag,
        style: Option<&str>,
        level: usize,
        out: &mut Vec<Node>,
    ) -> Result<(), OfficeError> {
        let style = tag.get("style-name").or(style);
        let mut goes_on =
            tag.get("continue-numbering") == Some("true") || tag.get("continue-list").is_some();
        let mut items: Vec<(Vec<Node>, Option<bool>)> = Vec::new();
        let mut start = None;
        let mut is_ordered = self.styles.is_ordered(style, level);
        for entry in tag.tags() {
            let is_header = entry.name == "list-header";
            if !is_header && entry.name != "list-item" {
                continue;
            }
            // An item of nothing but a list only holds that list at its level.
            let is_carrier = entry
                .tags()
                .next()
                .is_some_and(|first| first.name == "list");
            if is_carrier && let Some((children, _)) = items.last_mut() {
                self.item(entry, style, level, children)?;
                continue;
            }
            if (is_carrier || is_header && goes_on)
                && items.is_empty()
                && let Some(item) = last_item(out, 0)
            {
                let mut children = std::mem::take(&mut item.children);
                self.item(entry, style, level, &mut children)?;
                if let Some(item) = last_item(out, 0) {
                    item.children = children;
                }
                continue;
            }
            if start.is_none() {
                start = Some(
                    entry
                        .get("start-value")
                        .and_then(|start| start.parse().ok()),
                );
            }
            // Where no list has a style, its paragraphs may.
            if style.is_none()
                && let Some(first) = entry.child("p")
            {
                let named = self.styles.list_of(first.get("style-name"));
                is_ordered |= self.styles.is_ordered(named.as_deref(), level);
            }
            let mut children = Vec::new();
            let checked = self.item(entry, style, level, &mut children)?;
            items.push((children, checked));
        }
        if items.is_empty() {
            return Ok(());
        }
        let is_tasks = items.iter().all(|(_, checked)| checked.is_some());
        let start = start.flatten();
        let start = start.unwrap_or_else(|| self.styles.start(style, level));
        let Node::Element(list) = list_of(items, is_tasks, is_ordered.then_some(start)) else {
            return Ok(());
        };
        goes_on &= matches!(out.last(), Some(Node::Element(last)) if last.name == list.name);
        match (goes_on, out.last_mut()) {
            (true, Some(Node::Element(last))) => last.children.extend(list.children),
            _ => out.push(list.into()),
        }
        Ok(())
    }

    /// What is in an item, behind what is there; whether it is ticked, where it has a box.
    fn item(
        &mut self,
        entry: &Tag,
        style: Option<&str>,
        level: usize,
        out: &mut Vec<Node>,
    ) -> Result<Option<bool>, OfficeError> {
        let mut checked = None;
        for (at, tag) in entry.tags().enumerate() {
            match tag.name.as_str() {
                "p" | "h" => {
                    let is_first = at == 0 && entry.name == "list-item";
                    let box_of = is_first.then_some(&mut checked);
                    for block in self.paragraph(tag, box_of)? {
                        push_loose(block, out);
                    }
                }
                "list" => self.list(tag, style, level + 1, out)?,
                _ => {}
            }
        }
        name_loose(out);
        Ok(checked)
    }

    /// The blocks of a paragraph. `checked`: a box may stand at its beginning.
    fn paragraph(
        &mut self,
        tag: &Tag,
        checked: Option<&mut Option<bool>>,
    ) -> Result<Vec<Node>, OfficeError> {
        let mut pieces = Vec::new();
        self.pieces(tag, (&Look::default(), None), &mut pieces)?;
        if let Some(checked) = checked {
            *checked = ticked(&mut pieces);
        }
        let style = tag.get("style-name");
        let kind = match tag.name.as_str() {
            "h" => {
                let level = tag
                    .get("outline-level")
                    .and_then(|level| level.parse().ok());
                Kind::Heading(level.unwrap_or(1_u64).clamp(1, 6))
            }
            _ => self.styles.kind(style),
        };
        Ok(match kind {
            Kind::Heading(level) => lines(pieces, |line| {
                Element::new("heading", line).with("level", level).into()
            }),
            Kind::Quote if self.quotes == 0 => {
                vec![Element::new(LOOSE_QUOTE, lines(pieces, plain)).into()]
            }
            Kind::Code(language) => vec![code("codeBlock", &pieces, &language)],
            Kind::CodeLine => vec![code(LOOSE_CODE, &pieces, "")],
            Kind::Rule => vec![Element::new("horizontalRule", Vec::new()).into()],
            Kind::Plain | Kind::Quote => lines(pieces, plain),
        })
    }

    fn pieces(
        &mut self,
        parent: &Tag,
        (look, link): (&Look, Option<&Link>),
        out: &mut Vec<Piece>,
    ) -> Result<(), OfficeError> {
        for item in &parent.children {
            let tag = match item {
                Item::Text(text) => {
                    say(&collapsed(text), look, link, out);
                    continue;
                }
                Item::Tag(tag) => tag,
            };
            match tag.name.as_str() {
                "span" => {
                    let look = self.styles.look(look, tag.get("style-name"));
                    self.pieces(tag, (&look, link), out)?;
                }
                "a" => {
                    let link = tag.get("href").map(|target| Link {
                        target: parts::inside(target),
                        title: tag.get("title").unwrap_or_default().to_owned(),
                    });
                    self.pieces(tag, (look, link.as_ref()), out)?;
                }
                "s" => {
                    let count = tag.get("c").and_then(|count| count.parse::<usize>().ok());
                    say(&" ".repeat(count.unwrap_or(1).min(1_000)), look, link, out);
                }
                "tab" => say("\t", look, link, out),
                "line-break" => out.push(Piece::Break),
                "frame" => self.frame(tag, out)?,
                "note" | "annotation" | "annotation-end" | "tracked-changes" => {}
                _ => self.pieces(tag, (look, link), out)?,
            }
        }
        Ok(())
    }

    fn frame(&mut self, tag: &Tag, out: &mut Vec<Piece>) -> Result<(), OfficeError> {
        if let Some(text) = tag.child("text-box") {
            let blocks = self.blocks(text)?;
            out.extend(blocks.into_iter().map(Piece::Block));
            return Ok(());
        }
        let part = tag
            .tags()
            .filter(|tag| tag.name == "image")
            .find_map(|tag| tag.get("href"));
        let Some(part) = part else { return Ok(()) };
        let Some(address) = self.picture(part)? else {
            return Ok(());
        };
        let side = |name| tag.get(name).and_then(pixels);
        let size = side("width").zip(side("height"));
        let said = |name| tag.child(name).map(Tag::text).unwrap_or_default();
        let said = (said("desc"), said("title"));
        let image = self.found.node(address, said, size);
        out.push(Piece::Block(image));
        Ok(())
    }

    /// The address of the picture in a part; none where there is none that browsers show.
    fn picture(&mut self, part: &str) -> Result<Option<String>, OfficeError> {
        let part = part.trim_start_matches("./").to_owned();
        self.found.address(self.package, part)
    }
}

fn plain(line: Vec<Node>) -> Node {
    Element::new("paragraph", line).into()
}

/// Lines of other programs' quotes and code, one paragraph each, become one block.
fn push_loose(node: Node, out: &mut Vec<Node>) {
    let (Some(Node::Element(before)), Node::Element(next)) = (out.last_mut(), &node) else {
        return out.push(node);
    };
    match (before.name.as_str(), next.name.as_str()) {
        (LOOSE_QUOTE, LOOSE_QUOTE) => before.children.extend(next.children.clone()),
        (LOOSE_CODE, LOOSE_CODE) => {
            let text = [inline::code(&before.children), inline::code(&next.children)];
            let line = [Piece::Text(text.join("\n"), Look::default(), None)];
            before.children = inline::nodes(&line);
        }
        _ => out.push(node),
    }
}

/// What stood alone, now that its neighbours are known.
fn name_loose(nodes: &mut [Node]) {
    for node in nodes {
        if let Node::Element(element) = node {
            match element.name.as_str() {
                LOOSE_QUOTE => element.name = "blockquote".into(),
                LOOSE_CODE => element.name = "codeBlock".into(),
                _ => {}
            }
        }
    }
}

/// The last item of the last list, so many levels down.
fn last_item(nodes: &mut [Node], level: usize) -> Option<&mut Element> {
    let Some(Node::Element(list)) = nodes.last_mut() else {
        return None;
    };
    if !matches!(
        list.name.as_str(),
        "bulletList" | "orderedList" | "taskList"
    ) {
        return None;
    }
    let Some(Node::Element(item)) = list.children.last_mut() else {
        return None;
    };
    match level {
        0 => Some(item),
        level => last_item(&mut item.children, level - 1),
    }
}

/// The styles of cells in a table that are headers.
fn header_styles(table: &Tag, styles: &Styles) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![table];
    while let Some(next) = waiting.pop() {
        if next.name == "table-cell" {
            let style = next
                .get("style-name")
                .filter(|style| styles.is_header(style));
            found.extend(style.map(str::to_owned));
            continue;
        }
        waiting.extend(next.tags());
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn say(text: &str, look: &Look, link: Option<&Link>, out: &mut Vec<Piece>) {
    if !text.is_empty() {
        out.push(Piece::Text(text.to_owned(), look.clone(), link.cloned()));
    }
}

/// White space in text is one space.
fn collapsed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut was_space = false;
    for letter in text.chars() {
        let is_space = matches!(letter, ' ' | '\t' | '\n' | '\r');
        if !is_space {
            out.push(letter);
        } else if !was_space {
            out.push(' ');
        }
        was_space = is_space;
    }
    out
}

fn code(name: &str, pieces: &[Piece], language: &str) -> Node {
    let plain: Vec<Piece> = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text, ..) => Piece::Text(text.clone(), Look::default(), None),
            other => other.clone(),
        })
        .collect();
    let text = inline::code(&inline::nodes(&plain));
    let line = [Piece::Text(text, Look::default(), None)];
    let code = Element::new(name, inline::nodes(&line));
    match language {
        "" => code.into(),
        language => code.with("language", language).into(),
    }
}

/// A length in pixels of 1/96 inch.
fn pixels(length: &str) -> Option<u64> {
    let at = length.find(|letter: char| letter.is_ascii_alphabetic())?;
    let (number, unit) = length.split_at_checked(at)?;
    let number: f64 = number.trim().parse().ok()?;
    let inches = match unit {
        "in" => number,
        "cm" => number / 2.54,
        "mm" => number / 25.4,
        "pt" => number / 72.0,
        "px" => number / 96.0,
        _ => return None,
    };
    let pixels = (inches * 96.0).round();
    (pixels > 0.0 && pixels < 100_000.0).then_some(pixels as u64)
}
