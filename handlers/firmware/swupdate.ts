/**
 * SWUpdate (sbabic.github.io/swupdate, swupdate(1), swupdate-client(1)). Which of two systems an image goes to is said by
 * `--select`, keys and the like by /etc/swupdate.cfg. After an installation it sets `ustate` in the bootloader's environment
 * to 1 (installed); 0 is "ok" and 3 "failed" (include/state.h). What the bootloader makes of them is up to who built the gateway.
 */
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type RunProgramOptions, runProgram } from '../../agent/handler-api.ts';
import { readBootedRoot } from './booted-root.ts';
import { FirmwareError, type FirmwareErrorCode } from './firmware-error.ts';
import { call, explanationOf, type FirmwareTool, percentFrom, type ToolFinder, versionOf } from './tool.ts';

/** Where a running SWUpdate listens: systemd's socket, or its own in the folder for temporary files (swupdate-ipc(1)). */
const sockets = () => ['/run/swupdate/sockinstctrl', join(tmpdir(), 'sockinstctrl')];
const STATE_OK = '0';
const STATE_FAILED = '3';

export function swupdateFinder(commandLineFile: string): ToolFinder {
  return async ({ select, commit, rollback }, signal): Promise<FirmwareTool | undefined> => {
    const version = await versionOf(['swupdate', '--version'], signal);
    if (version === undefined) return undefined;
    const selection = select === undefined ? [] : ['-e', select];
    return {
      name: 'swupdate',
      version,
      canFetch: false,
      async problem(within) {
        if (commit !== undefined && rollback !== undefined) return undefined;
        const result = await runProgram(['fw_printenv'], { signal: within });
        if (result.exitCode === 0) return undefined;
        return `without fw_setenv for the bootloader, commit and rollback have to be given (${explanationOf(result)})`;
      },
      bootedSlot: () => readBootedRoot(commandLineFile),
      async install(source, { signal: within, onProgress }) {
        // Two at once would write the same slot: one that runs already is handed the file.
        const isServed = await someListens(sockets());
        const argv = isServed
          ? (['swupdate-client', '-v', ...selection, source] as const)
          : (['swupdate', '-l', INFO, ...selection, '-i', source] as const);
        await installBy(argv, { signal: within, onOutput: percentFrom(onProgress) });
        return { needsRestart: true };
      },
      async commit(within) {
        await setState(commit, STATE_OK, { signal: within, code: 'FIRMWARE_NOT_COMMITTED' });
      },
      async goBack(_, within) {
        await setState(rollback, STATE_FAILED, { signal: within, code: 'FIRMWARE_ROLLBACK_FAILED' });
      },
      async describe(source, within) {
        await call(['swupdate', '-c', ...selection, '-i', source], { signal: within, code: 'FIRMWARE_NOT_INSTALLED' });
        return 'whose description and signature are right';
      },
    };
  };
}

/**
 * The installer's own word counts. SWUpdate 2022.12 of Debian 12 ends with 1 now and then when all went well (8 of 25 times), as
 * one of its own processes ends first, and closes with "SWUpdate was successful" now and then when nothing did (3 of 25).
 */
async function installBy(argv: readonly [string, ...string[]], options: RunProgramOptions): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const result = await runProgram(argv, options);
    options.signal.throwIfAborted();
    const said = `${result.stdout}\n${result.stderr}`;
    if (SUCCEEDED.test(said) || (result.exitCode === 0 && !FAILED.test(said))) return;
    const hasBegun = argv[0] !== 'swupdate-client' || STARTED.test(said) || FAILED.test(said);
    if (hasBegun) throw new FirmwareError('FIRMWARE_NOT_INSTALLED', `${argv[0]}: ${explanationOf(result)}`);
    if (tries === MAX_TRIES) throw new FirmwareError('FIRMWARE_NOT_INSTALLED', `swupdate is busy: ${NOT_BEGUN}`);
    await setTimeout(BUSY_WAIT_MS, undefined, { signal: options.signal });
  }
}

/** One that starts, or installs something else, refuses a client, which then says "SWUpdate was successful !" and ends with 1. */
const MAX_TRIES = 30;
const BUSY_WAIT_MS = 1_000;
const NOT_BEGUN = 'it refused the image 30 times within half a minute without a word about it';

const SUCCEEDED = /SWUPDATE successful !/;
const FAILED = /SWUPDATE failed/;
const STARTED = /Software Update started/;
/** Of --loglevel: the end is told from here on. */
const INFO = '3';

async function setState(
  own: readonly string[] | undefined,
  state: string,
  options: { readonly signal: AbortSignal; readonly code: FirmwareErrorCode },
): Promise<void> {
  const [program, ...args] = own ?? ['fw_setenv', 'ustate', state];
  if (program !== undefined) await call([program, ...args], options);
}

/** A socket that nobody listens on may be left of one that was killed. */
async function someListens(paths: readonly string[]): Promise<boolean> {
  const answers = paths.map(
    (path) =>
      new Promise<boolean>((resolve) => {
        const socket = connect(path);
        socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
        socket.once('connect', () => socket.destroy());
      }),
  );
  return (await Promise.all(answers)).includes(true);
}
