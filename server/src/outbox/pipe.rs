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

use crate::carrier::CarriedPipe;

/// Bytes in and out of one socket, without buffers of its own.
#[derive(Debug)]
pub(crate) enum Pipe {
    /// A connection of its own.
    Tcp(TcpStream),
    /// Carried by the requests of a client that cannot have one.
    Carried(CarriedPipe),
}

impl Pipe {
    /// Reads what has come; 0 is the end. Where nothing has, the task is woken when something does.
    pub(super) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::Tcp(stream) => poll_read_tcp(stream, context, into),
            Self::Carried(pipe) => pipe.poll_read(context, into).map(Ok),
        }
    }

    /// Writes as much as the socket takes now, from whatever task calls.
    pub(super) fn try_write(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        match (self, pieces) {
            (Self::Tcp(stream), [piece]) => stream.try_write(piece),
            (Self::Tcp(stream), pieces) => stream.try_write_vectored(pieces),
            (Self::Carried(pipe), pieces) => pipe.try_write(pieces),
        }
    }

    /// Whether it takes something; where not, the task is woken when it does.
    pub(super) fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => stream.poll_write_ready(context),
            Self::Carried(pipe) => pipe.poll_writable(context).map(Ok),
        }
    }
}

impl From<TcpStream> for Pipe {
    fn from(stream: TcpStream) -> Self {
        Self::Tcp(stream)
    }
}

impl From<CarriedPipe> for Pipe {
    fn from(pipe: CarriedPipe) -> Self {
        Self::Carried(pipe)
    }
}

fn poll_read_tcp(
    stream: &mut TcpStream,
    context: &mut Context<'_>,
    into: &mut [u8],
) -> Poll<io::Result<usize>> {
    // In place of `try_read`: it knows that a read that did not fill its buffer was the last,
    // which spares a second call for each message.
    let mut buffer = ReadBuf::new(into);
    match Pin::new(stream).poll_read(context, &mut buffer) {
        Poll::Ready(Ok(())) => Poll::Ready(Ok(buffer.filled().len())),
        Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
        Poll::Pending => Poll::Pending,
    }
}
