/** Names of entries as paths that cannot leave the folder they are unpacked into. */
import { refused } from './archive-error.ts';

/** NAME_MAX of limits.h, in bytes. */
const MAX_NAME_BYTES = 255;
const MAX_DEPTH = 128;

/**
 * @returns the names on the way, none of them `..`; empty for the folder itself. Nothing where it is among those that
 * are stripped. @throws ArchiveError
 */
export function entryPath(name: string, stripComponents: number): readonly string[] | undefined {
  if (name === '') throw refused(name, 'has no name');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(name)) throw refused(name, 'has a control character in its name');
  if (name.startsWith('/')) throw refused(name, 'has an absolute path');
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw refused(name, 'has .. in its path');
  if (parts.length > MAX_DEPTH) throw refused(name, `lies more than ${MAX_DEPTH} folders deep`);
  if (parts.some((part) => Buffer.byteLength(part) > MAX_NAME_BYTES)) throw refused(name, 'has too long a name');
  if (parts.length === 0) return stripComponents === 0 ? parts : undefined;
  return parts.length > stripComponents ? parts.slice(stripComponents) : undefined;
}

/**
 * Where a symbolic link may lead: by `..` at its beginning only, and not out of the folder. Every link of an archive is
 * like this, so that one over another stays within as well. (`a -> .`, `b -> a/../x` would not.)
 * @throws ArchiveError
 */
export function checkSymlink(name: string, path: readonly string[], target: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (target === '' || /[\u0000-\u001f\u007f]/.test(target)) throw refused(name, 'is a link to no proper path');
  if (target.startsWith('/')) throw refused(name, 'is a link to an absolute path');
  const parts = target.split('/').filter((part) => part !== '' && part !== '.');
  const ups = parts.findIndex((part) => part !== '..');
  const leading = ups === -1 ? parts.length : ups;
  if (leading > path.length - 1) throw refused(name, `is a link that leads out of the folder, to ${target}`);
  if (parts.slice(leading).includes('..')) throw refused(name, `is a link that goes down and up again, to ${target}`);
}
