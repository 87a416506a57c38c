/** ARNs and identifiers of what the registry holds (Developer Guide, "Identifying AWS IoT Core resources with ARNs"). */
import { createHash } from 'node:crypto';
import { ACCOUNT_ID, REGION } from '../jobs-service/state.ts';

const PREFIX = `arn:aws:iot:${REGION}:${ACCOUNT_ID}:`;

export type ResourceType = 'thing' | 'thinggroup' | 'cert' | 'policy' | 'job' | 'jobtemplate' | 'package';

export function resourceArn(type: ResourceType, name: string): string {
  return `${PREFIX}${type}/${name}`;
}

/** The name in an ARN of that type in this account and region, or undefined. */
export function nameInArn(type: ResourceType, arn: string): string | undefined {
  const start = `${PREFIX}${type}/`;
  return arn.startsWith(start) && arn.length > start.length ? arn.slice(start.length) : undefined;
}

/** An identifier in the form of a UUID: the same for the same text, so that nothing here needs chance. */
export function stableUuid(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
