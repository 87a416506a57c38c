/** Reading what should be small, whatever has been put in its place. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/**
 * A link, a pipe that never ends or a file without end is refused, not followed, waited for or read.
 * @throws Error that says what is wrong with it, and the system's.
 */
export async function readSmallFile(path: string, maxBytes: number): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new Error(`${path} is not a file`);
    if (stats.size > maxBytes) throw new Error(`${path} has ${stats.size} bytes, more than ${maxBytes}`);
    // Not more than that, though it may grow meanwhile.
    const { buffer, bytesRead } = await file.read(Buffer.alloc(stats.size), 0, stats.size, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}
