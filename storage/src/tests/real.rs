//! The same promises over real S3 requests: s3s-fs in this process, moto beside it.

use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use bytes::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};

use super::{append, compact, said};
use crate::{Environment, RemoteOptions, RemoteStore, Store, StoreSettings, Verdict, merge, probe};

const KEY: &str = "AKUNISSONTEST";
const SECRET: &str = "a-secret-of-the-tests-alone";

/// Key files and options for a server on this machine.
fn options(dir: &std::path::Path, address: &str) -> RemoteOptions {
    let (access, secret) = (dir.join("access-key"), dir.join("secret-key"));
    std::fs::write(&access, format!("{KEY}\n")).unwrap();
    std::fs::write(&secret, SECRET).unwrap();
    RemoteOptions {
        url: "s3://unisson-tests/some/prefix".to_owned(),
        endpoint: Some(format!("http://{address}")),
        region: Some("us-east-1".to_owned()),
        access_key_file: Some(access),
        secret_key_file: Some(secret),
        ..RemoteOptions::default()
    }
}

fn settings(options: &RemoteOptions) -> StoreSettings {
    let mut settings = StoreSettings::direct(RemoteStore::connect(options).unwrap());
    settings.flush_ms_min = 5;
    settings.flush_ms_max = 5;
    settings.grace_ms = 0;
    settings.adopt_after_ms = 0;
    settings.garbage_interval_ms = 0;
    settings
}

/// Writes by two nodes, reading by both, merge, compaction, garbage, death, and what a new node
/// then reads.
async fn keeps_its_promises(options: &RemoteOptions) {
    let remote = RemoteStore::connect(options).unwrap();
    for finding in probe(&remote, &Environment::default()).await {
        assert_ne!(finding.verdict, Verdict::Bad, "{finding:?}");
    }
    let a = Store::open(settings(options)).await.unwrap();
    let b = Store::open(settings(options)).await.unwrap();
    let mut expected = Vec::new();
    for number in 0..20 {
        append(&a, "d", &format!("a{number:02}")).await;
        append(&b, "d", &format!("b{number:02}")).await;
        expected.push(format!("a{number:02}"));
        expected.push(format!("b{number:02}"));
    }
    expected.sort();
    let large = Bytes::from(vec![7; 3 << 20]);
    a.append("large", large.clone()).await.unwrap();
    merge::merge(&a.inner.shared).await.unwrap();
    assert_eq!(b.read("large").await.unwrap().updates, [large]);
    for store in [&a, &b] {
        let mut found = said(&store.read("d").await.unwrap());
        found.sort();
        assert_eq!(found, expected);
    }
    compact(&b, "d").await;
    let mut deleted = 0;
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        deleted += a.collect_garbage().await.unwrap().segments;
    }
    assert!(deleted >= 21, "{deleted}");
    append(&a, "d", "last").await;
    expected.push("last".to_owned());
    // Without closing, as a process dies.
    drop((a, b));
    let store = Store::open(settings(options)).await.unwrap();
    assert_eq!(said(&store.read("d").await.unwrap()), expected);
    store.close().await.unwrap();
    let figures = store.status().requests;
    assert!(
        figures.kinds.iter().all(|kind| kind.failed_count == 0),
        "{figures:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_live_in_a_bucket_of_s3s() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("buckets/unisson-tests")).unwrap();
    let mut builder =
        S3ServiceBuilder::new(s3s_fs::FileSystem::new(dir.path().join("buckets")).unwrap());
    builder.set_auth(SimpleAuth::from_single(KEY, SECRET));
    let service = builder.build();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let serving = tokio::spawn(async move {
        let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
        while let Ok((socket, _)) = listener.accept().await {
            let connection = server.serve_connection(TokioIo::new(socket), service.clone());
            let connection = connection.into_owned();
            tokio::spawn(async move {
                // A client that goes away is no error.
                let _ = connection.await;
            });
        }
    });
    keeps_its_promises(&options(dir.path(), &address)).await;
    serving.abort();
}

/// A server that ends with the test.
struct Moto {
    process: Child,
    address: String,
}

impl Moto {
    /// `None` where it is not set up; `scripts/setup moto` does that.
    fn start() -> Option<Self> {
        let cache = std::env::var_os("UNISSON_CACHE")
            .map(PathBuf::from)
            .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache/unisson")))?;
        let program = cache.join("moto/bin/moto_server");
        if !program.exists() {
            assert!(
                std::env::var_os("CI").is_none(),
                "scripts/setup moto has not run"
            );
            return None;
        }
        // The port is free now, and given to nobody else in the moment until moto has it.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut command = Command::new(program);
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        let process = command.stdout(Stdio::null()).stderr(Stdio::null());
        Some(Self {
            process: process.spawn().unwrap(),
            address: format!("127.0.0.1:{port}"),
        })
    }

    /// Waits until it answers and makes the bucket, which needs no key there.
    async fn make_bucket(&self) {
        let mut tries = 0;
        loop {
            let client = reqwest::Client::new();
            let url = format!("http://{}/unisson-tests", self.address);
            match client.put(url).send().await {
                Ok(answer) if answer.status().is_success() => return,
                answer => {
                    tries += 1;
                    assert!(tries < 300, "moto does not come up: {answer:?}");
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_live_in_a_bucket_of_moto() {
    let Some(moto) = Moto::start() else {
        eprintln!("skipped: moto is not set up (scripts/setup moto)");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let options = options(dir.path(), &moto.address);
    // The client's cryptography is chosen where a store is connected to.
    RemoteStore::connect(&options).unwrap();
    moto.make_bucket().await;
    keeps_its_promises(&options).await;
}

/// `make test-garage` starts Garage and says where it is. It ignores conditional writes, which is
/// why it is worth a test of its own.
#[tokio::test(flavor = "multi_thread")]
async fn documents_live_in_a_bucket_of_garage() {
    let variable = |name: &str| std::env::var(name).ok();
    let Some(endpoint) = variable("UNISSON_GARAGE_ENDPOINT") else {
        eprintln!("skipped: Garage is tested by `make test-garage`");
        return;
    };
    let options = RemoteOptions {
        url: "s3://unisson-tests/some/prefix".to_owned(),
        endpoint: Some(endpoint),
        region: Some("garage".to_owned()),
        ..RemoteOptions::default()
    };
    keeps_its_promises(&options).await;
}
