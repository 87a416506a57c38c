/** The entries of a tar archive, one after the other, never more than a chunk of it in memory. */
import type { ArchiveEntry } from './archive-entry.ts';
import { broken, refused } from './archive-error.ts';
import { createTarBytes, type TarBytes } from './tar-bytes.ts';
import { BLOCK_BYTES, decode, type PaxRecords, parseHeader, parsePax, type TarHeader } from './tar-header.ts';

/** A long name has 4,096 bytes at most (PATH_MAX); access lists and the like, which we pass over, some more. */
const MAX_EXTENSION_BYTES = 256 * 1024;
/** A long name, a long name of a link, one of pax, and a global one. */
const MAX_EXTENSIONS_IN_ROW = 8;
/** pax(1), ustar Interchange Format, typeflag; L and K of GNU. 7 is a file on everything but some disks of the 1980s. */
const KINDS: Readonly<Record<string, ArchiveEntry['kind']>> = {
  '0': 'file',
  '7': 'file',
  '1': 'link',
  '2': 'symlink',
  '5': 'directory',
};
const REFUSED: Readonly<Record<string, string>> = {
  '3': 'is a device',
  '4': 'is a device',
  '6': 'is a named pipe',
  S: 'is a sparse file: pack without --sparse',
  M: 'is continued from another volume',
};

interface Extensions {
  readonly pax: PaxRecords;
  readonly longName?: string;
  readonly longLinkName?: string;
}

const NONE: Extensions = { pax: new Map() };

/** Ends at the mark of the end, whatever follows. @throws ArchiveError */
export async function* readTar(source: AsyncIterable<Buffer>): AsyncGenerator<ArchiveEntry> {
  const bytes = createTarBytes(source);
  let [extensions, extensionsInRow] = [NONE, 0];
  for (let count = 0; ; count++) {
    const block = await bytes.read(BLOCK_BYTES);
    if (block === undefined) throw broken(count === 0 ? 'it is empty' : 'it ends without the mark of the end');
    const header = parseHeader(block);
    if (header === undefined) return;
    if ('xgLK'.includes(header.type)) {
      if (++extensionsInRow > MAX_EXTENSIONS_IN_ROW) throw broken('too many headers follow each other');
      extensions = await extended(extensions, header, bytes);
      continue;
    }
    const entry = entryOf(header, extensions);
    [extensions, extensionsInRow] = [NONE, 0];
    const content = bytes.pass(entry.bytes);
    yield { ...entry, content };
    for await (const _ of content) {
      // what its reader left
    }
    await padding(bytes, entry.bytes);
  }
}

async function extended(before: Extensions, header: TarHeader, bytes: TarBytes): Promise<Extensions> {
  if (header.bytes > MAX_EXTENSION_BYTES) throw broken(`a header of ${header.bytes} bytes is too large`);
  const content = (await bytes.read(header.bytes)) ?? Buffer.alloc(0);
  if (content.length < header.bytes) throw broken('it ends within a header');
  await padding(bytes, header.bytes);
  const zero = content.indexOf(0);
  const name = () => decode(zero === -1 ? content : content.subarray(0, zero));
  if (header.type === 'L') return { ...before, longName: name() };
  if (header.type === 'K') return { ...before, longLinkName: name() };
  const pax = parsePax(content);
  if (header.type === 'x') return { ...before, pax };
  // Such as the commit of `git archive`. For all entries, it would give them all one name.
  if (['path', 'linkpath', 'size'].some((key) => pax.has(key))) throw broken('a global header names a path or a size');
  return before;
}

function entryOf(header: TarHeader, { pax, longName, longLinkName }: Extensions): Omit<ArchiveEntry, 'content'> {
  const name = pax.get('path') ?? longName ?? header.name;
  const linkName = pax.get('linkpath') ?? longLinkName ?? header.linkName;
  const refusal = [...pax.keys()].some((key) => key.startsWith('GNU.sparse.')) ? REFUSED.S : REFUSED[header.type];
  if (refusal !== undefined) throw refused(name, refusal);
  const kind = header.type === '0' && name.endsWith('/') ? 'directory' : KINDS[header.type];
  if (kind === undefined) throw refused(name, `is of a type that is not known: ${JSON.stringify(header.type)}`);
  const bytes = kind === 'file' ? sizeOf(pax.get('size'), header.bytes) : 0;
  if (kind !== 'file' && header.bytes > 0) throw refused(name, 'has a content, and should have none');
  return { name, kind, mode: header.mode, bytes, linkName };
}

function sizeOf(text: string | undefined, bytes: number): number {
  if (text === undefined) return bytes;
  if (!/^\d{1,15}$/.test(text)) throw broken(`a pax header has ${JSON.stringify(text.slice(0, 40))} as a size`);
  return Number(text);
}

async function padding(bytes: TarBytes, size: number): Promise<void> {
  const count = (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;
  if (count > 0 && (await bytes.read(count)) === undefined) throw broken('it ends within a block');
}
