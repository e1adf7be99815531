//! Fuzz targets, one per decoder: each takes any bytes, and panics where a promise is broken.
//!
//! The targets are plain functions: the driver in `main.rs` runs them on a stable toolchain, and a
//! libFuzzer harness needs one line per target.

pub mod corpus;
pub mod mutate;
pub mod random;
pub mod targets;

/// A target: its name, its function and the fixtures that it starts from.
pub struct Target {
    /// As written on the command line.
    pub name: &'static str,
    /// Feeds one input. Returns whether the decoder accepted it.
    pub run: fn(&[u8]) -> bool,
    /// The inputs to damage.
    pub corpus: fn() -> Vec<Vec<u8>>,
}

/// All targets.
pub const TARGETS: [Target; 9] = [
    Target {
        name: "y_websocket",
        run: targets::y_websocket,
        corpus: corpus::y_websocket,
    },
    Target {
        name: "hocuspocus",
        run: targets::hocuspocus,
        corpus: corpus::hocuspocus,
    },
    Target {
        name: "awareness",
        run: targets::awareness,
        corpus: corpus::awareness,
    },
    Target {
        name: "update",
        run: targets::update,
        corpus: corpus::updates,
    },
    Target {
        name: "state_vector",
        run: targets::state_vector,
        corpus: corpus::state_vectors,
    },
    Target {
        name: "apply",
        run: targets::apply,
        corpus: corpus::updates,
    },
    Target {
        name: "entry",
        run: targets::history::entry,
        corpus: corpus::history::entries,
    },
    Target {
        name: "attribution",
        run: targets::history::attribution,
        corpus: corpus::history::attributions,
    },
    Target {
        name: "version_note",
        run: targets::history::version_note,
        corpus: corpus::history::version_notes,
    },
];
