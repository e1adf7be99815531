//! XML as a small tree of elements, and text that stays text in it.

use quick_xml::{
    Reader,
    escape::unescape,
    events::{BytesStart, Event},
};

use crate::OfficeError;

/// How deep elements may be nested: a table in a list in a table takes some dozens.
const DEPTH_MAX: usize = 256;
/// How many elements and texts there may be.
const COUNT_MAX: usize = 2_000_000;

/// An element. Names are without their prefixes: no two that matter here differ only in them.
#[derive(Debug, Default)]
pub(crate) struct Tag {
    pub(crate) name: String,
    attributes: Vec<(String, String)>,
    pub(crate) children: Vec<Item>,
}

/// What is in an element.
#[derive(Debug)]
pub(crate) enum Item {
    Tag(Tag),
    Text(String),
}

impl Tag {
    /// An attribute, by its name without its prefix.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut found = self.attributes.iter().filter(|(known, _)| known == name);
        found.next().map(|(_, value)| value.as_str())
    }

    pub(crate) fn tags(&self) -> impl Iterator<Item = &Tag> {
        self.children.iter().filter_map(|item| match item {
            Item::Tag(tag) => Some(tag),
            Item::Text(_) => None,
        })
    }

    pub(crate) fn child(&self, name: &str) -> Option<&Tag> {
        self.tags().find(|tag| tag.name == name)
    }

    /// The first of this name, however deep.
    pub(crate) fn find(&self, name: &str) -> Option<&Tag> {
        let mut waiting = vec![self];
        while let Some(next) = waiting.pop() {
            if next.name == name {
                return Some(next);
            }
            let children: Vec<&Tag> = next.tags().collect();
            waiting.extend(children.into_iter().rev());
        }
        None
    }

    /// All text in it.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let mut waiting: Vec<&Item> = self.children.iter().rev().collect();
        while let Some(next) = waiting.pop() {
            match next {
                Item::Text(more) => text.push_str(more),
                Item::Tag(tag) => waiting.extend(tag.children.iter().rev()),
            }
        }
        text
    }

    fn push_text(&mut self, text: &str) {
        match self.children.last_mut() {
            Some(Item::Text(before)) => before.push_str(text),
            _ => self.children.push(Item::Text(text.to_owned())),
        }
    }
}

/// The tree of a text: its root element.
pub(crate) fn parse(text: &str) -> Result<Tag, OfficeError> {
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let mut open: Vec<Tag> = vec![Tag::default()];
    let mut count = 0_usize;
    loop {
        let event = reader.read_event().map_err(OfficeError::malformed)?;
        count += 1;
        if count > COUNT_MAX {
            return Err(OfficeError::TooLarge("it has too many elements"));
        }
        match event {
            Event::Start(start) => {
                if open.len() > DEPTH_MAX {
                    return Err(OfficeError::TooDeep);
                }
                open.push(tag(&start)?);
            }
            Event::Empty(start) => add(&mut open, tag(&start)?),
            Event::End(_) => match open.pop() {
                Some(done) if !open.is_empty() => add(&mut open, done),
                _ => return Err(OfficeError::malformed("an end without a beginning")),
            },
            Event::Text(text) => {
                let text = text.decode().map_err(OfficeError::malformed)?;
                say(&mut open, &text);
            }
            Event::CData(text) => {
                let text = text.decode().map_err(OfficeError::malformed)?;
                say(&mut open, &text);
            }
            // No other entity than those of XML itself is known here, so none can grow.
            Event::GeneralRef(name) => {
                let letter = name.resolve_char_ref().map_err(OfficeError::malformed)?;
                let name = name.decode().map_err(OfficeError::malformed)?;
                let letter = letter.or(match name.as_ref() {
                    "amp" => Some('&'),
                    "lt" => Some('<'),
                    "gt" => Some('>'),
                    "quot" => Some('"'),
                    "apos" => Some('\''),
                    _ => None,
                });
                let letter = letter.ok_or_else(|| OfficeError::malformed("an unknown entity"))?;
                say(&mut open, letter.encode_utf8(&mut [0; 4]));
            }
            Event::DocType(_) => return Err(OfficeError::malformed("it has a DOCTYPE")),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => break,
        }
    }
    let (1, Some(top)) = (open.len(), open.pop()) else {
        return Err(OfficeError::malformed("it ends too early"));
    };
    let root = top.children.into_iter().find_map(|item| match item {
        Item::Tag(tag) => Some(tag),
        Item::Text(_) => None,
    });
    root.ok_or_else(|| OfficeError::malformed("it holds nothing"))
}

fn tag(start: &BytesStart<'_>) -> Result<Tag, OfficeError> {
    let bare = |name: &[u8]| -> Result<String, OfficeError> {
        let name = std::str::from_utf8(name).map_err(OfficeError::malformed)?;
        Ok(name.rsplit(':').next().unwrap_or_default().to_owned())
    };
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(OfficeError::malformed)?;
        let value = std::str::from_utf8(&attribute.value).map_err(OfficeError::malformed)?;
        let value = unescape(value).map_err(OfficeError::malformed)?;
        attributes.push((bare(attribute.key.as_ref())?, value.into_owned()));
    }
    Ok(Tag {
        name: bare(start.name().as_ref())?,
        attributes,
        children: Vec::new(),
    })
}

fn add(open: &mut [Tag], tag: Tag) {
    if let Some(parent) = open.last_mut() {
        parent.children.push(Item::Tag(tag));
    }
}

fn say(open: &mut [Tag], text: &str) {
    if let Some(parent) = open.last_mut() {
        parent.push_text(text);
    }
}

/// Text that stays text, in attributes as well. What XML cannot say is left out.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_attributes_come_back() {
        let text = "a < b & \"c\"\td\n\u{1}é";
        let escaped = escaped(text);
        let root = parse(&format!("<w:a w:x=\"{escaped}\">{escaped}<b/>!</w:a>")).expect("reads");
        let said = text.replace('\u{1}', "");
        assert_eq!(
            (root.name.as_str(), root.get("x")),
            ("a", Some(said.as_str()))
        );
        assert_eq!(root.text(), format!("{said}!"));
    }

    #[test]
    fn bombs_are_refused() {
        let entities = "<!DOCTYPE a [<!ENTITY b \"bbbb\"><!ENTITY c \"&b;&b;\">]><a>&c;</a>";
        assert!(parse(entities).is_err());
        assert!(parse("<a>&c;</a>").is_err());
        let deep = format!("{}{}", "<a>".repeat(300), "</a>".repeat(300));
        assert_eq!(parse(&deep).err(), Some(OfficeError::TooDeep));
        for broken in ["", "<a>", "</a>", "<a></b>", "<a", "text"] {
            assert!(parse(broken).is_err(), "{broken:?}");
        }
    }
}
