//! The loads that have a name: their size, and what they ask of the server.

use std::time::Duration;

/// A load with the id that published figures use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
#[value(rename_all = "UPPER")]
pub enum Scenario {
    /// 50 documents of 10 clients, 2 of them writing 5 edits a second.
    F1,
    /// 1 document of 200 clients, 5 of them writing 5 edits a second.
    F2,
    /// 800 documents of 5 clients, all writing 1 edit in 5 seconds.
    F3,
    /// 1,000 empty documents of 10 idle clients.
    I1,
    /// 1,000 quiet documents of 20 KiB, words typed at random places, with one idle client each.
    D20,
    /// A recorded history of 260,000 edits: pushed, edited, opened after a restart.
    C1,
    /// 100 KB of prose, typed key by key by four people in turn: what it takes on the disk.
    W1,
    /// 1,000 clients join one document of 1 MB within 2 seconds.
    J1,
    /// 150 clients join one document of 20 MB within 2 seconds.
    J20,
    /// 2,000 one-key updates, `kill -9` as soon as they are sent, restart, read; and the same with
    /// `kill -9` as soon as they are acknowledged.
    K1,
    /// 500 people on one document, each of whom moves the cursor once a second.
    P1,
    /// 8,000 sockets are cut at once and come back within 2 seconds.
    R1,
    /// 50 agents send an update of 400 KB each into one document at once, while people type in it.
    A1,
    /// A portal's day: 15,000 people in 800 spaces, phones that come and go, one page that all read.
    PD,
}

/// How much of everything.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Documents.
    pub documents: usize,
    /// Clients on each.
    pub clients: usize,
    /// Clients of each that write.
    pub writers: usize,
    /// Edits (or cursor moves) per second and writer.
    pub rate: f64,
    /// How long the load lasts, or how long quiet documents are left alone.
    pub duration: Duration,
}

impl Scenario {
    /// Its size.
    pub const fn shape(self) -> Shape {
        let (documents, clients, writers, rate, seconds) = match self {
            Self::F1 => (50, 10, 2, 5.0, 10),
            Self::F2 => (1, 200, 5, 5.0, 10),
            Self::F3 => (800, 5, 5, 0.2, 10),
            Self::I1 => (1_000, 10, 0, 0.0, 5),
            Self::D20 => (1_000, 1, 0, 0.0, 15),
            Self::C1 => (1, 1, 1, 500.0, 10),
            Self::W1 => (1, 1, 0, 0.0, 1),
            Self::J1 => (1, 1_000, 0, 0.0, 2),
            Self::J20 => (1, 150, 0, 0.0, 2),
            Self::K1 => (1, 1, 1, 0.0, 1),
            Self::P1 => (1, 500, 500, 1.0, 20),
            Self::R1 => (800, 10, 0, 0.0, 2),
            Self::A1 => (1, 50, 5, 5.0, 15),
            Self::PD => (800, 17, 2, 0.5, 600),
        };
        Shape {
            documents,
            clients,
            writers,
            rate,
            duration: Duration::from_secs(seconds),
        }
    }

    /// Its id.
    pub const fn id(self) -> &'static str {
        match self {
            Self::F1 => "F1",
            Self::F2 => "F2",
            Self::F3 => "F3",
            Self::I1 => "I1",
            Self::D20 => "D20",
            Self::C1 => "C1",
            Self::W1 => "W1",
            Self::J1 => "J1",
            Self::J20 => "J20",
            Self::K1 => "K1",
            Self::P1 => "P1",
            Self::R1 => "R1",
            Self::A1 => "A1",
            Self::PD => "PD",
        }
    }

    /// Whether edits are made by a schedule, everywhere and all the time.
    pub const fn is_typing(self) -> bool {
        matches!(self, Self::F1 | Self::F2 | Self::F3 | Self::PD)
    }

    /// Whether the load makes sense where the server only forwards frames.
    pub const fn fits_a_relay(self) -> bool {
        matches!(self, Self::F1 | Self::F2 | Self::F3 | Self::I1 | Self::P1)
    }

    /// Whether the server has to be stopped and started in the middle.
    pub const fn restarts(self) -> bool {
        matches!(self, Self::C1 | Self::K1 | Self::W1)
    }

    /// Bytes of text (D20, W1) or of the encoded document (joins, agents' updates).
    pub const fn document_bytes(self) -> usize {
        match self {
            Self::D20 => 20 * 1_024,
            Self::W1 => 100_000,
            Self::J1 => 1_000_000,
            Self::J20 => 20_000_000,
            Self::A1 => 400_000,
            Self::C1 => 2_000_000,
            Self::R1 => 1_000,
            _ => 0,
        }
    }
}
