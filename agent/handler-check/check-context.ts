import type { JsonValue } from '../core/json.ts';
import type { OnInterrupted } from '../handler-api.ts';
import type { Bench, BenchRun } from './bench.ts';
import type { Verdict } from './verdict.ts';

/** What every check knows. */
export interface CheckContext {
  readonly bench: Bench;
  readonly operation: string;
  readonly kind: 'inline' | 'command' | 'module' | 'executable';
  readonly onInterrupted: OnInterrupted;
  /** The file that is the handler; `null` for what is built in. */
  readonly path: string | null;
  readonly jobDocument: JsonValue;
  /** A run in peace, which succeeded: what the others are held against. */
  readonly normal: BenchRun;
}

export interface Check {
  readonly name: string;
  /** It starts or ends processes of the handler in its own way: nothing for a handler that has none. */
  readonly needsProcess: boolean;
  readonly perform: (context: CheckContext) => Promise<Omit<Verdict, 'check'>>;
}
