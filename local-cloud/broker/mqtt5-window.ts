/** Keeps to a client's Receive Maximum (MQTT 5.0, 4.9): so many messages of QoS 1 are on their way to it and no more. */
import type { IPublishPacket } from 'mqtt-packet';

export interface DeliveryWindow {
  /** Sends it now or in its turn. */
  deliver(packet: IPublishPacket): void;
  /** The client had one of them. */
  acknowledged(): void;
}

/** @param receiveMaximum What the client said; undefined is no limit but that of packet identifiers. */
export function createDeliveryWindow(
  receiveMaximum: number | undefined,
  send: (packet: IPublishPacket) => void,
): DeliveryWindow {
  const maximum = receiveMaximum ?? 65_535;
  const waiting: IPublishPacket[] = [];
  let underWay = 0;
  const sendWaiting = () => {
    for (let next = waiting[0]; next && (next.qos === 0 || underWay < maximum); next = waiting[0]) {
      waiting.shift();
      if (next.qos > 0) underWay++;
      send(next);
    }
  };
  return {
    deliver: (packet) => {
      waiting.push(packet);
      sendWaiting();
    },
    acknowledged: () => {
      underWay = Math.max(underWay - 1, 0);
      sendWaiting();
    },
  };
}
