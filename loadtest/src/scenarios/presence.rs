//! P1: many people on one document, each of whom moves the cursor once a second.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use tokio::{
    pin, select,
    task::JoinSet,
    time::{sleep, sleep_until},
};
use unisson_protocol::{
    PeerMessage,
    encoding::{Reader, Writer},
};

use crate::{
    frame::Event,
    metronome::{Beat, Metronome, beats},
    recorder::Kind,
    report::Better,
    run::Run,
    socket::Socket,
    stage::{Place, Stage},
    tongue::{EMPTY_STATE, EMPTY_UPDATE, Said, Tongue},
};

/// How long the last move may take to be seen by everybody.
const GRACE: Duration = Duration::from_secs(30);
const COUNTING: Duration = Duration::from_millis(20);
const LEAD: Duration = Duration::from_millis(500);
/// The clock of presence before the first move: that of "I am here".
const FIRST_CLOCK: u64 = 1;

pub(crate) async fn run(run: &mut Run<'_>) -> Result<()> {
    let stage = Arc::clone(&run.stage);
    let plan = &stage.plan;
    let beats = beats(plan.writers);
    let entries = Arc::new(AtomicU64::new(0));
    let mut tasks = JoinSet::new();
    // The first one first: y-sweet makes two documents where two clients come at once.
    for client in 0..plan.clients {
        if client == 1 {
            run.wait_for_clients(1, &mut tasks).await?;
        }
        let (stage, beats, entries) =
            (Arc::clone(&stage), Arc::clone(&beats), Arc::clone(&entries));
        tasks.spawn(async move { Person::stay(&stage, client, beats.get(client), &entries).await });
    }
    run.wait_for_clients(plan.clients, &mut tasks).await?;

    run.watch.reset_peak();
    let counters = run.watch.counters().await;
    let start = Instant::now() + LEAD;
    stage.begin(start);
    let metronome = Metronome::start(&beats, start, plan.rate, plan.edits_each())?;
    sleep_until(start.into()).await;
    let (cpu, own_cpu) = (run.watch.cpu_seconds(), run.watch.own_cpu_seconds()?);
    entries.store(0, Ordering::Relaxed);
    run.phase("moving", plan.duration.as_millis() as u64);
    while start.elapsed() < plan.duration + GRACE
        && (start.elapsed() < plan.duration || stage.done() < plan.clients)
    {
        let elapsed = start.elapsed().min(plan.duration);
        run.bar.set_position(elapsed.as_millis() as u64);
        while let Some(finished) = tasks.try_join_next() {
            finished?.context("somebody gave up")?;
        }
        sleep(COUNTING).await;
    }
    let wall = start.elapsed().as_secs_f64();
    let own_cpu = run.watch.own_cpu_seconds()? - own_cpu;
    drop(metronome);
    let seen = stage.recorder.seen_count()? as f64;
    if let Some((after, before)) = run.watch.cpu_seconds().zip(cpu) {
        let cpu = after - before;
        run.figure(
            "server CPU, share of a core",
            cpu / wall * 100.0,
            "%",
            Better::Less,
        );
        run.figure("server CPU", cpu, "CPU-s", Better::Less);
        if cpu > 0.0 {
            run.figure(
                "moves seen per server CPU-second",
                seen / cpu,
                "",
                Better::More,
            );
        }
    }
    let sent = entries.load(Ordering::Relaxed) as f64;
    run.figure(
        "presence entries received per second",
        sent / wall,
        "",
        Better::Neither,
    );
    run.figure("generator CPU", own_cpu, "CPU-s", Better::Neither);
    run.megabytes("server memory, peak", run.watch.peak_bytes(), Better::Less);
    let after = run.watch.counters().await;
    run.counters(&counters, &after);
    run.end_clients(tasks).await
}

/// One who is there, and knows how far each other one's clock was seen.
struct Person<'a> {
    stage: &'a Stage,
    tongue: Tongue,
    client: usize,
    clocks: Vec<u64>,
    /// Others whose last move was not seen yet.
    missing: usize,
    entries: &'a AtomicU64,
    is_synced: bool,
    is_closed: bool,
    asked: bool,
    pinged: bool,
    error: Option<String>,
}

impl<'a> Person<'a> {
    async fn stay(
        stage: &'a Stage,
        client: usize,
        beat: Option<&Beat>,
        entries: &'a AtomicU64,
    ) -> Result<()> {
        let plan = &stage.plan;
        let mut person = Person {
            stage,
            tongue: plan.tongue(0)?,
            client,
            clocks: vec![0; plan.writers],
            missing: plan.writers - usize::from(client < plan.writers),
            entries,
            is_synced: plan.relay,
            is_closed: false,
            asked: false,
            pinged: false,
            error: None,
        };
        let mut socket = {
            let _turn = stage.turn().await?;
            Socket::connect(&plan.destination(0)?, client, false).await?
        };
        if !plan.relay {
            for frame in person.tongue.hello(&plan.token, EMPTY_STATE) {
                socket.send(&frame, &stage.traffic);
            }
        }
        if client < plan.writers {
            socket.send(&person.says(FIRST_CLOCK), &stage.traffic);
        }
        let is_done = person.run(&mut socket, beat).await?;
        if !is_done {
            let error = format!(
                "person {client}: last moves of {} were not seen",
                person.missing
            );
            stage.recorder.error(error);
        }
        socket.close();
        Ok(())
    }

    async fn run(&mut self, socket: &mut Socket, beat: Option<&Beat>) -> Result<bool> {
        let stage = self.stage;
        let mut place = Place::new(stage);
        let mut made = 0;
        let mut is_done = false;
        let over = stage.over();
        pin!(over);
        loop {
            place.set_synced(self.is_synced);
            let all_made = beat.is_none() || made >= stage.plan.edits_each();
            if !is_done && all_made && self.missing == 0 {
                is_done = true;
                stage.is_done();
            }
            let mut handle = |event: Event<'_>| self.event(event);
            select! {
                biased;
                () = next(beat) => {}
                () = socket.turn(&stage.traffic, &mut handle) => {}
                () = &mut over => return Ok(is_done),
            }
            while made < beat.map_or(0, Beat::due) {
                self.record_lateness(made);
                made += 1;
                socket.send(&self.says(FIRST_CLOCK + u64::from(made)), &stage.traffic);
                stage.recorder.made.fetch_add(1, Ordering::Relaxed);
            }
            self.answer(socket)?;
        }
    }

    fn record_lateness(&self, made: u32) {
        if let Some(start) = self.stage.start() {
            let due = start + self.stage.plan.due(0, self.client, made);
            let late = Instant::now().saturating_duration_since(due);
            self.stage.recorder.add(self.client, Kind::Late, late);
        }
    }

    /// The own presence: a name, a colour and a cursor, as editors show them.
    fn says(&self, clock: u64) -> Bytes {
        let client = self.client;
        let state = format!(
            r##"{{"user":{{"name":"Person {client}","color":"#30bced"}},"cursor":{{"anchor":{clock},"head":{clock}}}}}"##
        );
        let mut entry = Writer::with_capacity(state.len() + 24);
        entry.var_uint(1);
        entry.var_uint(self.stage.plan.client_id(client));
        entry.var_uint(clock);
        entry.var_string(&state);
        self.tongue.encode(PeerMessage::Awareness(entry.finish()))
    }

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
            Ok(Said::Awareness(bytes)) => {
                if let Err(error) = self.saw(bytes) {
                    self.error = Some(format!("bad presence: {error:#}"));
                }
            }
            Ok(Said::Step1) => self.asked = true,
            Ok(Said::Step2(_)) => self.is_synced = true,
            Ok(Said::Ping) => self.pinged = true,
            Ok(Said::Refused) => self.error = Some("the server refuses somebody".to_owned()),
            Ok(Said::Update(_) | Said::Accepted | Said::Nothing) => {}
            Err(error) => self.error = Some(format!("{error:#}")),
        }
    }

    /// Moves that a newer one took the place of are seen with it: that is what presence is.
    fn saw(&mut self, bytes: &[u8]) -> Result<()> {
        let plan = &self.stage.plan;
        let now = Instant::now();
        let last = FIRST_CLOCK + u64::from(plan.edits_each());
        let mut records = self.stage.recorder.records(self.client);
        let mut reader = Reader::new(bytes);
        let count = reader.var_uint()?;
        for _ in 0..count {
            let (id, clock) = (reader.var_uint()?, reader.var_uint()?);
            reader.var_bytes()?;
            let Some(writer) = plan.writer_of(id).filter(|writer| *writer != self.client) else {
                continue;
            };
            let known = self.clocks[writer];
            let clock = clock.min(last);
            if clock <= known {
                continue;
            }
            self.clocks[writer] = clock;
            self.missing -= usize::from(clock == last);
            if let Some(start) = self.stage.start() {
                for moved in known.max(FIRST_CLOCK)..clock {
                    let due = start + plan.due(0, writer, (moved - FIRST_CLOCK) as u32);
                    records.add(Kind::Seen, now.saturating_duration_since(due));
                }
            }
        }
        self.entries.fetch_add(count, Ordering::Relaxed);
        Ok(())
    }

    fn answer(&mut self, socket: &mut Socket) -> Result<()> {
        if let Some(error) = self.error.take() {
            bail!("{error}");
        }
        if self.is_closed {
            bail!("the server closed somebody's socket");
        }
        if std::mem::take(&mut self.asked) {
            let empty = PeerMessage::SyncStep2(Bytes::from_static(EMPTY_UPDATE));
            socket.send(&self.tongue.encode(empty), &self.stage.traffic);
        }
        if std::mem::take(&mut self.pinged) {
            socket.send(&Tongue::pong(), &self.stage.traffic);
        }
        Ok(())
    }
}

async fn next(beat: Option<&Beat>) {
    match beat {
        Some(beat) => beat.next().await,
        None => std::future::pending().await,
    }
}
