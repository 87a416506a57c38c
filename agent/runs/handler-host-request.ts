/** What the agent tells a handler host on stdin, as one JSON document. */
import type { JsonValue } from '../core/json.ts';
import type { HandlerFacts } from '../handler-api.ts';
import type { HandlerPart } from './handler-part.ts';

/** Runs a handler. Parameters were checked before. */
export interface HandlerHostRequest {
  readonly operation: string;
  /** Where it is a file; without it one that is built in is meant. */
  readonly module?: ModuleFile;
  /** The function of the handler that is called. */
  readonly part: HandlerPart;
  readonly parameters: JsonValue;
  readonly execution: { readonly jobId: string; readonly executionNumber: number };
  readonly step: number;
  readonly attempt: number;
  readonly facts: HandlerFacts;
  readonly workDir: string;
  /** Progress goes here, as `key=value` lines. */
  readonly statusFile: string;
  /** The `HandlerResult` goes here, as JSON, once. */
  readonly resultFile: string;
  /** The last checkpoint, as JSON; not there when there is none. */
  readonly checkpointFile: string;
}

export interface ModuleFile {
  /** Absolute, without links. */
  readonly path: string;
  /** Users who may own what it imports; nobody else may write it. */
  readonly ownerIds: readonly number[];
}

/** Asks a module something without running it. */
export type ModuleQuestion =
  | { readonly ask: 'describe' }
  | { readonly ask: 'check'; readonly parameters: JsonValue; readonly facts: HandlerFacts }
  | {
      readonly ask: 'command';
      readonly part: 'command' | 'verify' | 'cleanup';
      readonly parameters: JsonValue;
      readonly facts: HandlerFacts;
    }
  | { readonly ask: 'plan'; readonly parameters: JsonValue; readonly facts: HandlerFacts; readonly workDir: string };

export type HandlerHostQuestion = ModuleQuestion & {
  readonly module: ModuleFile;
  /** The `ModuleAnswer` goes here, as JSON, once. */
  readonly answerFile: string;
};

/**
 * The host ends so where the answer could not be written, with the reason as the last line on stderr: EX_IOERR of
 * sysexits.h.
 */
export const UNANSWERED_EXIT_CODE = 74;

/** Whoever reads it believes nothing: it comes from a process in which code of others runs. */
export type ModuleAnswer =
  /** `value`: of `describe` a `ModuleDescription`, of the others what the handler's function returned; null for nothing. */
  | { readonly ok: true; readonly value: JsonValue; readonly files: readonly LoadedFile[] }
  | { readonly ok: false; readonly reason: string };

export interface ModuleDescription {
  /** The names of its functions, of those that a handler may have. */
  readonly functions: readonly string[];
  /** Everything else that it declares. */
  readonly values: { readonly [name: string]: JsonValue };
}

/** A file that the module is made of: when it changes, the description may. */
export interface LoadedFile {
  readonly path: string;
  /** Another one means another content. */
  readonly stamp: string;
}

export const HANDLER_FUNCTIONS = ['run', 'verify', 'cleanup', 'command', 'check', 'plan'] as const;
export type HandlerFunctionName = (typeof HANDLER_FUNCTIONS)[number];
