//! A client that sends ready-made updates and counts what the server acknowledges.

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

use anyhow::{Result, bail, ensure};
use bytes::Bytes;
use tokio::time::timeout;
use unisson_protocol::{PeerMessage, dialect::Dialect, scan};

use crate::{
    frame::Event,
    socket::Socket,
    stage::Stage,
    tongue::{EMPTY_STATE, EMPTY_UPDATE, Said, Tongue, only_author},
    typed::Piece,
};

/// How long the first answer may take.
const OPEN_MAX: Duration = Duration::from_secs(60);

pub(crate) struct Pusher<'a> {
    stage: &'a Stage,
    socket: Socket,
    state: State,
}

struct InFlight {
    author: u64,
    /// The author's clock after it.
    end: u32,
    due: Instant,
}

struct State {
    tongue: Tongue,
    dialect: Dialect,
    /// Updates that are not acknowledged.
    in_flight: VecDeque<InFlight>,
    acknowledged: usize,
    /// Each author's clock as far as it came back.
    echoed: BTreeMap<u64, u32>,
    /// When the last acknowledgements came, for those who ask.
    latencies: Vec<Duration>,
    /// Hocuspocus acknowledges the answer to its question too.
    answers_due: usize,
    is_synced: bool,
    asked: bool,
    pinged: bool,
    is_closed: bool,
    error: Option<String>,
}

impl<'a> Pusher<'a> {
    /// Opens a document.
    pub(crate) async fn open(stage: &'a Stage, document: usize) -> Result<Self> {
        let plan = &stage.plan;
        let socket = Socket::connect(&plan.destination(document)?, document, false).await?;
        let mut pusher = Self {
            stage,
            socket,
            state: State {
                tongue: plan.tongue(document)?,
                dialect: plan.dialect,
                in_flight: VecDeque::new(),
                acknowledged: 0,
                echoed: BTreeMap::new(),
                latencies: Vec::new(),
                answers_due: 0,
                is_synced: false,
                asked: false,
                pinged: false,
                is_closed: false,
                error: None,
            },
        };
        for frame in pusher.state.tongue.hello(&plan.token, EMPTY_STATE) {
            pusher.socket.send(&frame, &stage.traffic);
        }
        timeout(OPEN_MAX, async {
            while !(pusher.state.is_synced && pusher.state.answers_due == 0) {
                pusher.turn().await?;
            }
            anyhow::Ok(())
        })
        .await??;
        Ok(pusher)
    }

    /// Sends one update; `due` is when it should have been sent.
    pub(crate) fn send(&mut self, piece: &Piece, due: Instant) {
        let message = PeerMessage::Update(piece.update.clone());
        let frame = self.state.tongue.encode(message);
        self.socket.send(&frame, &self.stage.traffic);
        self.state.echoed.entry(piece.author).or_insert(0);
        self.state.in_flight.push_back(InFlight {
            author: piece.author,
            end: piece.end,
            due,
        });
    }

    /// Waits for something to come in, and takes it.
    pub(crate) async fn turn(&mut self) -> Result<()> {
        let state = &mut self.state;
        self.socket
            .turn(&self.stage.traffic, &mut |event| state.event(event))
            .await;
        if let Some(error) = self.state.error.take() {
            bail!("{error}");
        }
        if std::mem::take(&mut self.state.asked) {
            let empty = PeerMessage::SyncStep2(Bytes::from_static(EMPTY_UPDATE));
            let frame = self.state.tongue.encode(empty);
            self.socket.send(&frame, &self.stage.traffic);
        }
        if std::mem::take(&mut self.state.pinged) {
            self.socket.send(&Tongue::pong(), &self.stage.traffic);
        }
        ensure!(!self.state.is_closed, "the server closed the socket");
        Ok(())
    }

    /// Updates that the server acknowledged.
    pub(crate) fn acknowledged(&self) -> usize {
        self.state.acknowledged
    }

    /// Updates that it did not.
    pub(crate) fn unacknowledged(&self) -> usize {
        self.state.in_flight.len()
    }

    /// From due time to acknowledgement, of those since the last call.
    pub(crate) fn take_latencies(&mut self) -> Vec<Duration> {
        std::mem::take(&mut self.state.latencies)
    }

    /// Whether the kernel has taken everything.
    pub(crate) fn is_sent(&self) -> bool {
        !self.socket.is_behind()
    }

    /// Sends all, at most `window` of them unacknowledged at a time, and waits for the last one.
    /// Stops early at `until`; how many were sent.
    pub(crate) async fn push(
        &mut self,
        pieces: &[Piece],
        window: usize,
        until: Instant,
    ) -> Result<usize> {
        let mut sent = 0;
        while sent < pieces.len() || self.unacknowledged() > 0 {
            if sent < pieces.len()
                && self.unacknowledged() < window
                && self.is_sent()
                && Instant::now() < until
            {
                self.send(&pieces[sent], Instant::now());
                sent += 1;
                continue;
            }
            if sent < pieces.len() && self.unacknowledged() == 0 {
                break;
            }
            self.turn().await?;
        }
        Ok(sent)
    }

    pub(crate) fn close(self) {
        self.socket.close();
    }
}

impl State {
    fn event(&mut self, event: Event<'_>) {
        let frame = match event {
            Event::Binary(frame) => frame,
            Event::Closed(_) => {
                self.is_closed = true;
                return;
            }
            Event::Passed { .. } | Event::Ping(_) => return,
        };
        match self.tongue.read(frame) {
            Ok(Said::Step1) => {
                self.asked = true;
                self.answers_due += usize::from(self.dialect == Dialect::Hocuspocus);
            }
            Ok(Said::Step2(_)) => self.is_synced = true,
            Ok(Said::Update(update)) if self.dialect == Dialect::YWebsocket => self.echo(update),
            Ok(Said::Accepted) if self.answers_due > 0 => self.answers_due -= 1,
            Ok(Said::Accepted) => {
                if let Some(sent) = self.in_flight.pop_front() {
                    self.acknowledge(sent.due);
                }
            }
            Ok(Said::Refused) => self.error = Some("the server refuses an update".to_owned()),
            Ok(Said::Ping) => self.pinged = true,
            Ok(Said::Update(_) | Said::Awareness(_) | Said::Nothing) => {}
            Err(error) => self.error = Some(format!("{error:#}")),
        }
    }

    /// Echoes of several updates may come as one.
    fn echo(&mut self, update: &[u8]) {
        // Large updates of others are not looked at further.
        if only_author(update).is_some_and(|author| !self.echoed.contains_key(&author)) {
            return;
        }
        let scan = match scan::update_v1(update) {
            Ok(scan) => scan,
            Err(error) => {
                self.error = Some(format!("a bad update: {error}"));
                return;
            }
        };
        let mut is_own = !scan.deletes.is_empty();
        for range in &scan.inserts {
            if let Some(echoed) = self.echoed.get_mut(&range.client_id) {
                *echoed = (*echoed).max(range.clock + range.len);
                is_own = true;
            }
        }
        // An update that only deletes ends where the one before it does.
        while is_own
            && let Some(sent) = self.in_flight.front()
            && self.echoed.get(&sent.author) >= Some(&sent.end)
        {
            let due = sent.due;
            self.in_flight.pop_front();
            self.acknowledge(due);
        }
    }

    fn acknowledge(&mut self, due: Instant) {
        self.acknowledged += 1;
        self.latencies.push(due.elapsed());
    }
}
