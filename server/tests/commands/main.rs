//! The binary's commands, run as an operator runs them.
#![allow(missing_docs)]

mod carrying;
mod erasing;
mod history;
mod object_store;
mod support;
