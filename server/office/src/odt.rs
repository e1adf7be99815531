//! OpenDocument text, as LibreOffice and others read it.
//!
//! A quote is a section (`Quote 1`). An item of a list takes paragraphs, headings and lists alone:
//! what else belongs to it stands behind the list in a section (`Item 0-1`: at the outermost level),
//! and the list goes on behind it.

mod parts;
mod read;
mod styles;
mod table;
mod write;

pub(crate) use read::read;
pub(crate) use write::write;

/// How the name of a section begins that holds a quote; a number follows.
const QUOTE: &str = "Quote ";
/// How that of one begins that holds more of a list item; its level and a number follow.
const ITEM: &str = "Item ";
/// The style of lists with boxes to tick.
const TASKS: &str = "Tasks";
/// The style of cells that are headers.
const HEADER_CELL: &str = "HeaderCell";
