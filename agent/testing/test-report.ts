/** What a test of a handler gives, and is given. */
import type { HandlerFacts, JobHandler, JsonObject, JsonValue, TSchema } from '../handler-api.ts';

/**
 * A handler as it is exported, or the path of an executable or of a module (`.mjs`): that runs as on a gateway, in a
 * process of its own, with the manifest beside it.
 */
export type HandlerUnderTest<S extends TSchema = TSchema> = JobHandler<S> | string | URL;

export interface TestOptions {
  /** As in the job document. None unless given. */
  readonly parameters?: JsonObject;
  /** In the place of those of a gateway with no settings of its own. */
  readonly facts?: Partial<HandlerFacts>;
  /** What the run is for: `verify` after a restart that it asked for, `clean-up` after it was stopped. `work` unless given. */
  readonly purpose?: 'work' | 'verify' | 'clean-up';
  /** What the attempt before saved as its checkpoint. Of an executable, a text is the content of its file. */
  readonly restored?: JsonValue;
  /** The report of the attempt before: the same working folder and checkpoint, and the next attempt. */
  readonly after?: TestReport;
}

/** Why a run is stopped: cancelled, over its time limit, or the agent shuts down. */
export type TestStopReason = 'canceled' | 'timed-out' | 'shutdown';

/** Resolves with the report when the run is over, however it ended. */
export interface TestRun extends Promise<TestReport> {
  /** As the agent stops it, `cleanup` of the handler included. Resolves when nothing of the run is left. */
  stop(reason?: TestStopReason): Promise<void>;
  /** Resolves when it has told such progress. Rejects when it ends without. */
  progressed(matches: (details: Readonly<Record<string, string>>) => boolean): Promise<void>;
}

export interface TestReport {
  readonly result: TestResult;
  /** Where in the document it is wrong, as a JSON pointer; null where it was not refused before it ran. */
  readonly refusedAt: string | null;
  /** Why it was stopped; null where it ended by itself. */
  readonly stoppedBy: TestStopReason | null;
  /** Everything told so far, each time something was told. */
  readonly progress: readonly Readonly<Record<string, string>>[];
  /** What a next attempt would find. Of an executable, a text that is no JSON is given as it is. */
  readonly checkpoint: JsonValue | undefined;
  /** What it logged or printed, and what the agent logged of it. */
  readonly logs: readonly TestLogLine[];
  /** The end of each stream; empty for a handler that ran in the process of the test. */
  readonly stdout: string;
  readonly stderr: string;
  /** Still there, for a look at what the handler left. */
  readonly workDir: string;
  readonly attempt: number;
  /** Removes the working folder, and everything else that the run left. */
  remove(): Promise<void>;
}

/** As the agent understands how it ended. Values of details are texts, as the service has them. */
export type TestResult =
  | { readonly status: 'succeeded'; readonly details: Readonly<Record<string, string>> }
  | {
      readonly status: 'failed' | 'rejected';
      readonly reasonCode: string;
      readonly message: string;
      readonly details: Readonly<Record<string, string>>;
    }
  | {
      readonly status: 'later';
      /** Null: as the agent likes. */
      readonly afterSeconds: number | null;
      readonly message: string;
      readonly details: Readonly<Record<string, string>>;
    }
  | {
      readonly status: 'reboot';
      readonly how: 'restart' | 'power-off';
      readonly details: Readonly<Record<string, string>>;
    };

export interface TestLogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}
