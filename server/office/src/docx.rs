//! Office Open XML, as Word, LibreOffice and others read it.
//!
//! What Word has no words for stands in content controls, which keep it together and are not seen:
//! a quote (`quote`), and what belongs to a list item beside its first paragraph (`item-0` at the
//! outermost level).

mod parts;
mod properties;
mod read;
mod styles;
mod table;
mod write;

pub(crate) use read::read;
pub(crate) use write::write;

/// How the tag of a content control begins that holds more of a list item; its level follows.
const ITEM: &str = "item-";
/// The tag of one that holds a quote.
const QUOTE: &str = "quote";
/// The style of a paragraph that only parts two tables.
const GAP: &str = "Gap";
/// Levels of lists that Word has.
const LEVELS: usize = 9;
/// A pixel of 1/96 inch in English metric units.
const EMU: u64 = 9_525;
/// A level of a list, in twentieths of a point.
const INDENT: usize = 560;
