/** What the admin API asks of the cloud it is part of; `job-cloud.ts` puts it together. */
import type { JsonObject } from '../../agent/core/json.ts';
import type { ControlOperationName } from '../api-model/model.ts';
import type { TurnableClock } from '../clock.ts';
import type { FaultControl } from '../faults/fault-control.ts';
import type { Execution, JobsState } from '../jobs-service/state.ts';

export interface AdminCloud {
  readonly state: JobsState;
  readonly clock: TurnableClock;
  readonly faults: FaultControl;
  /**
   * Runs one operation of the control plane.
   * @throws ControlError
   */
  call(operation: ControlOperationName, input: JsonObject): Promise<JsonObject>;
  /** Makes a thing with its certificate and configuration; one that is there already is given back. */
  addThing(thingName: string): Promise<{ readonly configPath: string; readonly thingArn: string }>;
  /** Names of the things that are connected over MQTT now. */
  connectedThings(): ReadonlySet<string>;
  /** Ends the connections of a thing as a broken network would. @returns how many there were. */
  disconnect(thingName: string): number;
  /** Each function hears of changes after they happened. */
  listen(listener: CloudListener): () => void;
}

export interface CloudListener {
  executionChanged(execution: Execution): void;
  connectionChanged(thingName: string, isConnected: boolean): void;
  /** An operation was answered, by whomever it was asked for. */
  operationDone(operation: ControlOperationName): void;
  clockTurned(): void;
}
