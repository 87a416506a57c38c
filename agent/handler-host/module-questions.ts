/** Answers what the agent asks of a handler's module, see `handler-host-request.ts`. */
import { spawnSync } from 'node:child_process';
import type { JsonValue } from '../core/json.ts';
import { replaceFile } from '../files/replace-file.ts';
import {
  HANDLER_FUNCTIONS,
  type HandlerFunctionName,
  type HandlerHostQuestion,
  type ModuleAnswer,
  type ModuleDescription,
} from '../runs/handler-host-request.ts';
import { importModule } from './module-import.ts';

const PRIVATE_MODE = 0o600;
const MAX_REASON_LENGTH = 1_000;
const CHECK_LIMIT_MS = 5_000;

/** The module of a file, as far as it is one. */
export type Handler = Readonly<Record<string, unknown>>;

/** @throws the system's error when the answer cannot be written. */
export async function answerQuestion(question: HandlerHostQuestion): Promise<void> {
  const answer = await answerTo(question).catch((error: unknown): ModuleAnswer => {
    const place = error instanceof SyntaxError ? placeOfMistake(question.module.path) : undefined;
    return { ok: false, reason: `${place === undefined ? '' : `line ${place}: `}${reasonOf(error)}` };
  });
  await replaceFile(question.answerFile, JSON.stringify(answer), { mode: PRIVATE_MODE, writer: 'answer' });
}

/** The line that Node.js shows when it ends with such an error, and keeps out of the error itself. */
function placeOfMistake(path: string): string | undefined {
  const { stderr } = spawnSync(process.execPath, ['--check', path], { encoding: 'utf8', timeout: CHECK_LIMIT_MS });
  return /^(?:file:\/\/)?\/.*:(\d+)$/m.exec(stderr)?.[1];
}

async function answerTo(question: HandlerHostQuestion): Promise<ModuleAnswer> {
  const { defaultExport, files } = await importModule(question.module);
  const handler = handlerOf(defaultExport);
  return { ok: true, value: await answerOf(handler, question), files };
}

async function answerOf(handler: Handler, question: HandlerHostQuestion): Promise<JsonValue> {
  switch (question.ask) {
    case 'describe':
      return asJson(describe(handler));
    case 'check':
      return asJson(await functionOf(handler, 'check')(question.parameters, question.facts));
    case 'command':
      return asJson(await functionOf(handler, question.part)(question.parameters, question.facts));
    case 'plan': {
      const { facts, workDir } = question;
      const context = { facts, workDir, signal: new AbortController().signal };
      return asJson(await functionOf(handler, 'plan')(question.parameters, context));
    }
  }
}

/** @throws Error for what cannot be a handler at all. */
export function handlerOf(defaultExport: unknown): Handler {
  if (defaultExport === undefined) throw new Error('it has no default export');
  if (typeof defaultExport !== 'object' || defaultExport === null || Array.isArray(defaultExport)) {
    throw new Error('its default export is no handler: expected an object with operation, kind and parameters');
  }
  return defaultExport as Handler;
}

/** Bound to its handler, which may be made by a class. */
export function functionOf(handler: Handler, name: HandlerFunctionName): (...given: unknown[]) => unknown {
  const found = handler[name];
  if (typeof found !== 'function') throw new Error(`its handler has no function ${name}`);
  return found.bind(handler);
}

function describe(handler: Handler): ModuleDescription {
  const isFunctionName = (name: string) => (HANDLER_FUNCTIONS as readonly string[]).includes(name);
  for (const name of HANDLER_FUNCTIONS) {
    if (handler[name] !== undefined && typeof handler[name] !== 'function') {
      throw new Error(`its handler has a ${name} that is no function`);
    }
  }
  const values = Object.entries(handler).filter(([name]) => !isFunctionName(name));
  return {
    functions: HANDLER_FUNCTIONS.filter((name) => handler[name] !== undefined),
    values: Object.fromEntries(values) as ModuleDescription['values'],
  };
}

/** @throws Error for what JSON cannot say, such as a circle. */
function asJson(value: unknown): JsonValue {
  return JSON.parse(JSON.stringify(value) ?? 'null');
}

export function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : `it threw ${String(error)}`).slice(0, MAX_REASON_LENGTH);
}
