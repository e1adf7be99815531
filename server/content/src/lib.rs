//! A document's content in the forms that people and programs read and write.
//!
//! One model, a tree of nodes with runs of text ([`tree`]), and conversions: out of a Yjs document
//! and into it, ProseMirror JSON, Markdown, HTML, plain text. Nodes and marks that nobody here knows
//! are kept as they are wherever the form has a place for them.
//!
//! Promises:
//! * pure: values in, values out;
//! * whatever comes from outside is bounded in size and depth, and HTML comes in and goes out
//!   without anything that runs;
//! * [`edit`] changes no more of a document than what is different, so what others type at the same
//!   time stays.

mod addresses;
mod adopt;
mod align;
pub mod anchor;
pub mod block_note;
mod draft;
mod facts;
pub mod form;
mod heading;
mod html;
mod linked;
mod lossy;
pub mod markdown;
mod normal;
pub mod operation;
mod prosemirror;
mod read;
mod reference;
mod text;
mod text_diff;
pub mod tree;
mod write;

pub use addresses::{Addressed, map_addresses};
pub use draft::{Draft, EditError, edit};
pub use facts::{EACH_MAX, Facts, Heading, Link, Mention, TEXT_BYTES_MAX, Task, facts};
pub use form::{Form, ParseError, Says};
pub use html::{
    callout::Callout,
    page::{PageHtml, Resolve, Word},
};
pub use lossy::{in_names_of, wanted};
pub use markdown::{Mark, first_text, kind_of, label, marks_of};
pub use prosemirror::json_of_content;
pub use read::ContentError;
pub use reference::Reference;
pub use tree::{Content, DEPTH_MAX, Element, Insert, Node, Root, Run};

/// The letters of a text, without anything else.
pub fn letters(runs: &[Run]) -> String {
    text::of_runs(runs)
}

/// A text of an editor for code, or Quill's, as HTML.
pub fn html_of_text(runs: &[Run]) -> String {
    html::of_text(runs)
}

#[cfg(test)]
mod tests;
