//! The servers that the tool can start itself: a free port and a fresh folder for each.

use std::{
    env, fs,
    fs::File,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use tempfile::TempDir;
use tokio::{net::TcpStream, time::sleep};
use unisson_protocol::dialect::Dialect;

use crate::scrape;

/// How long a server may take to accept connections, and to end in good order.
const START_MAX: Duration = Duration::from_secs(30);
const STOP_MAX: Duration = Duration::from_secs(60);
/// How often a server is asked whether it is there.
const ASK: Duration = Duration::from_millis(20);
/// What is shown of a server's log when it does not start.
const LOG_CHARACTERS_MAX: usize = 2_000;

/// A server that the tool knows how to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Kind {
    /// This project's server.
    Unisson,
    /// A bare room server that only forwards frames: the practical limit.
    Relay,
    /// y-sweet, with its file store.
    YSweet,
    /// The y-websocket server, in memory.
    Yws,
    /// The y-websocket server with LevelDB.
    YwsLeveldb,
    /// The Hocuspocus server with SQLite.
    Hocuspocus,
}

impl Kind {
    /// Its name on the command line and in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unisson => "unisson",
            Self::Relay => "relay",
            Self::YSweet => "y-sweet",
            Self::Yws => "yws",
            Self::YwsLeveldb => "yws-leveldb",
            Self::Hocuspocus => "hocuspocus",
        }
    }

    /// Whether it speaks this dialect.
    pub const fn speaks(self, dialect: Dialect) -> bool {
        match (self, dialect) {
            (Self::Unisson, _) => true,
            (Self::Hocuspocus, dialect) => matches!(dialect, Dialect::Hocuspocus),
            (_, dialect) => matches!(dialect, Dialect::YWebsocket),
        }
    }

    /// Whether documents outlive the process.
    pub const fn keeps(self) -> bool {
        !matches!(self, Self::Relay | Self::Yws)
    }
}

/// Where the programs are.
#[derive(Debug, Clone)]
pub struct Programs {
    /// This program, which is the relay too.
    pub tool: PathBuf,
    /// Unisson's binary.
    pub unisson: PathBuf,
    /// The folder that `loadtest/peers/setup` fills.
    pub peers: PathBuf,
    /// Further arguments for `unisson serve`.
    pub unisson_arguments: Vec<String>,
}

impl Programs {
    /// Unisson beside this program, and the peers where `loadtest/peers/setup` puts them.
    pub fn find() -> Result<Self> {
        let own = env::current_exe().context("this program's own path")?;
        let cache = env::var_os("UNISSON_CACHE").map(PathBuf::from).or_else(|| {
            let xdg = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
            let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
            xdg.or_else(home).map(|cache| cache.join("unisson"))
        });
        let peers = env::var_os("UNISSON_PEERS").map(PathBuf::from);
        Ok(Self {
            unisson: own.with_file_name("unisson"),
            tool: own,
            peers: peers
                .or_else(|| cache.map(|cache| cache.join("peers")))
                .context("no home folder: say --peers")?,
            unisson_arguments: Vec::new(),
        })
    }

    /// The recorded history of scenario C1.
    pub fn history(&self) -> PathBuf {
        self.peers.join("automerge-paper.json")
    }

    fn command(&self, kind: Kind, port: u16, folder: &Path) -> Result<Command> {
        let address = format!("127.0.0.1:{port}");
        let port = port.to_string();
        let modules = self.peers.join("node_modules");
        let (program, needed) = match kind {
            Kind::Unisson => (self.unisson.clone(), self.unisson.clone()),
            Kind::Relay => (self.tool.clone(), self.tool.clone()),
            Kind::YSweet => {
                let program = self.peers.join("y-sweet/bin/y-sweet");
                (program.clone(), program)
            }
            Kind::Yws | Kind::YwsLeveldb => ("node".into(), modules.join("y-websocket")),
            Kind::Hocuspocus => ("node".into(), modules.join("@hocuspocus/server")),
        };
        ensure!(
            needed.exists(),
            "{} is not installed ({} is missing)",
            kind.name(),
            needed.display()
        );
        let mut command = Command::new(program);
        match kind {
            Kind::Unisson => command
                .args(["serve", "--listen", &address, "--data"])
                .arg(folder.join("data"))
                .args(&self.unisson_arguments),
            Kind::Relay => command.args(["relay", "--listen", &address]),
            Kind::YSweet => command
                .args(["serve", "--host", "127.0.0.1", "--port", &port])
                .arg(folder.join("data")),
            Kind::Yws | Kind::YwsLeveldb => {
                if kind == Kind::YwsLeveldb {
                    command.env("YPERSISTENCE", folder.join("leveldb"));
                }
                command
                    .arg(modules.join("y-websocket/bin/server.js"))
                    .env("HOST", "127.0.0.1")
                    .env("PORT", &port)
            }
            Kind::Hocuspocus => command
                .arg(self.peers.join("hocuspocus.mjs"))
                .arg(&port)
                .arg(folder.join("documents.sqlite")),
        };
        Ok(command)
    }
}

/// A server that this tool started. It is killed, and its folder removed, when this is dropped.
pub struct Started {
    kind: Kind,
    programs: Programs,
    port: u16,
    folder: TempDir,
    child: Option<Child>,
}

impl Started {
    /// Starts a server and waits until it accepts connections.
    pub async fn start(kind: Kind, programs: &Programs) -> Result<Self> {
        let mut started = Self {
            kind,
            programs: programs.clone(),
            port: free_port()?,
            folder: TempDir::with_prefix("unisson-loadtest-")?,
            child: None,
        };
        started.spawn().await?;
        Ok(started)
    }

    /// Starts it again on the same port and folder; how long it took until it accepted connections.
    pub async fn spawn(&mut self) -> Result<Duration> {
        ensure!(self.child.is_none(), "the server is running");
        fs::create_dir_all(self.folder.path().join("data"))?;
        let log = File::options()
            .append(true)
            .create(true)
            .open(self.log_path())?;
        let start = Instant::now();
        let child = self
            .programs
            .command(self.kind, self.port, self.folder.path())?
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {}", self.kind.name()))?;
        self.child = Some(child);
        while !self.is_ready().await {
            let ended = self.child.as_mut().map(Child::try_wait).transpose()?;
            if ended.flatten().is_some() || start.elapsed() > START_MAX {
                let log = fs::read_to_string(self.log_path())?;
                let from = log.len().saturating_sub(LOG_CHARACTERS_MAX);
                let end = log.get(from..).unwrap_or(&log);
                bail!("{} did not start:\n{end}", self.kind.name());
            }
            sleep(ASK).await;
        }
        Ok(start.elapsed())
    }

    async fn is_ready(&self) -> bool {
        match self.kind {
            Kind::Unisson => scrape::is_ok(self.address(), "/readyz").await,
            _ => TcpStream::connect(self.address()).await.is_ok(),
        }
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Which server it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What it keeps on the disk for its only document.
    pub fn stored(&self) -> Result<Stored> {
        let files = files_below(self.folder.path())?;
        let is_document = |path: &Path| match self.kind {
            Kind::Unisson => path
                .extension()
                .is_some_and(|extension| extension == "snap"),
            Kind::YSweet => path.file_name().is_some_and(|name| name == "data.ysweet"),
            Kind::Hocuspocus => path.starts_with(self.folder.path().join("documents.sqlite")),
            Kind::Relay | Kind::Yws | Kind::YwsLeveldb => true,
        };
        let documents = files.iter().filter(|(path, _)| is_document(path));
        // An older snapshot is kept beside the newest; names are in the order of time.
        let document = match self.kind {
            Kind::YwsLeveldb => documents.map(|(_, bytes)| bytes).sum(),
            _ => documents.max().map_or(0, |(_, bytes)| *bytes),
        };
        ensure!(document > 0, "{} has stored nothing", self.kind.name());
        let log = self.log_path();
        let kept = files.iter().filter(|(path, _)| *path != log);
        Ok(Stored {
            document,
            folder: kept.map(|(_, bytes)| bytes).sum(),
        })
    }

    /// Its process, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// The target for clients of a dialect, see [`crate::Plan::target`].
    pub fn target(&self, dialect: Dialect) -> String {
        let address = self.address();
        match (self.kind, dialect) {
            (Kind::Unisson, Dialect::YWebsocket) => format!("ws://{address}/ws/"),
            (Kind::Unisson, Dialect::Hocuspocus) => format!("ws://{address}/hocuspocus"),
            (Kind::YSweet, _) => format!("ws://{address}/d/{{document}}/ws/{{document}}"),
            _ => format!("ws://{address}/"),
        }
    }

    /// `kill -9`.
    pub fn kill(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Ends it in good order: the way after which it keeps everything it can.
    pub async fn stop(&mut self) -> Result<()> {
        let Some(mut child) = self.child.take() else {
            return Ok(());
        };
        // y-sweet 0.9.1 saves on SIGINT only.
        let signal = match self.kind {
            Kind::YSweet => "-INT",
            _ => "-TERM",
        };
        let sent = Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status()?;
        ensure!(sent.success(), "cannot send a signal to the server");
        let start = Instant::now();
        while child.try_wait()?.is_none() {
            if start.elapsed() > STOP_MAX {
                child.kill()?;
                child.wait()?;
                bail!("{} did not stop in time", self.kind.name());
            }
            sleep(ASK).await;
        }
        Ok(())
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // The process may have ended by itself.
        let _ = self.kill();
    }
}

/// Bytes on the disk.
#[derive(Debug, Clone, Copy)]
pub struct Stored {
    /// The newest full copy of the document.
    pub document: u64,
    /// Everything, logs and older copies included.
    pub folder: u64,
}

fn files_below(folder: &Path) -> Result<Vec<(PathBuf, u64)>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            if metadata.is_dir() {
                folders.push(entry.path());
            } else {
                files.push((entry.path(), metadata.len()));
            }
        }
    }
    Ok(files)
}

/// A port that was free a moment ago; it serves all restarts of a server.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}
