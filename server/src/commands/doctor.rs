//! `unisson doctor`: tries out the object store and says whether documents are safe there.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use serde_json::json;
use unisson_storage::{Environment, Probe, RemoteOptions, RemoteStore, Verdict, probe};

use super::{Place, exit_code, print_json};

/// What `doctor` can be told.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    place: Place,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Tries everything out, beside the documents; a server may be running.
pub async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let Some(store) = options.place.gather()?.store else {
        bail!("no object store is configured: say which one with --store");
    };
    let probes = examine(&store.remote).await?;
    let safe = probes.iter().all(|probe| probe.verdict != Verdict::Bad);
    if options.json {
        print_json(&as_json(&store.remote.url, &probes, safe))?;
    } else {
        print!("{}", as_text(&store.remote.url, &probes, safe));
    }
    Ok(exit_code(!safe))
}

async fn examine(options: &RemoteOptions) -> anyhow::Result<Vec<Probe>> {
    let environment = Environment::default();
    let mut probes = probe(&RemoteStore::connect(options)?, &environment).await;
    let failed = probes.iter().all(|f| f.verdict == Verdict::Bad);
    if failed && !options.without_checksum {
        let plain = RemoteOptions {
            without_checksum: true,
            ..options.clone()
        };
        let again = probe(&RemoteStore::connect(&plain)?, &environment).await;
        if again.iter().any(|f| f.verdict != Verdict::Bad) {
            probes.push(Probe {
                what: "checksum header",
                verdict: Verdict::Bad,
                detail: "the store refuses it: set --store-checksum none".to_owned(),
            });
        }
    } else if !options.without_checksum {
        probes.push(Probe {
            what: "checksum header",
            verdict: Verdict::Good,
            detail: "requests with a SHA-256 checksum are accepted".to_owned(),
        });
    }
    Ok(probes)
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Good => "good",
        Verdict::Notice => "notice",
        Verdict::Bad => "bad",
    }
}

fn as_text(store: &str, probes: &[Probe], safe: bool) -> String {
    let mut text = format!("{store}\n\n");
    for probe in probes {
        let verdict = word(probe.verdict);
        text += &format!("  {verdict:6}  {:18}  {}\n", probe.what, probe.detail);
    }
    let conclusion = if safe {
        "Documents are safe here."
    } else {
        "Do not keep documents here before what is marked bad is mended."
    };
    text + &format!("\n{conclusion}\n")
}

fn as_json(store: &str, probes: &[Probe], safe: bool) -> serde_json::Value {
    let probes = probes.iter().map(|probe| {
        json!({
            "probe": probe.what,
            "verdict": word(probe.verdict),
            "detail": probe.detail,
        })
    });
    json!({ "store": store, "safe": safe, "probes": probes.collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn examined(url: &str) -> Vec<Probe> {
        let options = RemoteOptions {
            url: url.to_owned(),
            ..RemoteOptions::default()
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(examine(&options)).expect("a client")
    }

    #[test]
    fn a_good_store_is_called_safe_and_left_as_it_was() {
        let dir = tempfile::tempdir().expect("a folder");
        let url = format!("file://{}", dir.path().display());
        let probes = examined(&url);
        let bad: Vec<_> = probes
            .iter()
            .filter(|f| f.verdict == Verdict::Bad)
            .collect();
        assert!(bad.is_empty(), "{bad:?}");
        assert!(as_text(&url, &probes, true).contains("Documents are safe here."));
        let json = as_json(&url, &probes, true);
        assert_eq!(json["probes"].as_array().map(Vec::len), Some(probes.len()));
        let probe = dir.path().join("probe");
        let left = std::fs::read_dir(probe).into_iter().flatten().flatten();
        let objects = left.filter_map(|folder| std::fs::read_dir(folder.path()).ok());
        assert_eq!(objects.flatten().count(), 0);
    }

    #[test]
    fn a_store_that_cannot_be_written_is_called_bad() {
        let dir = tempfile::tempdir().expect("a folder");
        // A file where the probe needs a folder.
        std::fs::write(dir.path().join("probe"), "").expect("written");
        let probes = examined(&format!("file://{}", dir.path().display()));
        assert!(probes.iter().any(|f| f.verdict == Verdict::Bad));
    }
}
