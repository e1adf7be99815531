//! A reader that counts updates instead of building the document: the server does the same work
//! for it, and the generator far less.

use anyhow::{Result, bail};
use bytes::Bytes;
use unisson_client::{Incoming, Wire};
use unisson_protocol::{PeerMessage, ServerMessage, scan};

use crate::{
    plan::Plan,
    run::Signals,
    socket::Socket,
    tally::{Progress, Tally},
};

/// The state vector, and the update, of a document without content.
const EMPTY_STATE: &[u8] = &[0];
const EMPTY_UPDATE: &[u8] = &[0, 0];

pub(crate) async fn read(plan: &Plan, document: usize, signals: &Signals) -> Result<Tally> {
    let wire = plan.wire(document)?;
    let mut socket = {
        let _turn = signals.turn().await?;
        Socket::connect(&plan.url(document)?).await?
    };
    let step = PeerMessage::SyncStep1(Bytes::from_static(EMPTY_STATE));
    let hello = [wire.token(&plan.token), wire.encode(step)];
    socket.send(hello.into_iter().flatten().collect()).await?;

    let mut tally = Tally::default();
    let mut progress = Progress::new(plan, document);
    let mut ready = false;
    let mut done = false;
    loop {
        if !done && ready && progress.is_complete(plan, None) {
            done = true;
            signals.done();
        }
        let frame = tokio::select! {
            frame = socket.frame() => frame?,
            () = signals.over() => break,
        };
        match wire.decode(&frame)? {
            Incoming::Message(ServerMessage::SyncStep1(_)) => {
                let step = PeerMessage::SyncStep2(Bytes::from_static(EMPTY_UPDATE));
                socket.send(wire.encode(step).into_iter().collect()).await?;
            }
            Incoming::Message(ServerMessage::SyncStep2(update)) => {
                if !ready {
                    signals.ready();
                    ready = true;
                }
                count(plan, signals, &update, &mut progress, &mut tally)?;
            }
            Incoming::Message(ServerMessage::Update(update)) => {
                count(plan, signals, &update, &mut progress, &mut tally)?;
            }
            Incoming::Ping => socket.send(vec![Wire::pong()]).await?,
            Incoming::Denied(reason) | Incoming::Detached(reason) => bail!("refused: {reason}"),
            _ => {}
        }
    }
    if !done {
        tally.errors.push(format!(
            "document {document}: a reader did not see all edits"
        ));
    }
    socket.close().await;
    Ok(tally)
}

fn count(
    plan: &Plan,
    signals: &Signals,
    update: &[u8],
    progress: &mut Progress,
    tally: &mut Tally,
) -> Result<()> {
    let scan = scan::update_v1(update)?;
    if let Some(start) = signals.start() {
        let hole = progress.advance(plan, start, &scan.inserts, &mut tally.seen_us);
        tally.holes += u64::from(hole);
    }
    Ok(())
}
