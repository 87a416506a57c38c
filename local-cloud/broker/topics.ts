/**
 * What topics mean to AWS IoT Core, and how long they may be.
 *
 * Sources: AWS General Reference, "AWS IoT Core endpoints and quotas" (topic size, number of slashes); Developer Guide,
 * "Reserved topics" and "MQTT", section "AWS IoT differences from MQTT specifications".
 */
import { THING_NAME } from '../jobs-service/validation.ts';

/** Bytes of UTF-8. */
const MAX_TOPIC_BYTES = 256;
const MAX_SLASHES = 7;
/** Last segments of the topics that only the Jobs service speaks on. */
const SERVICE_TOPICS = new Set(['accepted', 'rejected', 'notify', 'notify-next']);

export type TopicMeaning =
  /** A request to the Jobs service, about that thing. Also a topic in its namespace that means no operation. */
  | { readonly kind: 'jobs'; readonly thingName: string }
  /** Begins with `$` and is no request: nobody but a service may publish to it. */
  | { readonly kind: 'reserved' }
  | { readonly kind: 'ordinary' };

const RESERVED: TopicMeaning = { kind: 'reserved' };
const ORDINARY: TopicMeaning = { kind: 'ordinary' };

/** What publishing to this topic means. */
export function topicMeaning(topic: string): TopicMeaning {
  if (!topic.startsWith('$')) return ORDINARY;
  const [aws, things, thingName = '', jobs, ...rest] = topic.split('/');
  if (aws !== '$aws' || things !== 'things' || jobs !== 'jobs' || !THING_NAME.test(thingName)) return RESERVED;
  const last = rest.at(-1) ?? '';
  if (rest.length === 0 || topic.endsWith('/jobs/') || SERVICE_TOPICS.has(last)) return RESERVED;
  return { kind: 'jobs', thingName };
}

/** Which limit a topic or a filter exceeds, or null. */
export function topicViolation(topic: string): string | null {
  if (Buffer.byteLength(topic) > MAX_TOPIC_BYTES) return `a topic has more than ${MAX_TOPIC_BYTES} bytes`;
  const slashes = topic.split('/').length - 1;
  return slashes > MAX_SLASHES ? `a topic has more than ${MAX_SLASHES} slashes` : null;
}

/**
 * Does `filter` select `topic`? As MQTT 3.1.1, 4.7, says, except that `a/#` does not select `a` with AWS IoT Core.
 * Topics that begin with `$` are selected by no leading wildcard.
 */
export function filterMatches(filter: string, topic: string): boolean {
  const filterLevels = filter.split('/');
  const topicLevels = topic.split('/');
  if (topic.startsWith('$') && (filterLevels[0] === '+' || filterLevels[0] === '#')) return false;
  for (const [index, level] of filterLevels.entries()) {
    if (index >= topicLevels.length) return false;
    if (level === '#') return true;
    if (level !== '+' && level !== topicLevels[index]) return false;
  }
  return filterLevels.length === topicLevels.length;
}

export function hasWildcard(filter: string): boolean {
  return filter.includes('+') || filter.includes('#');
}
