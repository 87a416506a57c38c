/**
 * What a thing may do, as an AWS IoT policy written for one thing would say it: ask for jobs on its own request topics,
 * hear its own answers and notifications, nothing else.
 */

/** Last segments of the topics that only the service speaks on. */
const SERVICE_TOPICS = new Set(['accepted', 'rejected', 'notify', 'notify-next']);

export function jobsPrefix(thingName: string): string {
  return `$aws/things/${thingName}/jobs/`;
}

/** Also true for topics in the Jobs namespace that mean no operation: those get an InvalidTopic rejection. */
export function mayPublish(thingName: string, topic: string): boolean {
  const prefix = jobsPrefix(thingName);
  if (!topic.startsWith(prefix) || topic.length === prefix.length) return false;
  return !SERVICE_TOPICS.has(topic.split('/').at(-1) ?? '');
}

export function maySubscribe(thingName: string, filter: string): boolean {
  const prefix = jobsPrefix(thingName);
  return filter.startsWith(prefix) && filter.length > prefix.length;
}

/** MQTT 3.1.1, 4.7: does `filter` select `topic`? Topics that begin with `$` are selected by no leading wildcard. */
export function filterMatches(filter: string, topic: string): boolean {
  const filterLevels = filter.split('/');
  const topicLevels = topic.split('/');
  if (topic.startsWith('$') && (filterLevels[0] === '+' || filterLevels[0] === '#')) return false;
  for (const [index, level] of filterLevels.entries()) {
    if (level === '#') return true;
    if (index >= topicLevels.length || (level !== '+' && level !== topicLevels[index])) return false;
  }
  return filterLevels.length === topicLevels.length;
}
