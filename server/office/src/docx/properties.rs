//! What properties of paragraphs and runs say, styles included.

use std::collections::{BTreeMap, BTreeSet};

use crate::{build::Place, inline::Look, xml::Tag};

/// How the name of the style of code begins; its language follows.
pub(super) const CODE_STYLE: &str = "Code: ";
/// How many styles one may rest on.
const STYLES_MAX: usize = 16;

/// What a style says, with what it rests on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Style {
    /// What it is called, in small letters.
    pub(super) name: String,
    /// The language of code, as it stands in the style's name.
    code_language: String,
    based_on: Option<String>,
    look: Wanted,
    outline: Option<u64>,
    list: Option<(String, usize)>,
    has_rule: bool,
}

/// Looks that are set on or off, or left as they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Wanted {
    bold: Option<bool>,
    italic: Option<bool>,
    underline: Option<bool>,
    strike: Option<bool>,
}

/// All styles of a document.
#[derive(Debug, Default)]
pub(super) struct Styles(BTreeMap<String, Style>);

/// What a paragraph is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Heading(u64),
    Quote,
    /// Code of its own, in this language.
    Code(String),
    /// One line of code, which may go on in the next paragraph.
    CodeLine,
    Rule,
    Gap,
}

/// Whether a switch is on: it is where nothing else is said.
pub(super) fn is_on(tag: &Tag) -> bool {
    !matches!(tag.get("val"), Some("0" | "false" | "off" | "none"))
}

impl Wanted {
    fn of(properties: Option<&Tag>) -> Self {
        let said = |name| {
            properties
                .and_then(|properties| properties.child(name))
                .map(is_on)
        };
        Self {
            bold: said("b"),
            italic: said("i"),
            underline: said("u"),
            strike: said("strike").or(said("dstrike")),
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            bold: self.bold.or(other.bold),
            italic: self.italic.or(other.italic),
            underline: self.underline.or(other.underline),
            strike: self.strike.or(other.strike),
        }
    }
}

fn list_of(properties: Option<&Tag>) -> Option<(String, usize)> {
    let number = properties?.child("numPr")?;
    let list = number.child("numId")?.get("val")?.to_owned();
    let level = number
        .child("ilvl")
        .and_then(|level| level.get("val")?.parse().ok());
    Some((list, level.unwrap_or(0)))
}

impl Styles {
    pub(super) fn of(root: Option<&Tag>) -> Self {
        let tags = root.map(|root| root.tags().filter(|tag| tag.name == "style"));
        let styles = tags.into_iter().flatten().filter_map(|tag| {
            let said = |name| tag.child(name).and_then(|tag| tag.get("val"));
            let paragraph = tag.child("pPr");
            let outline = paragraph.and_then(|paragraph| paragraph.child("outlineLvl"));
            let style = Style {
                name: said("name").unwrap_or_default().to_lowercase(),
                code_language: said("name")
                    .and_then(|name| name.strip_prefix(CODE_STYLE))
                    .unwrap_or_default()
                    .to_owned(),
                based_on: said("basedOn").map(str::to_owned),
                look: Wanted::of(tag.child("rPr")),
                outline: outline.and_then(|level| level.get("val")?.parse().ok()),
                list: list_of(paragraph),
                has_rule: has_line_below(paragraph),
            };
            Some((tag.get("styleId")?.to_owned(), style))
        });
        Self(styles.collect())
    }

    /// A style and those that it rests on.
    fn chain(&self, id: Option<&str>) -> impl Iterator<Item = &Style> {
        let first = id.and_then(|id| self.0.get(id));
        let next = move |style: &&Style| self.0.get(style.based_on.as_deref()?);
        std::iter::successors(first, next).take(STYLES_MAX)
    }

    /// What a paragraph with these properties is.
    pub(super) fn kind(&self, properties: Option<&Tag>) -> Kind {
        let id = properties.and_then(|properties| properties.child("pStyle")?.get("val"));
        for style in self.chain(id) {
            let name = style.name.as_str();
            let heading = ["heading ", "titre ", "überschrift "]
                .iter()
                .find_map(|prefix| name.strip_prefix(prefix)?.trim().parse::<u64>().ok());
            if let Some(level) = heading.or(style.outline.map(|level| level + 1))
                && (1..=9).contains(&level)
            {
                return Kind::Heading(level.min(6));
            }
            match name {
                "title" | "titre" => return Kind::Heading(1),
                "quote" | "intense quote" | "citation" | "citation intense" | "quotations" => {
                    return Kind::Quote;
                }
                "horizontal rule" | "horizontal line" => return Kind::Rule,
                "gap" => return Kind::Gap,
                "code block" => return Kind::Code(style.code_language.clone()),
                "html preformatted" | "preformatted text" | "code" | "source code" => {
                    return Kind::CodeLine;
                }
                _ => {}
            }
            if !style.code_language.is_empty() {
                return Kind::Code(style.code_language.clone());
            }
        }
        let outline = properties.and_then(|properties| {
            properties
                .child("outlineLvl")?
                .get("val")?
                .parse::<u64>()
                .ok()
        });
        match outline {
            Some(level) if level < 9 => Kind::Heading((level + 1).min(6)),
            _ => Kind::Plain,
        }
    }

    /// Whether a line is drawn below a paragraph.
    pub(super) fn has_rule(&self, properties: Option<&Tag>) -> bool {
        let id = properties.and_then(|properties| properties.child("pStyle")?.get("val"));
        has_line_below(properties) || self.chain(id).any(|style| style.has_rule)
    }

    /// Which list a paragraph is in, and at which level.
    pub(super) fn list(&self, properties: Option<&Tag>) -> Option<(String, usize)> {
        let id = properties.and_then(|properties| properties.child("pStyle")?.get("val"));
        let own = list_of(properties);
        let list = own.or_else(|| self.chain(id).find_map(|style| style.list.clone()));
        // Number 0 takes a paragraph out of its style's list.
        list.filter(|(list, _)| list != "0")
    }

    /// How a run looks. What its paragraph's style looks like says nothing about it.
    pub(super) fn look(&self, properties: Option<&Tag>, is_link: bool) -> Look {
        let id = properties.and_then(|properties| properties.child("rStyle")?.get("val"));
        let styles: Vec<&Style> = self.chain(id).collect();
        let is_code = styles.iter().any(|style| {
            matches!(
                style.name.as_str(),
                "code text" | "html code" | "source text" | "verbatim char"
            )
        });
        let of_styles = styles
            .iter()
            .filter(|style| !style.name.contains("hyperlink"))
            .fold(Wanted::default(), |wanted, style| wanted.or(style.look));
        let own = Wanted::of(properties);
        let wanted = own.or(of_styles);
        Look {
            bold: wanted.bold.unwrap_or(false),
            italic: wanted.italic.unwrap_or(false),
            // Links are underlined anyway, by their style: only the run itself says more than that.
            underline: wanted.underline.unwrap_or(false) && (!is_link || own.underline.is_some()),
            strike: wanted.strike.unwrap_or(false),
            code: is_code,
        }
    }
}

/// A list as paragraphs name it.
#[derive(Debug)]
struct List {
    /// What it rests on: lists that rest on the same go on with one another.
    shared: String,
    /// Whether a level is numbered, and from where on.
    levels: BTreeMap<usize, (bool, u64)>,
    /// Levels that begin anew with it.
    restarts: BTreeSet<usize>,
}

/// The lists of a document.
#[derive(Debug, Default)]
pub(super) struct Lists {
    lists: BTreeMap<String, List>,
    /// Lists that have begun anew.
    begun: BTreeSet<(String, usize)>,
}

fn number(tag: &Tag, name: &str) -> Option<u64> {
    tag.child(name)?.get("val")?.parse().ok()
}

/// Whether a level is numbered, and from where on.
fn level_of(level: &Tag) -> (bool, u64) {
    let form = level.child("numFmt").and_then(|form| form.get("val"));
    let is_ordered = !matches!(form, Some("bullet" | "none"));
    (is_ordered, number(level, "start").unwrap_or(1))
}

impl Lists {
    pub(super) fn of(root: Option<&Tag>) -> Self {
        let Some(root) = root else {
            return Self::default();
        };
        let levels = |tag: &Tag| -> BTreeMap<usize, (bool, u64)> {
            let levels = tag.tags().filter(|tag| tag.name == "lvl");
            let levels = levels
                .filter_map(|level| Some((level.get("ilvl")?.parse().ok()?, level_of(level))));
            levels.collect()
        };
        let shared = root.tags().filter(|tag| tag.name == "abstractNum");
        let shared = shared.filter_map(|tag| Some((tag.get("abstractNumId")?, levels(tag))));
        let shared: BTreeMap<&str, BTreeMap<usize, (bool, u64)>> = shared.collect();
        let lists = root.tags().filter(|tag| tag.name == "num");
        let lists = lists.filter_map(|tag| {
            let rests_on = tag.child("abstractNumId")?.get("val")?;
            let mut list = List {
                shared: rests_on.to_owned(),
                levels: shared.get(rests_on)?.clone(),
                restarts: BTreeSet::new(),
            };
            for other in tag.tags().filter(|tag| tag.name == "lvlOverride") {
                let level: usize = other.get("ilvl")?.parse().ok()?;
                if let Some(own) = other.child("lvl") {
                    list.levels.insert(level, level_of(own));
                    list.restarts.insert(level);
                }
                if let Some(start) = number(other, "startOverride") {
                    list.levels.entry(level).or_insert((true, 1)).1 = start;
                    list.restarts.insert(level);
                }
            }
            Some((tag.get("numId")?.to_owned(), list))
        });
        Self {
            lists: lists.collect(),
            begun: BTreeSet::new(),
        }
    }

    /// The place of the next paragraph in a list.
    pub(super) fn place(&mut self, (id, level): (String, usize)) -> Place {
        let list = self.lists.get(&id);
        let said = list.and_then(|list| list.levels.get(&level)).copied();
        let (is_ordered, start) = said.unwrap_or((false, 1));
        let begins = list.is_some_and(|list| list.restarts.contains(&level));
        Place {
            list: list.map_or_else(|| id.clone(), |list| list.shared.clone()),
            level,
            is_ordered,
            start,
            restarts: begins && self.begun.insert((id, level)),
        }
    }
}

/// Whether a border is a line below the paragraph, and not one beside it as quotes have it.
fn has_line_below(properties: Option<&Tag>) -> bool {
    let borders = properties.and_then(|properties| properties.child("pBdr"));
    borders
        .is_some_and(|borders| borders.child("bottom").is_some() && borders.child("left").is_none())
}
