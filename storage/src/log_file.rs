//! The file under the open log, and the one way to write a frame to it.
//!
//! The file is behind a trait so that tests can make any of its operations fail.

use std::{
    fs::{File, OpenOptions},
    io::{self, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use bytes::Bytes;

use crate::{
    frame::{self, HEADER_BYTES},
    names::Epoch,
};

/// Makes log files.
pub trait LogFiles: Send + Sync {
    /// Creates an empty file (cutting a left-over one) and makes its name durable.
    fn create(&self, path: &Path) -> io::Result<Box<dyn LogFile>>;
}

/// One append-only file.
pub trait LogFile: Send {
    /// Writes all bytes at the end, or fails with any part of them written.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Puts everything written on stable storage.
    fn sync(&mut self) -> io::Result<()>;
    /// Cuts the file; the next append goes to the new end.
    fn truncate(&mut self, bytes: u64) -> io::Result<()>;
}

/// The operating system's files.
#[derive(Debug, Default)]
pub struct SystemLogFiles;

impl LogFiles for SystemLogFiles {
    fn create(&self, path: &Path) -> io::Result<Box<dyn LogFile>> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)?;
        // node, wal, v1 and the data folder may all be new; a few syncs of unchanged folders are
        // cheap next to the segment this log becomes.
        for folder in path.ancestors().skip(1).take(5) {
            sync_folder(folder)?;
        }
        Ok(Box::new(SystemLogFile(file)))
    }
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()
    } else {
        Ok(())
    }
}

struct SystemLogFile(File);

impl LogFile for SystemLogFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn truncate(&mut self, bytes: u64) -> io::Result<()> {
        self.0.set_len(bytes)?;
        self.0.seek(SeekFrom::Start(bytes)).map(|_| ())
    }
}

/// What a failure means for what comes after it.
#[derive(Debug)]
pub(crate) enum LogError {
    /// Nothing was added; the log is as it was.
    Write(io::Error),
    /// What earlier syncs promised may be gone, and asking again would not tell: stop.
    Sync(io::Error),
}

/// Whether an error says that space or quota is used up.
pub(crate) fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull, WriteZero};
    matches!(
        error.kind(),
        StorageFull | QuotaExceeded | FileTooLarge | WriteZero
    )
}

/// The open log.
pub(crate) struct LogWriter {
    file: Box<dyn LogFile>,
    pub(crate) path: PathBuf,
    pub(crate) header: [u8; HEADER_BYTES],
    /// Where the last durable frame ends.
    pub(crate) good_bytes: u64,
    /// Bytes of a failed write may stand after `good_bytes`.
    dirty: bool,
    /// The file was cut and not synced since.
    cut: bool,
}

impl LogWriter {
    pub(crate) fn create(
        files: &dyn LogFiles,
        path: PathBuf,
        epoch: Epoch,
        first: u64,
    ) -> Result<Self, LogError> {
        let header = frame::header(epoch, first);
        let mut file = files.create(&path).map_err(LogError::Write)?;
        file.append(&header).map_err(LogError::Write)?;
        file.sync().map_err(LogError::Sync)?;
        let good_bytes = HEADER_BYTES as u64;
        Ok(Self {
            file,
            path,
            header,
            good_bytes,
            dirty: false,
            cut: false,
        })
    }

    /// Adds a frame and makes it durable.
    pub(crate) fn append(&mut self, frame: &Bytes) -> Result<(), LogError> {
        self.clean().map_err(LogError::Write)?;
        if let Err(error) = self.file.append(frame) {
            self.dirty = true;
            // Failing here is no loss: the next append tries again before it writes.
            self.clean()
                .unwrap_or_else(|error| tracing::warn!(%error, "log not cut back yet"));
            return Err(LogError::Write(error));
        }
        self.file.sync().map_err(LogError::Sync)?;
        self.cut = false;
        self.good_bytes += frame.len() as u64;
        Ok(())
    }

    /// Makes sure that the file ends with its last good frame before another file follows it.
    pub(crate) fn finish(&mut self) -> Result<(), LogError> {
        self.clean().map_err(LogError::Write)?;
        if self.cut {
            self.file.sync().map_err(LogError::Sync)?;
            self.cut = false;
        }
        Ok(())
    }

    fn clean(&mut self) -> io::Result<()> {
        if self.dirty {
            self.file.truncate(self.good_bytes)?;
            self.dirty = false;
            self.cut = true;
        }
        Ok(())
    }
}
