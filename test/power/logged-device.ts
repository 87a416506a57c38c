/** An ext4 file system on a device that notes writes and flushes, and fails when told: `logged-device.c` under a loop device. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DeviceEvent } from './power-cut.ts';

/** What the device answers EIO to: nothing, flushes, writes, or everything, as a card that was pulled out. */
export type DeviceFault = 'none' | 'flush' | 'write' | 'dead';

export interface LoggedDevice {
  /** Where the file system is mounted. */
  readonly dir: string;
  /** Bytes of the log so far. */
  logged(): Promise<number>;
  /** What was done up to so many bytes of the log. */
  events(logged: number): Promise<readonly DeviceEvent[]>;
  /** From now on. */
  fail(fault: DeviceFault): Promise<void>;
  /** Unmounts, and ends the device. What is written meanwhile is behind the moment of the cut. */
  close(): Promise<void>;
}

const HEADER_BYTES = 16;
const KIND_WRITE = 1;
const APPEARS_WITHIN_MS = 10_000;

/** @returns why not, where this machine cannot. */
export function buildLoggedDevice(source: string, program: string): string | null {
  if (process.getuid?.() !== 0) return 'not root';
  if (!existsSync('/dev/fuse') || !existsSync('/dev/loop-control')) return 'no /dev/fuse or no loop devices';
  const flags = spawnSync('pkg-config', ['--cflags', '--libs', 'fuse3'], { encoding: 'utf8' });
  if (flags.status !== 0) return 'no libfuse3-dev';
  const gcc = ['-O2', '-D_FILE_OFFSET_BITS=64', '-o', program, source, ...flags.stdout.trim().split(/\s+/)];
  return spawnSync('gcc', gcc).status === 0 ? null : 'gcc is not installed, or could not build the device';
}

/** @throws Error when the image cannot be mounted. */
export async function openLoggedDevice(program: string, top: string, image: string): Promise<LoggedDevice> {
  const [fuse, dir, log, faultFile] = [join(top, 'fuse'), join(top, 'mounted'), join(top, 'log'), join(top, 'fault')];
  await mkdir(fuse, { recursive: true });
  await mkdir(dir, { recursive: true });
  await writeFile(faultFile, 'none');
  const device = spawn(program, [image, log, faultFile, fuse], { stdio: 'ignore' });
  const limit = performance.now() + APPEARS_WITHIN_MS;
  while (!existsSync(join(fuse, 'disk')) && performance.now() < limit) await sleep(5);
  const loop = spawnSync('losetup', ['-f', '--show', join(fuse, 'disk')], { encoding: 'utf8' }).stdout.trim();
  const close = () => closeDevice(device, { dir, loop, fuse });
  if (loop === '' || !run('mount', '-o', 'noatime', loop, dir)) {
    await close();
    throw new Error(`the file system cannot be mounted (${loop === '' ? 'no loop device' : loop})`);
  }
  return {
    dir,
    close,
    fail: (fault) => writeFile(faultFile, fault),
    logged: async () => (await stat(log)).size,
    events: async (logged) => parseLog((await readFile(log)).subarray(0, logged)),
  };
}

async function closeDevice(device: ChildProcess, { dir, loop, fuse }: { dir: string; loop: string; fuse: string }) {
  run('umount', dir);
  run('losetup', '-d', loop);
  const ended = device.exitCode === null ? once(device, 'exit') : null;
  // The kernel lets go of the loop device a little later.
  for (let n = 0; n < 100 && !run('umount', fuse); n += 1) await sleep(20);
  await ended;
}

function parseLog(log: Buffer): readonly DeviceEvent[] {
  const events: DeviceEvent[] = [];
  for (let at = 0; at + HEADER_BYTES <= log.length; ) {
    const length = log.readUInt32LE(at + 8);
    const bytes = log.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length);
    if (bytes.length < length) break; // the entry in which the cut fell
    const isWrite = log.readUInt32LE(at + 12) === KIND_WRITE;
    const position = Number(log.readBigUInt64LE(at));
    events.push(isWrite ? { type: 'write', file: 0, position, bytes } : { type: 'flush', file: 0 });
    at += HEADER_BYTES + length;
  }
  return events;
}

function run(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
