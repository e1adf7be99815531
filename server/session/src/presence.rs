//! Presence of the peers.
