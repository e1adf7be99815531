//! The simulation: the real session core in a world that a seed decides.
//!
//! The [`world::World`] carries out what the session orders, over modelled sockets and a modelled
//! store that are slow, fail, and lose their process at any instant. What it asserts, always:
//! every acknowledgement is durable, each frame is answered once and in order, nothing acknowledged
//! is lost, all replicas and all presence are equal when the world comes to rest, orders and
//! queues stay within limits, and the same seed gives the same trace.

pub mod client;
pub mod clocks;
pub mod edit;
pub mod link;
pub mod presence;
pub mod scenario;
pub mod store;
pub mod trace;
pub mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub use scenario::{Sabotage, Scenario};

/// What a run that held all promises was like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// The hash of all inputs and effects.
    pub trace: u64,
    /// How many events happened.
    pub steps: u64,
    /// How many frames were acknowledged.
    pub acknowledged: u64,
    /// How often the process was killed.
    pub crashes: u64,
    /// How often the document gave up its CRDT.
    pub coolings: u64,
    /// How often it had to make one again, or for the first time.
    pub wakings: u64,
}

/// Runs one seed under the scenario that the seed chooses.
pub fn run(seed: u64) -> Result<Summary, String> {
    run_scenario(seed, Scenario::of_seed(seed))
}

/// Runs one seed under a given scenario. A failure tells what broke and how to replay it.
pub fn run_scenario(seed: u64, scenario: Scenario) -> Result<Summary, String> {
    let name = scenario.name;
    let outcome = catch_unwind(AssertUnwindSafe(|| world::World::new(seed, scenario).run()));
    let failure = match outcome {
        Ok(Ok(summary)) => return Ok(summary),
        Ok(Err(failure)) => failure,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
            format!("panic: {}", text.unwrap_or_default())
        }
    };
    Err(format!(
        "seed {seed} ({name}): {failure}\nreplay: SEED={seed} SIM_TRACE=1 make sim"
    ))
}
