/** What is tested, in the form in which the step runner finds it. */
import { statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  failed,
  type HandlerFunction,
  type InlineContext,
  type JobHandler,
  type ModuleHandler,
  type TSchema,
} from '../handler-api.ts';
import { isExecutable } from '../runs/handler-file.ts';
import { MODULE_SUFFIX } from '../runs/handler-names.ts';
import type { HandlerPart } from '../runs/handler-part.ts';
import { isHandlerResult, noResultReason } from '../runs/handler-result.ts';
import type { HandlerUnderTest } from './test-report.ts';

export interface TestSubject {
  readonly operation: string;
  readonly handlers: readonly JobHandler[];
  /** Of a file. */
  readonly handlersDir?: string;
  readonly isFile: boolean;
}

/** @throws Error for a path where nothing is. */
export function asTestSubject<S extends TSchema>(handler: HandlerUnderTest<S>): TestSubject {
  if (typeof handler === 'object' && !(handler instanceof URL)) {
    const declared = handler as JobHandler; // its parameters are checked by its schema before it sees them
    const inProcess = declared.kind === 'module' ? asInline(declared) : declared;
    return { operation: handler.operation, handlers: [inProcess], isFile: false };
  }
  const path = resolve(handler instanceof URL ? fileURLToPath(handler) : handler);
  const isModule = path.endsWith(MODULE_SUFFIX) && !isExecutable(statSync(path));
  const operation = basename(path, isModule ? MODULE_SUFFIX : '');
  return { operation, handlers: [], handlersDir: dirname(path), isFile: true };
}

/** In this process, and with no more than a module has on a gateway. */
function asInline(handler: ModuleHandler): JobHandler {
  const part = (name: HandlerPart) => {
    const run = handler[name];
    return run === undefined ? {} : { [name]: withoutAgent(run.bind(handler), name) };
  };
  return {
    ...handler,
    kind: 'inline',
    run: withoutAgent(handler.run.bind(handler), 'run'),
    ...part('verify'),
    ...part('cleanup'),
  };
}

function withoutAgent(run: HandlerFunction, name: HandlerPart) {
  return async ({ agentLog: _, ...context }: InlineContext, parameters: unknown) => {
    const result: unknown = await run(context, parameters);
    return isHandlerResult(result) ? result : failed('HANDLER_ERROR', noResultReason(name));
  };
}
