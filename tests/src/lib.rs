//! The seeded world, and the suites that drive Unisson the way its users do.
//!
//! [`sim`] runs the real session core against modelled clients, sockets, store and clock. One seed
//! decides everything, so that a failure is replayed by its number alone.

pub mod rng;
pub mod sim;
