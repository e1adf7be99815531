//! `unisson doctor`: tries out the object store and says whether documents are safe there.

use anyhow::{Context as _, bail};
use serde_json::json;
use unisson_storage::{Environment, Finding, RemoteOptions, RemoteStore, Verdict, probe};

use crate::{Settings, settings::DoctorOptions};

/// Says how it went; false where documents are not safe.
pub fn run(mut options: DoctorOptions) -> anyhow::Result<bool> {
    let json = options.json;
    // Nothing will listen.
    options.options.insecure = Some(true);
    let settings = Settings::gather(options.options)?;
    let Some(store) = settings.store else {
        bail!("no object store is configured: say which one with --store");
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start threads")?;
    let findings = runtime.block_on(examine(&store.remote))?;
    let safe = findings.iter().all(|f| f.verdict != Verdict::Bad);
    if json {
        println!("{}", as_json(&store.remote.url, &findings, safe));
    } else {
        print!("{}", as_text(&store.remote.url, &findings, safe));
    }
    Ok(safe)
}

async fn examine(options: &RemoteOptions) -> anyhow::Result<Vec<Finding>> {
    let environment = Environment::default();
    let mut findings = probe(&RemoteStore::connect(options)?, &environment).await;
    let failed = findings.iter().all(|f| f.verdict == Verdict::Bad);
    if failed && !options.without_checksum {
        let plain = RemoteOptions {
            without_checksum: true,
            ..options.clone()
        };
        let again = probe(&RemoteStore::connect(&plain)?, &environment).await;
        if again.iter().any(|f| f.verdict != Verdict::Bad) {
            findings.push(Finding {
                probe: "checksum header",
                verdict: Verdict::Bad,
                detail: "the store refuses it: set --store-checksum none".to_owned(),
            });
        }
    } else if !options.without_checksum {
        findings.push(Finding {
            probe: "checksum header",
            verdict: Verdict::Good,
            detail: "requests with a SHA-256 checksum are accepted".to_owned(),
        });
    }
    Ok(findings)
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Good => "good",
        Verdict::Notice => "notice",
        Verdict::Bad => "bad",
    }
}

fn as_text(store: &str, findings: &[Finding], safe: bool) -> String {
    let mut text = format!("{store}\n\n");
    for finding in findings {
        let verdict = word(finding.verdict);
        text += &format!("  {verdict:6}  {:18}  {}\n", finding.probe, finding.detail);
    }
    let conclusion = if safe {
        "Documents are safe here."
    } else {
        "Do not keep documents here before what is marked bad is mended."
    };
    text + &format!("\n{conclusion}\n")
}

fn as_json(store: &str, findings: &[Finding], safe: bool) -> serde_json::Value {
    let probes = findings.iter().map(|finding| {
        json!({
            "probe": finding.probe,
            "verdict": word(finding.verdict),
            "detail": finding.detail,
        })
    });
    json!({ "store": store, "safe": safe, "probes": probes.collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn examined(url: &str) -> Vec<Finding> {
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
        let findings = examined(&url);
        let bad: Vec<_> = findings
            .iter()
            .filter(|f| f.verdict == Verdict::Bad)
            .collect();
        assert!(bad.is_empty(), "{bad:?}");
        assert!(as_text(&url, &findings, true).contains("Documents are safe here."));
        let json = as_json(&url, &findings, true);
        assert_eq!(
            json["probes"].as_array().map(Vec::len),
            Some(findings.len())
        );
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
        let findings = examined(&format!("file://{}", dir.path().display()));
        assert!(findings.iter().any(|f| f.verdict == Verdict::Bad));
    }
}
