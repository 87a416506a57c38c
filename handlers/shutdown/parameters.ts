import { Type } from '../../agent/handler-api.ts';

export const shutdownParameters = Type.Object({}, { additionalProperties: false });
