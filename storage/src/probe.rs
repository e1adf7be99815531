//! Tries out an object store: does it keep the promises that documents are built on?
//!
//! Works beside the documents, under `probe/`, and takes its objects away again.

use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use object_store::{
    Error, GetOptions, GetRange, ObjectStore, ObjectStoreExt as _, PutMode, path::Path,
};

use crate::{Environment, RemoteStore, names::ulid_text, objects::told};

/// Collections count hours; a clock that is off by more than this could shorten them.
const CLOCK_SKEW_MAX: Duration = Duration::from_secs(300);
/// Above it people wait noticeably for *saved*.
const LATENCY_MAX: Duration = Duration::from_secs(1);
const LATENCY_ROUNDS: usize = 10;
const OBJECT_BYTES: usize = 4096;

/// What one probe came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// As it must be.
    Good,
    /// Documents are safe; somebody should know.
    Notice,
    /// Documents are not safe, or cannot be kept at all.
    Bad,
}

/// One thing that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// What was tried.
    pub what: &'static str,
    /// What it came to.
    pub verdict: Verdict,
    /// In plain words.
    pub detail: String,
}

/// Tries everything. Where nothing can be written, only that is reported.
pub async fn probe(store: &RemoteStore, environment: &Environment) -> Vec<Probe> {
    let folder = format!("probe/{}", ulid_text(environment.ulid()));
    let bench = Bench {
        store: store.store.as_ref(),
        folder,
    };
    let first = bench.write_and_read().await;
    let usable = first.verdict != Verdict::Bad;
    let mut probes = vec![first];
    if usable {
        probes.push(bench.list().await);
        probes.push(bench.ranges().await);
        probes.push(bench.overwrite().await);
        probes.push(bench.clock().await);
        probes.push(bench.latency().await);
        probes.push(bench.conditional_write().await);
        probes.push(bench.delete_all().await);
    }
    probes
}

struct Bench<'a> {
    store: &'a dyn ObjectStore,
    folder: String,
}

type Tried = Result<(Verdict, String), Error>;

fn tell(what: &'static str, tried: Tried) -> Probe {
    let (verdict, detail) = tried.unwrap_or_else(|error| (Verdict::Bad, told(&error)));
    Probe {
        what,
        verdict,
        detail,
    }
}

fn expect(holds: bool, good: &str, bad: &str) -> (Verdict, String) {
    if holds {
        (Verdict::Good, good.to_owned())
    } else {
        (Verdict::Bad, bad.to_owned())
    }
}

fn body(seed: u8) -> Bytes {
    (0..OBJECT_BYTES)
        .map(|at| seed.wrapping_add((at % 251) as u8))
        .collect()
}

impl Bench<'_> {
    fn path(&self, name: &str) -> Path {
        Path::from(format!("{}/{name}", self.folder))
    }

    async fn get(&self, name: &str) -> Result<Bytes, Error> {
        self.store.get(&self.path(name)).await?.bytes().await
    }

    async fn range(&self, range: GetRange) -> Result<Bytes, Error> {
        let options = GetOptions {
            range: Some(range),
            ..GetOptions::default()
        };
        let got = self.store.get_opts(&self.path("a"), options).await?;
        got.bytes().await
    }

    async fn write_and_read(&self) -> Probe {
        let tried = async {
            self.store.put(&self.path("a"), body(1).into()).await?;
            Ok(expect(
                self.get("a").await? == body(1),
                "what was written is read at once",
                "what is read is not what was written",
            ))
        };
        tell("write, then read", tried.await)
    }

    async fn list(&self) -> Probe {
        let tried = async {
            self.store.put(&self.path("b"), body(2).into()).await?;
            let folder = Path::from(self.folder.as_str());
            let listed: Vec<_> = self.store.list(Some(&folder)).try_collect().await?;
            let names: Vec<_> = listed.iter().map(|meta| meta.location.clone()).collect();
            Ok(expect(
                names.contains(&self.path("a")) && names.contains(&self.path("b")),
                "what was written is listed at once",
                "what was written is not listed at once: ask for strong consistency of the bucket",
            ))
        };
        tell("write, then list", tried.await)
    }

    async fn ranges(&self) -> Probe {
        let tried = async {
            let (whole, end) = (body(1), OBJECT_BYTES - 16);
            let middle = self.range(GetRange::Bounded(100..200)).await?;
            let suffix = self.range(GetRange::Suffix(16)).await?;
            Ok(expect(
                middle == whole.slice(100..200) && suffix == whole.slice(end..),
                "parts of an object can be read",
                "a part of an object is not what was asked for",
            ))
        };
        tell("read parts", tried.await)
    }

    async fn overwrite(&self) -> Probe {
        let tried = async {
            self.store.put(&self.path("a"), body(3).into()).await?;
            Ok(expect(
                self.get("a").await? == body(3),
                "a write that is made again takes effect at once",
                "after a write was made again the old object is still read",
            ))
        };
        tell("write again", tried.await)
    }

    async fn clock(&self) -> Probe {
        let tried = async {
            self.store.put(&self.path("clock"), body(4).into()).await?;
            let meta = self.store.head(&self.path("clock")).await?;
            let theirs: SystemTime = meta.last_modified.into();
            let ours = SystemTime::now();
            let skew = ours
                .duration_since(theirs)
                .or_else(|_| theirs.duration_since(ours));
            let skew = skew.unwrap_or_default();
            Ok(expect(
                skew <= CLOCK_SKEW_MAX,
                &format!("the clocks differ by {} s", skew.as_secs()),
                &format!(
                    "the clocks differ by {} s: what is deleted after an hour could go too early",
                    skew.as_secs()
                ),
            ))
        };
        tell("clock", tried.await)
    }

    async fn latency(&self) -> Probe {
        let tried = async {
            let mut times = Vec::with_capacity(LATENCY_ROUNDS);
            for round in 0..LATENCY_ROUNDS {
                let started = Instant::now();
                let path = self.path(&format!("latency-{round}"));
                self.store.put(&path, body(round as u8).into()).await?;
                times.push(started.elapsed());
            }
            times.sort_unstable();
            let median = times.get(LATENCY_ROUNDS / 2).copied().unwrap_or_default();
            let slowest = times.last().copied().unwrap_or_default();
            let detail = format!(
                "a write takes {} ms, the slowest of {LATENCY_ROUNDS} took {} ms",
                median.as_millis(),
                slowest.as_millis()
            );
            let slow = median > LATENCY_MAX;
            let verdict = if slow { Verdict::Notice } else { Verdict::Good };
            let advice = ": consider a spool, which makes *saved* independent of the store";
            Ok((verdict, if slow { detail + advice } else { detail }))
        };
        tell("latency", tried.await)
    }

    /// Nothing here depends on it; other software in the bucket may.
    async fn conditional_write(&self) -> Probe {
        let path = self.path("a");
        let create = self
            .store
            .put_opts(&path, body(5).into(), PutMode::Create.into());
        let detail = match create.await {
            Ok(_) => "accepted and ignored (not needed; other software must not rely on it)",
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => {
                "honoured (not needed)"
            }
            Err(_) => "refused (not needed)",
        };
        tell("conditional write", Ok((Verdict::Good, detail.to_owned())))
    }

    async fn delete_all(&self) -> Probe {
        let tried = async {
            let folder = Path::from(self.folder.as_str());
            let listed: Vec<_> = self.store.list(Some(&folder)).try_collect().await?;
            let count = listed.len();
            let paths: Vec<Result<Path, Error>> =
                listed.into_iter().map(|meta| Ok(meta.location)).collect();
            let bulk = self.store.delete_stream(stream::iter(paths).boxed());
            let bulk: Result<Vec<_>, _> = bulk.try_collect().await;
            let left: Vec<_> = self.store.list(Some(&folder)).try_collect().await?;
            let in_bulk = bulk.is_ok() && left.is_empty();
            for meta in left {
                self.store.delete(&meta.location).await?;
            }
            let gone = matches!(self.get("a").await, Err(Error::NotFound { .. }));
            Ok(match (gone, in_bulk) {
                (true, true) => (Verdict::Good, format!("{count} objects went at once")),
                (true, false) => {
                    let detail = "one by one only (nothing here needs more)";
                    (Verdict::Notice, detail.to_owned())
                }
                (false, _) => (Verdict::Bad, "deleted objects are still read".to_owned()),
            })
        };
        tell("delete", tried.await)
    }
}
