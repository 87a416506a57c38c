/** A test that was skipped looks much like one that passed: what is not here is said aloud. */
import { spawnSync } from 'node:child_process';
import { hasDockerDaemon } from '../fixtures/scratch-docker.ts';

const PROGRAMS = ['podman', 'podman-compose', 'docker', 'docker-compose', 'rauc', 'swupdate', 'mender'];

export function setup(): void {
  if (process.getuid?.() !== 0) warn('not root: nothing of containers and firmware is checked');
  const missing = PROGRAMS.filter((name) => spawnSync('which', [name]).status !== 0);
  if (missing.length > 0) warn(`not installed, and what needs them is not checked: ${missing.join(', ')}`);
  if (!hasDockerDaemon) warn('no docker daemon is checked: see test/programs/unpack-docker.sh');
}

function warn(text: string): void {
  process.stderr.write(`\nWARNING: ${text}\n`);
}
