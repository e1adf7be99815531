//! The byte stream of a socket: the one place that TLS will have to know.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead as _, ReadBuf},
    net::TcpStream,
};

/// Bytes in and out of one socket, without buffers of its own.
#[derive(Debug)]
pub(super) struct Pipe {
    stream: TcpStream,
}

impl Pipe {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream }
    }

    /// Reads what has come; 0 is the end. Where nothing has, the task is woken when something does.
    pub(super) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        // In place of `try_read`: it knows that a read that did not fill its buffer was the last,
        // which spares a second call for each message.
        let mut buffer = ReadBuf::new(into);
        match Pin::new(&mut self.stream).poll_read(context, &mut buffer) {
            Poll::Ready(Ok(())) => Poll::Ready(Ok(buffer.filled().len())),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        }
    }

    /// Writes as much as the socket takes now, from whatever task calls.
    pub(super) fn try_write(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        match pieces {
            [piece] => self.stream.try_write(piece),
            pieces => self.stream.try_write_vectored(pieces),
        }
    }

    /// Whether it takes something; where not, the task is woken when it does.
    pub(super) fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_write_ready(context)
    }
}
