/** What the programs of the sandbox told of how they were called. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

export interface ProgramCall {
  readonly name: string;
  readonly args: readonly string[];
}

export interface CallsReader {
  /** Since the last time. */
  read(): readonly ProgramCall[];
  close(): void;
}

export function openCalls(path: string): CallsReader {
  const file = openSync(path, 'r');
  let position = 0;
  return {
    read() {
      const bytes = Buffer.alloc(fstatSync(file).size - position);
      for (let done = 0; done < bytes.length; )
        done += readSync(file, bytes, done, bytes.length - done, position + done);
      position += bytes.length;
      return parseCalls(bytes.toString('utf8'));
    },
    close: () => closeSync(file),
  };
}

function parseCalls(text: string): readonly ProgramCall[] {
  const words = text.split('\0');
  const calls: ProgramCall[] = [];
  for (let at = 0; at + 1 < words.length; ) {
    const count = Number(words[at]);
    calls.push({ name: words[at + 1] ?? '', args: words.slice(at + 2, at + 2 + count) });
    at += 2 + count;
  }
  return calls;
}
