//! Blocks to paragraphs.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::Value;
use unisson_content::{Element, Node, first_text, kind_of};

use super::{ITEM, QUOTE, TASKS, parts, styles, table};
use crate::{
    Document, OfficeError, Pictures,
    inline::{self, Link, Look, Piece},
    package::pack,
    picture::{Drawing, Picture},
    xml::escaped,
};

/// A list that is being written.
#[derive(Debug)]
struct List {
    style: &'static str,
    start: u64,
    /// It has been begun, though it may be closed for what no item takes.
    is_begun: bool,
    is_open: bool,
    /// What is open in it: an item, or a header that goes on with one.
    holder: Option<&'static str>,
}

/// A document on its way out.
#[derive(Default)]
pub(super) struct Writer<'a> {
    pub(super) body: String,
    pictures: Option<&'a Pictures>,
    pub(super) media: BTreeMap<String, Vec<u8>>,
    /// The languages of code.
    pub(super) languages: Vec<String>,
    /// The lists around, outermost first.
    lists: Vec<List>,
    /// In so many quotes.
    quotes: usize,
    sections: usize,
    tables: usize,
    drawn: usize,
}

/// The whole file.
pub(crate) fn write(document: &Document, pictures: &Pictures) -> Result<Vec<u8>, OfficeError> {
    let mut writer = Writer {
        pictures: Some(pictures),
        ..Writer::default()
    };
    writer.blocks(&document.nodes);
    let parts = parts::parts(document, &writer);
    // The type comes first and as it is: so it is found without unpacking anything.
    pack(&parts, 1, &writer.media)
}

impl Writer<'_> {
    pub(super) fn blocks(&mut self, nodes: &[Node]) {
        for node in nodes {
            match node {
                Node::Text(_) => self.line(None, None, std::slice::from_ref(node)),
                Node::Element(element) => self.block(element),
            }
        }
    }

    fn block(&mut self, element: &Element) {
        let children = &element.children;
        match kind_of(element).as_str() {
            "paragraph" => self.line(None, None, children),
            "heading" => {
                let level = element.attributes.get("level").and_then(Value::as_u64);
                let level = level.unwrap_or(1).clamp(1, 6);
                self.go_on();
                let _ = write!(
                    self.body,
                    "<text:h text:style-name=\"Heading_20_{level}\" text:outline-level=\"{level}\">"
                );
                self.pieces(children);
                self.body.push_str("</text:h>");
            }
            "blockquote" | "quote" | "callout" => self.apart(|writer| {
                writer.quotes += 1;
                writer.section(QUOTE, |writer| writer.blocks(children));
                writer.quotes -= 1;
            }),
            "codeblock" | "code" => self.code(element),
            "horizontalrule" | "divider" => self.line(Some("Horizontal_20_Line"), None, &[]),
            "image" => self.line(None, None, &[element.clone().into()]),
            "bulletlist" => self.list("Bullets", 1, children),
            "tasklist" => self.list(TASKS, 1, children),
            "orderedlist" => {
                let numbers = ["start", "order"].iter();
                let mut numbers = numbers.filter_map(|key| element.attributes.get(*key)?.as_u64());
                self.list("Numbers", numbers.next().unwrap_or(1), children);
            }
            "table" => self.apart(|writer| {
                writer.tables += 1;
                let (number, quotes) = (writer.tables, std::mem::take(&mut writer.quotes));
                table::write(writer, element, number);
                writer.quotes = quotes;
            }),
            // Whatever it is, its text stays.
            _ if children.iter().any(is_block) => self.blocks(children),
            _ => self.line(None, None, &[Node::Element(element.clone())]),
        }
    }

    /// What no item of a list takes: behind the list, in a section that says which item it is of.
    fn apart(&mut self, inside: impl FnOnce(&mut Self)) {
        let Some(level) = self.lists.len().checked_sub(1) else {
            return inside(self);
        };
        for list in self.lists.iter_mut().rev() {
            if let Some(holder) = list.holder.take() {
                let _ = write!(self.body, "</{holder}>");
            }
            if std::mem::take(&mut list.is_open) {
                self.body.push_str("</text:list>");
            }
        }
        let lists = std::mem::take(&mut self.lists);
        self.section(&format!("{ITEM}{level}-"), inside);
        self.lists = lists;
    }

    fn section(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
        self.sections += 1;
        let number = self.sections;
        let _ = write!(
            self.body,
            "<text:section text:style-name=\"Section\" text:name=\"{name}{number}\">"
        );
        inside(self);
        self.body.push_str("</text:section>");
    }

    /// Goes on in the item that is being written, if any.
    fn go_on(&mut self) {
        for list in &mut self.lists {
            open(&mut self.body, list);
            if list.holder.is_none() {
                let _ = write!(self.body, "<{HEADER}>");
                list.holder = Some(HEADER);
            }
        }
    }

    /// Begins an item of the innermost list.
    fn begin_item(&mut self, is_first: bool) {
        let Some(mut list) = self.lists.pop() else {
            return;
        };
        self.go_on();
        open(&mut self.body, &mut list);
        if let Some(holder) = list.holder.take() {
            let _ = write!(self.body, "</{holder}>");
        }
        let _ = match list.start {
            start if is_first && start != 1 => {
                write!(self.body, "<{ENTRY} text:start-value=\"{start}\">")
            }
            _ => write!(self.body, "<{ENTRY}>"),
        };
        list.holder = Some(ENTRY);
        self.lists.push(list);
    }

    fn list(&mut self, style: &'static str, start: u64, items: &[Node]) {
        self.lists.push(List {
            style,
            start,
            is_begun: false,
            is_open: false,
            holder: None,
        });
        let items = items.iter().filter_map(|item| match item {
            Node::Element(item) => Some(item),
            Node::Text(_) => None,
        });
        for (at, item) in items.enumerate() {
            self.begin_item(at == 0);
            let checked = item.attributes.get("checked") == Some(&Value::Bool(true));
            let checked = (style == TASKS).then_some(checked);
            let rest = match item.children.split_first() {
                Some((Node::Element(first), rest)) if kind_of(first) == "paragraph" => {
                    self.line(None, checked, &first.children);
                    rest
                }
                _ => {
                    self.line(None, checked, &[]);
                    item.children.as_slice()
                }
            };
            self.blocks(rest);
        }
        let Some(list) = self.lists.pop() else { return };
        if let Some(holder) = list.holder {
            let _ = write!(self.body, "</{holder}>");
        }
        if list.is_open {
            self.body.push_str("</text:list>");
        }
    }

    fn code(&mut self, element: &Element) {
        let language = first_text(&element.attributes, &["language", "params", "lang"]);
        let style = match language.as_str() {
            "" => "Code".to_owned(),
            language => {
                let known = self.languages.iter().position(|known| known == language);
                let number = known.unwrap_or_else(|| {
                    self.languages.push(language.to_owned());
                    self.languages.len() - 1
                });
                format!("Code_{}", number + 1)
            }
        };
        self.go_on();
        let _ = write!(self.body, "<text:p text:style-name=\"{style}\">");
        let text = inline::code(&element.children);
        for (at, line) in text.split('\n').enumerate() {
            if at > 0 {
                self.body.push_str("<text:line-break/>");
            }
            self.say(line);
        }
        self.body.push_str("</text:p>");
    }

    /// A paragraph; `checked`: with a box at its beginning.
    fn line(&mut self, style: Option<&str>, checked: Option<bool>, children: &[Node]) {
        self.go_on();
        let plain = if self.quotes > 0 {
            "Quotations"
        } else {
            "Text_20_body"
        };
        let _ = write!(
            self.body,
            "<text:p text:style-name=\"{}\">",
            style.unwrap_or(plain)
        );
        match checked {
            Some(true) => self.body.push_str("\u{2612}<text:s/>"),
            Some(false) => self.body.push_str("\u{2610}<text:s/>"),
            None => {}
        }
        self.pieces(children);
        self.body.push_str("</text:p>");
    }

    fn pieces(&mut self, children: &[Node]) {
        let pieces = inline::pieces(children);
        let mut pieces = pieces.iter().peekable();
        while let Some(piece) = pieces.next() {
            match piece {
                Piece::Break => self.body.push_str("<text:line-break/>"),
                Piece::Block(node) => self.picture(node),
                Piece::Text(text, look, None) => self.run(text, look),
                Piece::Text(text, look, Some(link)) => {
                    self.link_open(link);
                    self.run(text, look);
                    // What has the same link is one link, however it looks.
                    while let Some(Piece::Text(text, look, _)) = pieces.next_if(
                        |next| matches!(next, Piece::Text(_, _, Some(next)) if next == link),
                    ) {
                        self.run(text, look);
                    }
                    self.body.push_str("</text:a>");
                }
            }
        }
    }

    fn link_open(&mut self, link: &Link) {
        let target = parts::outside(&link.target);
        let _ = write!(
            self.body,
            "<text:a xlink:type=\"simple\" xlink:href=\"{}\"",
            escaped(&target)
        );
        if !link.title.is_empty() {
            let _ = write!(self.body, " office:title=\"{}\"", escaped(&link.title));
        }
        self.body.push('>');
    }

    fn run(&mut self, text: &str, look: &Look) {
        if *look == Look::default() || text.is_empty() {
            return self.say(text);
        }
        let _ = write!(
            self.body,
            "<text:span text:style-name=\"{}\">",
            styles::name_of(look)
        );
        self.say(text);
        self.body.push_str("</text:span>");
    }

    /// Text whose spaces count.
    fn say(&mut self, text: &str) {
        let mut was_space = true;
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            match letter {
                '\t' => self.body.push_str("<text:tab/>"),
                ' ' | '\n' if was_space || letters.peek().is_none() => {
                    self.body.push_str("<text:s/>");
                }
                ' ' | '\n' => self.body.push(' '),
                other => self.body.push_str(&escaped(other.encode_utf8(&mut [0; 4]))),
            }
            was_space = matches!(letter, ' ' | '\n' | '\t');
        }
    }

    fn picture(&mut self, node: &Node) {
        let drawing = match Drawing::of(node, self.pictures) {
            Picture::Drawn(drawing) => drawing,
            Picture::Elsewhere(said, link) => {
                self.link_open(&link);
                self.say(&said);
                self.body.push_str("</text:a>");
                return;
            }
            Picture::Nothing => return,
        };
        self.drawn += 1;
        let number = self.drawn;
        let part = format!("Pictures/{number}.{}", drawing.kind.extension);
        self.media.insert(part.clone(), drawing.bytes.clone());
        let _ = write!(
            self.body,
            "<draw:frame draw:name=\"Picture {number}\" text:anchor-type=\"as-char\" \
             svg:width=\"{}\" svg:height=\"{}\"><draw:image xlink:href=\"{part}\" \
             xlink:type=\"simple\" xlink:show=\"embed\" xlink:actuate=\"onLoad\"/>",
            inches(drawing.width),
            inches(drawing.height)
        );
        for (tag, said) in [("title", &drawing.title), ("desc", &drawing.alternative)] {
            if !said.is_empty() {
                let _ = write!(self.body, "<svg:{tag}>{}</svg:{tag}>", escaped(said));
            }
        }
        self.body.push_str("</draw:frame>");
    }
}

const HEADER: &str = "text:list-header";
const ENTRY: &str = "text:list-item";

fn open(body: &mut String, list: &mut List) {
    if list.is_open {
        return;
    }
    let again = match list.is_begun {
        true => " text:continue-numbering=\"true\"",
        false => "",
    };
    let _ = write!(
        body,
        "<text:list text:style-name=\"{}\"{again}>",
        list.style
    );
    (list.is_open, list.is_begun) = (true, true);
}

/// Pixels of 1/96 inch.
fn inches(pixels: u64) -> String {
    format!("{:.4}in", pixels as f64 / 96.0)
}

/// Whether a child of something unknown is a block of its own.
fn is_block(node: &Node) -> bool {
    match node {
        Node::Element(element) => !matches!(kind_of(element).as_str(), "hardbreak" | "mention"),
        Node::Text(_) => false,
    }
}
