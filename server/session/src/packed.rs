//! Bytes that are kept for long, compressed where that makes them smaller.

use bytes::Bytes;

use crate::LoadError;

/// Below this, compression gains less than it costs.
const PACK_BYTES_MIN: usize = 256;

#[derive(Debug, Clone)]
pub(crate) struct Packed {
    bytes: Bytes,
    raw_bytes: usize,
    compressed: bool,
}

impl Packed {
    pub(crate) fn new(raw: &[u8]) -> Self {
        let compressed = compress(raw).filter(|packed| packed.len() < raw.len());
        Self {
            compressed: compressed.is_some(),
            raw_bytes: raw.len(),
            bytes: compressed.map_or_else(|| Bytes::copy_from_slice(raw), Bytes::from),
        }
    }

    pub(crate) fn unpack(&self) -> Result<Bytes, LoadError> {
        if !self.compressed {
            return Ok(self.bytes.clone());
        }
        decompress(&self.bytes, self.raw_bytes)
            .map(Bytes::from)
            .map_err(LoadError::Damaged)
    }

    /// How many bytes it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// How many bytes it had.
    pub(crate) fn raw_bytes(&self) -> usize {
        self.raw_bytes
    }
}

/// The fastest level: format v2 leaves little for the slower ones to find.
#[cfg(not(target_arch = "wasm32"))]
fn compress(raw: &[u8]) -> Option<Vec<u8>> {
    const LEVEL: i32 = 1;
    if raw.len() < PACK_BYTES_MIN {
        return None;
    }
    let mut packed = zstd::bulk::compress(raw, LEVEL).ok()?;
    packed.shrink_to_fit();
    Some(packed)
}

#[cfg(not(target_arch = "wasm32"))]
fn decompress(packed: &[u8], raw_bytes: usize) -> Result<Vec<u8>, String> {
    zstd::bulk::decompress(packed, raw_bytes).map_err(|error| format!("cold state: {error}"))
}

/// The compressor is a C library; where there is none, bytes stay as they are.
#[cfg(target_arch = "wasm32")]
fn compress(raw: &[u8]) -> Option<Vec<u8>> {
    let _ = (raw, PACK_BYTES_MIN);
    None
}

#[cfg(target_arch = "wasm32")]
fn decompress(_packed: &[u8], _raw_bytes: usize) -> Result<Vec<u8>, String> {
    Err("cold state: compressed elsewhere".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_back_and_never_grows() {
        let noise: Vec<u8> = (0..4_000_u32)
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        for raw in [vec![], vec![7; 10], vec![7; 100_000], noise] {
            let packed = Packed::new(&raw);
            assert!(packed.bytes() <= raw.len());
            assert_eq!(packed.raw_bytes(), raw.len());
            assert_eq!(packed.unpack().expect("unpacks"), raw);
        }
    }
}
