//! The command line.

use std::{
    net::SocketAddr,
    path::PathBuf,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::Result;
use clap::{Args, ValueEnum};
use unisson_loadtest::{Plan, Programs, Raise, Scenario, ServerKind, Started};
use unisson_protocol::dialect::Dialect;

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DialectName {
    YWebsocket,
    Hocuspocus,
}

impl From<DialectName> for Dialect {
    fn from(name: DialectName) -> Self {
        match name {
            DialectName::YWebsocket => Self::YWebsocket,
            DialectName::Hocuspocus => Self::Hocuspocus,
        }
    }
}

/// Where the programs are that the tool starts.
#[derive(Args)]
pub(crate) struct ProgramArguments {
    /// Unisson's binary (default: beside this program).
    #[arg(long)]
    binary: Option<PathBuf>,
    /// The folder that loadtest/peers/setup filled (default: $UNISSON_PEERS, or in the cache).
    #[arg(long)]
    peers: Option<PathBuf>,
    /// A further argument for `unisson serve`; may be given several times.
    #[arg(long = "unisson-argument", allow_hyphen_values = true)]
    unisson_arguments: Vec<String>,
}

impl ProgramArguments {
    pub(crate) fn find(&self) -> Result<Programs> {
        let mut programs = Programs::find()?;
        if let Some(binary) = &self.binary {
            programs.unisson.clone_from(binary);
        }
        if let Some(peers) = &self.peers {
            programs.peers.clone_from(peers);
        }
        programs
            .unisson_arguments
            .clone_from(&self.unisson_arguments);
        Ok(programs)
    }
}

/// Figures that take precedence over the scenario's.
#[derive(Args)]
pub(crate) struct ShapeArguments {
    /// Multiplies documents (or clients, where there is one document).
    #[arg(long)]
    scale: Option<f64>,
    /// Documents.
    #[arg(long)]
    documents: Option<usize>,
    /// Clients on each document.
    #[arg(long)]
    clients: Option<usize>,
    /// Clients of each document that write.
    #[arg(long)]
    writers: Option<usize>,
    /// Edits per second and writer.
    #[arg(long)]
    rate: Option<f64>,
    /// How long to write, to stay quiet, or to spread the joins.
    #[arg(long)]
    seconds: Option<u64>,
    /// Size of the documents that the scenario builds first.
    #[arg(long)]
    document_bytes: Option<usize>,
    /// Kill the server so many seconds after the first edit, and start it again (PD).
    #[arg(long)]
    kill_at: Option<u64>,
    /// The recorded history of C1 (default: where loadtest/peers/setup puts it).
    #[arg(long)]
    history: Option<PathBuf>,
    /// The token to present.
    #[arg(long, default_value = "", hide_default_value = true)]
    token: String,
    /// Let readers build their documents too, instead of counting updates (more client CPU).
    #[arg(long)]
    full_readers: bool,
    /// No progress bar.
    #[arg(long)]
    quiet: bool,
}

impl ShapeArguments {
    pub(crate) fn apply(&self, plan: &mut Plan, programs: &Programs) -> Result<()> {
        if let Some(scale) = self.scale {
            plan.scale(scale)?;
        }
        plan.documents = self.documents.unwrap_or(plan.documents);
        plan.clients = self.clients.unwrap_or(plan.clients);
        plan.writers = self.writers.unwrap_or(plan.writers);
        plan.rate = self.rate.unwrap_or(plan.rate);
        plan.duration = self.seconds.map_or(plan.duration, Duration::from_secs);
        plan.document_bytes = self.document_bytes.unwrap_or(plan.document_bytes);
        plan.kill_at = self.kill_at.map(Duration::from_secs);
        plan.token.clone_from(&self.token);
        plan.counting_readers = !self.full_readers;
        plan.progress = !self.quiet;
        let default = || Some(programs.history()).filter(|path| path.exists());
        plan.history = self.history.clone().or_else(default);
        Ok(())
    }
}

#[derive(Args)]
pub(crate) struct RunArguments {
    /// The server. For y-websocket, the document's name takes the place of {document}, or is
    /// appended.
    #[arg(long, default_value = "ws://127.0.0.1:4444/ws/")]
    target: String,
    /// Start this server, with a fresh folder, instead of using --target.
    #[arg(long, value_enum, conflicts_with_all = ["target", "server_pid"])]
    pub(crate) server: Option<ServerKind>,
    /// The protocol to speak (default: y-websocket, or the server's own).
    #[arg(long, value_enum)]
    dialect: Option<DialectName>,
    /// The load; the flags for single figures take precedence over it.
    #[arg(long, value_enum, default_value = "F1")]
    scenario: Scenario,
    #[command(flatten)]
    shape: ShapeArguments,
    /// The target only forwards frames: no sync, no acknowledgement, nothing to check but deliveries.
    #[arg(long)]
    relay: bool,
    /// Find the highest rate (or number of clients) whose p99 from edit to seen stays under --p99-ms.
    #[arg(long, value_enum, num_args = 0..=1, default_missing_value = "rate")]
    pub(crate) ramp: Option<Raise>,
    /// The bound of --ramp.
    #[arg(long, default_value_t = 50.0)]
    pub(crate) p99_ms: f64,
    /// The server's process on this machine, to measure CPU and memory.
    #[arg(long)]
    pub(crate) server_pid: Option<u32>,
    /// Where to write the report as JSON.
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
    /// Where to write the report as a page with plots.
    #[arg(long)]
    pub(crate) html: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) programs: ProgramArguments,
}

impl RunArguments {
    pub(crate) fn plan(&self, programs: &Programs, started: Option<&Started>) -> Result<Plan> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let own = match started.map(Started::kind) {
            Some(ServerKind::Hocuspocus) => Dialect::Hocuspocus,
            _ => Dialect::YWebsocket,
        };
        let dialect = self.dialect.map_or(own, Dialect::from);
        let target = started.map_or(self.target.clone(), |started| started.target(dialect));
        let mut plan = Plan::new(self.scenario, &target, dialect, now.as_millis() as u64);
        self.shape.apply(&mut plan, programs)?;
        plan.relay = self.relay || started.map(Started::kind) == Some(ServerKind::Relay);
        Ok(plan)
    }
}

#[derive(Args)]
pub(crate) struct CompareArguments {
    /// The loads, one after the other.
    #[arg(
        long = "scenario",
        value_enum,
        value_delimiter = ',',
        default_value = "F1,F2,F3"
    )]
    pub(crate) scenarios: Vec<Scenario>,
    /// The servers, in the table's order.
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "unisson,relay,y-sweet,yws,yws-leveldb,hocuspocus"
    )]
    pub(crate) servers: Vec<ServerKind>,
    /// The protocols to use where a server speaks them (default: each server's first).
    #[arg(long, value_enum, value_delimiter = ',')]
    dialect: Vec<DialectName>,
    /// How often to go round, one server after the other; the table has the medians.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=50))]
    pub(crate) rounds: u32,
    #[command(flatten)]
    pub(crate) shape: ShapeArguments,
    /// Where to write all reports as JSON.
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
    /// Where to write the comparison as a page with bars.
    #[arg(long)]
    pub(crate) html: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) programs: ProgramArguments,
}

impl CompareArguments {
    pub(crate) fn dialects(&self) -> Option<Vec<Dialect>> {
        match self.dialect.is_empty() {
            true => None,
            false => Some(self.dialect.iter().map(|name| (*name).into()).collect()),
        }
    }
}

#[derive(Args)]
pub(crate) struct RelayArguments {
    /// Address and port.
    #[arg(long, default_value = "127.0.0.1:4445")]
    pub(crate) listen: SocketAddr,
}
