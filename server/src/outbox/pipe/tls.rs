//! TLS of one socket, which any task may write to.
//!
//! What rustls has encrypted must go out whole and in order, so it takes something new only when
//! everything before has gone: at most one record waits here.

use std::{
    io::{self, ErrorKind, IoSlice, Read as _, Write as _},
    task::{Context, Poll},
};

use rustls::ServerConnection;
use tokio::net::TcpStream;

/// What is encrypted at once: the content of one record.
const RECORD_BYTES: usize = 16 << 10;

/// The state of one TLS connection after its handshake.
#[derive(Debug)]
pub(crate) struct Tls {
    connection: ServerConnection,
}

impl Tls {
    pub(super) fn new(connection: ServerConnection) -> Self {
        Self { connection }
    }

    /// Reads plain bytes; 0 is the end.
    pub(super) fn poll_read(
        &mut self,
        stream: &mut TcpStream,
        context: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            match self.connection.reader().read(into) {
                Ok(bytes) => return Poll::Ready(Ok(bytes)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
            let mut arriving = Arriving { stream, context };
            match self.connection.read_tls(&mut arriving) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Poll::Pending,
                Err(error) => return Poll::Ready(Err(error)),
            }
            let processed = self.connection.process_new_packets();
            // An alert, or the answer to new keys; what does not go now goes before anything else.
            let _ = self.flush(stream);
            if let Err(error) = processed {
                return Poll::Ready(Err(io::Error::new(ErrorKind::InvalidData, error)));
            }
        }
    }

    /// Encrypts and writes as long as the socket takes everything.
    pub(super) fn try_write(
        &mut self,
        stream: &TcpStream,
        pieces: &[IoSlice<'_>],
    ) -> io::Result<usize> {
        self.flush(stream)?;
        let mut taken = 0;
        for piece in pieces {
            for part in piece.chunks(RECORD_BYTES) {
                taken += self.connection.writer().write(part)?;
                match self.flush(stream) {
                    Ok(()) => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(taken),
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(taken)
    }

    pub(super) fn owes(&self) -> bool {
        self.connection.wants_write()
    }

    /// Tells the client that nothing was cut off.
    pub(super) fn say_goodbye(&mut self, stream: &TcpStream) {
        self.connection.send_close_notify();
        // A client that takes nothing any more is gone in any case.
        let _ = self.flush(stream);
    }

    /// Writes what was encrypted.
    pub(super) fn flush(&mut self, stream: &TcpStream) -> io::Result<()> {
        while self.connection.wants_write() {
            match self.connection.write_tls(&mut Leaving(stream)) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Reads of a socket for rustls; the task is woken when there is more.
struct Arriving<'a, 'b> {
    stream: &'a mut TcpStream,
    context: &'a mut Context<'b>,
}

impl io::Read for Arriving<'_, '_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match super::poll_read(self.stream, self.context, into) {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => Err(ErrorKind::WouldBlock.into()),
        }
    }
}

/// Writes of rustls to a socket.
struct Leaving<'a>(&'a TcpStream);

impl io::Write for Leaving<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(pieces)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
