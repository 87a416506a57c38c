/** The numbers that a client of MQTT 5 may send in place of topics (MQTT 5.0, 3.3.2.3.4). */
export interface TopicAliases {
  /** The topic of a PUBLISH; undefined where its alias is out of range or stands for nothing. */
  resolve(topic: string, alias: number | undefined): string | undefined;
}

/** @param maximum The highest alias that is taken. */
export function createTopicAliases(maximum: number): TopicAliases {
  const topics = new Map<number, string>();
  return {
    resolve: (topic, alias) => {
      if (alias === undefined) return topic === '' ? undefined : topic;
      if (alias < 1 || alias > maximum) return undefined;
      if (topic === '') return topics.get(alias);
      topics.set(alias, topic);
      return topic;
    },
  };
}
