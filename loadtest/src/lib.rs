//! The load generator: many clients on many documents of any `y-websocket` or Hocuspocus server.
//!
//! Promises: edits are made by an open-loop schedule, and each latency is measured from the time
//! the edit was scheduled for, so a slow server cannot slow down its own measurement; every run
//! ends with fresh clients that must see exactly what was written; counts and times are bounded.

mod backoff;
mod check;
mod compare;
mod frame;
mod history;
mod html;
mod metronome;
mod plan;
mod plot;
mod progress;
mod prose;
mod pusher;
mod ramp;
mod reader;
mod recorder;
mod relay;
mod report;
mod run;
mod scenario;
mod scenarios;
mod scrape;
mod server_process;
mod servers;
mod shell;
mod socket;
mod stage;
mod tongue;
mod typed;
mod watch;
mod writer;

pub use compare::{Comparison, Row, compare};
pub use html::{comparison_html, report_html};
pub use plan::Plan;
pub use ramp::{Raise, find_highest};
pub use recorder::Latency;
pub use relay::relay;
pub use report::{Better, Figure, Report, dialect_name};
pub use run::{Target, run};
pub use scenario::{Scenario, Shape};
pub use servers::{Kind as ServerKind, Programs, Started};
pub use watch::Sample;
