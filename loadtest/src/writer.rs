//! A full client: the real client core on a socket, writing by the schedule if it is a writer.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use tokio::time::{sleep, sleep_until};
use unisson_client::{Client, Effect, Settings, Status};
use yrs::{Text, TextRef};

use crate::{
    plan::Plan,
    run::Signals,
    socket::{Arrival, Socket},
    tally::{Progress, Tally, microseconds},
};

/// The text that everybody writes into.
pub(crate) const TEXT: &str = "text";
/// Where nothing is due.
const IDLE: Duration = Duration::from_secs(60);

/// A core with its socket and its clock.
pub(crate) struct Shell {
    pub(crate) client: Client,
    url: String,
    socket: Option<Socket>,
    connect_at: Option<Instant>,
    epoch: Instant,
    pub(crate) reconnects: u64,
}

/// What a step of the shell brought.
#[derive(Default)]
pub(crate) struct Happened {
    pub(crate) integrated: Vec<unisson_protocol::scan::ClockRange>,
    pub(crate) saved: Vec<unisson_protocol::scan::ClockRange>,
}

impl Shell {
    pub(crate) fn new(plan: &Plan, document: usize, client_id: u64) -> Result<Self> {
        let mut shell = Self {
            client: Client::new(Settings {
                dialect: plan.dialect,
                document: plan.document(document)?,
                token: plan.token.clone(),
                client_id,
                seed: plan.seed ^ client_id.rotate_left(32) ^ document as u64,
            })?,
            url: plan.url(document)?,
            socket: None,
            connect_at: None,
            epoch: Instant::now(),
            reconnects: 0,
        };
        shell.client.start(0);
        shell.connect_at = Some(shell.epoch);
        Ok(shell)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Opens the socket if one is ordered and due.
    pub(crate) async fn connect(&mut self) -> Result<Happened> {
        self.connect_at = None;
        let now = self.now();
        self.client.tick(now);
        let effects = match Socket::connect(&self.url).await {
            Ok(socket) => {
                self.socket = Some(socket);
                self.client.opened(self.now())
            }
            Err(_) => self.client.closed(self.now(), 1006),
        };
        self.carry_out(effects).await
    }

    /// Waits for the next frame, end or timer. Cancel-safe until one of them is there.
    pub(crate) async fn wait(&mut self) -> Waited {
        let now = self.now();
        let due = self.client.next_wakeup().map_or(IDLE, |at| {
            Duration::from_millis(at.saturating_sub(now)).min(IDLE)
        });
        if let Some(at) = self.connect_at {
            sleep_until(at.into()).await;
            return Waited::ConnectDue;
        }
        let Some(socket) = &mut self.socket else {
            sleep(due).await;
            return Waited::Tick;
        };
        tokio::select! {
            arrival = socket.next() => Waited::Arrived(arrival),
            () = sleep(due) => Waited::Tick,
        }
    }

    pub(crate) async fn step(&mut self, waited: Waited) -> Result<Happened> {
        let now = self.now();
        let effects = match waited {
            Waited::ConnectDue => return self.connect().await,
            Waited::Tick => self.client.tick(now),
            Waited::Arrived(Arrival::Frame(frame)) => self.client.received(now, &frame),
            Waited::Arrived(Arrival::Closed(code)) => {
                self.socket = None;
                self.reconnects += 1;
                self.client.closed(now, code)
            }
        };
        self.carry_out(effects).await
    }

    /// Inserts one character at a place that differs from edit to edit.
    pub(crate) async fn insert(&mut self, text: &TextRef, random: u32) -> Result<Happened> {
        let (_, effects) = self.client.edit(|transaction| {
            let index = random % (text.len(transaction) + 1);
            text.insert(transaction, index, "x");
        })?;
        self.carry_out(effects).await
    }

    async fn carry_out(&mut self, effects: Vec<Effect>) -> Result<Happened> {
        let mut happened = Happened::default();
        let mut frames = Vec::new();
        let mut close = false;
        for effect in effects {
            match effect {
                Effect::Send(frame) => frames.push(frame),
                Effect::Connect { after_ms } => {
                    self.connect_at = Some(Instant::now() + Duration::from_millis(after_ms));
                }
                Effect::Close => close = true,
                Effect::Integrated(ranges) => happened.integrated.extend(ranges),
                Effect::Saved(ranges) => happened.saved.extend(ranges),
                Effect::StatusChanged(Status::Refused(reason)) => bail!("refused: {reason}"),
                Effect::StatusChanged(Status::Failed(code)) => bail!("closed for good: {code}"),
                Effect::StatusChanged(_) | Effect::PresenceChanged | Effect::Stateless(_) => {}
            }
        }
        if let Some(socket) = &mut self.socket {
            let broken = socket.send(frames).await.is_err();
            if broken || close {
                self.socket = None;
                self.reconnects += 1;
                let effects = self.client.closed(self.now(), 1006);
                for effect in effects {
                    if let Effect::Connect { after_ms } = effect {
                        self.connect_at = Some(Instant::now() + Duration::from_millis(after_ms));
                    }
                }
            }
        }
        Ok(happened)
    }

    pub(crate) async fn close(self) {
        if let Some(socket) = self.socket {
            socket.close().await;
        }
    }
}

/// Why [`Shell::wait`] returned.
pub(crate) enum Waited {
    ConnectDue,
    Tick,
    Arrived(Arrival),
}

/// A full client from connection to the end of the run.
pub(crate) async fn take_part(
    plan: &Plan,
    document: usize,
    client: usize,
    signals: &Signals,
) -> Result<Tally> {
    let writer = (client < plan.writers).then_some(client);
    let mut shell = Shell::new(plan, document, plan.client_id(client))?;
    {
        let _turn = signals.turn().await?;
        shell.connect().await?;
    }
    let text = shell.client.doc().get_or_insert_text(TEXT);
    let mut tally = Tally::default();
    let mut seen = Progress::new(plan, document);
    let mut saved = Progress::new(plan, document);
    let mut made = 0;
    let mut ready = false;
    let mut done = false;
    let own_id = plan.client_id(client);
    let mut random = plan.client_id(client) as u32 | 1;
    loop {
        let all_saved = shell.client.status() == Status::Saved;
        if !ready && all_saved {
            ready = true;
            signals.ready();
        }
        let all_made = writer.is_none() || made >= plan.edits_each();
        if !done && ready && all_made && all_saved && seen.is_complete(plan, writer) {
            done = true;
            signals.done();
        }
        let due = match (writer, signals.start()) {
            (Some(writer), Some(start)) if !all_made => {
                Some(start + plan.due(document, writer, made))
            }
            _ => None,
        };
        let started = signals.start().is_some();
        let mut happened = tokio::select! {
            waited = shell.wait() => shell.step(waited).await?,
            () = until(due) => {
                let late = due.map(|due| due.elapsed()).unwrap_or_default();
                tally.late_us.push(microseconds(late));
                made += 1;
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                shell.insert(&text, random >> 8).await?
            }
            () = signals.started(), if !started => Happened::default(),
            () = signals.over() => break,
        };
        if let Some(start) = signals.start() {
            // The echo of an own edit is no sight of it.
            happened
                .integrated
                .retain(|range| range.client_id != own_id);
            seen.advance(plan, start, &happened.integrated, &mut tally.seen_us);
            saved.advance(plan, start, &happened.saved, &mut tally.saved_us);
        }
    }
    tally.made = u64::from(made);
    tally.reconnects = shell.reconnects;
    if !seen.is_complete(plan, writer) {
        tally.errors.push(format!(
            "document {document}: a client did not see all edits"
        ));
    }
    if writer.is_some() && shell.client.has_unsaved_edits() {
        tally.errors.push(format!(
            "document {document}: edits were never acknowledged"
        ));
    }
    shell.close().await;
    Ok(tally)
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}
