//! What a run does: how many of what, how often, for how long.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result, ensure};
use unisson_protocol::{DocName, dialect::Dialect};

use crate::{Scenario, socket::Destination, tongue::Tongue};

/// Sockets in one run, at most: more than the files that one process may have open.
const SOCKETS_MAX: usize = 50_000;
/// Edits in one run, at most.
const EDITS_MAX: u64 = 10_000_000;
/// Seconds of one run, at most.
const SECONDS_MAX: u64 = 3_600;
/// Client ids of one document are neighbours; no document has more clients than this.
const CLIENTS_MAX: usize = 4_000;
/// Bytes of a document that a scenario builds, at most.
const DOCUMENT_BYTES_MAX: usize = 64_000_000;
/// Where a target has the document's name.
const PLACE: &str = "{document}";
/// The readers of the one page of a portal's day.
const PAGE_READERS: usize = 1_400;
/// Of 1,000 readers of a portal's day so many have a phone: 30 % of all people.
const PHONES_PER_MILLE: u64 = 340;

/// One run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What kind of load.
    pub scenario: Scenario,
    /// The server's address. For `y-websocket` the room's name takes the place of `{document}`, or
    /// is appended.
    pub target: String,
    /// Its protocol.
    pub dialect: Dialect,
    /// Whether the server only forwards frames: no sync, no acknowledgement, nothing to check.
    pub relay: bool,
    /// How many documents.
    pub documents: usize,
    /// How many clients on each.
    pub clients: usize,
    /// How many of them write.
    pub writers: usize,
    /// Clients of the first document that come on top.
    pub page_readers: usize,
    /// Edits per second and writer.
    pub rate: f64,
    /// How long to write, or to leave alone.
    pub duration: Duration,
    /// Of 1,000 readers, how many come and go.
    pub phones_per_mille: u64,
    /// How long a phone stays, on average. It is away for a third of that.
    pub phone_stays: Duration,
    /// Bytes of the documents that the scenario builds first.
    pub document_bytes: usize,
    /// Over how long those who come (back) at once are spread.
    pub jitter: Duration,
    /// When to kill the server, after the start of the schedule.
    pub kill_at: Option<Duration>,
    /// How long after the last edit everybody may take to see it and to see it saved. Where people
    /// come and go, or the server was killed, it is four times as much.
    pub grace: Duration,
    /// The file with the recorded history.
    pub history: Option<PathBuf>,
    /// The token, possibly empty.
    pub token: String,
    /// Whether readers count updates only, instead of building the document.
    pub counting_readers: bool,
    /// Whether to show progress.
    pub progress: bool,
    /// Makes names and client ids of this run unlike those of other runs.
    pub seed: u64,
}

impl Plan {
    /// A scenario as it is published.
    pub fn new(scenario: Scenario, target: &str, dialect: Dialect, seed: u64) -> Self {
        let shape = scenario.shape();
        let is_portal = scenario == Scenario::PD;
        Self {
            scenario,
            target: target.to_owned(),
            dialect,
            relay: false,
            documents: shape.documents,
            clients: shape.clients,
            writers: shape.writers,
            page_readers: if is_portal { PAGE_READERS } else { 0 },
            rate: shape.rate,
            duration: shape.duration,
            phones_per_mille: if is_portal { PHONES_PER_MILLE } else { 0 },
            phone_stays: Duration::from_secs(60),
            document_bytes: scenario.document_bytes(),
            jitter: Duration::from_secs(2),
            kill_at: None,
            grace: Duration::from_secs(15),
            history: None,
            token: String::new(),
            counting_readers: true,
            progress: false,
            seed,
        }
    }

    /// Multiplies the number of documents (of clients, where there is one document) and of the
    /// page's readers.
    pub fn scale(&mut self, factor: f64) -> Result<()> {
        ensure!(
            factor > 0.0 && factor <= 100.0,
            "a scale above 0, at most 100"
        );
        let scaled = |number: usize| ((number as f64 * factor).round() as usize).max(1);
        match self.documents {
            1 => {
                self.clients = scaled(self.clients).max(self.writers.min(self.clients));
                if self.scenario == Scenario::P1 {
                    self.clients = scaled(self.writers);
                    self.writers = self.clients;
                }
            }
            documents => self.documents = scaled(documents),
        }
        if self.page_readers > 0 {
            self.page_readers = scaled(self.page_readers);
        }
        Ok(())
    }

    /// Refuses what would be no measurement, or without end.
    pub fn validate(&self) -> Result<()> {
        let sockets = self.documents.saturating_mul(self.clients);
        ensure!(
            (1..=SOCKETS_MAX).contains(&sockets.saturating_add(self.page_readers)),
            "1 to {SOCKETS_MAX} sockets"
        );
        ensure!(
            self.clients.saturating_add(self.page_readers) <= CLIENTS_MAX,
            "at most {CLIENTS_MAX} clients on a document"
        );
        ensure!(self.writers <= self.clients, "more writers than clients");
        ensure!(
            self.writers == 0 || self.scenario.shape().writers > 0,
            "nobody writes in {}",
            self.scenario.id()
        );
        ensure!(
            (1..=SECONDS_MAX).contains(&self.duration.as_secs()),
            "1 to {SECONDS_MAX} seconds"
        );
        ensure!(
            self.writers == 0
                || self.scenario == Scenario::K1
                || (self.rate > 0.0 && self.rate <= 1_000.0),
            "a rate above 0, at most 1000 edits per second"
        );
        ensure!(self.edits() <= EDITS_MAX, "at most {EDITS_MAX} edits");
        ensure!(
            self.document_bytes <= DOCUMENT_BYTES_MAX,
            "documents of at most {DOCUMENT_BYTES_MAX} bytes"
        );
        ensure!(
            self.phone_stays >= Duration::from_millis(100),
            "a phone stays for at least 0.1 s"
        );
        ensure!(
            !self.relay || self.scenario.fits_a_relay(),
            "{} needs a server that keeps documents",
            self.scenario.id()
        );
        if let Some(kill_at) = self.kill_at {
            ensure!(
                self.scenario == Scenario::PD && kill_at < self.duration,
                "the server can be killed within a portal's day only"
            );
        }
        self.destination(0)?;
        Ok(())
    }

    /// Sockets in all.
    pub fn sockets(&self) -> usize {
        self.documents * self.clients + self.page_readers
    }

    /// Clients of one document.
    pub fn clients_of(&self, document: usize) -> usize {
        match document {
            0 => self.clients + self.page_readers,
            _ => self.clients,
        }
    }

    /// A number of its own for each socket.
    pub fn index(&self, document: usize, client: usize) -> usize {
        match client.checked_sub(self.clients) {
            Some(reader) => self.documents * self.clients + reader,
            None => client * self.documents + document,
        }
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

    pub(crate) fn tongue(&self, document: usize) -> Result<Tongue> {
        Tongue::new(self.dialect, &self.document(document)?)
    }

    /// Where the sockets of a document go.
    pub(crate) fn destination(&self, document: usize) -> Result<Destination> {
        Destination::parse(&self.url(document)?)
    }

    /// The URL of a document's socket.
    pub fn url(&self, document: usize) -> Result<String> {
        if self.dialect == Dialect::Hocuspocus {
            return Ok(self.target.clone());
        }
        let name = self.document(document)?;
        let url = match self.target.contains(PLACE) {
            true => self.target.replace(PLACE, name.as_str()),
            false => format!("{}/{name}", self.target.trim_end_matches('/')),
        };
        Ok(match self.token.is_empty() {
            true => url,
            false => format!("{url}?token={}", self.token),
        })
    }

    /// The Yjs client id of a client: below 2^31, in blocks of 4,096 per document.
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

    /// Whether a reader comes and goes.
    pub(crate) fn is_phone(&self, document: usize, client: usize) -> bool {
        let mixed = (self.index(document, client) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        client >= self.writers && (mixed >> 32) % 1_000 < self.phones_per_mille
    }
}

#[cfg(test)]
mod tests;
