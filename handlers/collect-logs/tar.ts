/** Writes archives that every tar reads: POSIX ustar (pax(1), "ustar Interchange Format"). */

export interface TarEntry {
  /** With `/` between folders; not absolute. */
  readonly name: string;
  readonly bytes: number;
  readonly modified: Date;
  readonly content: AsyncIterable<Uint8Array>;
}

const BLOCK = 512;
const MAX_NAME = 100;
const MAX_PREFIX = 155;

/** @throws Error when an entry has another length than it says. */
export async function* tarOf(entries: AsyncIterable<TarEntry>): AsyncGenerator<Uint8Array> {
  for await (const entry of entries) {
    yield headerOf(entry);
    let bytes = 0;
    for await (const piece of entry.content) {
      bytes += piece.length;
      yield piece;
    }
    if (bytes !== entry.bytes) throw new Error(`${entry.name} has ${bytes} bytes, not ${entry.bytes}`);
    yield Buffer.alloc((BLOCK - (bytes % BLOCK)) % BLOCK);
  }
  yield Buffer.alloc(2 * BLOCK); // the end
}

/** Does the name fit into a header? */
export function fitsTar(name: string): boolean {
  return splitName(name) !== undefined;
}

function headerOf({ name, bytes, modified }: TarEntry): Buffer {
  const split = splitName(name);
  if (split === undefined) throw new Error(`${name} is too long for a tar header`);
  const header = Buffer.alloc(BLOCK);
  header.write(split.name, 0);
  header.write(octal(0o644, 8), 100); // mode
  header.write(octal(0, 8), 108); // owner
  header.write(octal(0, 8), 116); // group
  header.write(octal(bytes, 12), 124);
  header.write(octal(Math.max(0, Math.floor(modified.getTime() / 1000)), 12), 136);
  header.write(' '.repeat(8), 148); // the checksum counts as spaces in itself
  header.write('0', 156); // a plain file
  header.write('ustar\0' + '00', 257);
  header.write(split.prefix, 345);
  const checksum = header.reduce((sum, byte) => sum + byte, 0);
  header.write(`${checksum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, '0')}\0`;
}

/** At a `/`, so that both parts fit, in bytes. */
function splitName(full: string): { readonly name: string; readonly prefix: string } | undefined {
  if (Buffer.byteLength(full) <= MAX_NAME) return { name: full, prefix: '' };
  for (let at = full.indexOf('/'); at !== -1; at = full.indexOf('/', at + 1)) {
    const [prefix, name] = [full.slice(0, at), full.slice(at + 1)];
    if (Buffer.byteLength(prefix) <= MAX_PREFIX && Buffer.byteLength(name) <= MAX_NAME) return { name, prefix };
  }
  return undefined;
}
