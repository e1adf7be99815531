//! A folder of files that are read where it is needed, and written without being synced.
//!
//! Nothing is mapped into memory: a file that somebody cuts or takes away while it is open ends
//! with an error of whoever reads it, and not with the process. What each question reads whole is
//! held in memory once for all readers: the words, and the columns of facts. The rest, which is
//! most of it, is read from the file.
//!
//! The log of the documents syncs many times a second, and whoever writes waits for it; the index
//! must not make that disk wait. What a power cut takes of it is noticed when it is opened, by its
//! checksums, and made anew. What was written survives the end of the process in any case.

use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, BufWriter, Read as _, Write},
    ops::Range,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use tantivy::{
    Directory, HasLen,
    directory::{
        AntiCallToken, DirectoryLock, FileHandle, Lock, OwnedBytes, TerminatingWrite,
        WatchCallback, WatchHandle, WritePtr,
        error::{DeleteError, LockError, OpenReadError, OpenWriteError},
    },
};

/// Kinds of files that are read whole by almost every question.
const HELD: [&str; 4] = ["term", "fast", "fieldnorm", "del"];

/// The folder.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    folder: PathBuf,
    /// Files that readers have open: those that come share them.
    open: Arc<Mutex<HashMap<PathBuf, Weak<Opened>>>>,
}

/// A file, as readers have it. It never changes; and it is there for them when it is deleted.
#[derive(Debug)]
enum Opened {
    Held(OwnedBytes),
    OnDisk { file: File, bytes: usize },
}

impl Opened {
    fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let bytes = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
        let kind = path.extension().and_then(|kind| kind.to_str());
        if !kind.is_some_and(|kind| HELD.contains(&kind)) {
            return Ok(Self::OnDisk { file, bytes });
        }
        let mut held = Vec::with_capacity(bytes);
        file.read_to_end(&mut held)?;
        Ok(Self::Held(OwnedBytes::new(held)))
    }
}

impl HasLen for Opened {
    fn len(&self) -> usize {
        match self {
            Self::Held(held) => held.len(),
            Self::OnDisk { bytes, .. } => *bytes,
        }
    }
}

impl FileHandle for Opened {
    fn read_bytes(&self, range: Range<usize>) -> io::Result<OwnedBytes> {
        if range.start > range.end || range.end > self.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match self {
            Self::Held(held) => Ok(held.slice(range)),
            Self::OnDisk { file, .. } => {
                let mut read = vec![0; range.len()];
                file.read_exact_at(&mut read, range.start as u64)?;
                Ok(OwnedBytes::new(read))
            }
        }
    }
}

impl Files {
    pub(crate) fn of(folder: &Path) -> Self {
        Self {
            folder: folder.to_path_buf(),
            open: Arc::default(),
        }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<PathBuf, Weak<Opened>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_read(error: io::Error, path: &Path) -> OpenReadError {
    match error.kind() {
        io::ErrorKind::NotFound => OpenReadError::FileDoesNotExist(path.to_path_buf()),
        _ => OpenReadError::wrap_io_error(error, path.to_path_buf()),
    }
}

struct Written(File);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl TerminatingWrite for Written {
    fn terminate_ref(&mut self, _: AntiCallToken) -> io::Result<()> {
        self.0.flush()
    }
}

impl Directory for Files {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        let mut open = self.open();
        if let Some(opened) = open.get(path).and_then(Weak::upgrade) {
            return Ok(opened);
        }
        let opened = Opened::open(&self.folder.join(path));
        let opened = Arc::new(opened.map_err(|error| not_read(error, path))?);
        open.retain(|_, opened| opened.strong_count() > 0);
        open.insert(path.to_path_buf(), Arc::downgrade(&opened));
        Ok(opened)
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        self.open().remove(path);
        fs::remove_file(self.folder.join(path)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => DeleteError::FileDoesNotExist(path.to_path_buf()),
            _ => DeleteError::IoError {
                io_error: Arc::new(error),
                filepath: path.to_path_buf(),
            },
        })
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        let there = self.folder.join(path).try_exists();
        there.map_err(|error| not_read(error, path))
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(self.folder.join(path));
        let file = file.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => OpenWriteError::FileAlreadyExists(path.to_path_buf()),
            _ => OpenWriteError::wrap_io_error(error, path.to_path_buf()),
        })?;
        Ok(BufWriter::new(Box::new(Written(file))))
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        fs::read(self.folder.join(path)).map_err(|error| not_read(error, path))
    }

    fn atomic_write(&self, path: &Path, data: &[u8]) -> io::Result<()> {
        let beside = self.folder.join(path).with_extension("new");
        fs::write(&beside, data)?;
        fs::rename(&beside, self.folder.join(path))
    }

    fn sync_directory(&self) -> io::Result<()> {
        Ok(())
    }

    /// Held by the process: whatever ends it lets go of it.
    fn acquire_lock(&self, lock: &Lock) -> Result<DirectoryLock, LockError> {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(self.folder.join(&lock.filepath))
            .map_err(LockError::wrap_io_error)?;
        let locked = match lock.is_blocking {
            true => file.lock().map_err(LockError::wrap_io_error),
            false => file.try_lock().map_err(|error| match error {
                TryLockError::WouldBlock => LockError::LockBusy,
                TryLockError::Error(error) => LockError::wrap_io_error(error),
            }),
        };
        locked.map(|()| DirectoryLock::from(Box::new(file)))
    }

    /// Readers are told by whoever commits.
    fn watch(&self, _: WatchCallback) -> tantivy::Result<WatchHandle> {
        Ok(WatchHandle::empty())
    }
}
