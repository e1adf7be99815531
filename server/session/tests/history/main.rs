//! History against the CRDT itself and against models: content, blame, difference, restore, revert.
#![allow(missing_docs, clippy::tests_outside_test_module)]

mod content;
mod editing;
mod restoring;
mod reverting;
#[path = "../support/mod.rs"]
mod support;
