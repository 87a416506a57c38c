/**
 * What a handler is written against: the only agent module a handler may import.
 *
 * A handler does one **operation**. How it does it is its **kind**:
 * - `command`: a pure function from parameters to an argument list; the agent runs the program;
 * - `module`: JavaScript that the agent runs in a process of its own;
 * - `inline`: a few milliseconds in the agent's own process, with no I/O that can hang. Built in only.
 */
import type { Static, TSchema } from 'typebox';
import type { JsonValue } from './core/json.ts';
import type { FileServerFacts } from './handler-tools/file-server.ts';

export type { Static, TSchema } from 'typebox';
export { Type } from 'typebox';
export type { JsonObject, JsonValue } from './core/json.ts';
/** For handlers that hand on text whose origin is not known: without URL queries and private keys. */
export { redactSecrets } from './core/redact.ts';
/** For handlers that a document tells a path: what the system said about it, for an operator. */
export {
  type FileUse,
  fileProblem,
  folderProblem,
  noFolderThere,
  noPlainFile,
  putProblem,
  readProblem,
} from './files/file-problem.ts';
/** For handlers that remove folders in which others may write. */
export { removeTree } from './files/remove-tree.ts';
/** For handlers that write files: the old content or the new, never half of it, whenever power goes. */
export {
  openReplacement,
  type Replacement,
  type ReplacementOptions,
  removeLeftReplacement,
  replaceFile,
} from './files/replace-file.ts';
export { AddressRefusedError } from './handler-tools/allowed-address.ts';
/** For handlers that a document tells an argument list: what `allowedCommands` says to it. */
export { commandProblem } from './handler-tools/allowed-commands.ts';
export { type ArtifactKey, readArtifactKeys } from './handler-tools/artifact-key.ts';
/** For handlers that talk to servers: what the system said about a connection, for an operator. */
export { connectionProblem } from './handler-tools/connection-problem.ts';
/** For handlers that a document tells a path of a file. */
export { FILE_PATH } from './handler-tools/file-path.ts';
/** For handlers that a document tells a URL. Where their files come from or go to is the operator's decision. */
export {
  checkFileServerPlace,
  type FileServerFacts,
  fileServerOptions,
  fileServerProblem,
} from './handler-tools/file-server.ts';
export { trustedAuthorities, urlProblem } from './handler-tools/file-server-url.ts';
/** For dry runs: is a program there? */
export { findOnPath, HANDLER_PATH, programProblem } from './handler-tools/program-on-path.ts';
export { ProxyError } from './handler-tools/proxy-tunnel.ts';
/** For handlers of kind `module` that start programs. */
export {
  type Filter,
  lastLines,
  NOT_FOUND,
  type ProgramResult,
  type RunProgramOptions,
  runProgram,
  startFilter,
} from './handler-tools/run-program.ts';
export { checkWithinWorkFolder } from './handler-tools/work-folder.ts';

/** Grows when this interface grows; a handler can compare. */
export const HANDLER_API_VERSION = 3;

export type JobHandler<S extends TSchema = TSchema> = CommandHandler<S> | ModuleHandler<S> | InlineHandler<S>;

interface HandlerBase<S extends TSchema> {
  /** The name in a job document, such as `download-file`. Lower case words joined by hyphens. */
  readonly operation: string;
  /** One sentence for the reference. */
  readonly summary: string;
  /** The `HANDLER_API_VERSION` that it needs; an agent whose version is lower refuses it. Left out: 1. */
  readonly apiVersion?: number;
  /** JSON Schema (TypeBox) of `parameters`; a document that does not match is REJECTED before anything runs. */
  readonly parameters: S;
  /**
   * What to do when power or the agent was lost while it ran. `fail` (default): report FAILED. `rerun`: it is safe to
   * start again from the beginning. `resume`: start again, with the last checkpoint.
   */
  readonly onInterrupted?: OnInterrupted;
  /** It runs only when nothing else does: for what restarts or changes the gateway itself. */
  readonly exclusive?: boolean;
  /** Time limit for a step that sets none, in seconds. Without either there is none. */
  readonly defaultTimeoutSeconds?: number;
  /** Handler scripts of the AWS managed templates that it stands in for where `handlersDir` has no file of that name. */
  readonly managedTemplates?: readonly ManagedTemplateStandIn<Static<S>>[];
  /** One more check than a schema can make. @returns what is wrong and where in the parameters, or nothing. */
  readonly check?: (parameters: Static<S>, facts: HandlerFacts) => ParameterProblem | undefined;
  /** What has to be there besides the agent, for people: `systemd`, or `apt, opkg, dnf or apk`. Left out: nothing. */
  readonly needs?: string;
  /**
   * The dry run: what it would do on this machine as it is now, found out by looking only. It changes nothing, starts
   * nothing that could, opens no connection, and ends within a few seconds.
   */
  readonly plan?: (parameters: Static<S>, context: PlanContext) => Promise<HandlerPlan>;
}

export interface PlanContext {
  readonly facts: HandlerFacts;
  /** Absolute: where relative paths would count from. It need not be there. */
  readonly workDir: string;
  readonly signal: AbortSignal;
}

/** For people; no secrets, no query of a pre-signed URL. */
export interface HandlerPlan {
  /** Sentences in the order in which it would go about it: `replace /etc/app.conf (1,204 bytes) by 1,310 bytes`. */
  readonly actions: readonly string[];
  /** What would make it fail as things are: `no program called podman`. Empty: nothing that can be seen beforehand. */
  readonly problems: readonly string[];
}

export type OnInterrupted = 'fail' | 'rerun' | 'resume';

export interface ParameterProblem {
  /** JSON pointer into the parameters, such as `/url`. */
  readonly pointer: string;
  readonly reason: string;
}

export interface ManagedTemplateStandIn<P> {
  /** File name in the template, such as `download-file.sh`. */
  readonly handler: string;
  /** The template's argument list as parameters, or a sentence that says what is wrong with it. */
  readonly parametersOf: (args: readonly string[]) => P | string;
}

export interface CommandHandler<S extends TSchema = TSchema> extends HandlerBase<S> {
  readonly kind: 'command';
  /** Pure. The program (absolute, or found on PATH) and its arguments. */
  readonly command: CommandLine<S>;
  /** After a restart of the gateway that the program asked for (see `rebootExitCode`): exit code 0 if it worked. */
  readonly verify?: CommandLine<S>;
  /** Run when the program was stopped or interrupted, and is not to be run again. It may run more than once. */
  readonly cleanup?: CommandLine<S>;
  /** The program asks to be tried later by this exit code, such as 75 (sysexits.h, EX_TEMPFAIL). */
  readonly retryExitCode?: number;
  /** The program asks for a restart of the gateway by this exit code. */
  readonly rebootExitCode?: number;
}

export type CommandLine<S extends TSchema> = (
  parameters: Static<S>,
  facts: HandlerFacts,
) => readonly [string, ...string[]];

export interface ModuleHandler<S extends TSchema = TSchema> extends HandlerBase<S>, HandlerFunctions<S> {
  readonly kind: 'module';
}

export interface InlineHandler<S extends TSchema = TSchema> extends HandlerBase<S>, HandlerFunctions<S, InlineContext> {
  readonly kind: 'inline';
}

interface HandlerFunctions<S extends TSchema, C = HandlerContext> {
  readonly run: HandlerFunction<S, C>;
  /** After a restart of the gateway that `run` asked for, or a power-off: did it work? It may run more than once. */
  readonly verify?: HandlerFunction<S, C>;
  /**
   * Run when `run` was stopped (cancelled, over its time limit, shut down) or interrupted (power, agent), and is not to be
   * run again. What it returns is only logged; how the step ended is known. It may run more than once.
   */
  readonly cleanup?: HandlerFunction<S, C>;
}

export type HandlerFunction<S extends TSchema = TSchema, C = HandlerContext> = (
  context: C,
  parameters: Static<S>,
) => Promise<HandlerResult>;

/** What a handler may know of the gateway and of the operator's settings. JSON, so that it crosses process borders. */
export interface HandlerFacts extends FileServerFacts {
  readonly thingName: string;
  readonly agentVersion: string;
  /** Public keys that may have signed a file, each `NAME=BASE64`. */
  readonly artifactKeys: readonly string[];
  /** Whether no file is downloaded that none of them signed. */
  readonly requireSignature: boolean;
  /** No file larger than this is downloaded, in bytes. */
  readonly maxDownloadBytes: number;
  /** Absolute. Files in them may be uploaded; none elsewhere but in the working folder. */
  readonly uploadFolders: readonly string[];
  /** Absolute. What a relative folder of an application counts from. */
  readonly applicationsDir: string;
  /** Absolute, the agent's own: a record of each application that jobs have installed. */
  readonly applicationRecordsDir: string;
  /** Users that a document may ask for. */
  readonly runAsUsers: readonly string[];
  /** Regular expressions of JavaScript: what they match leaves the gateway in no log. */
  readonly redactPatterns: readonly string[];
  /** Argument lists that documents may give, for `commandProblem`; empty: any. */
  readonly allowedCommands: readonly string[];
  /** Absolute. What the agent keeps of the containers that it started: compose files, and what leads back. */
  readonly containersDir: string;
}

export interface HandlerContext {
  readonly execution: { readonly jobId: string; readonly executionNumber: number };
  /** Counts from 0. */
  readonly step: number;
  /** Counts from 1. To verify is an attempt, too; the look at `runIf` before the first is none. */
  readonly attempt: number;
  readonly facts: HandlerFacts;
  /** A folder of this execution's own, kept until the execution is closed. */
  readonly workDir: string;
  readonly log: HandlerLog;
  /** Aborted when the step is to stop: cancelled, over its time limit, or the agent shuts down. */
  readonly signal: AbortSignal;
  /** Reports progress. The last value of a key wins; the agent decides how often the cloud hears of it. */
  progress(details: Readonly<Record<string, string | number>>): void;
  /** Saves what a later attempt needs to go on from here. Resolves once it is on disk. */
  checkpoint(value: JsonValue): Promise<void>;
  /** What the attempt before this one saved last. */
  readonly restored: JsonValue | undefined;
}

/** What only a handler of kind `inline` can reach, as it runs in the agent's own process. */
export interface InlineContext extends HandlerContext {
  readonly agentLog: AgentLog;
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** How much the agent logs, all of it: lines of jobs that run already as well. */
export interface AgentLog {
  /** As it is now. */
  readonly level: LogLevel;
  /** Of the configuration: the agent begins with it each time it starts. */
  readonly configuredLevel: LogLevel;
  /**
   * The last call counts, and ends what one before it had planned.
   * @param forSeconds then the level goes back to the last one set without this. @returns the level it goes back to.
   */
  setLevel(level: LogLevel, forSeconds?: number): LogLevel;
}

/** Message first varies never; what varies goes into `fields`. */
export interface HandlerLog {
  info(fields: Readonly<Record<string, JsonValue>>, message: string): void;
  warn(fields: Readonly<Record<string, JsonValue>>, message: string): void;
}

export type HandlerResult =
  | { readonly kind: 'succeeded' | 'reboot' | 'power-off'; readonly details: Details }
  | {
      readonly kind: 'failed' | 'rejected';
      readonly reasonCode: string;
      readonly message: string;
      readonly details: Details;
    }
  | {
      readonly kind: 'retry';
      /** Left out, the agent decides: a minute at first, then longer, up to an hour. */
      readonly afterSeconds?: number;
      readonly message: string;
      readonly details: Details;
    };

export type Details = Readonly<Record<string, string | number>>;

export function succeeded(details: Details = {}): HandlerResult {
  return { kind: 'succeeded', details };
}

/**
 * It cannot be done now, such as a lock that is held: the step is run again later, and other jobs run meanwhile.
 * @param message why, for the operator. @param afterSeconds 1 to 86,400; left out, the agent decides.
 */
export function retryLater(message: string, afterSeconds?: number, details: Details = {}): HandlerResult {
  return { kind: 'retry', message, details, ...(afterSeconds === undefined ? {} : { afterSeconds }) };
}

/** The gateway has to restart. The step succeeds once it has, if `verify` agrees where there is one. */
export function reboot(details: Details = {}): HandlerResult {
  return { kind: 'reboot', details };
}

/**
 * The gateway has to be powered off. The step succeeds when the agent starts again in another boot, if `verify` agrees
 * where there is one: a gateway that stays off tells nothing, and its job stays IN_PROGRESS.
 */
export function powerOff(details: Details = {}): HandlerResult {
  return { kind: 'power-off', details };
}

/** @param reasonCode stable and searchable: upper case words joined by underscores. */
export function failed(reasonCode: string, message: string, details: Details = {}): HandlerResult {
  return { kind: 'failed', reasonCode, message, details };
}

/** The `writer` of the files that a step replaces: the same in each attempt, and in the clean-up. */
export function writerOf({ execution, step }: HandlerContext): string {
  return `${execution.jobId}.${execution.executionNumber}.${step}`;
}

/** For a request that can never succeed; the service does not retry a REJECTED execution. */
export function rejected(reasonCode: string, message: string, details: Details = {}): HandlerResult {
  return { kind: 'rejected', reasonCode, message, details };
}
