/** The `iot` service's operations on things, thing groups, certificates, policies and tags. */
import type { ControlOperations } from '../jobs-service/control-request.ts';

export const REGISTRY_OPERATIONS = {} as const satisfies ControlOperations;
