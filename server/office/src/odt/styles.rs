//! How a document looks in LibreOffice, and what styles of others say.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{HEADER_CELL, TASKS};
use crate::{
    inline::Look,
    xml::{Tag, escaped},
};

/// How the name of the style of code begins that people see; its language follows.
const CODE_STYLE: &str = "Code: ";
/// How many styles one may rest on.
const STYLES_MAX: usize = 16;
/// Sizes of headings, in points.
const HEADINGS: [u32; 6] = [18, 15, 13, 12, 11, 11];
/// Levels of lists that are described.
const LEVELS: usize = 10;

/// The name of the style of a look: a letter for each part of it.
pub(super) fn name_of(look: &Look) -> String {
    let parts = [
        (look.bold, 'b'),
        (look.italic, 'i'),
        (look.underline, 'u'),
        (look.strike, 's'),
        (look.code, 'c'),
    ];
    let letters = parts.iter().filter(|(is_on, _)| *is_on);
    format!(
        "T{}",
        letters.map(|(_, letter)| *letter).collect::<String>()
    )
}

/// All looks there are.
fn looks() -> impl Iterator<Item = Look> {
    (1..32_u8).map(|bits| Look {
        bold: bits & 1 != 0,
        italic: bits & 2 != 0,
        underline: bits & 4 != 0,
        strike: bits & 8 != 0,
        code: bits & 16 != 0,
    })
}

/// The styles of the text itself.
pub(super) fn automatic() -> String {
    let mut xml = String::from(
        "<style:style style:name=\"Section\" style:family=\"section\"/>\
         <style:style style:name=\"Table\" style:family=\"table\"><style:table-properties \
         style:rel-width=\"100%\" table:align=\"margins\" table:border-model=\"collapsing\"/></style:style>",
    );
    for (name, more) in [
        ("Cell", ""),
        (HEADER_CELL, " fo:background-color=\"#eeeeee\""),
    ] {
        let _ = write!(
            xml,
            "<style:style style:name=\"{name}\" style:family=\"table-cell\">\
             <style:table-cell-properties fo:padding=\"0.15cm\" fo:border=\"0.5pt solid #999999\"{more}/>\
             </style:style>"
        );
    }
    for look in looks() {
        let mut properties = String::new();
        for (is_on, text) in [
            (look.bold, " fo:font-weight=\"bold\""),
            (look.italic, " fo:font-style=\"italic\""),
            (look.underline, " style:text-underline-style=\"solid\""),
            (look.strike, " style:text-line-through-style=\"solid\""),
        ] {
            if is_on {
                properties.push_str(text);
            }
        }
        let parent = match look.code {
            true => " style:parent-style-name=\"Source_20_Text\"",
            false => "",
        };
        let _ = write!(
            xml,
            "<style:style style:name=\"{}\" style:family=\"text\"{parent}>\
             <style:text-properties{properties}/></style:style>",
            name_of(&look)
        );
    }
    xml.push_str(&lists());
    xml
}

fn lists() -> String {
    let mut xml = String::new();
    for kind in ["Bullets", "Numbers", TASKS] {
        let _ = write!(xml, "<text:list-style style:name=\"{kind}\">");
        for level in 1..=LEVELS {
            let indent = format!(
                "<style:list-level-properties text:list-level-position-and-space-mode=\"label-alignment\">\
                 <style:list-level-label-alignment text:label-followed-by=\"listtab\" \
                 fo:margin-left=\"{:.2}cm\" fo:text-indent=\"-0.5cm\"/></style:list-level-properties>",
                level as f64
            );
            let _ = match kind {
                "Bullets" => {
                    let letter = ['\u{2022}', '\u{25e6}', '\u{25aa}'][(level - 1) % 3];
                    write!(
                        xml,
                        "<text:list-level-style-bullet text:level=\"{level}\" \
                         text:bullet-char=\"{letter}\">{indent}</text:list-level-style-bullet>"
                    )
                }
                "Numbers" => write!(
                    xml,
                    "<text:list-level-style-number text:level=\"{level}\" style:num-suffix=\".\" \
                     style:num-format=\"1\">{indent}</text:list-level-style-number>"
                ),
                _ => write!(
                    xml,
                    "<text:list-level-style-number text:level=\"{level}\" style:num-format=\"\">\
                     {indent}</text:list-level-style-number>"
                ),
            };
        }
        xml.push_str("</text:list-style>");
    }
    xml
}

/// The styles that people see, in the names that LibreOffice itself knows.
pub(super) fn common((language, country): (&str, &str), languages: &[String]) -> String {
    let mut xml = format!(
        "<style:default-style style:family=\"paragraph\"><style:text-properties \
         style:font-name=\"Carlito\" fo:font-size=\"11pt\" fo:language=\"{}\" fo:country=\"{}\"/>\
         </style:default-style><style:style style:name=\"Standard\" style:family=\"paragraph\" \
         style:class=\"text\"/>",
        escaped(language),
        escaped(country)
    );
    let mut paragraph = |name: &str, shown: &str, parent: &str, properties: &str, text: &str| {
        let _ = write!(
            xml,
            "<style:style style:name=\"{name}\" style:display-name=\"{}\" style:family=\"paragraph\" \
             style:parent-style-name=\"{parent}\"><style:paragraph-properties{properties}/>\
             <style:text-properties{text}/></style:style>",
            escaped(shown)
        );
    };
    let below = " fo:margin-top=\"0cm\" fo:margin-bottom=\"0.21cm\"";
    paragraph("Text_20_body", "Text body", "Standard", below, "");
    for (at, size) in HEADINGS.iter().enumerate() {
        let level = at + 1;
        paragraph(
            &format!("Heading_20_{level}"),
            &format!("Heading {level}"),
            "Standard",
            " fo:margin-top=\"0.42cm\" fo:margin-bottom=\"0.21cm\" fo:keep-with-next=\"always\"",
            &format!(" fo:font-size=\"{size}pt\" fo:font-weight=\"bold\""),
        );
    }
    let bar = " fo:margin-left=\"0.6cm\" fo:padding-left=\"0.3cm\" fo:margin-bottom=\"0.21cm\" \
               fo:border-left=\"1.5pt solid #999999\"";
    paragraph("Quotations", "Quotations", "Standard", bar, "");
    let shade = " fo:background-color=\"#f2f2f2\" fo:margin-bottom=\"0.21cm\"";
    let mono = " style:font-name=\"Liberation Mono\" fo:font-family=\"'Liberation Mono', monospace\" \
                fo:font-size=\"10pt\"";
    paragraph("Code", "Code", "Standard", shade, mono);
    for (at, language) in languages.iter().enumerate() {
        let name = format!("Code_{}", at + 1);
        paragraph(&name, &format!("{CODE_STYLE}{language}"), "Code", "", "");
    }
    let line = " fo:border-bottom=\"0.5pt solid #999999\" fo:margin-bottom=\"0.42cm\"";
    paragraph(
        "Horizontal_20_Line",
        "Horizontal Line",
        "Standard",
        line,
        "",
    );
    let _ = write!(
        xml,
        "<style:style style:name=\"Source_20_Text\" style:display-name=\"Source Text\" \
         style:family=\"text\"><style:text-properties{mono}/></style:style>"
    );
    xml
}

/// What a style of somebody's says.
#[derive(Debug, Clone, Default)]
struct Style {
    /// What people see, in the letters of its author.
    shown: String,
    parent: Option<String>,
    list: Option<String>,
    bold: Option<bool>,
    italic: Option<bool>,
    underline: Option<bool>,
    strike: Option<bool>,
    outline: Option<u64>,
}

/// What a paragraph is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Heading(u64),
    Quote,
    Code(String),
    CodeLine,
    Rule,
}

/// All styles of a document.
#[derive(Debug, Default)]
pub(super) struct Styles {
    styles: BTreeMap<String, Style>,
    /// Whether lists of this style are numbered and from where on, by levels from 1 on.
    lists: BTreeMap<String, BTreeMap<usize, (bool, u64)>>,
}

impl Styles {
    /// Adds the styles of a part.
    pub(super) fn learn(&mut self, root: &Tag) {
        let groups = ["styles", "automatic-styles"];
        for group in groups.iter().filter_map(|name| root.child(name)) {
            for tag in group.tags() {
                let Some(name) = tag.get("name") else {
                    continue;
                };
                match tag.name.as_str() {
                    "style" => {
                        self.styles.insert(name.to_owned(), style(tag, name));
                    }
                    "list-style" => {
                        let levels = tag.tags().filter_map(|level| {
                            // A level with no form of number shows nothing: boxes, or bullets.
                            let is_ordered = level.name == "list-level-style-number"
                                && level.get("num-format").is_some_and(|form| !form.is_empty());
                            let start = level
                                .get("start-value")
                                .and_then(|start| start.parse().ok());
                            let number = level.get("level")?.parse().ok()?;
                            Some((number, (is_ordered, start.unwrap_or(1))))
                        });
                        self.lists.insert(name.to_owned(), levels.collect());
                    }
                    _ => {}
                }
            }
        }
    }

    fn chain(&self, name: Option<&str>) -> impl Iterator<Item = (&str, &Style)> {
        let find = move |name: &str| self.styles.get_key_value(name);
        let first = name.and_then(find);
        let next = move |(_, style): &(&String, &Style)| find(style.parent.as_deref()?);
        std::iter::successors(first, next)
            .take(STYLES_MAX)
            .map(|(name, style)| (name.as_str(), style))
    }

    /// What a paragraph of this style is.
    pub(super) fn kind(&self, name: Option<&str>) -> Kind {
        let known = self
            .chain(name)
            .map(|(name, style)| (name, style.shown.clone()));
        // Styles that are not described are LibreOffice's own.
        let own = name.map(|name| (name, name.replace("_20_", " ")));
        for (name, shown) in known.chain(own) {
            if let Some(language) = shown.strip_prefix(CODE_STYLE) {
                return Kind::Code(language.to_owned());
            }
            if name == "Code" {
                return Kind::Code(String::new());
            }
            match shown.to_lowercase().as_str() {
                "code block" => return Kind::Code(String::new()),
                "quotations" | "quote" | "intense quote" => return Kind::Quote,
                "preformatted text" | "html preformatted" => return Kind::CodeLine,
                "horizontal line" | "horizontal rule" => return Kind::Rule,
                "title" => return Kind::Heading(1),
                _ => {}
            }
        }
        let outline = self.chain(name).find_map(|(_, style)| style.outline);
        match outline {
            Some(level @ 1..) => Kind::Heading(level.min(6)),
            _ => Kind::Plain,
        }
    }

    fn level(&self, style: Option<&str>, level: usize) -> Option<(bool, u64)> {
        let levels = self.lists.get(style?)?;
        levels.get(&level).copied()
    }

    /// Whether a list of this style is numbered at this level.
    pub(super) fn is_ordered(&self, style: Option<&str>, level: usize) -> bool {
        self.level(style, level)
            .is_some_and(|(is_ordered, _)| is_ordered)
    }

    /// The number of its first item, where that does not say so itself.
    pub(super) fn start(&self, style: Option<&str>, level: usize) -> u64 {
        self.level(style, level).map_or(1, |(_, start)| start)
    }

    /// A look with what a style of a piece of text adds to it.
    pub(super) fn look(&self, look: &Look, name: Option<&str>) -> Look {
        let mut wanted: (Option<bool>, Option<bool>, Option<bool>, Option<bool>) =
            Default::default();
        let mut is_code = false;
        for (name, style) in self.chain(name) {
            let shown = style.shown.to_lowercase();
            if shown.contains("internet link") || shown.contains("hyperlink") {
                // Links look so without anybody having said it.
                continue;
            }
            is_code |= matches!(shown.as_str(), "source text" | "code text") || name == "Teletype";
            wanted.0 = wanted.0.or(style.bold);
            wanted.1 = wanted.1.or(style.italic);
            wanted.2 = wanted.2.or(style.underline);
            wanted.3 = wanted.3.or(style.strike);
        }
        match name {
            Some("Source_20_Text" | "Teletype") => is_code = true,
            Some("Strong_20_Emphasis") => wanted.0 = wanted.0.or(Some(true)),
            Some("Emphasis") => wanted.1 = wanted.1.or(Some(true)),
            _ => {}
        }
        Look {
            bold: wanted.0.unwrap_or(look.bold),
            italic: wanted.1.unwrap_or(look.italic),
            underline: wanted.2.unwrap_or(look.underline),
            strike: wanted.3.unwrap_or(look.strike),
            code: is_code || look.code,
        }
    }

    /// Whether cells of this style are headers.
    pub(super) fn is_header(&self, name: &str) -> bool {
        let background = |name: &str| name == HEADER_CELL;
        background(name) || self.chain(Some(name)).any(|(name, _)| background(name))
    }

    /// The list style that a style of paragraphs names.
    pub(super) fn list_of(&self, name: Option<&str>) -> Option<String> {
        self.chain(name).find_map(|(_, style)| style.list.clone())
    }
}

fn style(tag: &Tag, name: &str) -> Style {
    let text = tag.child("text-properties");
    let said = |key: &str| text.and_then(|text| text.get(key));
    let line = |key: &str| said(key).map(|value| value != "none");
    Style {
        shown: tag
            .get("display-name")
            .map_or_else(|| name.replace("_20_", " "), str::to_owned),
        parent: tag.get("parent-style-name").map(str::to_owned),
        list: tag
            .get("list-style-name")
            .filter(|list| !list.is_empty())
            .map(str::to_owned),
        bold: said("font-weight").map(|weight| {
            weight == "bold" || weight.parse::<u32>().is_ok_and(|weight| weight >= 600)
        }),
        italic: said("font-style").map(|style| style != "normal"),
        underline: line("text-underline-style"),
        strike: line("text-line-through-style"),
        outline: tag
            .get("default-outline-level")
            .and_then(|level| level.parse().ok()),
    }
}
