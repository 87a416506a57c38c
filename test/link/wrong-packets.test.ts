import { expect, onTestFinished, test } from 'vitest';
import { startAdvisedGateway } from './advised-gateway.ts';
import { PACKET, packet, publish } from './mqtt-packets.ts';
import { type BrokerConnection, behaveWell } from './scripted-broker.ts';

/** A library that answers these writes a packet id that is not there, or keeps what it must not. */
const WRONG: readonly (readonly [what: string, bytes: Buffer])[] = [
  ['PUBLISH at QoS 1 that ends before its packet id', packet(PACKET.PUBLISH, 2, Buffer.from([0, 0]))],
  ['PUBLISH at QoS 1 with half a packet id', packet(PACKET.PUBLISH, 2, Buffer.from([0, 1, 0x61, 0]))],
  ['PUBLISH at QoS 2, which nobody subscribed with', publish('a', 'b', { qos: 2, packetId: 1 })],
  ['PUBLISH at QoS 2 without a packet id', packet(PACKET.PUBLISH, 4, Buffer.from([0, 0]))],
  ['PUBREL without a packet id', packet(PACKET.PUBREL, 2, Buffer.alloc(0))],
  ['PUBREL with half a packet id', packet(PACKET.PUBREL, 2, Buffer.from([0]))],
];

/** What these packets do to a library they do after the handler has returned, and to the process. */
test.each(WRONG)('%s ends the connection and not the process', async (_, bytes) => {
  const uncaught: unknown[] = [];
  const note = (error: unknown) => uncaught.push(error);
  process.prependListener('uncaughtException', note);
  onTestFinished(() => void process.off('uncaughtException', note));
  let sentTo: BrokerConnection | undefined;
  const { gateway, broker } = await startAdvisedGateway((received, connection) => {
    behaveWell(received, connection);
    if (received.type !== 'publish' || sentTo !== undefined) return;
    sentTo = connection;
    connection.send(bytes);
  });
  expect(await gateway.drive(() => gateway.attempts.length > 1)).toBe(true);
  await (await broker.connection(1)).received('publish');
  expect(gateway.losses).toEqual(['PROTOCOL_ERROR']);
  expect(broker.faults).toEqual([]);
  expect(uncaught).toEqual([]);
});
