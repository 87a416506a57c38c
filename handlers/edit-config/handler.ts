import { constants } from 'node:fs';
import { lstat, open, realpath } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import {
  checkWithinWorkFolder,
  failed,
  fileProblem,
  type HandlerContext,
  type HandlerPlan,
  type HandlerResult,
  type ModuleHandler,
  type PlanContext,
  succeeded,
} from '../../agent/handler-api.ts';
import { planCommands } from './change-plan.ts';
import { type ChangeRules, cleanUpChange, makeChange, resumeChange } from './checked-change.ts';
import { EditError } from './edit-error.ts';
import { editContent, MAX_CONFIG_BYTES, tooLarge } from './edit-text.ts';
import { sha256Of } from './kept-copy.ts';
import { checkEdit } from './parameter-checks.ts';
import { type EditConfigParameters, editConfigParameters } from './parameters.ts';

/** Cut off, it goes on with the check of what it has changed, or with undoing it. */
export const editConfigHandler: ModuleHandler<typeof editConfigParameters> = {
  operation: 'edit-config',
  kind: 'module',
  summary:
    'Changes a configuration file, checks it, makes it take effect, and puts the old content back if either fails.',
  parameters: editConfigParameters,
  onInterrupted: 'resume',
  exclusive: true,
  defaultTimeoutSeconds: 300,
  check: checkEdit,
  plan: planEdit,
  run: editConfig,
  cleanup: (context, parameters) =>
    cleanUpChange(context, resolve(context.workDir, parameters.path), rulesOf(parameters)),
};

async function editConfig(context: HandlerContext, parameters: EditConfigParameters): Promise<HandlerResult> {
  const rules = rulesOf(parameters);
  const resumed = await resumeChange(context, rules);
  if (resumed !== undefined) return resumed;
  const named = resolve(context.workDir, parameters.path);
  try {
    const { path, content: old } = await readConfig(parameters.path, context.workDir);
    const { content, changed } = await editContent(old, parameters);
    if (content.equals(old)) return succeeded({ path, changed: 'nothing' });
    const details = { path, changed: listOf(changed), bytes: content.length, sha256: sha256Of(content) };
    const change = { path, content, oldFingerprint: sha256Of(old), isLikeOld: true, details };
    return await makeChange(context, change, rules);
  } catch (error) {
    if (error instanceof EditError) return failed(error.code, `${named}: ${error.message}`);
    throw error;
  }
}

async function planEdit(parameters: EditConfigParameters, { workDir }: PlanContext): Promise<HandlerPlan> {
  const named = resolve(workDir, parameters.path);
  const commands = planCommands(parameters);
  try {
    const { path, content: old } = await readConfig(parameters.path, workDir);
    const { content, changed } = await editContent(old, parameters);
    if (content.equals(old)) return { actions: [`leave ${path} as it is: it has all that already`], problems: [] };
    const edit = `change in ${path} (${old.length} bytes, then ${content.length}): ${listOf(changed)}`;
    return { actions: [edit, ...commands.actions], problems: commands.problems };
  } catch (error) {
    if (!(error instanceof EditError)) throw error;
    return { actions: [], problems: [`${named}: ${error.message}`, ...commands.problems] };
  }
}

function rulesOf({ check, apply, keepPrevious = true }: EditConfigParameters): ChangeRules {
  return { ...(check === undefined ? {} : { check }), ...(apply === undefined ? {} : { apply }), keepPrevious };
}

interface Config {
  /** Where links lead to: that file is changed, and the links stay. */
  readonly path: string;
  readonly content: Buffer;
}

/** @throws EditError */
async function readConfig(namedPath: string, workDir: string): Promise<Config> {
  const named = resolve(workDir, namedPath);
  try {
    await checkWithinWorkFolder(namedPath, workDir);
    await refuseForeignLink(named);
    const path = await realpath(named);
    if (!isAbsolute(namedPath)) await checkWithinWorkFolder(relative(await realpath(workDir), path), workDir);
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const facts = await file.stat();
      if (!facts.isFile()) throw new EditError('CONFIG_UNREADABLE', 'is no plain file');
      if (facts.size > MAX_CONFIG_BYTES) throw tooLarge(facts.size);
      return { path, content: await file.readFile() };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof EditError) throw error;
    throw new EditError('CONFIG_UNREADABLE', `cannot be read: ${await fileProblem(error, named, 'read')}`, {
      cause: error,
    });
  }
}

/** As the kernel does in sticky folders (proc_sys_fs(5), protected_symlinks): who owns a link says which file is changed. */
async function refuseForeignLink(path: string): Promise<void> {
  const facts = await lstat(path);
  const isOurs = facts.uid === 0 || facts.uid === process.geteuid?.();
  if (facts.isSymbolicLink() && !isOurs) {
    throw new EditError(
      'CONFIG_UNREADABLE',
      `is a link of user ${facts.uid}; only links of root and of the own user are followed`,
    );
  }
}

/** A status detail takes 1,024 characters (AWS IoT API Reference, DetailsMap). */
const MAX_LIST_LENGTH = 900;

function listOf(changed: readonly string[]): string {
  const list = changed.join(', ').replace(/\p{Cc}/gu, '?');
  return list.length <= MAX_LIST_LENGTH ? list : `${list.slice(0, MAX_LIST_LENGTH)}…`;
}
