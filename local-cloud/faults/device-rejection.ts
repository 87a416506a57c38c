/** Rejections that no rule of the Jobs service makes: those of a service in trouble. */
import { isJsonObject } from '../../agent/core/json.ts';
import type { DeviceAnswer, DeviceRequest } from '../jobs-service/device-request.ts';
import { routeTopic } from '../jobs-service/device-request.ts';
import { epochSeconds } from '../jobs-service/device-shapes.ts';

/** Developer Guide, "Jobs device MQTT API", ErrorCode: both mean "try again". */
const MESSAGES = {
  RequestThrottled: 'Rate exceeded',
  InternalError: 'An internal error occurred',
} as const;

export function troubleRejection(request: DeviceRequest, code: keyof typeof MESSAGES, nowMs: number): DeviceAnswer {
  const clientToken = clientTokenOf(request.payload);
  return {
    operation: routeTopic(request)?.operation ?? 'InvalidTopic',
    accepted: false,
    code,
    topic: `${request.topic}/rejected`,
    message: {
      code,
      message: MESSAGES[code],
      ...(clientToken !== undefined && { clientToken }),
      timestamp: epochSeconds(nowMs),
    },
  };
}

/** A service that is in trouble has not read a payload that it could not. */
function clientTokenOf(payload: Uint8Array): string | undefined {
  try {
    const body: unknown = JSON.parse(new TextDecoder().decode(payload));
    return isJsonObject(body) && typeof body.clientToken === 'string' ? body.clientToken : undefined;
  } catch {
    return undefined;
  }
}
