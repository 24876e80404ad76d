// Archives as nobody honest makes them. Written by hand, because a library writes only what is right.
import { deflateRawSync, gzipSync } from 'node:zlib';

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit += 1) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
  return rest;
});

function crc32(bytes) {
  let rest = 0xffffffff;
  for (const byte of bytes) rest = TABLE[(rest ^ byte) & 0xff] ^ (rest >>> 8);
  return ~rest >>> 0;
}

const fields = (...pairs) =>
  Buffer.concat(
    pairs.map(([size, value]) => {
      const field = Buffer.alloc(size);
      field.writeUIntLE(value, 0, size);
      return field;
    }),
  );

/** What both heads of an entry say, without its name. */
const said = ({ flags, packed, crc, size, name }) => [
  [2, 20], [2, flags], [2, 8], [4, 0], [4, crc], [4, packed.length], [4, size], [2, name.length], [2, 0],
];

/**
 * A zip. `shared` gives every entry of the list the bytes of the first one: a few kilobytes that unpack to as much
 * as the list is long.
 */
export function zip(entries, { flags = 0, shared = false } = {}) {
  const parts = [];
  const heads = [];
  let at = 0;
  let first;
  for (const [called, content, deflated] of entries) {
    const entry =
      shared && first
        ? { ...first, name: Buffer.from(called) }
        : {
            flags,
            name: Buffer.from(called),
            packed: deflated ?? deflateRawSync(content),
            crc: crc32(content),
            size: content.length,
            place: at,
          };
    if (entry.place === at) {
      const local = [fields([4, 0x04034b50], ...said(entry)), entry.name, entry.packed];
      parts.push(...local);
      at += local.reduce((sum, part) => sum + part.length, 0);
    }
    first ??= entry;
    const head = fields(
      [4, 0x02014b50], [2, 20], ...said(entry), [2, 0], [2, 0], [2, 0], [4, 0], [4, entry.place],
    );
    heads.push(head, entry.name);
  }
  const list = Buffer.concat(heads);
  const count = Math.min(entries.length, 0xffff);
  const end = fields([4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, list.length], [4, at], [2, 0]);
  return Buffer.concat([...parts, list, end]);
}

/** So many MiB of nothing, which pack to a thousandth. */
export const nothing = (mib) => Buffer.alloc(mib * 1024 * 1024);

export const gzip = (bytes) => gzipSync(bytes);
