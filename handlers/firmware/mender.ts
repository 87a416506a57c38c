/**
 * Mender's command line (docs.mender.io, "Standalone deployment"; `mender-update --help`): `mender-update` since Mender 4,
 * `mender` before. Exit code 2 of commit and rollback: no update in progress; 4 of `install --reboot-exit-code`: a restart is
 * needed. An update module that knows no rollback commits at once.
 */
import { runProgram } from '../../agent/handler-api.ts';
import { readBootedRoot } from './booted-root.ts';
import { FirmwareError } from './firmware-error.ts';
import { explanationOf, type FirmwareTool, percentFrom, type ToolFinder, versionOf } from './tool.ts';

const NO_UPDATE_IN_PROGRESS = 2;
const RESTART_NEEDED = 4;

export function menderFinder(commandLineFile: string): ToolFinder {
  return async (_, signal): Promise<FirmwareTool | undefined> => {
    for (const program of ['mender-update', 'mender']) {
      const version = await versionOf([program, '--version'], signal);
      if (version !== undefined) return createMender(program, version, commandLineFile);
    }
    return undefined;
  };
}

function createMender(program: string, version: string, commandLineFile: string): FirmwareTool {
  const end = async (verb: 'commit' | 'rollback', signal: AbortSignal) => {
    const result = await runProgram([program, verb], { signal });
    signal.throwIfAborted();
    if (result.exitCode === 0 || result.exitCode === NO_UPDATE_IN_PROGRESS) return;
    const code = verb === 'commit' ? 'FIRMWARE_NOT_COMMITTED' : 'FIRMWARE_ROLLBACK_FAILED';
    throw new FirmwareError(code, `${program} ${verb}: ${explanationOf(result)}`);
  };
  return {
    name: 'mender',
    version,
    canFetch: true,
    bootedSlot: () => readBootedRoot(commandLineFile),
    async install(source, { signal, isAgain, onProgress }) {
      if (isAgain) await end('rollback', signal); // it takes no other while one is begun
      const argv = [program, 'install', '--reboot-exit-code', source] as const;
      const result = await runProgram([...argv], { signal, onOutput: percentFrom(onProgress) });
      signal.throwIfAborted();
      if (result.exitCode === 0 || result.exitCode === RESTART_NEEDED) {
        return { needsRestart: result.exitCode === RESTART_NEEDED };
      }
      throw new FirmwareError('FIRMWARE_NOT_INSTALLED', `${program} install: ${explanationOf(result)}`);
    },
    commit: (signal) => end('commit', signal),
    goBack: (_, signal) => end('rollback', signal),
  };
}
