/** What a job document asks for, whichever of the accepted formats it was written in. */
import type { Condition } from './condition.ts';
import type { JsonObject } from './json.ts';

/** The shapes a job document may have; told apart by `parseJobDocument`. */
export type DocumentFormat = 'native' | 'managed-template' | 'device-client' | 'sdk-v1';

/** A job document, parsed once. Nothing past the parser sees the document itself. */
export interface JobPlan {
  readonly format: DocumentFormat;
  /** Report the end of stdout even when the job succeeds. */
  readonly includeStdOut: boolean;
  /** Time limit of all steps of the work together. */
  readonly timeoutSeconds?: number;
  /** In the order they run: the work; rollbacks, that of the last step first; what always runs. Never empty. */
  readonly steps: readonly PlannedStep[];
}

export interface PlannedStep {
  /** What the operator called it; falls back to the operation. */
  readonly name: string;
  /** Where it stands in the document, as a JSON pointer. */
  readonly pointer: string;
  readonly action: StepAction;
  /** The user to run as, where the document names one. The runner changes to it, but see `ExecutableAction.runAsUser`. */
  readonly runAs?: string;
  /** Time limit; without one the handler's own applies. */
  readonly timeoutSeconds?: number;
  /** Go on with the next step when this one fails. */
  readonly ignoreFailure: boolean;
  /** Run again when it has failed. */
  readonly retries?: PlannedRetries;
  /** What it is for; left out, the work of the job. In a plan they stand in the order of this list. */
  readonly role?: 'rollback' | 'finally';
  /** Of a rollback: the index of the step that it undoes. */
  readonly undoes?: number;
  /** Left out, passed by, where this does not hold. */
  readonly runIf?: Condition;
  /** How many lines on stderr are still a success; without it any number is. */
  readonly allowStdErr?: number;
}

export interface PlannedRetries {
  /** How often at most, after the first time. */
  readonly count: number;
  /** Between a failure and the next start. */
  readonly delaySeconds: number;
}

export type StepAction = OperationAction | ExecutableAction;

/** A handler picked by operation name, with parameters it checks itself. */
export interface OperationAction {
  readonly kind: 'operation';
  readonly operation: string;
  readonly parameters: JsonObject;
}

/** An executable called as the AWS IoT Device Client calls its handlers: argv[1] is `runAsUser`, then `args`. */
export interface ExecutableAction {
  readonly kind: 'executable';
  /** File name inside the folder; never a path. */
  readonly handler: string;
  readonly args: readonly string[];
  /** Folder, which configuration must allow; empty means `handlersDir`. */
  readonly folder: string;
  /** Passed on as argv[1], possibly empty; such a script changes user itself. */
  readonly runAsUser: string;
}

/** Why a document is REJECTED: where in it, and what was expected there. */
export interface DocumentRejection {
  /** JSON pointer (RFC 6901) into the document; empty for the whole. */
  readonly pointer: string;
  readonly reason: string;
}
