//! What the binary does beside serving; each command says in plain words how it went.

pub mod doctor;
