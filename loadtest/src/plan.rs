//! What a run does: how many of what, how often, for how long.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use unisson_client::Wire;
use unisson_protocol::{DocName, dialect::Dialect};

/// Sockets in one run, at most.
const SOCKETS_MAX: usize = 50_000;
/// Edits in one run, at most.
const EDITS_MAX: u64 = 10_000_000;
/// Seconds of one run, at most.
const SECONDS_MAX: u64 = 3_600;
/// Client ids of one document are neighbours; no document has more clients than this.
const CLIENTS_MAX: usize = 4_096;

/// The shape of the load, with the ids that published figures use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
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
}

impl Scenario {
    /// Documents, clients, writers and rate.
    pub const fn shape(self) -> (usize, usize, usize, f64) {
        match self {
            Self::F1 => (50, 10, 2, 5.0),
            Self::F2 => (1, 200, 5, 5.0),
            Self::F3 => (800, 5, 5, 0.2),
            Self::I1 => (1_000, 10, 0, 0.0),
        }
    }
}

/// One run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The server's address: the room is appended to it for `y-websocket`.
    pub target: String,
    /// Its protocol.
    pub dialect: Dialect,
    /// How many documents.
    pub documents: usize,
    /// How many clients on each.
    pub clients: usize,
    /// How many of them write.
    pub writers: usize,
    /// Edits per second and writer.
    pub rate: f64,
    /// How long to write.
    pub duration: Duration,
    /// The token, possibly empty.
    pub token: String,
    /// Whether readers count updates only, instead of building the document.
    pub counting_readers: bool,
    /// The server's process, to be measured.
    pub server_pid: Option<u32>,
    /// Whether to show progress.
    pub progress: bool,
    /// Makes names and client ids of this run unlike those of other runs.
    pub seed: u64,
}

impl Plan {
    /// Refuses what would be no measurement, or without end.
    pub fn validate(&self) -> Result<()> {
        let sockets = self.documents.saturating_mul(self.clients);
        ensure!(
            (1..=SOCKETS_MAX).contains(&sockets),
            "1 to {SOCKETS_MAX} sockets"
        );
        ensure!(
            self.clients <= CLIENTS_MAX,
            "at most {CLIENTS_MAX} clients on a document"
        );
        ensure!(self.writers <= self.clients, "more writers than clients");
        ensure!(
            (1..=SECONDS_MAX).contains(&self.duration.as_secs()),
            "1 to {SECONDS_MAX} seconds"
        );
        ensure!(
            self.writers == 0 || (self.rate > 0.0 && self.rate <= 1_000.0),
            "a rate of at most 1000 edits per second"
        );
        ensure!(self.edits() <= EDITS_MAX, "at most {EDITS_MAX} edits");
        ensure!(
            self.target.starts_with("ws://"),
            "the target starts with ws://"
        );
        self.document(0)?;
        Ok(())
    }

    /// Edits of each writer. An edit inserts one character, so its clock is its number.
    pub fn edits_each(&self) -> u32 {
        match self.writers {
            0 => 0,
            _ => (self.rate * self.duration.as_secs_f64()).floor().max(1.0) as u32,
        }
    }

    /// Edits of the whole run.
    pub fn edits(&self) -> u64 {
        u64::from(self.edits_each()) * (self.writers * self.documents) as u64
    }

    /// The name of a document.
    pub fn document(&self, document: usize) -> Result<DocName> {
        DocName::new(&format!("load-{:x}-{document}", self.seed)).context("document name")
    }

    /// The wire of a document.
    pub fn wire(&self, document: usize) -> Result<Wire> {
        Ok(Wire::new(self.dialect, &self.document(document)?)?)
    }

    /// The URL of a document's socket.
    pub fn url(&self, document: usize) -> Result<String> {
        let base = self.target.trim_end_matches('/');
        Ok(match self.dialect {
            Dialect::Hocuspocus => self.target.clone(),
            Dialect::YWebsocket if self.token.is_empty() => {
                format!("{base}/{}", self.document(document)?)
            }
            Dialect::YWebsocket => {
                format!("{base}/{}?token={}", self.document(document)?, self.token)
            }
        })
    }

    /// The Yjs client id of a client: below 2^31, in blocks of `CLIENTS_MAX` per document.
    pub fn client_id(&self, client: usize) -> u64 {
        ((self.seed & 0x3_ffff) << 12) + client as u64 + 1
    }

    /// When a writer makes an edit, after the start. Writers are spread over the period.
    pub fn due(&self, document: usize, writer: usize, edit: u32) -> Duration {
        let all = (self.documents * self.writers).max(1) as f64;
        let phase = (writer * self.documents + document) as f64 / all;
        Duration::from_secs_f64((f64::from(edit) + phase) / self.rate)
    }

    /// The writer and the number of an edit, by what it inserted.
    pub fn writer_of(&self, client_id: u64) -> Option<usize> {
        let writer = usize::try_from(client_id.checked_sub(self.client_id(0))?).ok()?;
        (writer < self.writers).then_some(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        Plan {
            target: "ws://127.0.0.1:1/ws/".to_owned(),
            dialect: Dialect::YWebsocket,
            documents: 50,
            clients: 10,
            writers: 2,
            rate: 5.0,
            duration: Duration::from_secs(10),
            token: String::new(),
            counting_readers: true,
            server_pid: None,
            progress: false,
            seed: 0xabc,
        }
    }

    #[test]
    fn the_schedule_is_spread_and_ends_in_time() {
        let plan = plan();
        assert_eq!(plan.edits(), 5_000);
        assert_eq!(
            plan.due(0, 0, 5) - plan.due(0, 0, 0),
            Duration::from_secs(1)
        );
        assert!(plan.due(49, 1, plan.edits_each() - 1) < plan.duration);
        assert_ne!(plan.due(3, 0, 0), plan.due(4, 0, 0));
    }

    #[test]
    fn endless_runs_are_refused() {
        assert!(plan().validate().is_ok());
        let refused = [
            Plan {
                documents: usize::MAX,
                ..plan()
            },
            Plan {
                writers: 11,
                ..plan()
            },
            Plan {
                rate: f64::NAN,
                ..plan()
            },
            Plan {
                duration: Duration::from_secs(1 << 40),
                ..plan()
            },
        ];
        for plan in refused {
            assert!(plan.validate().is_err(), "{plan:?}");
        }
    }

    #[test]
    fn an_edit_is_known_by_its_client_id() {
        let plan = plan();
        assert_eq!(plan.writer_of(plan.client_id(1)), Some(1));
        assert_eq!(plan.writer_of(plan.client_id(2)), None);
        assert_eq!(plan.writer_of(0), None);
    }

    #[test]
    fn each_dialect_has_its_address() {
        assert_eq!(
            plan().url(7).expect("a URL"),
            "ws://127.0.0.1:1/ws/load-abc-7"
        );
        let hocuspocus = Plan {
            dialect: Dialect::Hocuspocus,
            ..plan()
        };
        assert_eq!(hocuspocus.url(7).expect("a URL"), "ws://127.0.0.1:1/ws/");
    }
}
