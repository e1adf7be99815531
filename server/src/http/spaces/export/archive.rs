//! The archive, written as it is read.

use std::{
    io::{self, Write},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, stream};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, mpsc},
    time::timeout,
};
use zip::{CompressionMethod, ZipWriter, result::ZipError, write::SimpleFileOptions};

use super::{
    page,
    site::{Site, Sort},
};
use crate::http::AppState;

/// What is handed over at a time.
const CHUNK_BYTES: usize = 64 << 10;
/// How many of these may wait for the reader.
const CHUNKS_WAITING_MAX: usize = 8;
/// A reader that takes nothing for so long is gone.
const PATIENCE: Duration = Duration::from_secs(60);

/// A file of the archive.
pub(super) struct Part {
    pub(super) path: String,
    pub(super) body: Bytes,
    /// It does not become smaller.
    pub(super) is_packed: bool,
}

/// The archive's bytes; `turn` is given back with its end.
pub(super) fn stream(
    state: AppState,
    site: Site,
    turn: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Bytes, io::Error>> + use<> {
    let (chunks, waiting) = mpsc::channel(CHUNKS_WAITING_MAX);
    let handle = Handle::current();
    tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let out = Outlet {
            handle: handle.clone(),
            chunks: chunks.clone(),
            held: BytesMut::new(),
        };
        if let Err(error) = write(&state, &site, &handle, out) {
            tracing::debug!(%error, space = site.space, "a space was not taken away to its end");
            // Whoever reads must not take what has come for everything.
            let said = chunks.send(Err(io::Error::other(error.to_string())));
            let _ = handle.block_on(timeout(PATIENCE, said));
        }
    });
    stream::unfold(waiting, |mut waiting| async move {
        let chunk = waiting.recv().await?;
        Some((chunk, waiting))
    })
}

fn write(state: &AppState, site: &Site, handle: &Handle, out: Outlet) -> Result<(), ZipError> {
    let mut zip = ZipWriter::new_stream(out);
    let mut errors = String::new();
    for leaf in &site.leaves {
        match handle.block_on(page::parts(state, site, leaf)) {
            Ok(parts) => {
                for part in parts {
                    match part {
                        page::Piece::Part(part) => put(&mut zip, &part)?,
                        page::Piece::File(file) => match handle.block_on(file.body(state)) {
                            Ok(body) => put(&mut zip, &file.part(body))?,
                            Err(problem) => {
                                errors.push_str(&format!("{}: {problem}\n", file.path));
                            }
                        },
                    }
                }
            }
            Err(problem) => errors.push_str(&format!("{}: {problem}\n", site.path(leaf))),
        }
    }
    if site.sort == Sort::Html {
        put(&mut zip, &page::index(site))?;
    }
    if !errors.is_empty() {
        let part = Part {
            path: "errors.txt".to_owned(),
            body: errors.into(),
            is_packed: false,
        };
        put(&mut zip, &part)?;
    }
    let mut out = zip.finish()?.into_inner();
    Ok(out.flush()?)
}

fn put<W: Write + io::Seek>(zip: &mut ZipWriter<W>, part: &Part) -> Result<(), ZipError> {
    let method = match part.is_packed {
        true => CompressionMethod::Stored,
        false => CompressionMethod::Deflated,
    };
    let options = SimpleFileOptions::default().compression_method(method);
    zip.start_file(part.path.as_str(), options)?;
    Ok(zip.write_all(&part.body)?)
}

/// Where the archive's bytes go.
struct Outlet {
    handle: Handle,
    chunks: mpsc::Sender<Result<Bytes, io::Error>>,
    held: BytesMut,
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        if self.held.len() >= CHUNK_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        let sending = self.chunks.send(Ok(self.held.split().freeze()));
        match self.handle.block_on(timeout(PATIENCE, sending)) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(io::Error::other("nobody reads it any more")),
        }
    }
}
