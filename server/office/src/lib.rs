//! A document's content as files of office suites (DOCX, ODT), in and out. Pure.
//!
//! What the editor can make goes out and comes back as it was: headings, emphasis, links, lists in
//! lists, task lists, tables with header cells and spans, pictures, quotes, code and its language,
//! rules and line breaks, the page's title and language. Of other programs' files what the editor has
//! words for is taken, and the text of everything else.
//!
//! Promises:
//! * pure: bytes and trees in, trees and bytes out; the pictures of a tree are handed in and out
//!   beside it;
//! * whatever comes in is bounded: entries, unpacked bytes and ratio of the archive, nesting and
//!   count of elements; entities are not expanded, nothing is loaded.

mod build;
mod docx;
mod found;
mod inline;
mod odt;
mod package;
mod picture;
#[cfg(test)]
mod tests;
mod xml;

use std::collections::BTreeMap;

use unisson_content::Node;

pub use package::PICTURE_BYTES_MAX;

/// A form of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Office Open XML, of Word.
    Docx,
    /// OpenDocument text, of LibreOffice.
    Odt,
}

impl Format {
    /// The type that browsers and programs know.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Odt => "application/vnd.oasis.opendocument.text",
        }
    }

    /// How the names of such files end.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Docx => "docx",
            Self::Odt => "odt",
        }
    }
}

/// What a file holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Document {
    /// The title among its properties.
    pub title: Option<String>,
    /// Its language, as `fr` or `fr-FR`.
    pub language: Option<String>,
    /// Its text, in the editor's names.
    pub nodes: Vec<Node>,
}

/// Pictures by their addresses in the text.
pub type Pictures = BTreeMap<String, Vec<u8>>;

/// Why a file does not read, or cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OfficeError {
    /// It is something else, or broken.
    #[error("not such a file: {0}")]
    Malformed(String),
    /// It is larger than anybody writes by hand.
    #[error("too large: {0}")]
    TooLarge(&'static str),
    /// It is nested deeper than anybody writes by hand.
    #[error("nested too deeply")]
    TooDeep,
    /// A bug.
    #[error("the file could not be put together: {0}")]
    Failed(String),
}

impl OfficeError {
    #[allow(
        clippy::needless_pass_by_value,
        reason = "errors are handed over as they come"
    )]
    fn malformed(problem: impl ToString) -> Self {
        Self::Malformed(problem.to_string())
    }
}

/// Writes a document. A picture that is not among `pictures` becomes a link to it.
pub fn write(
    format: Format,
    document: &Document,
    pictures: &Pictures,
) -> Result<Vec<u8>, OfficeError> {
    match format {
        Format::Docx => docx::write(document, pictures),
        Format::Odt => odt::write(document, pictures),
    }
}

/// Reads a document and its pictures, each under the address that its node has: `pictures/1.png`.
pub fn read(format: Format, bytes: &[u8]) -> Result<(Document, Pictures), OfficeError> {
    match format {
        Format::Docx => docx::read(bytes),
        Format::Odt => odt::read(bytes),
    }
}
