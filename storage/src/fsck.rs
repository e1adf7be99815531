//! Verifying a store object by object, without changing anything.
//!
//! [`check_objects`] reads each object whole and compares it with its checksums and its name.
//! What objects say of one another is checked by opening the store for reading, which refuses
//! where something is missing, by [`Store::check_references`], and by reading every document.

use bytes::Bytes;

use crate::{
    OpenError, Store, StoreSettings, blobs,
    codec::Malformed,
    frame::{self, Scan},
    identity,
    interval::Covers,
    journal,
    ledger::{self, Record},
    names::{DocId, EpochKey, SegmentId, SnapshotId, WalObject},
    objects::{ObjectError, Objects},
    reader, segment,
    shared::lock,
    snapshot, tombstone,
    versions::{self, VersionId},
};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; nothing is lost.
    Note,
    /// Something is not as it was written, or not there.
    Damage,
}

/// What is wrong with one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The object's name, below the data folder.
    pub object: String,
    /// What is wrong.
    pub problem: String,
}

/// What was looked at and found.
#[derive(Debug, Clone, Default)]
pub struct CheckedObjects {
    /// Objects that were read.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Segments among them.
    pub segments: u64,
    /// Logs that are not segments yet.
    pub logs: u64,
    /// Snapshots.
    pub snapshots: u64,
    /// Versions.
    pub versions: u64,
    /// Ledger records.
    pub records: u64,
    /// Tombstones.
    pub tombstones: u64,
    /// Objects of the server's own journals, which check themselves.
    pub journals: u64,
    /// Files that people attached.
    pub blobs: u64,
    /// Objects that a server deleted between listing and reading.
    pub vanished: u64,
    /// All that is not as it should be.
    pub findings: Vec<Finding>,
    /// What the good snapshots say they cover.
    covers: Covers,
}

impl CheckedObjects {
    fn find(&mut self, severity: Severity, object: &str, problem: impl Into<String>) {
        self.findings.push(Finding {
            severity,
            object: object.to_owned(),
            problem: problem.into(),
        });
    }
}

/// Reads and verifies every object of a store that may be in use. `progress` is told, after each
/// object, how many bytes of how many were read.
pub async fn check_objects(
    settings: &StoreSettings,
    mut progress: impl FnMut(u64, u64),
) -> Result<CheckedObjects, OpenError> {
    let objects = reader::objects(settings)?;
    let listed = objects.list("v1").await?;
    if listed.is_empty() {
        return Err(reader::no_store(settings));
    }
    let total: u64 = listed.iter().map(|listed| listed.bytes).sum();
    let (mut checked, mut done) = (CheckedObjects::default(), 0);
    for listed in &listed {
        check_object(&objects, &listed.object, &mut checked).await?;
        done += listed.bytes;
        progress(done, total);
    }
    Ok(checked)
}

async fn check_object(
    objects: &Objects,
    object: &str,
    checked: &mut CheckedObjects,
) -> Result<(), OpenError> {
    let bytes = match objects.get(object).await {
        Ok(bytes) => bytes,
        Err(ObjectError::Missing(_)) => {
            checked.vanished += 1;
            return Ok(());
        }
        Err(error) => {
            checked.find(Severity::Damage, object, format!("cannot be read: {error}"));
            return Ok(());
        }
    };
    checked.objects += 1;
    checked.bytes += bytes.len() as u64;
    if let Err(problem) = check_bytes(object, &bytes, checked) {
        checked.find(Severity::Damage, object, problem);
    }
    Ok(())
}

fn check_bytes(object: &str, bytes: &Bytes, checked: &mut CheckedObjects) -> Result<(), String> {
    if object.starts_with("v1/meta/") {
        return identity::check_note(object, bytes);
    }
    if journal::is_journal(object) {
        checked.journals += 1;
        return Ok(());
    }
    match WalObject::parse(object) {
        Some(WalObject::Segment(id)) => {
            checked.segments += 1;
            return Ok(check_segment(&id, bytes)?);
        }
        Some(WalObject::Log(key, first)) => {
            checked.logs += 1;
            return check_log(object, &key, first, bytes, checked);
        }
        None => {}
    }
    if ledger::record_id(object).is_some() {
        checked.records += 1;
        return Ok(Record::decode(bytes).map(drop)?);
    }
    if tombstone::parse_object(object).is_some() {
        checked.tombstones += 1;
        return Ok(tombstone::Tombstone::decode(object, bytes).map(drop)?);
    }
    if let Some((document, id)) = parse_snapshot(object) {
        checked.snapshots += 1;
        return check_snapshot(document, &id, bytes, checked);
    }
    if let Some(document) = parse_version(object) {
        checked.versions += 1;
        let (header, _) = versions::decode(bytes)?;
        return of_its_folder(&header.name, document);
    }
    if let Some((_, id)) = blobs::parse_object(object) {
        checked.blobs += 1;
        return blobs::check(&id, bytes);
    }
    checked.find(
        Severity::Note,
        object,
        "nothing that Unisson writes; ignored",
    );
    Ok(())
}

/// A snapshot's document and id, from its place.
fn parse_snapshot(object: &str) -> Option<(DocId, SnapshotId)> {
    let document = DocId::of_object(object)?;
    let folder = document.snapshot_folder();
    let file = object.strip_prefix(&folder)?.strip_prefix('/')?;
    Some((document, SnapshotId::from_file(file)?))
}

/// A version's document, from its place.
fn parse_version(object: &str) -> Option<DocId> {
    let document = DocId::of_object(object)?;
    let folder = document.version_folder();
    let file = object.strip_prefix(&folder)?.strip_prefix('/')?;
    VersionId::from_file(file).map(|_| document)
}

fn of_its_folder(name: &str, document: DocId) -> Result<(), String> {
    match DocId::of(name) == document {
        true => Ok(()),
        false => Err("it is of another document than its folder says".to_owned()),
    }
}

fn check_snapshot(
    document: DocId,
    id: &SnapshotId,
    bytes: &[u8],
    checked: &mut CheckedObjects,
) -> Result<(), String> {
    let (header, _) = snapshot::decode(bytes)?;
    of_its_folder(&header.name, document)?;
    if let Some(parent) = header.parents.iter().find(|parent| *parent >= id) {
        return Err(format!(
            "it says that it was made from {parent}, which is not older"
        ));
    }
    checked.covers.merge(&header.covers);
    Ok(())
}

fn check_segment(id: &SegmentId, bytes: &[u8]) -> Result<(), Malformed> {
    if id.revision != 0 && segment::revision_of(bytes) != id.revision {
        return Err(Malformed("it has another content than its name says"));
    }
    let footer = segment::decode_footer(bytes, bytes, bytes.len() as u64)?;
    if !footer.id.same_numbers(id) {
        return Err(Malformed("it is another segment than its name says"));
    }
    let mut numbers = Vec::new();
    for (document, name, block) in &footer.documents {
        if DocId::of(name) != *document {
            return Err(Malformed("a document has another name than its id says"));
        }
        let start = usize::try_from(block.offset).unwrap_or(usize::MAX);
        let end = start.saturating_add(usize::try_from(block.bytes).unwrap_or(usize::MAX));
        let packed = bytes.get(start..end).ok_or(Malformed("cut short"))?;
        let entries = segment::decode_block(packed, block, name)?;
        numbers.extend(entries.into_iter().map(|(seq, _)| seq));
    }
    numbers.sort_unstable();
    numbers.dedup();
    let expected = (id.last - id.first + 1).checked_sub(footer.erased);
    if expected != Some(numbers.len() as u64) {
        return Err(Malformed(
            "its blocks do not hold every entry that they should",
        ));
    }
    Ok(())
}

fn check_log(
    object: &str,
    key: &EpochKey,
    first: u64,
    bytes: &Bytes,
    checked: &mut CheckedObjects,
) -> Result<(), String> {
    let scan = frame::scan(bytes, key.epoch, first);
    match scan.map_err(|(at, problem)| format!("{problem} (at byte {at})"))? {
        Scan::Entries { torn: Some(at), .. } => {
            let problem = format!("an unfinished frame at byte {at}: never acknowledged");
            checked.find(Severity::Note, object, problem);
        }
        Scan::Unborn => checked.find(Severity::Note, object, "a log that was never begun"),
        Scan::Entries { torn: None, .. } => {}
    }
    Ok(())
}

impl Store {
    /// What the snapshots cover must have existed: where the log and the ledger know of fewer
    /// entries, the newest log files were lost, and with them what other documents had in them.
    pub fn check_references(&self, checked: &CheckedObjects) -> Vec<Finding> {
        let index = lock(&self.inner.shared.index);
        let mut known = index.heads();
        known.merge(&index.ledger.heads);
        let mut findings = Vec::new();
        for (key, set) in checked.covers.iter() {
            let reached = known.of(key).and_then(|set| set.last()).unwrap_or(0);
            let covered = set.last().unwrap_or(0);
            if covered > reached {
                findings.push(Finding {
                    severity: Severity::Damage,
                    object: format!("{}/", key.folder()),
                    problem: format!(
                        "a log or segment is missing: snapshots cover entries up to {covered}, \
                         the store knows of {reached}"
                    ),
                });
            }
        }
        findings
    }
}
