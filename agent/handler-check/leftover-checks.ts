/** What a handler leaves behind: processes, and files outside its working folder. And what it does where none fit. */
import { spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BenchRun } from './bench.ts';
import type { Check, CheckContext } from './check-context.ts';
import { namesMeant } from './named-paths.ts';
import { newEntries, withScratch } from './scratch-home.ts';
import { fail, isSameEnd, isSuccess, notApplicable, pass, shownEnd } from './verdict.ts';

export const processesLeft: Check = {
  name: 'processes left',
  needsProcess: true,
  async perform({ normal }) {
    const left = normal.processes.flatMap(({ leftBehind }) => leftBehind);
    if (left.length === 0) return pass('when it had ended nothing of it was running');
    return fail(
      `it ended and left ${left.join(', ')}, which the agent ends; a service is the service manager’s to start`,
    );
  },
};

/** Folders that everybody writes to. */
const PUBLIC_FOLDERS = ['/tmp', '/var/tmp', '/dev/shm', '/run/lock'];

/** Best effort: what it leaves elsewhere is not found, and may be what it is for. */
export const filesLeft: Check = {
  name: 'files left',
  needsProcess: true,
  async perform(context) {
    const sinceMs = Date.now();
    return withScratch(context, async (scratch) => {
      const run = await context.bench.run({ change: scratch.change });
      if (!isSameEnd(run, context.normal)) {
        return notApplicable(`with an empty home it does not work: ${shownEnd(run)}`);
      }
      const left = [...(await newEntries(scratch)), ...(await namedEntries(context, sinceMs))];
      if (left.length > 0) return fail(`it left ${left.join(', ')}; what is temporary belongs into JOB_WORK_DIR`);
      return pass(`nothing new in $HOME, $TMPDIR and ${PUBLIC_FOLDERS.join(', ')}`);
    });
  },
};

/** What changed there meanwhile and what the handler's own text names: others use these folders, too. */
async function namedEntries({ path }: CheckContext, sinceMs: number): Promise<readonly string[]> {
  if (path === null) return [];
  const text = await readFile(path, 'utf8').catch(() => '');
  const found: string[] = [];
  for (const folder of PUBLIC_FOLDERS) {
    const isMeant = namesMeant(text, folder);
    for (const name of await readdir(folder).catch(() => [])) {
      const entry = join(folder, name);
      if (!text.includes(entry) && !isMeant(name)) continue;
      const changed = await stat(entry).then(
        ({ ctimeMs }) => ctimeMs,
        () => 0,
      );
      if (changed >= sinceMs) found.push(entry);
    }
  }
  return found;
}

/** tmpfs(5): enough to be one, and then filled to the last byte. */
const TINY_BYTES = 16 * 1024;
const NO_SPACE = /no space left on device|ENOSPC/i;

export const fullDisk: Check = {
  name: 'full disk',
  needsProcess: true,
  async perform({ bench, normal }) {
    const works = join(bench.folders.stateDir, 'work');
    const problem = await mountFull(works);
    if (problem !== undefined) return notApplicable(`no full file system can be made here: ${problem}`);
    const run = await bench.run().finally(() => spawnSync('umount', ['--lazy', works]));
    const what = `its working folder was on a full disk: ${shownEnd(run)}`;
    if (run.end === null) return fail(what);
    if (isSuccess(run) && saidNoSpace(run)) return fail(`${what}, though it printed that there was no space`);
    const next = await bench.run();
    if (!isSameEnd(next, normal)) return fail(`${what}; then, with space, a new job: ${shownEnd(next)}`);
    return pass(`${what}; with space a new job succeeded`);
  },
};

async function mountFull(folder: string): Promise<string | undefined> {
  if (process.geteuid?.() !== 0) return 'mount(8) needs root';
  await mkdir(folder, { recursive: true });
  const options = `size=${TINY_BYTES},mode=0711`;
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'job-agent-check', folder]);
  if (status !== 0) return stderr?.toString().trim() || 'there is no mount(8)';
  await writeFile(join(folder, 'ballast'), Buffer.alloc(TINY_BYTES));
  return undefined;
}

function saidNoSpace({ processes }: BenchRun): boolean {
  return processes.some(
    ({ end }) => end !== undefined && end.kind !== 'not-started' && NO_SPACE.test(end.stdoutTail + end.stderrTail),
  );
}
