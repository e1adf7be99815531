//! The real client core with its socket and its clock.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use bytes::Bytes;
use tokio::time::{sleep, sleep_until};
use unisson_client::{Client, Effect, Settings, Status};
use unisson_protocol::{ServerMessage, dialect::y_websocket, scan::ClockRange};
use yrs::{Text, TextRef};

use crate::{
    socket::{Arrival, BROKEN, Destination, Socket},
    stage::Stage,
    tongue::{EMPTY_STATE, EMPTY_UPDATE},
};

/// Where nothing is due.
const IDLE: Duration = Duration::from_secs(60);
/// How an update begins in the dialect of the relay.
const UPDATE: &[u8] = &[0, 2];

pub(crate) struct Shell<'a> {
    pub(crate) client: Client,
    stage: &'a Stage,
    destination: Destination,
    index: usize,
    socket: Option<Socket>,
    connect_at: Option<Instant>,
    epoch: Instant,
}

/// What a step of the shell brought.
#[derive(Default)]
pub(crate) struct Happened {
    pub(crate) integrated: Vec<ClockRange>,
    pub(crate) saved: Vec<ClockRange>,
}

/// Why [`Shell::wait`] returned.
pub(crate) enum Waited {
    ConnectDue,
    Tick,
    Arrived(Arrival),
    Written,
}

impl<'a> Shell<'a> {
    pub(crate) fn new(stage: &'a Stage, document: usize, client: usize) -> Result<Self> {
        let plan = &stage.plan;
        let client_id = plan.client_id(client);
        let epoch = Instant::now();
        let mut core = Client::new(Settings {
            dialect: plan.dialect,
            document: plan.document(document)?,
            token: plan.token.clone(),
            client_id,
            seed: plan.seed ^ client_id.rotate_left(32) ^ document as u64,
        })?;
        core.start(0);
        Ok(Self {
            client: core,
            stage,
            destination: plan.destination(document)?,
            index: plan.index(document, client.min(plan.clients_of(document) - 1)),
            socket: None,
            connect_at: Some(epoch),
            epoch,
        })
    }

    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Opens the socket if one is ordered and due.
    pub(crate) async fn connect(&mut self) -> Result<Happened> {
        self.connect_at = None;
        let now = self.now();
        self.client.tick(now);
        let effects = match Socket::connect(&self.destination, self.index, false).await {
            Ok(socket) => {
                self.socket = Some(socket);
                let mut effects = self.client.opened(self.now());
                if self.stage.plan.relay {
                    effects.extend(self.pretend_sync());
                }
                effects
            }
            Err(_) => self.client.closed(self.now(), BROKEN),
        };
        self.carry_out(effects)
    }

    /// A relay answers nobody: the core is told that the server has nothing.
    fn pretend_sync(&mut self) -> Vec<Effect> {
        let now = self.now();
        [
            ServerMessage::SyncStep1(Bytes::from_static(EMPTY_STATE)),
            ServerMessage::SyncStep2(Bytes::from_static(EMPTY_UPDATE)),
        ]
        .iter()
        .filter_map(y_websocket::encode)
        .flat_map(|frame| self.client.received(now, &frame))
        .collect()
    }

    /// Waits for the next frame, end or timer. Cancel-safe until one of them is there.
    pub(crate) async fn wait(&mut self) -> Waited {
        if let Some(at) = self.connect_at {
            sleep_until(at.into()).await;
            return Waited::ConnectDue;
        }
        let now = self.now();
        let due = self.client.next_wakeup().map_or(IDLE, |at| {
            Duration::from_millis(at.saturating_sub(now)).min(IDLE)
        });
        let Some(socket) = &mut self.socket else {
            sleep(due).await;
            return Waited::Tick;
        };
        if socket.is_behind() {
            return match socket.write_on(&self.stage.traffic).await {
                Some(arrival) => Waited::Arrived(arrival),
                None => Waited::Written,
            };
        }
        tokio::select! {
            biased;
            arrival = socket.next(&self.stage.traffic) => Waited::Arrived(arrival),
            () = sleep(due) => Waited::Tick,
        }
    }

    pub(crate) async fn step(&mut self, waited: Waited) -> Result<Happened> {
        let now = self.now();
        let effects = match waited {
            Waited::ConnectDue => return self.connect().await,
            Waited::Written => return Ok(Happened::default()),
            Waited::Tick => self.client.tick(now),
            Waited::Arrived(Arrival::Frame(frame)) => self.client.received(now, &frame),
            Waited::Arrived(Arrival::Closed(code)) => {
                self.socket = None;
                self.count_reconnect();
                self.client.closed(now, code)
            }
        };
        self.carry_out(effects)
    }

    /// Inserts one character at a place that differs from edit to edit.
    pub(crate) fn insert(&mut self, text: &TextRef, random: u32) -> Result<Happened> {
        let (_, effects) = self.client.edit(|transaction| {
            let index = random % (text.len(transaction) + 1);
            text.insert(transaction, index, "x");
        })?;
        self.carry_out(effects)
    }

    pub(crate) fn carry_out(&mut self, effects: Vec<Effect>) -> Result<Happened> {
        let mut happened = Happened::default();
        let mut close = false;
        for effect in effects {
            match effect {
                Effect::Send(frame) => self.send(&frame),
                Effect::Connect { after_ms } => self.order_connection(after_ms),
                Effect::Close => close = true,
                Effect::Integrated(ranges) => happened.integrated.extend(ranges),
                Effect::Saved(ranges) => happened.saved.extend(ranges),
                Effect::StatusChanged(Status::Refused(reason)) => bail!("refused: {reason}"),
                Effect::StatusChanged(Status::Failed(code)) => bail!("closed for good: {code}"),
                Effect::StatusChanged(_) | Effect::PresenceChanged | Effect::Stateless(_) => {}
            }
        }
        if close && self.socket.take().is_some() {
            self.count_reconnect();
            for effect in self.client.closed(self.now(), BROKEN) {
                if let Effect::Connect { after_ms } = effect {
                    self.order_connection(after_ms);
                }
            }
        }
        Ok(happened)
    }

    fn send(&mut self, frame: &[u8]) {
        if self.stage.plan.relay && !frame.starts_with(UPDATE) {
            return;
        }
        if let Some(socket) = &mut self.socket {
            socket.send(frame, &self.stage.traffic);
        }
    }

    fn order_connection(&mut self, after_ms: u64) {
        self.connect_at = Some(Instant::now() + Duration::from_millis(after_ms));
    }

    fn count_reconnect(&self) {
        let reconnects = &self.stage.recorder.reconnects;
        reconnects.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn close(self) {
        if let Some(socket) = self.socket {
            socket.close();
        }
    }
}
