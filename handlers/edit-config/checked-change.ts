/**
 * A change to a file that proves itself or is undone. The old file gets a second name, the new content takes its place, then
 * `check` and `apply` are run; when one fails, the old file comes back under its name and `apply` is run again for it.
 *
 * Before each of these a checkpoint says what comes next, so that whenever power goes the next attempt finds out from the
 * disk where it is: with the new content in place it goes on with the check; with the old one it begins anew; in the middle
 * of an undoing it goes on undoing. New content is never told as a success before check and apply have succeeded.
 */
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  type Details,
  failed,
  fileProblem,
  type HandlerContext,
  type HandlerResult,
  type JsonObject,
  lastLines,
  openReplacement,
  type ProgramResult,
  removeLeftReplacement,
  runProgram,
  succeeded,
  writerOf,
} from '../../agent/handler-api.ts';
import type { ChangeCommands } from './change-parameters.ts';
import {
  ABSENT,
  fingerprintOf,
  keepAsPrevious,
  keepCopy,
  keptPathOf,
  previousPath,
  putBack,
  removeKept,
  sha256Of,
  syncFolder,
} from './kept-copy.ts';
import { makeLikeOld } from './like-old.ts';

export interface NewContent {
  /** Absolute. */
  readonly path: string;
  readonly content: Uint8Array;
  /** Of what it was made from: when something else is there by now, nothing is changed. */
  readonly oldFingerprint: string;
  /** Left out: what the old file has, with its owner and attributes. */
  readonly mode?: number | undefined;
  readonly isLikeOld: boolean;
  readonly details: Details;
}

export interface ChangeRules extends ChangeCommands {
  readonly keepPrevious: boolean;
}

/** The checkpoint. JSON. */
interface ChangeRecord {
  readonly phase: 'changing' | 'applying' | 'undoing' | 'undone' | 'done';
  readonly path: string;
  readonly oldFingerprint: string;
  readonly newFingerprint: string;
  readonly details: Details;
  /** What is told once it is undone. */
  readonly failure?: { readonly reasonCode: string; readonly message: string };
  /** Whether `apply` was begun with the new content. */
  readonly wasApplied?: boolean;
}

/** The change, from its beginning. */
export async function makeChange(
  context: HandlerContext,
  change: NewContent,
  rules: ChangeRules,
): Promise<HandlerResult> {
  const { path, oldFingerprint, details } = change;
  const newFingerprint = sha256Of(change.content);
  const record: ChangeRecord = { phase: 'changing', path, oldFingerprint, newFingerprint, details };
  context.progress({ phase: 'changing' });
  await save(context, record);
  try {
    if (oldFingerprint !== ABSENT) await keepCopy(path, keptPathOf(path, writerOf(context)), context.signal);
    const isPut = await putInPlace(context, change);
    if (!isPut) return await changedMeanwhile(context, record);
  } catch (error) {
    if (context.signal.aborted) return stopped(path);
    const failure = {
      reasonCode: 'FILE_NOT_WRITTEN',
      message: `${path} could not be written: ${await fileProblem(error, path, 'put')}`,
    };
    // It may have got its name, and not been synced.
    if (newFingerprint !== oldFingerprint && (await fingerprintOf(path)) === newFingerprint) {
      return undo(context, { ...record, failure }, rules);
    }
    await removeKept(keptPathOf(path, writerOf(context))).catch(() => undefined); // such as where no folder is
    return failed(failure.reasonCode, failure.message);
  }
  return proveAndFinish(context, record, rules);
}

/** What an attempt before this one has begun. @returns nothing when the change is to be made from its beginning. */
export async function resumeChange(context: HandlerContext, rules: ChangeRules): Promise<HandlerResult | undefined> {
  const record = context.restored as ChangeRecord | undefined;
  // Undone, and all told: this is the step run again, as its `retries` ask for.
  if (record === undefined || record.phase === 'undone') return undefined;
  if (record.phase === 'done') return finish(context, record, rules);
  if (record.phase === 'undoing') return undo(context, record, rules);
  const now = await fingerprintOf(record.path);
  if (now === record.oldFingerprint) return undefined;
  if (now === record.newFingerprint) return proveAndFinish(context, record, rules);
  return changedMeanwhile(context, record);
}

/** After a stop for good: what is not proved is undone, and what a killed attempt left beside the file goes. */
export async function cleanUpChange(context: HandlerContext, path: string, rules: ChangeRules): Promise<HandlerResult> {
  const record = context.restored as ChangeRecord | undefined;
  await removeLeftReplacement(record?.path ?? path, { writer: writerOf(context) });
  if (record === undefined || record.phase === 'undone') return succeeded();
  if (record.phase === 'done') return finish(context, record, rules);
  if (record.phase !== 'undoing' && (await fingerprintOf(record.path)) === record.oldFingerprint) {
    await removeKept(keptPathOf(record.path, writerOf(context)));
    return succeeded({ undone: 'nothing was changed yet' });
  }
  const failure = record.failure ?? {
    reasonCode: 'FILE_CHANGE_STOPPED',
    message: `the change of ${record.path} was stopped`,
  };
  const result = await undo(context, { ...record, failure }, rules);
  return result.kind === 'failed' && result.reasonCode === 'FILE_NOT_ROLLED_BACK'
    ? result
    : succeeded({ undone: 'yes' });
}

/** @returns false when something else is there than what the content was made from. */
async function putInPlace(context: HandlerContext, change: NewContent): Promise<boolean> {
  const { path, content, mode, isLikeOld, oldFingerprint } = change;
  const replacement = await openReplacement(path, {
    writer: writerOf(context),
    ...(mode === undefined ? {} : { mode }),
  });
  try {
    if (isLikeOld) await makeLikeOld(path, replacement.file, context.signal);
    await replacement.file.writeFile(content);
    context.signal.throwIfAborted();
    if ((await fingerprintOf(path)) !== oldFingerprint) return false;
    await replacement.commit();
    return true;
  } finally {
    await replacement.discard();
  }
}

async function changedMeanwhile(context: HandlerContext, record: ChangeRecord): Promise<HandlerResult> {
  const { path } = record;
  await removeKept(keptPathOf(path, writerOf(context)));
  await save(context, { ...record, phase: 'undone' });
  return failed('FILE_CHANGED_MEANWHILE', `${path} was changed by something else; it is left as it is now`);
}

/** The new content is in place. */
async function proveAndFinish(
  context: HandlerContext,
  record: ChangeRecord,
  rules: ChangeRules,
): Promise<HandlerResult> {
  const { path } = record;
  const { check, apply } = rules;
  if (check !== undefined) {
    context.progress({ phase: 'checking' });
    const problem = await problemOf(check, context.signal);
    if (context.signal.aborted) return stopped(path);
    if (problem !== undefined) {
      const failure = { reasonCode: 'FILE_CHECK_FAILED', message: `${path} failed its check: ${problem}` };
      return undo(context, { ...record, failure }, rules);
    }
  }
  if (apply !== undefined) {
    context.progress({ phase: 'applying' });
    const applying = { ...record, phase: 'applying', wasApplied: true } as const;
    await save(context, applying);
    const problem = await problemOf(apply, context.signal);
    if (context.signal.aborted) return stopped(path);
    if (problem !== undefined) {
      const failure = { reasonCode: 'FILE_APPLY_FAILED', message: `${path} could not be applied: ${problem}` };
      return undo(context, { ...applying, failure }, rules);
    }
  }
  await save(context, { ...record, phase: 'done' });
  return finish(context, record, rules);
}

async function finish(context: HandlerContext, record: ChangeRecord, rules: ChangeRules): Promise<HandlerResult> {
  const { path, oldFingerprint } = record;
  const details = { ...record.details, phase: 'done' };
  const keptPath = keptPathOf(path, writerOf(context));
  if (oldFingerprint === ABSENT) return succeeded(details);
  if (!rules.keepPrevious) {
    await removeKept(keptPath);
    return succeeded(details);
  }
  // A later attempt finds it under its last name already.
  if ((await fingerprintOf(keptPath)) === ABSENT) return succeeded({ ...details, previous: previousPath(path) });
  try {
    return succeeded({ ...details, previous: await keepAsPrevious(keptPath, path) });
  } catch (error) {
    await removeKept(keptPath); // such as where a folder has the name: the change itself stands
    return succeeded({ ...details, previous: `not kept: ${await fileProblem(error, previousPath(path), 'put')}` });
  }
}

/** @param record with what is told of the failure. */
async function undo(context: HandlerContext, record: ChangeRecord, rules: ChangeRules): Promise<HandlerResult> {
  const { failure, path, wasApplied = false } = record;
  const { reasonCode, message } = failure ?? { reasonCode: 'FILE_CHECK_FAILED', message: `${path} was not proved` };
  context.progress({ phase: 'rolling back' });
  await save(context, { ...record, phase: 'undoing' });
  const obstacle = await restoreOld(context, record).catch((error: unknown) => fileProblem(error, path, 'put'));
  if (obstacle !== undefined) {
    return failed('FILE_NOT_ROLLED_BACK', `${message}; and the old content is not back: ${obstacle}`, record.details);
  }
  let outcome = { says: 'rolled back', phase: 'rolled back' };
  if (wasApplied && rules.apply !== undefined) {
    const problem = await problemOf(rules.apply, context.signal);
    if (context.signal.aborted) return stopped(path);
    outcome =
      problem === undefined
        ? { says: 'rolled back, and the old content applied again', phase: 'rolled back' }
        : { says: 'rolled back, but apply fails for the old content, too', phase: 'rolled back, not applied' };
  }
  await save(context, { ...record, phase: 'undone' });
  return failed(reasonCode, `${message}; ${outcome.says}`, { phase: outcome.phase });
}

/** @returns why it cannot. */
async function restoreOld(context: HandlerContext, record: ChangeRecord): Promise<string | undefined> {
  const { path, oldFingerprint, newFingerprint } = record;
  const keptPath = keptPathOf(path, writerOf(context));
  const [now, kept] = [await fingerprintOf(path), await fingerprintOf(keptPath)];
  if (now !== newFingerprint) {
    return now === oldFingerprint ? undefined : 'something else has changed the file meanwhile';
  }
  if (oldFingerprint === ABSENT) {
    await rm(path, { force: true });
    await syncFolder(dirname(path));
    return undefined;
  }
  if (kept !== oldFingerprint) return kept === ABSENT ? `${keptPath} is gone` : `${keptPath} is not what it was`;
  await putBack(keptPath, path);
  return undefined;
}

/** The program and how it ended; never its arguments, one of which may be a password. */
async function problemOf(argv: readonly string[], signal: AbortSignal): Promise<string | undefined> {
  const [program = '', ...args] = argv;
  const result = await runProgram([program, ...args], { signal });
  return result.exitCode === 0 ? undefined : `${program} ${explanationOf(result)}`;
}

function explanationOf({ exitCode, stdout, stderr }: ProgramResult): string {
  const said = lastLines(stderr, 4) || lastLines(stdout, 4);
  return said === '' ? `ended with exit code ${exitCode}` : `ended with exit code ${exitCode}: ${said}`;
}

function stopped(path: string): HandlerResult {
  return failed('FILE_CHANGE_STOPPED', `the change of ${path} was stopped`);
}

function save(context: HandlerContext, record: ChangeRecord): Promise<void> {
  return context.checkpoint(record as unknown as JsonObject);
}
