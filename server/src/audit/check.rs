//! Verifying the whole log: every chain from its first line to its end, and chains against one
//! another.

use std::collections::BTreeMap;

use serde::Serialize;
use unisson_storage::{Journal, StoreError};

use super::{
    archive::{self, ChainId},
    line::{Head, Line, NOTHING},
};

/// What was found.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    pub(crate) chains: u64,
    pub(crate) lines: u64,
    /// Times that a person was named who is forgotten.
    pub(crate) forgotten: u64,
    pub(crate) findings: Vec<Finding>,
    /// Where each chain ends, to compare with what was published.
    pub(crate) heads: BTreeMap<ChainId, Ending>,
}

/// The end of a chain.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Ending {
    pub(crate) seq: u64,
    pub(crate) hash: String,
}

/// Something that is wrong.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Finding {
    pub(crate) object: String,
    /// Which line of it, from 1 on; 0: it is about the whole.
    pub(crate) line: usize,
    pub(crate) problem: String,
}

/// A head that somebody kept.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) chain: ChainId,
    pub(crate) seq: u64,
    pub(crate) hash: String,
}

impl std::str::FromStr for Kept {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(':');
        let kept = (|| {
            Some(Self {
                chain: parts.next()?.to_owned(),
                seq: parts.next()?.parse().ok()?,
                hash: parts.next()?.to_owned(),
            })
        })();
        kept.ok_or_else(|| "write it as chain:seq:hash".to_owned())
    }
}

/// What lines say of other chains.
#[derive(Debug, Default)]
struct Said {
    /// Lines that were removed because their time was over.
    trimmed: Vec<(ChainId, Head)>,
    /// Chains that others continue, by the object that says so.
    continued: Vec<(String, ChainId, Head)>,
}

/// Reads and verifies everything. `heads`: what was published, and must be there.
pub(crate) async fn check(journal: &Journal, heads: &[Kept]) -> Result<Report, StoreError> {
    let mut report = Report::default();
    let mut said = Said::default();
    // For what others say of a chain: the hashes of those of its lines that are asked for.
    let mut beginnings: BTreeMap<ChainId, (String, Head)> = BTreeMap::new();
    let mut hashes: BTreeMap<(ChainId, u64), String> = BTreeMap::new();
    for (chain, segments) in archive::chains(journal).await? {
        report.chains += 1;
        let mut walk = Walk {
            head: None,
            broken: false,
        };
        for segment in &segments {
            let object = segment.name();
            let Some(lines) = archive::read(journal, segment).await? else {
                report.find(&object, 0, "it has gone while the log was read: try again");
                continue;
            };
            for (at, line) in lines.iter().enumerate() {
                let line = match line {
                    Ok(line) => line,
                    Err(broken) => {
                        walk.find(&mut report, &object, at + 1, &broken.to_string());
                        continue;
                    }
                };
                report.lines += 1;
                report.forgotten += line.forgotten();
                said.read(&object, line);
                if walk.head.is_none() && line.seq > 1 {
                    let before = Head {
                        seq: line.seq - 1,
                        hash: line.prev.clone(),
                    };
                    beginnings.insert(chain.clone(), (object.clone(), before));
                }
                walk.step(&mut report, &object, at + 1, line);
                if heads
                    .iter()
                    .any(|kept| kept.chain == chain && kept.seq == line.seq)
                {
                    hashes.insert((chain.clone(), line.seq), line.hash());
                }
            }
        }
        if let Some(Head { seq, hash }) = walk.head {
            report.heads.insert(chain, Ending { seq, hash });
        }
    }
    said.judge(&mut report, &beginnings);
    judge_heads(&mut report, heads, &hashes, &said);
    Ok(report)
}

/// One chain, line by line. Only its first fault is told: what follows from it is no news.
struct Walk {
    head: Option<Head>,
    broken: bool,
}

impl Walk {
    fn step(&mut self, report: &mut Report, object: &str, at: usize, line: &Line) {
        let outcome = match &mut self.head {
            Some(head) => head.follow(line),
            None => {
                let mut head = Head::default();
                let outcome = if line.seq == 1 {
                    head.follow(line)
                } else {
                    head.accept(line)
                };
                self.head = Some(head);
                outcome
            }
        };
        if let Err(broken) = outcome {
            self.find(report, object, at, &broken.to_string());
            // From here on it is looked at as if this line were right.
            self.head = Some(Head {
                seq: line.seq,
                hash: line.hash(),
            });
        }
    }

    fn find(&mut self, report: &mut Report, object: &str, at: usize, problem: &str) {
        if !self.broken {
            report.find(object, at, problem);
        }
        self.broken = true;
    }
}

impl Said {
    fn read(&mut self, object: &str, line: &Line) {
        let other = |key: &str| {
            Some((
                line.detail.get(key)?.clone(),
                Head {
                    seq: line.detail.get("seq")?.parse().ok()?,
                    hash: line.detail.get("hash")?.clone(),
                },
            ))
        };
        match line.action.as_str() {
            "log.trimmed" => self.trimmed.extend(other("chain")),
            "log.opened" => {
                let continued = other("continues");
                self.continued
                    .extend(continued.map(|(chain, head)| (object.to_owned(), chain, head)));
            }
            _ => {}
        }
    }

    fn is_trimmed(&self, chain: &str, head: &Head) -> bool {
        self.trimmed
            .iter()
            .any(|(of, trimmed)| of == chain && trimmed == head)
    }

    fn judge(&self, report: &mut Report, beginnings: &BTreeMap<ChainId, (String, Head)>) {
        for (chain, (object, before)) in beginnings {
            if before.hash != NOTHING && !self.is_trimmed(chain, before) {
                report.find(
                    object,
                    1,
                    "the lines before it are missing, and no line says why",
                );
            }
        }
        for (object, chain, head) in &self.continued {
            let is_there = report.heads.get(chain).is_some_and(|ending| {
                ending.seq > head.seq || ending.seq == head.seq && ending.hash == head.hash
            });
            let is_trimmed = self
                .trimmed
                .iter()
                .any(|(of, trimmed)| of == chain && trimmed.seq >= head.seq);
            if !is_there && !is_trimmed {
                let seq = head.seq;
                report.find(
                    object,
                    1,
                    &format!("it continues {chain}, whose line {seq} is not there as it was"),
                );
            }
        }
    }
}

fn judge_heads(
    report: &mut Report,
    heads: &[Kept],
    hashes: &BTreeMap<(ChainId, u64), String>,
    said: &Said,
) {
    for Kept { chain, seq, hash } in heads {
        let found = hashes.get(&(chain.clone(), *seq));
        let is_trimmed = said
            .trimmed
            .iter()
            .any(|(of, head)| of == chain && head.seq >= *seq);
        if found != Some(hash) && !(found.is_none() && is_trimmed) {
            report.find(
                chain,
                0,
                &format!("line {seq} was published, and is not there as it was"),
            );
        }
    }
}

impl Report {
    fn find(&mut self, object: &str, line: usize, problem: &str) {
        self.findings.push(Finding {
            object: object.to_owned(),
            line,
            problem: problem.to_owned(),
        });
    }
}
