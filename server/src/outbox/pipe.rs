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
use crate::listener::Stream;

/// Bytes in and out of one socket, without buffers of its own but those of TLS.
#[derive(Debug)]
pub(super) struct Pipe {
    stream: TcpStream,
    tls: Option<Box<Tls>>,
}

impl Pipe {
    pub(super) fn new(stream: Stream) -> Self {
        match stream {
            Stream::Plain(stream) => Self { stream, tls: None },
            Stream::Tls(stream) => {
                let (stream, connection) = stream.into_inner();
                let tls = Some(Box::new(Tls::new(connection)));
                Self { stream, tls }
            }
        }
    }

    /// Reads what has come; 0 is the end. Where nothing has, the task is woken when something does.
    pub(super) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.tls {
            Some(tls) => tls.poll_read(&mut self.stream, context, into),
            None => poll_read(&mut self.stream, context, into),
        }
    }

    /// Writes as much as the socket takes now, from whatever task calls.
    pub(super) fn try_write(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        match &mut self.tls {
            Some(tls) => tls.try_write(&self.stream, pieces),
            None => try_write(&self.stream, pieces),
        }
    }

    /// Whether something was taken that is still on its way to the socket: then nothing more is
    /// taken before it has gone.
    pub(super) fn owes(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.owes())
    }

    /// Writes what is owed, as far as the socket takes it now.
    pub(super) fn pay(&mut self) -> io::Result<()> {
        match &mut self.tls {
            Some(tls) => tls.flush(&self.stream),
            None => Ok(()),
        }
    }

    /// Whether it takes something; where not, the task is woken when it does.
    pub(super) fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_write_ready(context)
    }

    /// The last word, where there is one.
    pub(super) fn say_goodbye(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.say_goodbye(&self.stream);
        }
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
