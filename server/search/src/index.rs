//! The index in its folder: opening, putting in, taking out.

use std::{
    fs, io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{Mutex, PoisonError},
};

use tantivy::{
    Directory as _, DocId, DocSet, HasLen as _, Index as Tantivy, IndexReader, IndexWriter,
    ReloadPolicy, SegmentReader, TERMINATED, TantivyError, Term,
    directory::{error::LockError, footer::Footer},
    index::{SegmentComponent, SegmentId, SegmentMeta},
    indexer::IndexWriterOptions,
    schema::IndexRecordOption,
};

use crate::{
    Edited, Entry, Filter, Known, Order, Question, Search,
    files::Files,
    schema::{DOCUMENT, FINGERPRINT, Fields, LAST_BY, LAST_MS, OTHERS_MS, VERSION, register},
};

/// The least that the library takes: what is written is kept in memory for so long.
const WRITER_BYTES: usize = 15_000_000;
/// Blocks of stored text that are kept unpacked, of some 16 KiB each.
const STORED_BLOCKS: usize = 16;
/// How much of a file is in memory while its checksum is made.
const CHECKED_BYTES: usize = 1 << 20;
/// The files of a segment.
const PARTS: [SegmentComponent; 7] = [
    SegmentComponent::Postings,
    SegmentComponent::Positions,
    SegmentComponent::FastFields,
    SegmentComponent::FieldNorms,
    SegmentComponent::Terms,
    SegmentComponent::Store,
    SegmentComponent::Delete,
];

/// Why the index does not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// Another process has the folder.
    #[error("another process has this index open")]
    Busy,
    /// The folder cannot be used.
    #[error("the index's folder: {0}")]
    Folder(#[from] io::Error),
    /// What is in the folder does not read: opening it again makes it anew.
    #[error("the index is damaged: {0}")]
    Damaged(String),
}

impl From<TantivyError> for IndexError {
    fn from(error: TantivyError) -> Self {
        match error {
            TantivyError::LockFailure(LockError::LockBusy, _) => Self::Busy,
            error => Self::Damaged(error.to_string()),
        }
    }
}

/// An index.
pub struct Index {
    fields: Fields,
    reader: IndexReader,
    writer: Mutex<IndexWriter>,
    is_new: bool,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Index")
    }
}

impl Index {
    /// Opens the index of a folder. Where there is none, where it is of another version or where it
    /// does not read, the folder has a new one afterwards. Nothing else in the folder is touched.
    pub fn open(folder: &Path) -> Result<Self, IndexError> {
        let own = folder.join(format!("v{VERSION}"));
        fs::create_dir_all(&own)?;
        match Self::open_own(&own) {
            Err(IndexError::Damaged(_)) => {
                fs::remove_dir_all(&own)?;
                fs::create_dir_all(&own)?;
                Self::open_own(&own)
            }
            opened => {
                remove_others(folder)?;
                opened
            }
        }
    }

    /// Makes the index of a folder anew.
    pub fn reset(folder: &Path) -> Result<(), IndexError> {
        let own = folder.join(format!("v{VERSION}"));
        if !own.exists() {
            return Ok(());
        }
        match Self::open_own(&own) {
            Err(IndexError::Busy) => return Err(IndexError::Busy),
            opened => drop(opened),
        }
        Ok(fs::remove_dir_all(&own)?)
    }

    /// What the library panics about is damaged as well.
    fn open_own(own: &Path) -> Result<Self, IndexError> {
        let opened = catch_unwind(AssertUnwindSafe(|| Self::open_sound(own)));
        opened.unwrap_or_else(|_| Err(IndexError::Damaged("it does not read".into())))
    }

    fn open_sound(own: &Path) -> Result<Self, IndexError> {
        let damaged = |error: &dyn std::fmt::Display| IndexError::Damaged(error.to_string());
        let directory = Files::of(own);
        let files = directory.clone();
        let fields = Fields::new();
        let exists = Tantivy::exists(&directory).map_err(|error| damaged(&error))?;
        let index = match exists {
            true => Tantivy::open(directory)?,
            false => Tantivy::builder()
                .schema(fields.schema.clone())
                .open_or_create(directory)?,
        };
        if index.schema() != fields.schema {
            return Err(IndexError::Damaged("other fields".into()));
        }
        check(&files, &index)?;
        register(&index);
        let options = IndexWriterOptions::builder()
            .memory_budget_per_thread(WRITER_BYTES)
            .num_worker_threads(1)
            .num_merge_threads(1)
            .build();
        let writer = index.writer_with_options(options)?;
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .doc_store_cache_num_blocks(STORED_BLOCKS)
            .try_into()?;
        Ok(Self {
            fields,
            reader,
            writer: Mutex::new(writer),
            is_new: !exists,
        })
    }

    /// Whether it was made when it was opened.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// Everything that is in it.
    pub fn known(&self) -> Result<Vec<Known>, IndexError> {
        let searcher = self.reader.searcher();
        let mut known = Vec::new();
        for segment in searcher.segment_readers() {
            let fast = segment.fast_fields();
            let Some(names) = fast.str(DOCUMENT)? else {
                continue;
            };
            let fingerprints = fast.u64(FINGERPRINT)?;
            for doc in segment.doc_ids_alive() {
                let mut document = String::new();
                if let Some(ord) = names.term_ords(doc).next() {
                    names.ord_to_str(ord, &mut document)?;
                }
                let fingerprint = fingerprints.first(doc).unwrap_or_default();
                known.push(Known {
                    document,
                    fingerprint,
                });
            }
        }
        Ok(known)
    }

    /// When each document of a space (of all of them, where none is named) was edited last: read from
    /// columns, without a look at any document.
    pub fn edited(&self, space: Option<&str>) -> Result<Vec<Edited>, IndexError> {
        let searcher = self.reader.searcher();
        let mut edited = Vec::new();
        for segment in searcher.segment_readers() {
            let fast = segment.fast_fields();
            let Some(names) = fast.str(DOCUMENT)? else {
                continue;
            };
            let [by, last, others] = [LAST_BY, LAST_MS, OTHERS_MS].map(|name| fast.u64(name));
            let (by, last, others) = (by?, last?, others?);
            for doc in self.docs(segment, space)? {
                let mut document = String::new();
                if let Some(ord) = names.term_ords(doc).next() {
                    names.ord_to_str(ord, &mut document)?;
                }
                edited.push(Edited {
                    document,
                    last_by: by.first(doc).unwrap_or_default(),
                    last_ms: last.first(doc).unwrap_or_default(),
                    others_ms: others.first(doc).unwrap_or_default(),
                });
            }
        }
        Ok(edited)
    }

    /// The documents of a space in a segment.
    fn docs(&self, segment: &SegmentReader, space: Option<&str>) -> Result<Vec<DocId>, IndexError> {
        let Some(space) = space else {
            return Ok(segment.doc_ids_alive().collect());
        };
        let term = Term::from_field_text(self.fields.space, space);
        let inverted = segment.inverted_index(self.fields.space)?;
        let mut docs = Vec::new();
        if let Some(mut postings) = inverted.read_postings(&term, IndexRecordOption::Basic)? {
            while postings.doc() != TERMINATED {
                docs.push(postings.doc());
                postings.advance();
            }
        }
        docs.retain(|doc| !segment.is_deleted(*doc));
        Ok(docs)
    }

    /// How many documents are in it, and how many bytes that takes.
    pub fn size(&self) -> (u64, u64) {
        let searcher = self.reader.searcher();
        let bytes = searcher
            .space_usage()
            .map_or(0, |usage| usage.total().get_bytes());
        (searcher.num_docs(), bytes)
    }

    /// Puts a document in, in the place of what was known of it. Seen after [`Index::commit`].
    pub fn put(&self, entry: Entry) -> Result<(), IndexError> {
        let entry = entry.bounded();
        let row = self.fields.row(&entry);
        let writer = self.writer();
        writer.delete_term(self.fields.of_document(&entry.document));
        writer.add_document(row)?;
        Ok(())
    }

    /// Takes a document out. Seen after [`Index::commit`].
    pub fn remove(&self, document: &str) {
        self.writer().delete_term(self.fields.of_document(document));
    }

    /// Makes everything durable and lets it be found.
    pub fn commit(&self) -> Result<(), IndexError> {
        self.writer().commit()?;
        self.reader.reload()?;
        Ok(())
    }

    /// Lets nothing be left in the folder of documents that were taken out.
    pub fn purge(&self) -> Result<(), IndexError> {
        let mut writer = self.writer();
        let metas = writer.index().searchable_segment_metas()?;
        let with_deleted = metas.iter().filter(|meta| meta.num_deleted_docs() > 0);
        let with_deleted: Vec<SegmentId> = with_deleted.map(SegmentMeta::id).collect();
        // Whatever holds them keeps their files.
        drop(metas);
        for id in with_deleted {
            writer.merge(&[id]).wait()?;
        }
        // What searches that are going on still read goes with the next commit.
        self.reader.reload()?;
        writer.garbage_collect_files().wait()?;
        Ok(())
    }

    /// Asks.
    pub fn search(&self, question: &Question, filter: &Filter, order: Order) -> Search {
        let now = (self.reader.searcher(), self.fields.clone());
        Search::new(now, question, filter, order)
    }

    fn writer(&self) -> std::sync::MutexGuard<'_, IndexWriter> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether all files are as they were written. A piece at a time: the one that holds the texts may
/// be larger than the memory of a small machine.
fn check(files: &Files, index: &Tantivy) -> Result<(), IndexError> {
    for meta in index.searchable_segment_metas()? {
        for part in PARTS {
            let is_deletions = matches!(part, SegmentComponent::Delete);
            let path = meta.relative_path(part);
            let damaged = |problem: &dyn std::fmt::Display| {
                IndexError::Damaged(format!("{}: {problem}", path.display()))
            };
            // Only what was taken out is written down where something was. The library takes another part
            // that is missing for an empty one.
            if is_deletions && !meta.has_deletes() {
                continue;
            }
            if !files.exists(&path).map_err(|error| damaged(&error))? {
                return Err(damaged(&"missing"));
            }
            let file = files.open_read(&path).map_err(|error| damaged(&error))?;
            let (footer, body) = Footer::extract_footer(file).map_err(|error| damaged(&error))?;
            let mut checksum = crc32fast::Hasher::new();
            for from in (0..body.len()).step_by(CHECKED_BYTES) {
                let piece = from..body.len().min(from + CHECKED_BYTES);
                let piece = body
                    .read_bytes_slice(piece)
                    .map_err(|error| damaged(&error))?;
                checksum.update(&piece);
            }
            if checksum.finalize() != footer.crc {
                return Err(damaged(&"the checksum does not match"));
            }
        }
    }
    Ok(())
}

/// Indexes of other versions.
fn remove_others(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let version = name.to_str().and_then(|name| name.strip_prefix('v'));
        let version = version.and_then(|version| version.parse::<u32>().ok());
        if version.is_some_and(|version| version != VERSION) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}
