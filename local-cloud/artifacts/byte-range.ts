/** Range requests (RFC 9110, part 14), one range at a time as S3 gives it. */

export interface ByteRange {
  readonly start: number;
  /** The last byte, not the one after it. */
  readonly end: number;
}

/**
 * Undefined where the whole file is to be sent: no header, one that is not understood, or more than one range
 * ("Amazon S3 doesn't support retrieving multiple ranges of data per GET request"). `unsatisfiable` where no byte fits.
 */
export function parseByteRange(header: string | undefined, size: number): ByteRange | 'unsatisfiable' | undefined {
  const [, first, last] = /^bytes=\s*(\d*)-(\d*)\s*$/i.exec(header ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size - 1 };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return undefined;
  if (start >= size) return 'unsatisfiable';
  return { start, end: last === '' ? size - 1 : Math.min(Number(last), size - 1) };
}
