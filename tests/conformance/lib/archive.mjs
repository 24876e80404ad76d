// Opens the zips of bills by their central directory, with zlib's inflate and crc32.
import assert from 'node:assert/strict';
import { crc32, inflateRawSync } from 'node:zlib';

/** The files of an archive: names as GBK says them, flags, and checked contents. */
export function unzip(bytes) {
  const end = bytes.length - 22;
  assert.equal(bytes.readUInt32LE(end), 0x06054b50, 'the archive has no end');
  const files = [];
  let at = bytes.readUInt32LE(end + 16);
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left -= 1) {
    assert.equal(bytes.readUInt32LE(at), 0x02014b50);
    const [packed, size, nameLength] = [bytes.readUInt32LE(at + 20), bytes.readUInt32LE(at + 24), bytes.readUInt16LE(at + 28)];
    const local = bytes.readUInt32LE(at + 42);
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const content = inflateRawSync(bytes.subarray(start, start + packed));
    assert.equal(content.length, size);
    assert.equal(crc32(content), bytes.readUInt32LE(at + 16), 'the checksum is wrong');
    const name = new TextDecoder('gbk', { fatal: true }).decode(bytes.subarray(at + 46, at + 46 + nameLength));
    files.push({ name, flags: bytes.readUInt16LE(at + 8), text: new TextDecoder('gbk', { fatal: true }).decode(content) });
    at += 46 + nameLength;
  }
  return files;
}
