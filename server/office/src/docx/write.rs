//! Blocks to paragraphs.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::Value;
use unisson_content::{Element, Node, first_text, kind_of};

use super::{EMU, GAP, INDENT, ITEM, LEVELS, QUOTE, parts, table};
use crate::{
    Document, OfficeError, Pictures,
    inline::{self, Link, Look, Piece},
    package::pack,
    picture::{Drawing, Picture},
    xml::escaped,
};

/// A numbering: of one list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbering {
    Bullets,
    Numbers(u64),
    Tasks,
}

/// Where blocks stand.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Context {
    /// In a quote.
    pub(super) quoted: bool,
    /// In so many items of lists.
    pub(super) items: usize,
}

/// A document on its way out.
#[derive(Default)]
pub(super) struct Writer<'a> {
    pub(super) body: String,
    pictures: Option<&'a Pictures>,
    /// Kind, target, and whether it is outside of the file; their numbers are their ids.
    pub(super) relations: Vec<(&'static str, String, bool)>,
    pub(super) media: BTreeMap<String, Vec<u8>>,
    pub(super) lists: Vec<Numbering>,
    /// The languages of code.
    pub(super) languages: Vec<String>,
    drawn: usize,
}

/// The whole file.
pub(crate) fn write(document: &Document, pictures: &Pictures) -> Result<Vec<u8>, OfficeError> {
    let mut writer = Writer {
        pictures: Some(pictures),
        ..Writer::default()
    };
    writer.blocks(&document.nodes, Context::default());
    writer.end(true);
    let parts = parts::parts(document, &writer);
    pack(&parts, 0, &writer.media)
}

impl Writer<'_> {
    pub(super) fn blocks(&mut self, nodes: &[Node], context: Context) {
        for node in nodes {
            match node {
                Node::Text(_) => self.line(None, None, std::slice::from_ref(node), context),
                Node::Element(element) => self.block(element, context),
            }
        }
    }

    fn block(&mut self, element: &Element, context: Context) {
        let children = &element.children;
        match kind_of(element).as_str() {
            "paragraph" => self.line(None, None, children, context),
            "heading" => {
                let level = element.attributes.get("level").and_then(Value::as_u64);
                let style = format!("Heading{}", level.unwrap_or(1).clamp(1, 6));
                self.line(Some(&style), None, children, context);
            }
            "blockquote" | "quote" | "callout" => {
                let context = Context {
                    quoted: true,
                    ..context
                };
                self.control(QUOTE, |writer| writer.blocks(children, context));
            }
            "codeblock" | "code" => self.code(element, context),
            "horizontalrule" | "divider" => self.line(Some("HorizontalRule"), None, &[], context),
            "image" => self.line(None, None, &[element.clone().into()], context),
            "bulletlist" => self.list(Numbering::Bullets, children, context),
            "tasklist" => self.list(Numbering::Tasks, children, context),
            "orderedlist" => {
                let numbers = ["start", "order"].iter();
                let mut numbers = numbers.filter_map(|key| element.attributes.get(*key)?.as_u64());
                let start = numbers.next().unwrap_or(1);
                self.list(Numbering::Numbers(start), children, context);
            }
            "table" => table::write(self, element, context),
            // Whatever it is, its text stays.
            _ if children.iter().any(is_block) => self.blocks(children, context),
            _ => self.line(None, None, &[Node::Element(element.clone())], context),
        }
    }

    /// What must stand behind the last table, so that the next is another one, and at the end of a
    /// cell.
    pub(super) fn end(&mut self, always: bool) {
        if self.body.ends_with("</w:tbl>") || always && self.body.is_empty() {
            let style = if self.body.is_empty() { "" } else { GAP };
            self.paragraph_open(
                Some(style).filter(|style| !style.is_empty()),
                None,
                Context::default(),
            );
            self.body.push_str("</w:p>");
        }
    }

    /// A content control around whole blocks.
    fn control(&mut self, tag: &str, inside: impl FnOnce(&mut Self)) {
        let _ = write!(
            self.body,
            "<w:sdt><w:sdtPr><w:tag w:val=\"{tag}\"/><w15:appearance w15:val=\"hidden\"/></w:sdtPr>\
             <w:sdtContent>"
        );
        let before = std::mem::take(&mut self.body);
        inside(self);
        self.end(true);
        let inside = std::mem::replace(&mut self.body, before);
        self.body.push_str(&inside);
        self.body.push_str("</w:sdtContent></w:sdt>");
    }

    fn list(&mut self, numbering: Numbering, items: &[Node], context: Context) {
        self.lists.push(numbering);
        let number = self.lists.len();
        let level = context.items.min(LEVELS - 1);
        let inside = Context {
            items: context.items + 1,
            ..context
        };
        for item in items {
            let Node::Element(item) = item else { continue };
            let checked = item.attributes.get("checked") == Some(&Value::Bool(true));
            let checked = (numbering == Numbering::Tasks).then_some(checked);
            let place = Some((number, level, checked));
            let rest = match item.children.split_first() {
                Some((Node::Element(first), rest)) if kind_of(first) == "paragraph" => {
                    self.line(None, place, &first.children, context);
                    rest
                }
                _ => {
                    self.line(None, place, &[], context);
                    item.children.as_slice()
                }
            };
            for block in rest {
                match block {
                    Node::Element(list) if is_list(list) => self.block(list, inside),
                    other => self.control(&format!("{ITEM}{level}"), |writer| {
                        writer.blocks(std::slice::from_ref(other), inside);
                    }),
                }
            }
        }
    }

    fn code(&mut self, element: &Element, context: Context) {
        let language = first_text(&element.attributes, &["language", "params", "lang"]);
        let style = match language.as_str() {
            "" => "CodeBlock".to_owned(),
            language => {
                let known = self.languages.iter().position(|known| known == language);
                let number = known.unwrap_or_else(|| {
                    self.languages.push(language.to_owned());
                    self.languages.len() - 1
                });
                format!("CodeBlock{}", number + 1)
            }
        };
        self.paragraph_open(Some(&style), None, context);
        let text = inline::code(&element.children);
        for (at, line) in text.split('\n').enumerate() {
            if at > 0 {
                self.body.push_str("<w:r><w:br/></w:r>");
            }
            self.run(line, &Look::default(), false);
        }
        self.body.push_str("</w:p>");
    }

    /// A paragraph; `place`: it begins an item of this list, at this level, with a box to tick.
    fn line(
        &mut self,
        style: Option<&str>,
        place: Option<(usize, usize, Option<bool>)>,
        children: &[Node],
        context: Context,
    ) {
        let number = place.map(|(number, level, _)| (number, level));
        self.paragraph_open(style, number, context);
        if let Some((_, _, Some(checked))) = place {
            self.tick(checked);
        }
        let pieces = inline::pieces(children);
        let mut pieces = pieces.iter().peekable();
        while let Some(piece) = pieces.next() {
            match piece {
                Piece::Break => self.body.push_str("<w:r><w:br/></w:r>"),
                Piece::Block(node) => self.picture(node),
                Piece::Text(text, look, None) => self.run(text, look, false),
                Piece::Text(text, look, Some(link)) => {
                    self.link_open(link);
                    self.run(text, look, true);
                    // What has the same link is one link, however it looks.
                    while let Some(Piece::Text(text, look, _)) = pieces.next_if(
                        |next| matches!(next, Piece::Text(_, _, Some(next)) if next == link),
                    ) {
                        self.run(text, look, true);
                    }
                    self.body.push_str("</w:hyperlink>");
                }
            }
        }
        self.body.push_str("</w:p>");
    }

    fn paragraph_open(
        &mut self,
        style: Option<&str>,
        number: Option<(usize, usize)>,
        context: Context,
    ) {
        let quote = context.quoted.then_some("Quote");
        self.body.push_str("<w:p>");
        let style = style.or(quote);
        let indent = context.items.min(LEVELS) * INDENT;
        if style.is_none() && number.is_none() && indent == 0 {
            return;
        }
        self.body.push_str("<w:pPr>");
        if let Some(style) = style {
            let _ = write!(self.body, "<w:pStyle w:val=\"{style}\"/>");
        }
        match number {
            Some((list, level)) => {
                let _ = write!(
                    self.body,
                    "<w:numPr><w:ilvl w:val=\"{level}\"/><w:numId w:val=\"{list}\"/></w:numPr>"
                );
            }
            None if indent > 0 => {
                let _ = write!(self.body, "<w:ind w:left=\"{indent}\"/>");
            }
            None => {}
        }
        self.body.push_str("</w:pPr>");
    }

    /// A box that can be ticked in Word as well, and a space behind it.
    fn tick(&mut self, checked: bool) {
        let (value, letter) = if checked {
            (1, '\u{2612}')
        } else {
            (0, '\u{2610}')
        };
        let font = "w14:font=\"MS Gothic\"";
        let _ = write!(
            self.body,
            "<w:sdt><w:sdtPr><w14:checkbox><w14:checked w14:val=\"{value}\"/>\
             <w14:checkedState w14:val=\"2612\" {font}/><w14:uncheckedState w14:val=\"2610\" {font}/>\
             </w14:checkbox></w:sdtPr><w:sdtContent><w:r><w:t>{letter}</w:t></w:r></w:sdtContent>\
             </w:sdt><w:r><w:t xml:space=\"preserve\"> </w:t></w:r>"
        );
    }

    fn link_open(&mut self, link: &Link) {
        let _ = match link.target.strip_prefix('#') {
            Some(anchor) => write!(self.body, "<w:hyperlink w:anchor=\"{}\"", escaped(anchor)),
            None => {
                let id = self.relate("hyperlink", link.target.clone(), true);
                write!(self.body, "<w:hyperlink r:id=\"rId{id}\"")
            }
        };
        if !link.title.is_empty() {
            let _ = write!(self.body, " w:tooltip=\"{}\"", escaped(&link.title));
        }
        self.body.push('>');
    }

    fn run(&mut self, text: &str, look: &Look, is_link: bool) {
        if text.is_empty() {
            return;
        }
        self.body.push_str("<w:r>");
        let mut properties = String::new();
        match (look.code, is_link) {
            (true, _) => properties.push_str("<w:rStyle w:val=\"CodeText\"/>"),
            (false, true) => properties.push_str("<w:rStyle w:val=\"Hyperlink\"/>"),
            (false, false) => {}
        }
        for (tag, is_on) in [
            ("<w:b/>", look.bold),
            ("<w:i/>", look.italic),
            ("<w:strike/>", look.strike),
            ("<w:u w:val=\"single\"/>", look.underline),
        ] {
            if is_on {
                properties.push_str(tag);
            }
        }
        if !properties.is_empty() {
            let _ = write!(self.body, "<w:rPr>{properties}</w:rPr>");
        }
        for (at, part) in text.split('\t').enumerate() {
            if at > 0 {
                self.body.push_str("<w:tab/>");
            }
            if !part.is_empty() {
                let text = escaped(&part.replace('\n', " "));
                let _ = write!(self.body, "<w:t xml:space=\"preserve\">{text}</w:t>");
            }
        }
        self.body.push_str("</w:r>");
    }

    fn picture(&mut self, node: &Node) {
        let drawing = match Drawing::of(node, self.pictures) {
            Picture::Drawn(drawing) => drawing,
            Picture::Elsewhere(said, link) => {
                self.link_open(&link);
                self.run(&said, &Look::default(), true);
                self.body.push_str("</w:hyperlink>");
                return;
            }
            Picture::Nothing => return,
        };
        self.drawn += 1;
        let (number, extension) = (self.drawn, drawing.kind.extension);
        let target = format!("media/picture{number}.{extension}");
        self.media
            .insert(format!("word/{target}"), drawing.bytes.clone());
        let (width, height) = (drawing.width * EMU, drawing.height * EMU);
        let id = self.relate("image", target, false);
        let said = format!(
            "id=\"{number}\" name=\"Picture {number}\" descr=\"{}\" title=\"{}\"",
            escaped(&drawing.alternative),
            escaped(&drawing.title)
        );
        let _ = write!(
            self.body,
            "<w:r><w:drawing><wp:inline distT=\"0\" distB=\"0\" distL=\"0\" distR=\"0\">\
             <wp:extent cx=\"{width}\" cy=\"{height}\"/><wp:docPr {said}/><a:graphic>\
             <a:graphicData uri=\"http://schemas.openxmlformats.org/drawingml/2006/picture\"><pic:pic>\
             <pic:nvPicPr><pic:cNvPr {said}/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill>\
             <a:blip r:embed=\"rId{id}\"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr>\
             <a:xfrm><a:off x=\"0\" y=\"0\"/><a:ext cx=\"{width}\" cy=\"{height}\"/></a:xfrm>\
             <a:prstGeom prst=\"rect\"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData>\
             </a:graphic></wp:inline></w:drawing></w:r>"
        );
    }

    fn relate(&mut self, kind: &'static str, target: String, is_outside: bool) -> usize {
        let relation = (kind, target, is_outside);
        let known = self.relations.iter().position(|known| *known == relation);
        let at = known.unwrap_or_else(|| {
            self.relations.push(relation);
            self.relations.len() - 1
        });
        // The first ones are the styles and the lists.
        at + parts::OWN_RELATIONS + 1
    }
}

fn is_list(element: &Element) -> bool {
    matches!(
        kind_of(element).as_str(),
        "bulletlist" | "orderedlist" | "tasklist"
    )
}

/// Whether a child of something unknown is a block of its own.
fn is_block(node: &Node) -> bool {
    match node {
        Node::Element(element) => !matches!(kind_of(element).as_str(), "hardbreak" | "mention"),
        Node::Text(_) => false,
    }
}
