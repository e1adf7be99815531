//! Documents as files that other programs read, and the files of other servers.
//!
//! Nothing here knows the store: a document comes as its Yjs updates and goes as its Yjs updates.
//! What was read from files is never trusted: names are checked, lengths compared, and what is
//! not a document is an error that says which file and why.

pub mod export;
pub mod file_name;
pub mod manifest;
pub mod source;
