//! Zip archives, as far as the suites need them: written without compression where nothing else is said, read with it.

import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib'

/** An archive of these files, in this order. Deflated, it says of each file that it has `says` bytes, whatever is true. */
export const zip = (files, { deflated = false, says } = {}) => {
  const parts = []
  const entries = []
  let offset = 0
  for (const [path, content] of Object.entries(files)) {
    const name = Buffer.from(path)
    const whole = Buffer.from(content)
    const body = deflated ? deflateRawSync(whole, { level: 9 }) : whole
    const fields = Buffer.alloc(26)
    fields.writeUInt16LE(20, 0)
    fields.writeUInt16LE(0x0800, 2) // names are UTF-8
    fields.writeUInt16LE(deflated ? 8 : 0, 4)
    fields.writeUInt32LE(crc32(whole), 10)
    fields.writeUInt32LE(body.length, 14)
    fields.writeUInt32LE(says ?? whole.length, 18)
    fields.writeUInt16LE(name.length, 22)
    parts.push(Buffer.from('PK\x03\x04'), fields, name, body)
    const rest = Buffer.alloc(14)
    rest.writeUInt32LE(offset, 10)
    entries.push(Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([20, 0]), fields, rest, name]))
    offset += 30 + name.length + body.length
  }
  const list = Buffer.concat(entries)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(entries.length, 4)
  end.writeUInt16LE(entries.length, 6)
  end.writeUInt32LE(list.length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...parts, list, Buffer.from('PK\x05\x06'), end])
}

/** The files of an archive by their paths; every checksum is looked at. */
export const unzip = (archive) => {
  const end = archive.lastIndexOf(Buffer.from('PK\x05\x06'))
  if (end < 0) throw new Error('the archive has no end')
  const files = {}
  let at = archive.readUInt32LE(end + 16)
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    const [method, checksum, packed, nameLength, extraLength, noteLength, offset] = [
      archive.readUInt16LE(at + 10), archive.readUInt32LE(at + 16), archive.readUInt32LE(at + 20),
      archive.readUInt16LE(at + 28), archive.readUInt16LE(at + 30), archive.readUInt16LE(at + 32), archive.readUInt32LE(at + 42)
    ]
    const path = archive.subarray(at + 46, at + 46 + nameLength).toString()
    const start = offset + 30 + archive.readUInt16LE(offset + 26) + archive.readUInt16LE(offset + 28)
    const body = archive.subarray(start, start + packed)
    files[path] = method === 8 ? inflateRawSync(body) : Buffer.from(body)
    if (crc32(files[path]) !== checksum) throw new Error(`${path}: wrong checksum`)
    at += 46 + nameLength + extraLength + noteLength
  }
  return files
}
