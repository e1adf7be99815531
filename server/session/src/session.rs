//! The session: facts in, orders out.

use unisson_protocol::DocName;

use crate::{Effects, Input, Limits, Millis};

/// One open document. See the crate documentation.
#[derive(Debug)]
pub struct Session {}

impl Session {
    /// A session that nobody has joined yet. `seed` becomes the server's own CRDT client id.
    pub fn new(_now: Millis, _name: DocName, _limits: Limits, _seed: u64) -> Self {
        unimplemented!()
    }

    /// Takes a fact, gives orders.
    pub fn handle(&mut self, _now: Millis, _input: Input) -> Effects {
        unimplemented!()
    }

    /// When [`Input::Woke`] is due, if ever.
    pub fn next_wakeup(&self) -> Option<Millis> {
        unimplemented!()
    }

    /// How many peers are here.
    pub fn peers(&self) -> usize {
        unimplemented!()
    }

    /// About how many bytes the document weighs: the shell moves heavy work off the async threads.
    pub fn document_bytes(&self) -> usize {
        unimplemented!()
    }

    /// Since when the oldest update that is accepted but not durable has been waiting.
    pub fn oldest_undurable(&self) -> Option<Millis> {
        unimplemented!()
    }
}
