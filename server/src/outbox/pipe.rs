//! The byte stream of a socket: plain, or TLS.

mod tls;

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead as _, ReadBuf},
    net::TcpStream,
};

use self::tls::Tls;
use crate::{carrier::CarriedPipe, listener::Stream};

/// Bytes in and out of one socket, without buffers of its own but those of TLS.
#[derive(Debug)]
pub(crate) enum Pipe {
    /// A connection of its own.
    Tcp(TcpStream),
    /// A connection of its own that is encrypted here.
    Tls(TcpStream, Box<Tls>),
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
            Self::Tcp(stream) => poll_read(stream, context, into),
            Self::Tls(stream, tls) => tls.poll_read(stream, context, into),
            Self::Carried(pipe) => pipe.poll_read(context, into).map(Ok),
        }
    }

    /// Writes as much as the socket takes now, from whatever task calls.
    pub(super) fn try_write(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => try_write(stream, pieces),
            Self::Tls(stream, tls) => tls.try_write(stream, pieces),
            Self::Carried(pipe) => pipe.try_write(pieces),
        }
    }

    /// Whether something was taken that is still on its way to the socket: then nothing more is
    /// taken before it has gone.
    pub(super) fn owes(&self) -> bool {
        match self {
            Self::Tls(_, tls) => tls.owes(),
            Self::Tcp(_) | Self::Carried(_) => false,
        }
    }

    /// Writes what is owed, as far as the socket takes it now.
    pub(super) fn pay(&mut self) -> io::Result<()> {
        match self {
            Self::Tls(stream, tls) => tls.flush(stream),
            Self::Tcp(_) | Self::Carried(_) => Ok(()),
        }
    }

    /// Whether it takes something; where not, the task is woken when it does.
    pub(super) fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) | Self::Tls(stream, _) => stream.poll_write_ready(context),
            Self::Carried(pipe) => pipe.poll_writable(context).map(Ok),
        }
    }

    /// The last word, where there is one.
    pub(super) fn say_goodbye(&mut self) {
        if let Self::Tls(stream, tls) = self {
            tls.say_goodbye(stream);
        }
    }
}

impl From<Stream> for Pipe {
    fn from(stream: Stream) -> Self {
        match stream {
            Stream::Plain(stream) => Self::Tcp(stream),
            Stream::Tls(stream) => {
                let (stream, connection) = stream.into_inner();
                Self::Tls(stream, Box::new(Tls::new(connection)))
            }
        }
    }
}

impl From<CarriedPipe> for Pipe {
    fn from(pipe: CarriedPipe) -> Self {
        Self::Carried(pipe)
    }
}

fn poll_read(
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

fn try_write(stream: &TcpStream, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
    match pieces {
        [piece] => stream.try_write(piece),
        pieces => stream.try_write_vectored(pieces),
    }
}
