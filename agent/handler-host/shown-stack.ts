/** Where a handler threw, for its author: the end of stderr becomes a status detail, which is short. */

/**
 * @param ownFile path of this program's file. Its frames, and Node's, are left out where the handler has frames of its own.
 */
export function shownStack(error: unknown, ownFile: string): string {
  if (!(error instanceof Error)) return String(error);
  const lines = (error.stack ?? error.message).split('\n');
  const isFrame = (line: string) => /^\s+at /.test(line);
  const isForeign = (line: string) => isFrame(line) && (line.includes(ownFile) || /[( ]node:/.test(line));
  const hasOwn = lines.some((line) => isFrame(line) && !isForeign(line));
  return (hasOwn ? lines.filter((line) => !isForeign(line)) : lines).join('\n');
}
