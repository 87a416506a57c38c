/**
 * AWS's own models of the two services, as far as they are served here: each operation's request line, the shape of its
 * input and its errors. The JSON beside this file is extracted from what AWS publishes (`scripts/extract-api-model.mjs`);
 * the services' names are `iot` 2015-05-28 and `iot-jobs-data` 2017-09-29.
 */
import iot from './iot.json' with { type: 'json' };
import iotJobsData from './iot-jobs-data.json' with { type: 'json' };

export type ControlOperationName = keyof typeof iot.operations;
export type DataOperationName = keyof typeof iotJobsData.operations;

export interface ApiOperation {
  readonly method: string;
  /** `{name}` stands for one segment. */
  readonly path: string;
  /** Name of the shape of its input; absent where it has none. */
  readonly input?: string;
  /** Exceptions with their HTTP statuses. */
  readonly errors: Readonly<Record<string, number>>;
}

export interface MemberShape {
  readonly shape: string;
  /** `uri`, `querystring` or `header`; the body where absent. */
  readonly location?: string;
  /** Its name there, where it differs from the member's. */
  readonly locationName?: string;
}

export interface ApiShape {
  readonly type: string;
  readonly required?: readonly string[];
  readonly members?: Readonly<Record<string, MemberShape>>;
  /** Of a list. */
  readonly member?: MemberShape;
  /** Of a map. */
  readonly key?: MemberShape;
  readonly value?: MemberShape;
  /** Of a number its value, of everything else its length. */
  readonly min?: number;
  readonly max?: number;
  /** As a Java regular expression. */
  readonly pattern?: string;
  readonly enum?: readonly string[];
}

export interface ApiModel<Name extends string = string> {
  readonly service: string;
  readonly operations: Readonly<Record<Name, ApiOperation>>;
  readonly shapes: Readonly<Record<string, ApiShape>>;
}

/** The control plane. */
export const IOT: ApiModel<ControlOperationName> = iot;
/** The device's four operations over HTTP. */
export const IOT_JOBS_DATA: ApiModel<DataOperationName> = iotJobsData;
