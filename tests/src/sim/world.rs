//! The world: one clock, one queue of events, everything else hangs on it.

mod people;
mod rest;
mod server;

use std::collections::BTreeMap;

use unisson_session::{Access, Condensed, Input, Millis, PeerMessage, Session};

use super::client::{Client, Kind};
use super::clocks::Content;
use super::link::Link;
use super::store::{Basis, Store};
use super::trace::Trace;
use super::{Scenario, Summary};
use crate::rng::Rng;

/// How long the world may take to come to rest: a half-open socket is noticed after 30 s of
/// silence, a ghost is forgotten after another 30 s, a renewal comes each 15 s.
const REST_MS: u64 = 110_000;
/// When clients whose edits were refused connect again, after the activity.
const RETRY_MS: u64 = 40_000;
/// How long an abandoned session may take to stop.
const STOP_MS: u64 = 30_000;
const STEPS_MAX: u64 = 400_000;

#[derive(Debug)]
enum Event {
    /// A client does something.
    Act(usize),
    /// y-protocols' interval timer of a client.
    Tick(usize),
    Connect(usize),
    /// A socket has opened on the server's side.
    Opened(usize),
    /// A message has arrived at the server.
    Arrived(usize, PeerMessage),
    /// The client reads the next message.
    Deliver(usize),
    ServerNotices(usize),
    ClientNotices(usize),
    Woke(u64),
    AppendDone(u64),
    LoadDone(u64),
    SnapshotRead(u64),
    VersionRead(u64, unisson_session::VersionWanted),
    SnapshotPut(u64, Condensed, Basis),
    Condensed(u64),
    /// The process is short of memory.
    MemoryShort,
    Restart,
    /// The misfortunes end.
    Calm,
    Retry,
    /// Everything must be equal now.
    Rested,
    /// Nobody is left, the session must have stopped.
    Ended,
}

/// One run.
#[derive(Debug)]
pub struct World {
    rng: Rng,
    seed: u64,
    now: u64,
    scenario: Scenario,
    events: BTreeMap<(u64, u64), Event>,
    next_event: u64,
    clients: Vec<Client>,
    links: Vec<Link>,
    store: Store,
    store_free_at: u64,
    session: Option<Session>,
    /// Numbers the lives of sessions: results for an older one come too late.
    incarnation: u64,
    up: bool,
    loading: bool,
    wakeup: Option<u64>,
    wakes_at_once: (u64, u64),
    calm: bool,
    acknowledged: Content,
    summary: Summary,
    failure: Option<String>,
    trace: Trace,
}

impl World {
    /// A world before its first event.
    pub fn new(seed: u64, scenario: Scenario) -> Self {
        let mut world = Self {
            rng: Rng::new(seed),
            seed,
            now: 0,
            events: BTreeMap::new(),
            next_event: 0,
            clients: Vec::new(),
            links: Vec::new(),
            store: Store::default(),
            store_free_at: 0,
            session: None,
            incarnation: 0,
            up: true,
            loading: false,
            wakeup: None,
            wakes_at_once: (0, 0),
            calm: false,
            acknowledged: Content::default(),
            summary: Summary {
                trace: 0,
                steps: 0,
                acknowledged: 0,
                crashes: 0,
                coolings: 0,
                wakings: 0,
            },
            failure: None,
            trace: Trace::new(),
            scenario,
        };
        world.populate();
        world
    }

    fn populate(&mut self) {
        let (writers, readers) = (self.scenario.writers, self.scenario.readers);
        // The last one is a reader that joins when all is over.
        let count = writers + readers + self.scenario.hostile + 1;
        for index in 0..count {
            let hostile = index >= writers + readers && index + 1 < count;
            let writes = index < writers || hostile && self.rng.chance(80);
            let access = if writes {
                Access::ReadWrite
            } else {
                Access::ReadOnly
            };
            let kind = if self.rng.chance(50) {
                Kind::YWebsocket
            } else {
                Kind::Hocuspocus
            };
            // Ids of 53 and of 32 bits.
            let id = (self.rng.next() >> if self.rng.chance(50) { 11 } else { 32 }) | 1;
            let mut client = Client::new(id, kind, access, hostile, &mut self.rng);
            if self.rng.chance(self.scenario.slow) {
                client.reading_ms = self.rng.between(100, 700);
            }
            self.clients.push(client);
            let (act, tick) = (self.rng.between(1, 2_000), self.rng.between(1, 3_000));
            self.at(tick, Event::Tick(index));
            if index + 1 < count {
                self.at(act, Event::Connect(index));
                self.at(act + 1, Event::Act(index));
            }
        }
        let calm = self.scenario.active_ms;
        for _ in 0..self.scenario.memory_short {
            let at = self.rng.between(1, calm);
            self.at(at, Event::MemoryShort);
        }
        self.at(calm, Event::Calm);
        self.at(calm + 1_000, Event::Connect(count - 1));
        self.at(calm + RETRY_MS, Event::Retry);
        self.at(calm + REST_MS, Event::Rested);
        self.at(calm + REST_MS + STOP_MS, Event::Ended);
    }

    /// Runs to the end, or to the first broken promise.
    pub fn run(mut self) -> Result<Summary, String> {
        let steps_max = std::env::var("SIM_STEPS")
            .ok()
            .and_then(|text| text.parse().ok());
        let steps_max: u64 = steps_max.unwrap_or(STEPS_MAX);
        while let Some(((at, _), event)) = self.events.pop_first() {
            self.now = at;
            self.summary.steps += 1;
            let ended = matches!(event, Event::Ended);
            self.happen(event);
            if let Some(failure) = self.failure.take() {
                let step = self.summary.steps;
                let tail = self.trace.tail();
                return Err(format!("step {step}, {at} ms: {failure}{tail}"));
            }
            if self.summary.steps >= steps_max {
                let tail = self.trace.tail();
                return Err(format!("no rest after {steps_max} steps{tail}"));
            }
            if ended {
                break;
            }
        }
        self.summary.trace = self.trace.hash();
        Ok(self.summary)
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Act(client) => self.act(client),
            Event::Tick(client) => self.tick(client),
            Event::Connect(client) => self.connect(client),
            Event::Opened(link) => self.opened(link),
            Event::Arrived(link, message) => self.arrived(link, message),
            Event::Deliver(link) => self.deliver(link),
            Event::ServerNotices(link) => self.server_notices(link),
            Event::ClientNotices(link) => self.client_notices(link),
            Event::Woke(at) => self.woke(at),
            Event::AppendDone(incarnation) => self.append_done(incarnation),
            Event::LoadDone(incarnation) => self.load_done(incarnation),
            Event::SnapshotRead(incarnation) => self.snapshot_read(incarnation),
            Event::VersionRead(incarnation, wanted) => self.version_read(incarnation, wanted),
            Event::SnapshotPut(incarnation, condensed, basis) => {
                self.snapshot_put(incarnation, condensed, &basis);
            }
            Event::Condensed(incarnation) => self.condensed(incarnation),
            Event::MemoryShort => self.memory_short(),
            Event::Restart => self.up = true,
            Event::Calm => self.calm_down(),
            Event::Retry => self.retry(),
            Event::Rested => self.rested(),
            Event::Ended => self.ended(),
        }
    }

    /// Puts an event at a moment; events of one moment happen in the order of their making.
    fn at(&mut self, at: u64, event: Event) {
        self.next_event += 1;
        self.events.insert((at, self.next_event), event);
    }

    fn after(&mut self, delay: u64, event: Event) {
        self.at(self.now + delay, event);
    }

    fn delay(&mut self) -> u64 {
        let (low, high) = if self.calm {
            (1, 50)
        } else {
            self.scenario.delay_ms
        };
        self.rng.between(low, high)
    }

    fn store_delay(&mut self) -> u64 {
        let (low, high) = if self.calm {
            (1, 20)
        } else {
            self.scenario.store_ms
        };
        self.rng.between(low, high)
    }

    fn store_fails(&mut self) -> bool {
        !self.calm && self.rng.chance(self.scenario.store_failure)
    }

    /// Notes the first broken promise.
    fn broken(&mut self, promise: String) {
        self.failure.get_or_insert(promise);
    }

    fn millis(&self) -> Millis {
        Millis(self.now)
    }

    fn tell(&mut self, input: Input) {
        self.feed(input);
    }
}
