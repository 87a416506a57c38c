import { Type } from '../../agent/handler-api.ts';

export const systemInfoParameters = Type.Object({}, { additionalProperties: false });
