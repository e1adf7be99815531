//! One module for each kind of load.

pub(crate) mod agents;
pub(crate) mod history;
pub(crate) mod idle;
pub(crate) mod join;
pub(crate) mod kill;
pub(crate) mod presence;
pub(crate) mod quiet;
pub(crate) mod reopen;
pub(crate) mod rest;
pub(crate) mod storm;
pub(crate) mod typing;
