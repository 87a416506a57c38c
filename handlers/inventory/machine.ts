/** What the kernel and files of the system say of this machine. Nothing here asks the network or starts a program. */
import { readFile, statfs } from 'node:fs/promises';
import {
  arch,
  availableParallelism,
  freemem,
  hostname,
  machine,
  networkInterfaces,
  release,
  totalmem,
  uptime,
} from 'node:os';
import { join } from 'node:path';

export interface SystemFacts {
  readonly hostname: string;
  /** Of the board or the computer; empty where nothing says it. */
  readonly model: string;
  readonly serial: string;
  /** As in os-release(5). */
  readonly os: { readonly id: string; readonly version: string; readonly name: string };
  readonly kernel: string;
  /** Of the programs here, as Node.js calls it. */
  readonly arch: string;
  /** Of the kernel, as `uname -m` calls it: 32-bit Raspberry Pi OS has `arm` programs on an `aarch64` kernel. */
  readonly machine: string;
  readonly cpus: number;
  readonly memoryTotalBytes: number;
  readonly memoryFreeBytes: number;
  readonly uptimeSeconds: number;
  /** Another after each start of the kernel (random(4), boot_id). */
  readonly bootId: string;
  readonly nodeVersion: string;
}

/** @param root of the file system; another one for tests. */
export async function readSystem(root = '/'): Promise<SystemFacts> {
  const read = (path: string) => readText(join(root, path));
  const osRelease = fieldsOf((await read('etc/os-release')) || (await read('usr/lib/os-release')));
  return {
    hostname: hostname(),
    // Device trees have a null byte at the end of each text (Devicetree Specification, 2.2.4); others have DMI.
    model: (await read('proc/device-tree/model')) || (await read('sys/class/dmi/id/product_name')),
    serial: (await read('proc/device-tree/serial-number')) || (await read('sys/class/dmi/id/product_serial')),
    os: {
      id: osRelease.get('id') ?? '',
      version: osRelease.get('version_id') ?? '',
      name: osRelease.get('pretty_name') ?? '',
    },
    kernel: release(),
    arch: arch(),
    machine: machine(),
    cpus: availableParallelism(),
    memoryTotalBytes: totalmem(),
    memoryFreeBytes: freemem(),
    uptimeSeconds: Math.round(uptime()),
    bootId: await read('proc/sys/kernel/random/boot_id'),
    nodeVersion: process.versions.node,
  };
}

/** Empty where it is not there or may not be read. */
async function readText(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.replaceAll('\0', '').trim();
}

/** os-release(5): `NAME=value` as a shell would take it, with or without quotes. By names in lower case. */
function fieldsOf(text: string): ReadonlyMap<string, string> {
  const lines = text.split('\n').flatMap((line) => {
    const [, name, quoted, plain] = /^([A-Z_0-9]+)=(?:"((?:[^"\\]|\\.)*)"|'?([^']*)'?)\s*$/.exec(line) ?? [];
    return name === undefined ? [] : [[name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? plain ?? ''] as const];
  });
  return new Map(lines);
}

export interface DiskFacts {
  readonly mountPoint: string;
  readonly device: string;
  readonly type: string;
  readonly isReadOnly: boolean;
  readonly totalBytes: number;
  /** For who is not root. */
  readonly freeBytes: number;
}

/**
 * File systems on block devices, and the root whatever it is on. None of the network: one whose server is gone would not
 * answer. A device that is mounted several times counts once, at its first place.
 */
export async function readDisks(mountsFile = '/proc/self/mounts'): Promise<readonly DiskFacts[]> {
  const disks: DiskFacts[] = [];
  for (const mount of mountsOf(await readFile(mountsFile, 'utf8'))) {
    const isLocal = mount.device.startsWith('/dev/') || mount.mountPoint === '/';
    if (!isLocal || disks.some(({ device }) => device === mount.device)) continue;
    const facts = await statfs(mount.mountPoint).catch(() => undefined); // gone, or not ours to look at
    if (facts === undefined || facts.blocks === 0) continue;
    disks.push({ ...mount, totalBytes: facts.blocks * facts.bsize, freeBytes: facts.bavail * facts.bsize });
  }
  return disks;
}

type Mount = Omit<DiskFacts, 'totalBytes' | 'freeBytes'>;

/** Lines of proc_pid_mounts(5), in which space, tab, line end and `\` are octal. What is mounted last at a place is seen. */
export function mountsOf(text: string): readonly Mount[] {
  const byPlace = new Map<string, Mount>();
  for (const line of text.split('\n').filter((entry) => entry !== '')) {
    const [device = '', mountPoint = '', type = '', options = ''] = line
      .split(' ')
      .map((field) =>
        field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
      );
    byPlace.set(mountPoint, { device, mountPoint, type, isReadOnly: options.split(',').includes('ro') });
  }
  return [...byPlace.values()];
}

export interface NetworkFacts {
  readonly interface: string;
  readonly mac: string;
  /** With the length of the prefix: `10.0.0.2/24`. */
  readonly addresses: readonly string[];
}

/** Interfaces that are up and have an address, without the loopback. */
export function readNetwork(): readonly NetworkFacts[] {
  return Object.entries(networkInterfaces()).flatMap(([name, entries = []]) => {
    const addresses = entries.flatMap(({ internal, cidr }) => (internal || cidr === null ? [] : [cidr]));
    return addresses.length === 0 ? [] : [{ interface: name, mac: entries[0]?.mac ?? '', addresses }];
  });
}
