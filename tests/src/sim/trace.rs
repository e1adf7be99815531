//! What happened: a hash of everything, and the last lines to read.

use std::collections::VecDeque;
use std::fmt::Arguments;

const LINES_KEPT: usize = 400;
const LINE_CHARS: usize = 400;

/// The record of one run.
#[derive(Debug)]
pub struct Trace {
    hash: u64,
    lines: Option<VecDeque<String>>,
}

impl Trace {
    /// An empty record; it keeps lines only where `SIM_TRACE` is set.
    pub fn new() -> Self {
        let lines = std::env::var_os("SIM_TRACE").map(|_| VecDeque::new());
        Self {
            hash: 0xcbf2_9ce4_8422_2325,
            lines,
        }
    }

    /// Adds one fact.
    pub fn note(&mut self, now: u64, what: Arguments<'_>) {
        let line = format!("{now:>7} {what}");
        for byte in line.bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        if let Some(lines) = &mut self.lines {
            if lines.len() == LINES_KEPT {
                lines.pop_front();
            }
            lines.push_back(line.chars().take(LINE_CHARS).collect());
        }
    }

    /// The hash of everything so far.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// The last lines, one fact each.
    pub fn tail(&self) -> String {
        self.lines
            .iter()
            .flatten()
            .map(|line| format!("\n{line}"))
            .collect()
    }
}

impl Default for Trace {
    fn default() -> Self {
        Self::new()
    }
}
