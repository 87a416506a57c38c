/** An installation from the first byte to the running service, and back where it fails. */
import { access, constants, lstat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import {
  failed,
  fileProblem,
  type HandlerContext,
  type HandlerResult,
  type JsonValue,
  replaceFile,
  succeeded,
  writerOf,
} from '../../agent/handler-api.ts';
import { describeState, systemctl } from '../services/unit-state.ts';
import {
  ApplicationError,
  type ApplicationRecord,
  readRecord,
  recordPath,
  toFailure,
  unitNameOf,
} from './application.ts';
import { isUp, requireSystemd, startApplication, unitState } from './application-unit.ts';
import { fetchFiles, forgetFetched, madeFolders, noteFolders } from './fetch-files.ts';
import { forgetOld, putBack, putInPlace, type Swap, swapOf } from './file-swap.ts';
import { makeFolder, removeMadeFolders } from './made-folders.ts';
import type { InstallApplicationParameters } from './parameters.ts';
import { findProgram, ownUser, renderUnit, SEARCH_PATH, UNIT_FOLDER } from './unit-file.ts';

/** The checkpoint from here on: files, unit and record change. Until then only what lies beside them has. */
interface Placing {
  /** `placed`: it has proved itself. `over`: it was put back, and is tried anew where the step is run again. */
  readonly phase: 'placing' | 'placed' | 'putting-back' | 'over';
  readonly swaps: readonly Swap[];
  /** Folders that were made for them. Earlier versions did not note them. */
  readonly made?: readonly string[];
  /** Of an application with a command. */
  readonly unit: UnitBefore | null;
  /** With `placed`: how the unit runs. */
  readonly running?: string;
  /** With `putting-back`: why. */
  readonly failure?: { readonly code: string; readonly sdkCode: string; readonly message: string };
}

interface UnitBefore {
  readonly name: string;
  readonly wasThere: boolean;
  readonly wasUp: boolean;
  readonly wasEnabled: boolean;
}

export interface Places {
  readonly unitFolder: string;
  /** PATH, in which programs are looked for. */
  readonly searchPath: string;
}

const PLACES: Places = { unitFolder: UNIT_FOLDER, searchPath: SEARCH_PATH };

/** @param places other than the usual ones for tests. */
export async function installApplication(
  context: HandlerContext,
  parameters: InstallApplicationParameters,
  places = PLACES,
): Promise<HandlerResult> {
  const restored = context.restored as Placing | undefined;
  try {
    if (restored?.phase === 'putting-back') return await goBack(context, parameters, restored);
    if (restored?.phase === 'placing') return await place(context, parameters, restored);
    if (restored?.phase === 'placed') return await finish(context, parameters, restored);
    const prepared = await prepareOrForget(context, parameters, places);
    return 'phase' in prepared ? await place(context, parameters, prepared) : prepared;
  } catch (error) {
    return await failureResult(error, context.signal);
  }
}

/** What failed for good leaves nothing beside the places of its files; what is stopped or tried later goes on with it. */
async function prepareOrForget(
  context: HandlerContext,
  parameters: InstallApplicationParameters,
  places: Places,
): Promise<Placing | HandlerResult> {
  let ended: Placing | HandlerResult;
  let made = madeFolders(context.restored) ?? [];
  try {
    made = await noteFolders(context, folderOf(context, parameters), parameters.files);
    ended = await prepare(context, parameters, { places, made });
  } catch (error) {
    ended = await failureResult(error, context.signal);
  }
  const isOver = 'kind' in ended && ended.kind === 'failed' && !context.signal.aborted;
  if (isOver) {
    await forget(context, parameters, { places, made }).catch((error: Error) =>
      context.log.warn({ reason: error.message }, 'not everything that was downloaded could be removed'),
    );
  }
  return ended;
}

/** After it was stopped for good. What comes of it is logged. */
export async function undoInstallation(
  context: HandlerContext,
  parameters: InstallApplicationParameters,
  places = PLACES,
): Promise<HandlerResult> {
  const restored = context.restored as Placing | undefined;
  if (restored?.phase === 'placing' || restored?.phase === 'putting-back') {
    return (await putEverythingBack(context, parameters, restored)) ?? succeeded();
  }
  if (restored?.phase === 'placed') return finish(context, parameters, restored);
  await forget(context, parameters, { places, made: madeFolders(context.restored) ?? [] });
  return succeeded();
}

interface Preparing {
  readonly places: Places;
  /** Folders on the way to the files that were not there. */
  readonly made: readonly string[];
}

async function forget(
  context: HandlerContext,
  parameters: InstallApplicationParameters,
  { places, made }: Preparing,
): Promise<void> {
  const { name, files } = parameters;
  const workingDirectory = folderOf(context, parameters);
  const own = [recordPath(context.facts, name), join(places.unitFolder, unitNameOf(name))];
  await forgetFetched(context, [...files.map(({ path }) => resolve(workingDirectory, path)), ...own]);
  await removeMadeFolders(made);
}

function folderOf({ facts }: HandlerContext, { workingDirectory = '.' }: InstallApplicationParameters): string {
  return resolve(facts.applicationsDir, workingDirectory);
}

/** Everything that changes nothing that is in use. @returns how it ended instead, if it did. */
async function prepare(
  context: HandlerContext,
  parameters: InstallApplicationParameters,
  { places, made }: Preparing,
): Promise<Placing | HandlerResult> {
  const { facts, signal } = context;
  const record = recordOf(context, parameters, await readRecord(facts, parameters.name));
  const { command, workingDirectory } = record;
  if (command === null && (parameters.start || parameters.startAtBoot)) throw withoutCommand(record.name);
  const unitFile = join(places.unitFolder, unitNameOf(record.name));
  const unit = command === null ? null : await unitBefore(unitFile, unitNameOf(record.name), signal);
  const unitText = command === null ? '' : renderUnit(record, await argvOf(record, places));
  const fetched = await fetchFiles({ context, workingDirectory, files: parameters.files, made });
  if (fetched.kind === 'ended') return withSdkCode(fetched.result);
  const swaps = [
    ...fetched.swaps,
    await stage(context, recordPath(facts, record.name), `${JSON.stringify(record, null, 2)}\n`),
    ...(unit === null ? [] : [await stage(context, unitFile, unitText)]),
  ];
  const placing = { phase: 'placing', swaps, made, unit } as const;
  await save(context, placing);
  return placing;
}

function recordOf(
  { facts, execution }: HandlerContext,
  { name, workingDirectory = '.', files, command, user }: InstallApplicationParameters,
  old: ApplicationRecord | undefined,
): ApplicationRecord {
  const folder = resolve(facts.applicationsDir, workingDirectory);
  const added = files.map(({ path, version }) => ({
    path: resolve(folder, path),
    ...(version !== undefined && { version }),
  }));
  const kept = (old?.files ?? []).filter(({ path }) => !added.some((file) => file.path === path));
  return {
    name,
    workingDirectory: folder,
    command: command ?? old?.command ?? null,
    user: user ?? old?.user ?? ownUser(),
    files: [...kept, ...added],
    installedBy: { jobId: execution.jobId, executionNumber: execution.executionNumber },
  };
}

/** @throws SystemdError, ApplicationError where the agent may write no units. */
async function unitBefore(unitFile: string, name: string, signal: AbortSignal): Promise<UnitBefore> {
  await requireSystemd(signal);
  await access(dirname(unitFile), constants.W_OK);
  const state = await unitState(name, signal);
  const wasEnabled = state.unitFileState.startsWith('enabled');
  return { name, wasThere: await isThere(unitFile), wasUp: isUp(state), wasEnabled };
}

/** With the program as an absolute path. */
async function argvOf(
  { command, workingDirectory }: ApplicationRecord,
  { searchPath }: Places,
): Promise<readonly string[]> {
  const [program = '', ...args] = command ?? [];
  const path = await findProgram(program, { workingDirectory, searchPath });
  if (path !== undefined) return [path, ...args];
  const message = `no program called ${program} in ${searchPath}`;
  throw new ApplicationError('APPLICATION_NOT_STARTED', 'ERR_UNABLE_TO_START_PACKAGE', message);
}

/** A file of ours beside its place, whole. */
async function stage(context: HandlerContext, target: string, content: string): Promise<Swap> {
  try {
    const swap = swapOf(target, writerOf(context), await isThere(target));
    await makeFolder(dirname(target));
    await replaceFile(swap.staged, content, { writer: writerOf(context), mode: 0o644 });
    return swap;
  } catch (error) {
    const message = await fileProblem(error, target, 'put');
    throw new ApplicationError('FILE_NOT_WRITTEN', 'ERR_FILE_COPY_FAILED', message);
  }
}

async function place(
  context: HandlerContext,
  parameters: InstallApplicationParameters,
  placing: Placing,
): Promise<HandlerResult> {
  const { unit, swaps } = placing;
  const { start, startAtBoot, stayUpSeconds } = parameters;
  let placed: Placing = { ...placing, phase: 'placed' };
  try {
    context.progress({ state: 'placing files' });
    await putInPlace(swaps);
    if (unit !== null) {
      await systemctl(['daemon-reload'], context.signal);
      if (startAtBoot !== undefined)
        await systemctl([startAtBoot ? 'enable' : 'disable', '--', unit.name], context.signal);
      if (start) {
        const state = await startApplication({ context, unit: unit.name, action: 'restart', stayUpSeconds });
        placed = { ...placed, running: describeState(state) };
      }
    }
    await save(context, placed);
  } catch (error) {
    context.signal.throwIfAborted(); // the clean-up puts everything back, or the next start goes on
    const { code, sdkCode, message } = await toFailure(error);
    // As the SDK's agent has it: what does not stay up after an installation exited unexpectedly.
    const told = sdkCode === 'ERR_UNABLE_TO_START_PACKAGE' ? 'ERR_UNEXPECTED_PACKAGE_EXIT' : sdkCode;
    return goBack(context, parameters, {
      ...placing,
      phase: 'putting-back',
      failure: { code, sdkCode: told, message },
    });
  }
  return finish(context, parameters, placed);
}

/** From here on nothing leads back. */
async function finish(
  context: HandlerContext,
  parameters: InstallApplicationParameters,
  { swaps, running }: Placing,
): Promise<HandlerResult> {
  // All is well without; hidden, they are in nobody's way.
  await forgetOld(swaps).catch(({ message }: Error) =>
    context.log.warn({ reason: message }, 'not all of the old files could be removed'),
  );
  const state = running === undefined ? 'package files installed' : 'package installed and started';
  return succeeded({ state, application: parameters.name, ...(running !== undefined && { unit: running }) });
}

async function goBack(
  context: HandlerContext,
  parameters: InstallApplicationParameters,
  placing: Placing,
): Promise<HandlerResult> {
  await save(context, placing);
  context.progress({ state: 'putting everything back' });
  const problem = await putEverythingBack(context, parameters, placing);
  const { code, sdkCode, message } = placing.failure ?? {
    code: 'APPLICATION_STOPPED',
    sdkCode: '',
    message: 'stopped',
  };
  await save(context, { ...placing, phase: 'over' });
  const rollback = problem === undefined ? 'done' : problem.kind === 'failed' ? problem.message : problem.kind;
  const state = problem === undefined ? 'everything put back' : 'not everything put back';
  return failed(code, message, { state, errorCode: sdkCode, rollback, application: parameters.name });
}

/** @returns what went wrong with it, if anything; everything else has been done. */
async function putEverythingBack(
  { log }: HandlerContext,
  { start }: InstallApplicationParameters,
  { swaps, made = [], unit }: Placing,
): Promise<HandlerResult | undefined> {
  const signal = AbortSignal.timeout(PUT_BACK_MS);
  const problems: string[] = [];
  const attempt = async (work: Promise<unknown>) => {
    await work.catch((error: Error) => problems.push(error.message));
  };
  // Before its file is gone: systemd stops and disables no unit that it does not know.
  if (unit !== null && !unit.wasThere) {
    await attempt(systemctl(['stop', '--', unit.name], signal));
    await attempt(systemctl(['disable', '--', unit.name], signal));
  }
  await attempt(putBack(swaps));
  await removeMadeFolders(made);
  if (unit !== null) await attempt(systemctl(['daemon-reload'], signal));
  if (unit?.wasThere) {
    await attempt(systemctl([unit.wasEnabled ? 'enable' : 'disable', '--', unit.name], signal));
    if (start) await attempt(systemctl([unit.wasUp ? 'restart' : 'stop', '--', unit.name], signal));
  }
  if (problems.length === 0) return undefined;
  log.warn({ problems }, 'not everything could be put back');
  return failed('APPLICATION_NOT_PUT_BACK', problems.join('; '));
}

/** A clean-up has a minute. */
const PUT_BACK_MS = 50_000;

async function failureResult(error: unknown, signal: AbortSignal): Promise<HandlerResult> {
  if (signal.aborted) return failed('APPLICATION_STOPPED', 'stopped before it was done');
  const { code, sdkCode, message } = await toFailure(error);
  return failed(code, message, { errorCode: sdkCode });
}

function withSdkCode(result: HandlerResult): HandlerResult {
  if (result.kind !== 'failed') return result;
  return { ...result, details: { ...result.details, errorCode: 'ERR_DOWNLOAD_FAILED' } };
}

function withoutCommand(name: string): ApplicationError {
  const message = `${name} has no command, and had none before: nothing can be started`;
  return new ApplicationError('APPLICATION_HAS_NO_COMMAND', 'ERR_UNABLE_TO_START_PACKAGE', message);
}

function save(context: HandlerContext, placing: Placing): Promise<void> {
  return context.checkpoint(placing as unknown as JsonValue);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
