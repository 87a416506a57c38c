/** One of AWS's clients, as something that calls operations by their names. */
import type { JsonObject } from '../../../agent/core/json.ts';

export type AwsService = 'iot' | 'iot-jobs-data';

export interface CallResult {
  /** Dates as text. Absent when it was refused. */
  readonly output?: JsonObject;
  /** AWS's name of the error. */
  readonly error?: string;
  /** HTTP status, where the client tells it. */
  readonly status?: number;
  /** Of the command line. */
  readonly exitCode?: number;
  readonly message?: string;
}

export interface AwsCaller {
  /** With its version. */
  readonly name: string;
  /** Older clients do not know newer operations. */
  knows(service: AwsService, operation: string): boolean;
  call(service: AwsService, operation: string, input: JsonObject): Promise<CallResult>;
  close(): Promise<void>;
}

export interface CallerOptions {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}
