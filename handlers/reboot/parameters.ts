import { Type } from '../../agent/handler-api.ts';

export const rebootParameters = Type.Object({}, { additionalProperties: false });
