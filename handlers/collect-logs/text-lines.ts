import { StringDecoder } from 'node:string_decoder';

/** Longer ones end with `…`: a line is held in memory. In UTF-16 code units. */
export const MAX_LINE_LENGTH = 16_384;

/** Lines of a stream, without their ends. Holds one at a time, however long it is. */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let isTooLong = false;
  for await (const chunk of chunks) {
    const pieces = decoder.write(chunk).split('\n');
    for (const [index, piece] of pieces.entries()) {
      rest += piece.slice(0, MAX_LINE_LENGTH - rest.length);
      isTooLong ||= rest.length === MAX_LINE_LENGTH;
      if (index === pieces.length - 1) break;
      yield ended(rest, isTooLong);
      rest = '';
      isTooLong = false;
    }
  }
  if (rest !== '') yield ended(rest, isTooLong);
}

function ended(line: string, isTooLong: boolean): string {
  return isTooLong ? `${line}…` : line.replace(/\r$/, '');
}
