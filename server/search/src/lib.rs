//! Full-text search of pages: analysis of French and English, the index, queries, excerpts.
//!
//! The index is disposable: whatever is wrong with its folder, it is made anew, and its owner sees
//! by [`Index::known`] what has to be put in again. Promises:
//! * whatever somebody asks, a search takes bounded time and memory and never fails for it;
//! * a word as it is typed comes before its other forms, and those before what is merely spelled
//!   alike; a title before a heading, and that before text;
//! * excerpts are text and ranges: whoever shows them escapes.
//!
//! Deliberately missing: documents, spaces and rights. An entry is text under a name, and whoever
//! asks the index decides who may see what it finds.

mod entry;
mod excerpt;
mod files;
mod index;
mod language;
mod likeness;
mod question;
mod schema;
mod search;
mod words;

pub use entry::{Entry, Heading, Known, Mention, Sitting, Task, Worker};
pub use excerpt::{Excerpt, Marker};
pub use index::{Index, IndexError};
pub use language::Language;
pub use likeness::Likeness;
pub use question::{QUESTION_BYTES_MAX, Question};
pub use search::{Filter, Found, Order, Search, Stored};
