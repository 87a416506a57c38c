/** What holds for the whole account: its endpoints, and which events are published (API reference of each operation). */
import type { JsonObject } from '../../agent/core/json.ts';
import { isJsonObject } from '../../agent/core/json.ts';
import { IOT } from '../api-model/model.ts';
import type { ControlResult } from '../jobs-service/control-request.ts';
import type { JobsState } from '../jobs-service/state.ts';
import { answerWith, invalidRequest, optional, seconds } from './answers.ts';

/**
 * `localhost:PORT`: unlike AWS's, these addresses carry their port, because nothing here has the well-known ones. The kinds
 * `iot:Data` and `iot:Data-ATS` differ in who signed the server's certificate, and here that is one authority.
 */
export function describeEndpoint(state: JobsState, input: JsonObject): ControlResult {
  const { endpointType = 'iot:Data' } = input;
  const { data, jobs } = state.registry.endpoints;
  const addresses: Readonly<Record<string, string | undefined>> = {
    'iot:Data': data,
    'iot:Data-ATS': data,
    'iot:Jobs': jobs,
  };
  const kind = String(endpointType);
  const endpointAddress = Object.hasOwn(addresses, kind) ? addresses[kind] : undefined;
  if (endpointAddress === undefined) throw invalidRequest(`job-cloud has no endpoint of type ${kind}`);
  return answerWith({ endpointAddress });
}

/** Events that are not named stay as they are. */
export function updateEventConfigurations(state: JobsState, input: JsonObject, nowMs: number): ControlResult {
  const { eventConfigurations } = state.registry;
  const given = isJsonObject(input.eventConfigurations) ? input.eventConfigurations : {};
  for (const [eventType, configuration] of Object.entries(given)) {
    if (!isJsonObject(configuration)) continue;
    if (configuration.Enabled === true) eventConfigurations.enabled.add(eventType);
    else eventConfigurations.enabled.delete(eventType);
  }
  eventConfigurations.createdAtMs ??= nowMs;
  eventConfigurations.lastModifiedAtMs = nowMs;
  return answerWith({});
}

/** Every event type of AWS's, off unless it was switched on; without dates until the first change. */
export function describeEventConfigurations(state: JobsState): ControlResult {
  const { enabled, createdAtMs, lastModifiedAtMs } = state.registry.eventConfigurations;
  const eventTypes = IOT.shapes.EventType?.enum ?? [];
  return answerWith({
    eventConfigurations: Object.fromEntries(eventTypes.map((type) => [type, { Enabled: enabled.has(type) }])),
    ...optional('creationDate', createdAtMs === undefined ? undefined : seconds(createdAtMs)),
    ...optional('lastModifiedDate', lastModifiedAtMs === undefined ? undefined : seconds(lastModifiedAtMs)),
  });
}
