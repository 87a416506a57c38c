/** Starts programs for handlers. Nothing a document says reaches a shell: what is started is an argument list. */
import type { UserAccount } from './user-database.ts';

export interface ProcessSpec {
  /** Unique for this run. Marks every process of the run, so that none can escape being found. `[A-Za-z0-9._-]+` */
  readonly runId: string;
  /** Program, absolute or found on the PATH of `env`, then its arguments. */
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  /** The whole environment; nothing is inherited from the agent. */
  readonly env: Readonly<Record<string, string>>;
  /** Written to stdin, which is then closed. Without it stdin is empty. */
  readonly stdin?: string;
  /** Change to this user, as the user database found it, with its groups, before the program starts. */
  readonly runAs?: Pick<UserAccount, 'name' | 'uid' | 'gid'>;
  /** How much of the end of each stream to keep, in bytes. */
  readonly outputTailBytes: number;
  /** Each piece of output as it comes, for the log. Must be quick; must not throw. */
  readonly onOutput?: (stream: 'stdout' | 'stderr', chunk: Uint8Array) => void;
}

/** A finished process is a value: a non-zero exit is news, not an exception. */
export type ProcessEnd =
  | ({ readonly kind: 'exited'; readonly exitCode: number } & ProcessOutput)
  | ({ readonly kind: 'signaled'; readonly signal: string } & ProcessOutput)
  /** It never ran. `code` is the system's, such as ENOENT or EACCES. */
  | { readonly kind: 'not-started'; readonly code: string; readonly message: string };

export interface ProcessOutput {
  /** The end of the stream, as UTF-8; a character cut in two at the front is left out. */
  readonly stdoutTail: string;
  readonly stderrTail: string;
  readonly stdoutBytes: number;
  readonly stderrBytes: number;
  readonly stderrLines: number;
}

export interface RunningProcess {
  /**
   * How the first process ended. Resolves when its output is drained (or a short while later, when a child holds it) and
   * no process of the run is left: a child that outlives the first is ended. Only what not even KILL ends may be left.
   */
  readonly ended: Promise<ProcessEnd>;
  /**
   * TERM to the whole run, KILL to what is left after `graceMs`, whatever group or session it moved to. Resolves when
   * no process of the run is left. Safe to call twice; a later call may shorten the grace.
   */
  stop(graceMs: number): Promise<void>;
}

export interface ProcessRunner {
  start(spec: ProcessSpec): RunningProcess;
  /**
   * Ends whatever still lives of runs that an earlier agent process started. @returns the run ids that were still alive.
   */
  endLeftovers(isOurs: (runId: string) => boolean, graceMs: number): Promise<readonly string[]>;
}

/** The environment variable that marks every process of a run. */
export const RUN_ID_VARIABLE = 'JOB_AGENT_RUN_ID';
