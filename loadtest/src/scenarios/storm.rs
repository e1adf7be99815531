//! R1: everybody is cut off at once, and comes back.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Result, bail, ensure};
use bytes::Bytes;
use tokio::{
    pin, select,
    sync::watch,
    task::JoinSet,
    time::{sleep, sleep_until},
};
use unisson_protocol::{PeerMessage, scan};

use crate::{
    backoff::Random,
    check,
    frame::Event,
    pusher::Pusher,
    recorder::Kind,
    report::Better,
    run::{BUILDER, Run},
    socket::Socket,
    stage::{Place, Stage},
    tongue::{EMPTY_STATE, EMPTY_UPDATE, Said, Tongue},
    typed::{Typed, Until, typed},
};

/// How long building the documents may take.
const PUSH_MAX: Duration = Duration::from_secs(120);
/// Between "everybody is there" and the cut.
const SETTLE: Duration = Duration::from_secs(2);
const PIECE_BYTES: usize = 1_000_000;

pub(crate) async fn run(run: &mut Run<'_>) -> Result<()> {
    let stage = Arc::clone(&run.stage);
    let plan = &stage.plan;
    let until = Until::Characters(plan.document_bytes);
    let document = Arc::new(typed(plan.client_id(BUILDER), until, 1, PIECE_BYTES));
    let (cut, cut_at) = watch::channel(None);
    let mut tasks = JoinSet::new();
    let spawn = |tasks: &mut JoinSet<Result<()>>, number, client| {
        let (stage, document) = (Arc::clone(&stage), Arc::clone(&document));
        let cut_at = cut_at.clone();
        tasks.spawn(async move {
            if client == 0 {
                build(&stage, number, &document).await?;
            }
            stay(&stage, number, client, &document, cut_at).await
        });
    };
    for number in 0..plan.documents {
        spawn(&mut tasks, number, 0);
    }
    run.wait_for_clients(plan.documents, &mut tasks).await?;
    for number in 0..plan.documents {
        (1..plan.clients_of(number)).for_each(|client| spawn(&mut tasks, number, client));
    }
    run.wait_for_clients(plan.sockets(), &mut tasks).await?;
    sleep(SETTLE).await;

    let before = run.watch.resident_bytes();
    run.watch.reset_peak();
    let cpu = run.watch.cpu_seconds();
    let start = Instant::now();
    cut.send_replace(Some(start));
    while stage.synced() == plan.sockets() && start.elapsed() < SETTLE {
        sleep(Duration::from_millis(1)).await;
    }
    run.wait_for_clients(plan.sockets(), &mut tasks).await?;
    run.figure(
        "everybody back after",
        start.elapsed().as_secs_f64(),
        "s",
        Better::Less,
    );
    if let Some((after, before)) = run.watch.cpu_seconds().zip(cpu) {
        run.figure("server CPU", after - before, "CPU-s", Better::Less);
    }
    let peak = run.watch.peak_bytes();
    let above = peak
        .zip(before)
        .map(|(peak, before)| peak.saturating_sub(before));
    run.megabytes("peak memory above that before", above, Better::Less);
    run.megabytes("server memory, peak", peak, Better::Less);
    check::all(run, plan.documents, |stage, number| {
        let document = Arc::clone(&document);
        async move {
            let found = check::read_text(&stage, number).await?;
            ensure!(
                found == document.text,
                "document {number} is not what was typed"
            );
            Ok(())
        }
    })
    .await?;
    run.end_clients(tasks).await
}

async fn build(stage: &Stage, number: usize, document: &Typed) -> Result<()> {
    let _turn = stage.turn().await?;
    let mut pusher = Pusher::open(stage, number).await?;
    let sent = pusher
        .push(&document.pieces, 1, Instant::now() + PUSH_MAX)
        .await?;
    ensure!(sent == document.pieces.len(), "building took too long");
    pusher.close();
    Ok(())
}

/// One client: there, cut off, and back when its jitter is over.
async fn stay(
    stage: &Stage,
    number: usize,
    client: usize,
    document: &Typed,
    mut cut_at: watch::Receiver<Option<Instant>>,
) -> Result<()> {
    let plan = &stage.plan;
    let index = plan.index(number, client);
    let mut place = Place::new(stage);
    let mut random = Random::new(plan.seed ^ index as u64);
    let socket = {
        let _turn = stage.turn().await?;
        Socket::connect(&plan.destination(number)?, index, false).await?
    };
    let cut = async {
        // The sender outlives all clients.
        let at = cut_at
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|at| *at);
        at.unwrap_or_else(Instant::now)
    };
    let empty = Bytes::from_static(EMPTY_STATE);
    let Some(at) = visit(stage, number, socket, empty, &mut place, cut, None).await? else {
        return Ok(());
    };
    place.set_synced(false);
    let due = at
        + plan
            .jitter
            .mul_f64((random.next() % 1_000) as f64 / 1_000.0);
    sleep_until(due.into()).await;
    let socket = Socket::connect(&plan.destination(number)?, index, false).await?;
    // It has what it read before, like every client that comes back.
    let known = [(plan.client_id(BUILDER), document.text.len() as u32)];
    let state = scan::encode_state_vector_v1(&known);
    let never = std::future::pending();
    visit(
        stage,
        number,
        socket,
        state,
        &mut place,
        never,
        Some((index, due)),
    )
    .await?;
    Ok(())
}

/// One connection, until the run is over (`None`) or `end` comes.
async fn visit(
    stage: &Stage,
    number: usize,
    mut socket: Socket,
    state: Bytes,
    place: &mut Place<'_>,
    end: impl Future<Output = Instant>,
    joined: Option<(usize, Instant)>,
) -> Result<Option<Instant>> {
    let tongue = stage.plan.tongue(number)?;
    for frame in tongue.hello(&stage.plan.token, &state) {
        socket.send(&frame, &stage.traffic);
    }
    let over = stage.over();
    pin!(over, end);
    let mut is_synced = false;
    loop {
        let (mut asked, mut pinged, mut answered, mut is_closed) = (false, false, false, false);
        let mut handle = |event: Event<'_>| match event {
            Event::Binary(frame) => match tongue.read(frame) {
                Ok(Said::Step1) => asked = true,
                Ok(Said::Step2(_)) => answered = true,
                Ok(Said::Ping) => pinged = true,
                Ok(_) => {}
                Err(_) => is_closed = true,
            },
            Event::Closed(_) => is_closed = true,
            Event::Passed { .. } | Event::Ping(_) => {}
        };
        select! {
            () = socket.turn(&stage.traffic, &mut handle) => {}
            () = &mut over => {
                socket.close();
                return Ok(None);
            }
            // Cut, not closed: as when a proxy dies.
            at = &mut end => return Ok(Some(at)),
        }
        if is_closed {
            bail!("document {number}: the server closed a socket");
        }
        if asked {
            let nothing = PeerMessage::SyncStep2(Bytes::from_static(EMPTY_UPDATE));
            socket.send(&tongue.encode(nothing), &stage.traffic);
        }
        if pinged {
            socket.send(&Tongue::pong(), &stage.traffic);
        }
        if answered && !is_synced {
            is_synced = true;
            place.set_synced(true);
            if let Some((index, due)) = joined {
                stage.recorder.add(index, Kind::Joined, due.elapsed());
            }
        }
    }
}
