/** What installs firmware: one of the tools that gateways have for it. */
import { lastLines, NOT_FOUND, type ProgramResult, runProgram } from '../../agent/handler-api.ts';
import { FirmwareError, type FirmwareErrorCode } from './firmware-error.ts';
import type { FirmwareParameters } from './parameters.ts';

export type ToolName = 'rauc' | 'swupdate' | 'mender';

export interface FirmwareTool {
  readonly name: ToolName;
  readonly version: string;
  readonly canFetch: boolean;
  /** What would make the way back impossible, asked before anything is written. */
  problem?(signal: AbortSignal): Promise<string | undefined>;
  /** Which system runs. @throws FirmwareError while the tool cannot say. */
  bootedSlot(signal: AbortSignal): Promise<string>;
  /**
   * Rewrites the other slot from its beginning, so it may be done again after a power cut.
   * @throws FirmwareError, ToolBusy
   */
  install(source: string, options: InstallOptions): Promise<Installed>;
  /** The system that runs is to stay. @throws FirmwareError */
  commit(signal: AbortSignal): Promise<void>;
  /** The next start is to take the one that ran before, `slot`. @throws FirmwareError */
  goBack(slot: string, signal: AbortSignal): Promise<void>;
  /** What can be told of the file without installing it. @throws FirmwareError when it is refused. */
  describe?(source: string, signal: AbortSignal): Promise<string>;
}

export interface InstallOptions {
  readonly signal: AbortSignal;
  /** Something of an installation that was cut off may be left. */
  readonly isAgain: boolean;
  readonly onProgress: (percent: number) => void;
}

export interface Installed {
  readonly needsRestart: boolean;
  /** The slot that the next start takes, where the tool can say. */
  readonly slot?: string | undefined;
}

export interface CallOptions {
  readonly signal: AbortSignal;
  readonly code?: FirmwareErrorCode;
  readonly onOutput?: (text: string) => void;
}

/** @returns what it printed. @throws FirmwareError when it fails; the signal's reason when it was stopped. */
export async function call(argv: readonly [string, ...string[]], options: CallOptions): Promise<ProgramResult> {
  const { code = 'FIRMWARE_TOOL_FAILED', ...running } = options;
  const result = await runProgram(argv, running);
  running.signal.throwIfAborted();
  if (result.exitCode === 0) return result;
  throw new FirmwareError(code, `${argv[0]} ${argv[1] ?? ''}: ${explanationOf(result)}`);
}

/** The last that it said, without what comes after the `?` of a URL: it may be the signature. */
export function explanationOf({ exitCode, stdout, stderr }: ProgramResult): string {
  const said = [stderr, stdout].map((text) => lastLines(text, 3)).find((text) => text !== '');
  return withoutQueries(said ?? `exit code ${exitCode}`);
}

export function withoutQueries(text: string): string {
  return text.replaceAll(/(\bhttps?:\/\/[^\s?]+)\?[^\s\]"'\\]*/gi, '$1?…');
}

/** @returns what `--version` and its like print at last, or nothing when there is no such program. */
export async function versionOf(
  argv: readonly [string, ...string[]],
  signal: AbortSignal,
): Promise<string | undefined> {
  const result = await runProgram(argv, { signal });
  if (result.exitCode === NOT_FOUND) return undefined;
  return lastLines(result.stdout, 1) || lastLines(result.stderr, 1) || 'of an unknown version';
}

const PERCENT = /(\d{1,3})\s?%/g;

/** Tells the last percentage of each piece of output: all tools print one, each in its own form. */
export function percentFrom(onProgress: (percent: number) => void): (text: string) => void {
  return (text) => {
    const percent = Number([...text.matchAll(PERCENT)].at(-1)?.[1] ?? Number.NaN);
    if (percent <= 100) onProgress(percent);
  };
}

/** @returns nothing when it is not there. */
export type ToolFinder = (parameters: FirmwareParameters, signal: AbortSignal) => Promise<FirmwareTool | undefined>;

export type ToolFinders = Readonly<Record<ToolName, ToolFinder>>;

/** @throws FirmwareError when there is none. */
export async function findTool(
  finders: ToolFinders,
  parameters: FirmwareParameters,
  signal: AbortSignal,
): Promise<FirmwareTool> {
  const names = parameters.tool === undefined ? (Object.keys(finders) as ToolName[]) : [parameters.tool];
  for (const name of names) {
    const tool = await finders[name](parameters, signal);
    signal.throwIfAborted();
    if (tool !== undefined) return tool;
  }
  throw new FirmwareError('FIRMWARE_TOOL_MISSING', `there is none of ${names.join(', ')}`);
}
