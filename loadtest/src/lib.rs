//! The load generator: many clients on many documents of any `y-websocket` or Hocuspocus server.
//!
//! Promises: edits are made by an open-loop schedule, and each latency is measured from the time
//! the edit was scheduled for, so a slow server cannot slow down its own measurement; every run
//! ends with a fresh client per document that must see exactly all edits; counts and times are
//! bounded.

mod check;
mod plan;
mod reader;
mod report;
mod run;
mod server_process;
mod socket;
mod tally;
mod writer;

pub use plan::{Plan, Scenario};
pub use report::{Latency, Report};
pub use run::run;
