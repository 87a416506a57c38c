/** An entry in the directory of a zip archive, and the header that it has where it lies (APPNOTE 6.3.10, sections 4.3.7 and 4.3.12). */
import { crc32 } from 'node:zlib';
import type { ArchiveEntry } from './archive-entry.ts';
import { broken, refused } from './archive-error.ts';
import { decode } from './tar-header.ts';
import { numberAt } from './zip-directory.ts';

export const DIRECTORY_HEADER = { signature: 0x02014b50, bytes: 46 };
export const LOCAL_HEADER = { signature: 0x04034b50, bytes: 30 };

export interface ZipEntry {
  readonly name: string;
  readonly rawName: Buffer;
  readonly kind: ArchiveEntry['kind'];
  readonly mode: number;
  readonly isDeflated: boolean;
  readonly flags: number;
  readonly crc: number;
  readonly packedBytes: number;
  readonly bytes: number;
  /** Of the local header. */
  readonly offset: number;
}

const FLAGS = { encrypted: 0x1, patched: 0x20, stronglyEncrypted: 0x40, utf8: 0x800, masked: 0x2000 };
const [STORED, DEFLATED] = [0, 8];
const METHODS: Readonly<Record<number, string>> = {
  9: 'Deflate64',
  12: 'bzip2',
  14: 'LZMA',
  93: 'zstd',
  95: 'xz',
  99: 'AES',
};
/** "version made by", upper byte: whose external attributes it has. */
const UNIX: ReadonlySet<number> = new Set([3, 19]); // 19 is macOS
/** inode(7), "The file type and mode". */
const TYPE_BITS = 0o170000;
const KINDS: ReadonlyMap<number, ArchiveEntry['kind']> = new Map([
  [0, 'file'], // not told
  [0o100000, 'file'],
  [0o040000, 'directory'],
  [0o120000, 'symlink'],
]);
const DOS_DIRECTORY = 0x10;
const [FILE_MODE, FOLDER_MODE] = [0o644, 0o755];
const EXTRA = { zip64: 0x0001, unicodePath: 0x7075 };
const ELSEWHERE = 0xffffffff;

/** How many bytes of name, extra fields and comment follow. */
export function restBytes(header: Buffer): number {
  return header.readUInt16LE(28) + header.readUInt16LE(30) + header.readUInt16LE(32);
}

/** @throws ArchiveError */
export function parseDirectoryEntry(header: Buffer, rest: Buffer): ZipEntry {
  const [nameBytes, extraBytes] = [header.readUInt16LE(28), header.readUInt16LE(30)];
  const rawName = rest.subarray(0, nameBytes);
  const extras = extrasOf(rest.subarray(nameBytes, nameBytes + extraBytes));
  const flags = header.readUInt16LE(8);
  const system = header.readUInt8(5);
  const name = nameOf(rawName, { isUtf8: (flags & FLAGS.utf8) !== 0, system, extras });
  if ((flags & (FLAGS.encrypted | FLAGS.stronglyEncrypted | FLAGS.masked)) !== 0) throw refused(name, 'is encrypted');
  if ((flags & FLAGS.patched) !== 0) throw refused(name, 'is a patch, and not a file');
  const method = header.readUInt16LE(10);
  if (method !== STORED && method !== DEFLATED) {
    throw refused(name, `is compressed by ${METHODS[method] ?? `method ${method}`}: only Deflate is unpacked`);
  }
  const numbers = numbersOf(header, extras.get(EXTRA.zip64));
  if (method === STORED && numbers.bytes !== numbers.packedBytes) throw broken(`${name} has two sizes`);
  const kind = kindOf(name, system, header.readUInt32LE(38));
  if (kind.kind === 'directory' && numbers.bytes > 0) throw refused(name, 'has a content, and should have none');
  if (name.includes('\\')) throw refused(name, 'has a backslash in its path: pack with /');
  return { name, rawName, ...kind, isDeflated: method === DEFLATED, flags, crc: header.readUInt32LE(16), ...numbers };
}

/**
 * The header before the content has to say the same: a program that reads from the beginning believes this one.
 * @returns how many bytes it has. @throws ArchiveError
 */
export function checkLocalHeader(header: Buffer, rest: Buffer, entry: ZipEntry): number {
  const nameBytes = header.readUInt16LE(26);
  const isSame =
    header.readUInt16LE(8) === (entry.isDeflated ? DEFLATED : STORED) &&
    ((header.readUInt16LE(6) ^ entry.flags) & (FLAGS.utf8 | FLAGS.encrypted)) === 0 &&
    rest.subarray(0, nameBytes).equals(entry.rawName);
  // 0 where the sizes come behind the content (bit 3), and all ones where they are in an extra field.
  const agrees = (field: number, value: number) => [0, ELSEWHERE, value].includes(header.readUInt32LE(field));
  if (!isSame || !agrees(14, entry.crc) || !agrees(18, entry.packedBytes) || !agrees(22, entry.bytes)) {
    throw refused(entry.name, 'is another one where it lies than in the directory');
  }
  return LOCAL_HEADER.bytes + rest.length;
}

export function localRestBytes(header: Buffer): number {
  return header.readUInt16LE(26) + header.readUInt16LE(28);
}

type Extras = ReadonlyMap<number, Buffer>;

/** Of several with one id the first, as other programs do. What does not fit is no field. */
function extrasOf(bytes: Buffer): Extras {
  const extras = new Map<number, Buffer>();
  for (let at = 0; at + 4 <= bytes.length; ) {
    const [id, length] = [bytes.readUInt16LE(at), bytes.readUInt16LE(at + 2)];
    const content = bytes.subarray(at + 4, at + 4 + length);
    if (content.length === length && !extras.has(id)) extras.set(id, content);
    at += 4 + length;
  }
  return extras;
}

/** Section 4.5.3: those that are all ones, in this order. */
function numbersOf(header: Buffer, extra: Buffer = Buffer.alloc(0)) {
  let at = 0;
  const number = (field: number) => {
    const value = header.readUInt32LE(field);
    if (value !== ELSEWHERE) return value;
    if (at + 8 > extra.length) throw broken('a size or place is in no extra field');
    at += 8;
    return numberAt(extra, at - 8);
  };
  const bytes = number(24);
  const packedBytes = number(20);
  return { bytes, packedBytes, offset: number(42) };
}

/** Appendix D, and section 4.6.9 for Info-ZIP's field. On Unix names are UTF-8, whether it says so or not. */
function nameOf(
  raw: Buffer,
  { isUtf8, system, extras }: { readonly isUtf8: boolean; readonly system: number; readonly extras: Extras },
): string {
  if (isUtf8) return decode(raw);
  const unicode = extras.get(EXTRA.unicodePath);
  if (unicode !== undefined && unicode.length >= 5 && unicode[0] === 1 && unicode.readUInt32LE(1) === crc32(raw)) {
    return decode(unicode.subarray(5));
  }
  return UNIX.has(system) ? decode(raw) : fromCp437(raw);
}

function kindOf(name: string, system: number, attributes: number): Pick<ZipEntry, 'kind' | 'mode'> {
  const mode = UNIX.has(system) ? attributes >>> 16 : 0;
  const told = KINDS.get(mode & TYPE_BITS);
  if (told === undefined) throw refused(name, 'is a device, a named pipe or a socket');
  const isFolder = name.endsWith('/') || (mode === 0 && (attributes & DOS_DIRECTORY) !== 0);
  if (isFolder && told === 'symlink') throw refused(name, 'is a link with the name of a folder');
  const kind = isFolder ? 'directory' : told;
  const permissions = mode & 0o777;
  return { kind, mode: permissions === 0 ? (kind === 'directory' ? FOLDER_MODE : FILE_MODE) : permissions };
}

/** 0x80 to 0xff (unicode.org, VENDORS/MICSFT/PC/CP437.TXT). */
const CP437 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';

function fromCp437(raw: Buffer): string {
  return Array.from(raw, (byte) => (byte < 0x80 ? String.fromCharCode(byte) : CP437[byte - 0x80])).join('');
}
