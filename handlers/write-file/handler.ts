import { createHash } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import {
  checkWithinWorkFolder,
  failed,
  fileProblem,
  type HandlerContext,
  type HandlerFacts,
  type HandlerPlan,
  type HandlerResult,
  type ModuleHandler,
  noPlainFile,
  type ParameterProblem,
  type PlanContext,
  putProblem,
  replaceFile,
  succeeded,
  writerOf,
} from '../../agent/handler-api.ts';
import { checkCommands } from '../edit-config/change-parameters.ts';
import { planCommands } from '../edit-config/change-plan.ts';
import { type ChangeRules, cleanUpChange, makeChange, resumeChange } from '../edit-config/checked-change.ts';
import { fingerprintOf } from '../edit-config/kept-copy.ts';
import { type WriteFileParameters, writeFileParameters } from './parameters.ts';

/**
 * Running it twice leaves the same file, so it may run again after a power cut; with `check` or `apply` it goes on where it
 * was, as edit-config does.
 */
export const writeFileHandler: ModuleHandler<typeof writeFileParameters> = {
  operation: 'write-file',
  kind: 'module',
  summary: 'Writes a file whose content is in the job document; the old file stays until the new one is whole.',
  parameters: writeFileParameters,
  onInterrupted: 'resume',
  defaultTimeoutSeconds: 300,
  check: checkParameters,
  plan: planWrite,
  run: writeFile,
  cleanup: (context, parameters) =>
    cleanUpChange(context, resolve(context.workDir, parameters.path), rulesOf(parameters)),
};

/** RFC 4648, section 4: Buffer would skip what is not base64 without a word. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function checkParameters(parameters: WriteFileParameters, facts: HandlerFacts): ParameterProblem | undefined {
  const { content, encoding } = parameters;
  if (encoding !== 'base64' || BASE64.test(content)) return checkCommands(parameters, facts);
  return { pointer: '/content', reason: 'expected base64 with padding and without line breaks, got something else' };
}

async function writeFile(context: HandlerContext, parameters: WriteFileParameters): Promise<HandlerResult> {
  const path = resolve(context.workDir, parameters.path);
  const content = contentOf(parameters);
  const details = { path, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') };
  const mode = parameters.mode === undefined ? undefined : Number.parseInt(parameters.mode, 8);
  const rules = rulesOf(parameters);
  try {
    await checkWithinWorkFolder(parameters.path, context.workDir);
    if (rules.check !== undefined || rules.apply !== undefined || rules.keepPrevious) {
      const resumed = await resumeChange(context, rules);
      if (resumed !== undefined) return resumed;
      const oldFingerprint = await fingerprintOf(path);
      return await makeChange(context, { path, content, oldFingerprint, mode, isLikeOld: false, details }, rules);
    }
    await replaceFile(path, content, { writer: writerOf(context), ...(mode === undefined ? {} : { mode }) });
  } catch (error) {
    return failed('FILE_NOT_WRITTEN', `${path} could not be written: ${await fileProblem(error, path, 'put')}`);
  }
  return succeeded(details);
}

async function planWrite(parameters: WriteFileParameters, { workDir }: PlanContext): Promise<HandlerPlan> {
  const path = resolve(workDir, parameters.path);
  const { length } = contentOf(parameters);
  const commands = planCommands(parameters);
  const facts = await lstat(path).catch(() => undefined);
  // The working folder is made for the job.
  const problem = dirname(path) === workDir ? undefined : await putProblem(path);
  const isReplaceable = facts === undefined || facts.isFile() || facts.isSymbolicLink();
  const what =
    facts === undefined
      ? `write ${path}`
      : `replace ${facts.isFile() ? `${path} (${facts.size} bytes)` : `the link ${path}`}`;
  return {
    actions: isReplaceable ? [`${what}: ${length} bytes`, ...commands.actions] : [],
    problems: [
      ...(isReplaceable
        ? problem === undefined
          ? []
          : [problem]
        : [`${noPlainFile(path, facts)}: it is not replaced`]),
      ...commands.problems,
    ],
  };
}

function contentOf({ content, encoding = 'utf8' }: WriteFileParameters): Buffer {
  return Buffer.from(content, encoding);
}

function rulesOf({ check, apply, keepPrevious = false }: WriteFileParameters): ChangeRules {
  return { ...(check === undefined ? {} : { check }), ...(apply === undefined ? {} : { apply }), keepPrevious };
}
