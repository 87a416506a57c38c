/** What the agent tells a handler host on stdin, as one JSON document. Parameters were checked before. */
import type { JsonValue } from '../core/json.ts';
import type { HandlerFacts } from '../handler-api.ts';
import type { HandlerPart } from './handler-part.ts';

export interface HandlerHostRequest {
  readonly operation: string;
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
