/** How an archive is packed, told by its first bytes: its name decides nothing. */
import type { FileHandle } from 'node:fs/promises';

/** By a program of the gateway. */
export type FilterName = 'xz' | 'zstd' | 'bzip2';
export type Compression = 'none' | 'gzip' | FilterName | 'not unpacked';

/** Of a tar archive, or of what is no archive. */
export interface TarPacking {
  readonly compression: Compression;
  /** What it is, for people, where it is not unpacked. */
  readonly name?: string;
}

export type Packing = TarPacking | { readonly compression: 'zip'; readonly name?: undefined };

const hex = (digits: string) => Buffer.from(digits, 'hex');

/** Long enough that no tar begins so, by the name of its first file. */
const BEGINNINGS: readonly (readonly [beginning: Buffer, packing: Packing])[] = [
  [hex('1f8b'), { compression: 'gzip' }], // RFC 1952, section 2.3.1
  [hex('fd377a585a00'), { compression: 'xz' }], // The .xz File Format, section 2.1.1.1
  [hex('28b52ffd'), { compression: 'zstd' }], // RFC 8878, section 3.1.1
  ...[...'123456789'].flatMap((level): [Buffer, Packing][] =>
    // The first block, or the end of an empty file (bzip2, decompress.c: BZ_HDR_BZh0, BZ_X_BLKHDR_1, BZ_X_ENDHDR_2).
    ['314159265359', '177245385090'].map((mark) => [
      Buffer.concat([Buffer.from(`BZh${level}`), hex(mark)]),
      { compression: 'bzip2' },
    ]),
  ),
  // PKWARE APPNOTE 6.3.10, sections 4.3.7, and 4.3.16 for an empty one.
  [hex('504b0304'), { compression: 'zip' }],
  [hex('504b0506'), { compression: 'zip' }],
  [hex('504b0708'), { compression: 'not unpacked', name: 'a part of a zip of several volumes' }], // section 8.5.5
  // Told by their names, so that nobody looks for damage. The list of file(1), "archive" and "compress".
  [hex('377abcaf271c'), { compression: 'not unpacked', name: 'a 7z archive' }],
  [hex('526172211a07'), { compression: 'not unpacked', name: 'a RAR archive' }],
  [hex('4c5a495001'), { compression: 'not unpacked', name: 'compressed by lzip' }],
  [hex('04224d18'), { compression: 'not unpacked', name: 'compressed by lz4' }],
  [hex('5d000080'), { compression: 'not unpacked', name: 'compressed by lzma' }],
  [hex('1f9d'), { compression: 'not unpacked', name: 'compressed by compress' }],
];
const LONGEST = Math.max(...BEGINNINGS.map(([beginning]) => beginning.length));

/** @throws the system's error. */
export async function packingOf(file: FileHandle): Promise<Packing> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(LONGEST), 0, LONGEST, 0);
  const first = buffer.subarray(0, bytesRead);
  const known = BEGINNINGS.find(([beginning]) => first.subarray(0, beginning.length).equals(beginning));
  if (known !== undefined) return known[1];
  return { compression: isSkippableFrame(first) ? 'zstd' : 'none' };
}

/** RFC 8878, section 3.1.2: what pzstd begins with. */
function isSkippableFrame(first: Buffer): boolean {
  return ((first[0] ?? 0) & 0xf0) === 0x50 && first.subarray(1, 4).equals(hex('2a4d18'));
}

/** What a name promises, for an archive that is not there yet. */
export function filterByName(path: string): FilterName | undefined {
  if (/\.(?:xz|txz)$/i.test(path)) return 'xz';
  if (/\.(?:zst|tzst)$/i.test(path)) return 'zstd';
  return /\.(?:bz2|tbz2?)$/i.test(path) ? 'bzip2' : undefined;
}
