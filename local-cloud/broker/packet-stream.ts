/** Packets of ours for aedes to deliver. */
import type { PublishPacket } from 'aedes';

/**
 * Packets that take one way out, numbered. aedes drops a packet whose number is not above the last one it delivered of
 * the same `brokerId`; an answer goes straight out while a notification takes its turn through the broker, so under one
 * numbering a quick second request would silence the notifications of the first.
 */
export function packetStream(brokerId: string, qos: 0 | 1): (topic: string, payload: string) => PublishPacket {
  let brokerCounter = 0;
  return (topic, payload) => {
    brokerCounter++;
    const numbered = { brokerId, brokerCounter };
    return { ...numbered, cmd: 'publish', topic, payload: Buffer.from(payload), qos, retain: false, dup: false };
  };
}
