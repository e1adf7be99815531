//! Paragraphs to blocks.

use std::collections::BTreeMap;

use unisson_content::{Element, Node};

use super::{
    EMU, ITEM, QUOTE,
    properties::{Kind, Lists, Styles, is_on},
    table,
};
use crate::{
    Document, OfficeError, Pictures,
    build::{Blocks, lines, ticked},
    found::Found,
    inline::{self, Link, Look, Piece},
    package::Package,
    xml::Tag,
};

/// A document on its way in.
struct Reader<'a, 'b> {
    package: &'a mut Package<'b>,
    styles: Styles,
    lists: Lists,
    /// Targets of links and pictures by their ids.
    relations: BTreeMap<String, String>,
    found: Found,
    /// In so many quotes, whose paragraphs have the style of quotes.
    quotes: usize,
}

/// The document and its pictures.
pub(crate) fn read(bytes: &[u8]) -> Result<(Document, Pictures), OfficeError> {
    let mut package = Package::open(bytes)?;
    let body = package.xml("word/document.xml")?;
    let body = body.ok_or_else(|| OfficeError::malformed("it has no word/document.xml"))?;
    let styles = package.xml("word/styles.xml")?;
    let lists = package.xml("word/numbering.xml")?;
    let relations = package.xml("word/_rels/document.xml.rels")?;
    let core = package.xml("docProps/core.xml")?;
    let said = |name| {
        let text = core
            .as_ref()
            .and_then(|core| core.child(name))
            .map(Tag::text);
        text.map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
    };
    let language = styles.as_ref().and_then(|styles| {
        let language = styles.child("docDefaults")?.find("lang")?.get("val")?;
        Some(language.to_owned())
    });
    let mut reader = Reader {
        styles: Styles::of(styles.as_ref()),
        lists: Lists::of(lists.as_ref()),
        relations: relations.as_ref().map(relations_of).unwrap_or_default(),
        found: Found::default(),
        quotes: 0,
        package: &mut package,
    };
    let body = body.child("body");
    let body = body.ok_or_else(|| OfficeError::malformed("it has no body"))?;
    let mut blocks = Blocks::default();
    reader.blocks(body, &mut blocks)?;
    let document = Document {
        title: said("title"),
        language: said("language").or(language),
        nodes: merged(blocks.end()),
    };
    Ok((document, reader.found.pictures))
}

fn relations_of(root: &Tag) -> BTreeMap<String, String> {
    let relations = root.tags().filter_map(|relation| {
        let (id, target) = (relation.get("Id")?, relation.get("Target")?);
        Some((id.to_owned(), target.to_owned()))
    });
    relations.collect()
}

/// A quoted paragraph, or a line of code, that stands alone until its neighbours are known.
const LOOSE_QUOTE: &str = "loose quote";
const LOOSE_CODE: &str = "loose code";

/// Lines of other programs' quotes and code, one paragraph each, as one block.
fn merged(nodes: Vec<Node>) -> Vec<Node> {
    let mut out: Vec<Node> = Vec::with_capacity(nodes.len());
    for node in nodes {
        match (out.last_mut(), node) {
            (Some(Node::Element(before)), Node::Element(next))
                if next.name == before.name && next.name == LOOSE_QUOTE =>
            {
                before.children.extend(next.children);
            }
            (Some(Node::Element(before)), Node::Element(next))
                if next.name == before.name && next.name == LOOSE_CODE =>
            {
                let text = [inline::code(&before.children), inline::code(&next.children)];
                let line = [Piece::Text(text.join("\n"), Look::default(), None)];
                before.children = inline::nodes(&line);
            }
            (_, node) => out.push(node),
        }
    }
    for node in &mut out {
        if let Node::Element(element) = node {
            match element.name.as_str() {
                LOOSE_QUOTE => element.name = "blockquote".into(),
                LOOSE_CODE => element.name = "codeBlock".into(),
                _ => {}
            }
        }
    }
    out
}

impl Reader<'_, '_> {
    fn blocks(&mut self, parent: &Tag, out: &mut Blocks) -> Result<(), OfficeError> {
        for tag in parent.tags() {
            match tag.name.as_str() {
                "p" => self.paragraph(tag, out)?,
                "tbl" => {
                    let mut failed = None;
                    let table = table::read(tag, |cell| {
                        self.inside(cell).unwrap_or_else(|error| {
                            failed = Some(error);
                            Vec::new()
                        })
                    });
                    if let Some(error) = failed {
                        return Err(error);
                    }
                    table.into_iter().for_each(|table| out.push(table));
                }
                "sdt" => self.control(tag, out)?,
                "ins" | "moveTo" | "smartTag" | "customXml" | "AlternateContent" | "Choice" => {
                    self.blocks(tag, out)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The blocks of something of its own.
    fn inside(&mut self, tag: &Tag) -> Result<Vec<Node>, OfficeError> {
        let mut blocks = Blocks::default();
        self.blocks(tag, &mut blocks)?;
        Ok(merged(blocks.end()))
    }

    fn control(&mut self, tag: &Tag, out: &mut Blocks) -> Result<(), OfficeError> {
        let Some(content) = tag.child("sdtContent") else {
            return Ok(());
        };
        let said = tag
            .child("sdtPr")
            .and_then(|properties| properties.child("tag")?.get("val"));
        let said = said.unwrap_or_default();
        if said == QUOTE {
            self.quotes += 1;
            let blocks = self.inside(content);
            self.quotes -= 1;
            out.push(Element::new("blockquote", blocks?).into());
            return Ok(());
        }
        let level = said.strip_prefix(ITEM).and_then(|level| level.parse().ok());
        let Some(level) = level else {
            return self.blocks(content, out);
        };
        let blocks = self.inside(content)?;
        if !out.push_in_item(level, blocks.clone()) {
            blocks.into_iter().for_each(|block| out.push(block));
        }
        Ok(())
    }

    fn paragraph(&mut self, tag: &Tag, out: &mut Blocks) -> Result<(), OfficeError> {
        let properties = tag.child("pPr");
        let mut pieces = Vec::new();
        let checked = self.pieces(tag, None, &mut pieces)?;
        let kind = self.styles.kind(properties);
        let is_empty = pieces.is_empty();
        if let Some(list) = self.styles.list(properties)
            && matches!(kind, Kind::Plain | Kind::Quote)
        {
            let checked = match checked {
                Some(checked) => {
                    strip_space(&mut pieces);
                    Some(checked)
                }
                None => ticked(&mut pieces),
            };
            let place = self.lists.place(list);
            let level = place.level;
            let mut blocks = lines(pieces, paragraph).into_iter();
            let first = blocks.next().unwrap_or_else(|| paragraph(Vec::new()));
            out.push_item(place, first, checked);
            let rest: Vec<Node> = blocks.collect();
            if !rest.is_empty() {
                out.push_in_item(level, rest);
            }
            return Ok(());
        }
        match kind {
            Kind::Gap if is_empty => {}
            Kind::Rule => out.push(Element::new("horizontalRule", Vec::new()).into()),
            Kind::Heading(level) => {
                let heading = |line| Element::new("heading", line).with("level", level).into();
                lines(pieces, heading)
                    .into_iter()
                    .for_each(|block| out.push(block));
            }
            Kind::Code(language) => out.push(code("codeBlock", &pieces, &language)),
            Kind::CodeLine => out.push(code(LOOSE_CODE, &pieces, "")),
            Kind::Quote if self.quotes == 0 => {
                let blocks = lines(pieces, paragraph);
                out.push(Element::new(LOOSE_QUOTE, blocks).into());
            }
            Kind::Plain | Kind::Quote | Kind::Gap => {
                if is_empty && self.styles.has_rule(properties) {
                    out.push(Element::new("horizontalRule", Vec::new()).into());
                    return Ok(());
                }
                lines(pieces, paragraph)
                    .into_iter()
                    .for_each(|block| out.push(block));
            }
        }
        Ok(())
    }

    /// What stands in a line; whether its first box is ticked, where it has one.
    fn pieces(
        &mut self,
        parent: &Tag,
        link: Option<&Link>,
        out: &mut Vec<Piece>,
    ) -> Result<Option<bool>, OfficeError> {
        let mut checked = None;
        for tag in parent.tags() {
            match tag.name.as_str() {
                "r" => self.run(tag, link, out)?,
                "hyperlink" => {
                    let target = tag.get("id").and_then(|id| self.relations.get(id)).cloned();
                    let target = target.or(tag.get("anchor").map(|anchor| format!("#{anchor}")));
                    let link = target.map(|target| Link {
                        target,
                        title: tag.get("tooltip").unwrap_or_default().to_owned(),
                    });
                    self.pieces(tag, link.as_ref(), out)?;
                }
                "sdt" => {
                    let tick = tag
                        .child("sdtPr")
                        .and_then(|properties| properties.child("checkbox"));
                    match tick {
                        Some(tick) if out.is_empty() && checked.is_none() => {
                            checked = Some(tick.child("checked").is_some_and(is_on));
                        }
                        _ => {
                            if let Some(content) = tag.child("sdtContent") {
                                self.pieces(content, link, out)?;
                            }
                        }
                    }
                }
                "ins" | "moveTo" | "smartTag" | "fldSimple" | "customXml" => {
                    self.pieces(tag, link, out)?;
                }
                _ => {}
            }
        }
        Ok(checked)
    }

    fn run(
        &mut self,
        tag: &Tag,
        link: Option<&Link>,
        out: &mut Vec<Piece>,
    ) -> Result<(), OfficeError> {
        let properties = tag.child("rPr");
        if properties.is_some_and(|properties| properties.child("vanish").is_some_and(is_on)) {
            return Ok(());
        }
        let look = self.styles.look(properties, link.is_some());
        for child in tag.tags() {
            match child.name.as_str() {
                "t" => say(&child.text(), &look, link, out),
                "tab" => say("\t", &look, link, out),
                "noBreakHyphen" => say("\u{2011}", &look, link, out),
                "br" | "cr" if child.get("type").is_none_or(|kind| kind == "textWrapping") => {
                    out.push(Piece::Break);
                }
                "drawing" | "pict" | "object" => self.drawing(child, out)?,
                "AlternateContent" => {
                    if let Some(drawing) = child.find("drawing") {
                        self.drawing(drawing, out)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn drawing(&mut self, tag: &Tag, out: &mut Vec<Piece>) -> Result<(), OfficeError> {
        let blip = tag.find("blip").and_then(|blip| blip.get("embed"));
        let id = blip.or_else(|| tag.find("imagedata").and_then(|data| data.get("id")));
        let target = id.and_then(|id| self.relations.get(id)).cloned();
        let Some(address) = target
            .map(|target| self.picture(&target))
            .transpose()?
            .flatten()
        else {
            return Ok(());
        };
        let said = |name| {
            let text = tag
                .find("docPr")
                .and_then(|properties| properties.get(name));
            text.unwrap_or_default().to_owned()
        };
        let extent = tag.find("extent").and_then(|extent| {
            let side = |name| Some(extent.get(name)?.parse::<u64>().ok()? / EMU);
            Some((side("cx")?, side("cy")?))
        });
        let said = (said("descr"), said("title"));
        let image = self.found.node(address, said, extent);
        out.push(Piece::Block(image));
        Ok(())
    }

    /// The address of the picture in a part; none where there is none that browsers show.
    fn picture(&mut self, target: &str) -> Result<Option<String>, OfficeError> {
        let part = match target.strip_prefix('/') {
            Some(part) => part.to_owned(),
            None => format!("word/{target}"),
        };
        self.found.address(self.package, part)
    }
}

fn paragraph(line: Vec<Node>) -> Node {
    Element::new("paragraph", line).into()
}

fn say(text: &str, look: &Look, link: Option<&Link>, out: &mut Vec<Piece>) {
    out.push(Piece::Text(text.to_owned(), look.clone(), link.cloned()));
}

/// The space behind a box.
fn strip_space(pieces: &mut [Piece]) {
    if let Some(Piece::Text(text, ..)) = pieces.first_mut() {
        *text = text.strip_prefix(' ').unwrap_or(text).to_owned();
    }
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
