/** The unit that the agent runs in: to stop it from within one of its own jobs would end the job, and perhaps for ever. */
import { readFile } from 'node:fs/promises';

/** @returns such as `iot-job-agent.service`, or nothing outside of one. */
export async function readOwnUnit(cgroupFile = '/proc/self/cgroup'): Promise<string | undefined> {
  try {
    return ownUnitOf(await readFile(cgroupFile, 'utf8'));
  } catch {
    return undefined; // no /proc: no systemd either
  }
}

/** @param cgroup as in cgroups(7): `0::/system.slice/iot-job-agent.service/run-7`. */
export function ownUnitOf(cgroup: string): string | undefined {
  const paths = cgroup.split('\n').map((line) => line.split(':').slice(2).join(':'));
  for (const path of paths) {
    const unit = path.split('/').find((part) => part.endsWith('.service'));
    if (unit !== undefined) return unit;
  }
  return undefined;
}

export function isSameUnit(name: string, unit: string): boolean {
  return (/\.[a-z]+$/.test(name) && name.endsWith('.service') ? name : `${name}.service`) === unit;
}
