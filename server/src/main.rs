//! `unisson`: the command line.
fn main() {}
