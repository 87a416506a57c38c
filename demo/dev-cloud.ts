/** Where `npm run dev` keeps its cloud, and how `npm run job` finds it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CloudReady } from './cloud-ready.ts';

export const DEV_THING = 'gateway-1';
export const DATA_DIR = '.job-cloud';
export const READY_FILE = join(DATA_DIR, 'ready.json');

/** @returns what a running `npm run dev` wrote down; null when none is up. */
export async function findDevCloud(): Promise<CloudReady | null> {
  try {
    const ready = JSON.parse(await readFile(READY_FILE, 'utf8')) as CloudReady;
    const { headers } = await fetch(`http://127.0.0.1:${ready.httpPort}/`);
    // After a crash somebody else may have the port.
    return headers.has('x-amzn-requestid') ? ready : null;
  } catch {
    return null;
  }
}
