//! What a server's frame says, read where it lies: no allocation for the many that are counted.

use anyhow::{Result, bail};
use bytes::Bytes;
use unisson_client::Wire;
use unisson_protocol::{DocName, PeerMessage, dialect::Dialect, encoding::Reader};

/// The state vector, and the update, of a document without content.
pub(crate) const EMPTY_STATE: &[u8] = &[0];
pub(crate) const EMPTY_UPDATE: &[u8] = &[0, 0];

/// One message of a server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Said<'a> {
    Step1,
    Step2(&'a [u8]),
    Update(&'a [u8]),
    Awareness(&'a [u8]),
    /// One update of this client is taken (Hocuspocus).
    Accepted,
    Refused,
    Ping,
    Nothing,
}

/// One document's frames in one dialect.
#[derive(Debug, Clone)]
pub(crate) struct Tongue {
    wire: Wire,
    address: Bytes,
}

impl Tongue {
    pub(crate) fn new(dialect: Dialect, document: &DocName) -> Result<Self> {
        Ok(Self {
            wire: Wire::new(dialect, document)?,
            address: Bytes::copy_from_slice(document.as_str().as_bytes()),
        })
    }

    /// The frames that open a document: the token, and the request for what is missing.
    pub(crate) fn hello(&self, token: &str, state: &[u8]) -> impl Iterator<Item = Bytes> {
        let step = PeerMessage::SyncStep1(Bytes::copy_from_slice(state));
        [self.wire.token(token), self.wire.encode(step)]
            .into_iter()
            .flatten()
    }

    pub(crate) fn encode(&self, message: PeerMessage) -> Bytes {
        self.wire
            .encode(message)
            .expect("both dialects have sync and presence")
    }

    pub(crate) fn pong() -> Bytes {
        Wire::pong()
    }

    /// Reads one frame.
    pub(crate) fn read<'a>(&self, frame: &'a [u8]) -> Result<Said<'a>> {
        let mut reader = Reader::new(frame);
        if self.wire.dialect() == Dialect::YWebsocket {
            return Ok(match reader.var_uint()? {
                0 => sync(&mut reader)?,
                1 => Said::Awareness(reader.var_bytes()?),
                2 => Said::Refused,
                other => bail!("a message of type {other}"),
            });
        }
        if frame == [9] {
            return Ok(Said::Ping);
        }
        if reader.var_bytes()? != self.address {
            return Ok(Said::Nothing);
        }
        Ok(match reader.var_uint()? {
            0 => sync(&mut reader)?,
            1 => Said::Awareness(reader.var_bytes()?),
            2 if reader.var_uint()? == 1 => Said::Refused,
            7 => Said::Refused,
            8 if reader.var_uint()? == 1 => Said::Accepted,
            8 => Said::Refused,
            _ => Said::Nothing,
        })
    }

    /// Whether a frame that begins so is the answer to [`Self::hello`].
    pub(crate) fn is_step2(&self, head: &[u8]) -> bool {
        let mut reader = Reader::new(head);
        if self.wire.dialect() == Dialect::Hocuspocus && reader.var_bytes().is_err() {
            return false;
        }
        reader.var_uint().is_ok_and(|kind| kind == 0)
            && reader.var_uint().is_ok_and(|kind| kind == 1)
    }
}

/// The only author of the structs in an update; `None` where there are several, or none.
pub(crate) fn only_author(update: &[u8]) -> Option<u64> {
    let mut reader = Reader::new(update);
    let is_one = reader.var_uint().ok()? == 1;
    reader.var_uint().ok()?;
    let author = reader.var_uint().ok()?;
    is_one.then_some(author)
}

fn sync<'a>(reader: &mut Reader<'a>) -> Result<Said<'a>> {
    Ok(match reader.var_uint()? {
        0 => Said::Step1,
        1 => Said::Step2(reader.var_bytes()?),
        2 => Said::Update(reader.var_bytes()?),
        other => bail!("a sync message of type {other}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use unisson_protocol::{ServerMessage, dialect::y_websocket};

    #[test]
    fn both_dialects_are_understood() {
        let name = DocName::new("d").expect("a name");
        let update = ServerMessage::Update(Bytes::from_static(EMPTY_UPDATE));
        let plain = y_websocket::encode(&update).expect("known");
        let tongue = Tongue::new(Dialect::YWebsocket, &name).expect("a tongue");
        assert_eq!(
            tongue.read(&plain).expect("a frame"),
            Said::Update(EMPTY_UPDATE)
        );
        let tongue = Tongue::new(Dialect::Hocuspocus, &name).expect("a tongue");
        let addressed = [b"\x01d".as_slice(), &plain].concat();
        assert_eq!(
            tongue.read(&addressed).expect("a frame"),
            Said::Update(EMPTY_UPDATE)
        );
        let of_another = [b"\x01e".as_slice(), &plain].concat();
        assert_eq!(tongue.read(&of_another).expect("a frame"), Said::Nothing);
        assert_eq!(
            tongue.read(b"\x01d\x08\x01").expect("a frame"),
            Said::Accepted
        );
        assert_eq!(tongue.read(&[0]).expect("a keepalive"), Said::Nothing);
        assert!(tongue.is_step2(b"\x01d\x00\x01\xff"));
    }
}
