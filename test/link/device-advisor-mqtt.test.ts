/** The MQTT cases of AWS IoT Device Advisor, by their ids. docs/device-advisor.md says what each checks. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createRandom } from '../power/random.ts';
import { type AdvisedGateway, JOBS, startAdvisedGateway, THING_NAME } from './advised-gateway.ts';
import { type ClientPacket, PACKET, publish } from './mqtt-packets.ts';
import { type Behaviour, behaveWell } from './scripted-broker.ts';

/** Defaults of the settings connectTimeoutSeconds, keepAliveSeconds and requestTimeoutSeconds. */
const CONNECT_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_MS = 60_000;
const REQUEST_TIMEOUT_MS = 10_000;
/** Of a request that was not answered, before it is sent again. */
const LONGEST_FIRST_RETRY_MS = 2_000;
/** AWS IoT Core quotas: "Maximum subscriptions per subscribe call". */
const MAX_FILTERS = 8;

/** All time stands still: the transport's own timers move by `vi`, the agent's by its clock. Sockets are real. */
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('connecting', () => {
  test('MQTT_Connect: CONNECT names the thing and a keep-alive within the limits', async () => {
    const { broker } = await startAdvisedGateway();
    const [connect] = await (await broker.connection(0)).received('connect');
    expect(connect).toMatchObject({ clientId: THING_NAME, keepAliveSeconds: KEEP_ALIVE_MS / 1_000 });
  });

  test('MQTT_Subscribe: one SUBSCRIBE asks for every topic of jobs', async () => {
    const { broker } = await startAdvisedGateway();
    const [subscribe] = await (await broker.connection(0)).received('subscribe');
    const filters = subscribe?.filters ?? [];
    expect(filters.length).toBeLessThanOrEqual(MAX_FILTERS);
    expect(filters).toContainEqual({ filter: `${JOBS}/notify-next`, qos: 1 });
    expect(filters).toContainEqual({ filter: `${JOBS}/+/update/+`, qos: 0 });
  });

  test('MQTT_Publish: a publish at QoS 0 follows each connection', async () => {
    const { broker } = await startAdvisedGateway();
    const [request] = await (await broker.connection(0)).received('publish');
    expect(request).toMatchObject({ qos: 0, packetId: undefined });
    expect(request?.topic.startsWith(`${JOBS}/`)).toBe(true);
  });
});

describe('reconnecting', () => {
  test('MQTT_Connect_Jitter_Backoff_Retries: twelve connects come after waits of chance', async () => {
    const waits = await waitsWithoutConnack(createRandom(1).next);
    expect(waits).toHaveLength(11);
    for (const wait of waits) expect(wait).toBeGreaterThanOrEqual(1_000);
    for (const wait of waits) expect(wait).toBeLessThanOrEqual(120_000);
    expect(new Set(waits).size).toBe(waits.length);
    expect(await waitsWithoutConnack(createRandom(2).next)).not.toEqual(waits);
  });

  test('MQTT_Connect_Exponential_Backoff_Retries: the longest possible wait doubles up to 120 s', async () => {
    const waits = await waitsWithoutConnack(() => 1 - Number.EPSILON);
    const beyondASecond = waits.slice(0, 5).map((wait) => Math.round((wait - 1_000) / 1_000));
    expect(beyondASecond).toEqual([1, 2, 4, 8, 16]);
    expect(Math.max(...waits)).toBeLessThanOrEqual(120_000);
  });

  test('MQTT_ReconnectionAfterSuccessfulConnection: after a loss it waits a second or more', async () => {
    const { gateway, broker } = await startAdvisedGateway(behaveWell, { random: () => 0 });
    await kick({ gateway, broker }, 0);
    expect(waitsOf(gateway.attempts)).toEqual([1_000]);
  });

  test('MQTT_Reconnect_Backoff_Retries_On_Server_Disconnect: ten kicks are met with growing waits', async () => {
    const { gateway, broker } = await startAdvisedGateway(behaveWell, { random: createRandom(3).next });
    for (let index = 0; index < 10; index += 1) await kick({ gateway, broker }, index);
    const waits = waitsOf(gateway.attempts);
    expect(waits).toHaveLength(10);
    for (const wait of waits) expect(wait).toBeGreaterThanOrEqual(1_000);
    const sum = (part: readonly number[]) => part.reduce((total, wait) => total + wait, 0);
    expect(sum(waits.slice(5))).toBeGreaterThan(2 * sum(waits.slice(0, 5)));
    expect(new Set(waits).size).toBe(waits.length);
  });
});

describe('acknowledging', () => {
  test('MQTT_Client_Puback_QoS1: a message of 128 KiB at QoS 1 is acknowledged', async () => {
    const { broker } = await startAdvisedGateway();
    const connection = await broker.connection(0);
    await connection.received('publish');
    connection.send(publish(`${JOBS}/notify-next`, Buffer.alloc(128 * 1024, 'x'), { qos: 1, packetId: 77 }));
    const [acknowledged] = await connection.received('acknowledgement');
    expect(acknowledged).toMatchObject({ packetType: PACKET.PUBACK, packetId: 77 });
  });

  test('MQTT_Publish_Retry_No_Puback: an unanswered request goes out again on the same connection', async () => {
    const { gateway, broker } = await startAdvisedGateway();
    const connection = await broker.connection(0);
    const [first] = await connection.received('publish');
    gateway.clock.advance(REQUEST_TIMEOUT_MS);
    gateway.clock.advance(LONGEST_FIRST_RETRY_MS);
    const [, again] = await connection.received('publish', 2);
    expect(again).toMatchObject({ topic: first?.topic, qos: 0 });
    expect(broker.connections).toHaveLength(1);
  });

  test('MQTT_Subscribe_Retry_No_Suback: an unanswered SUBSCRIBE goes out again on a new connection', async () => {
    const { gateway, broker } = await startAdvisedGateway(without('subscribe'));
    const first = await broker.connection(0);
    const [asked] = await first.received('subscribe');
    gateway.clock.advance(CONNECT_TIMEOUT_MS);
    await first.closed;
    await gateway.drive(() => gateway.attempts.length > 1);
    const [again] = await (await broker.connection(1)).received('subscribe');
    expect(again?.filters.length).toBeGreaterThan(0);
    expect(asked?.filters).toEqual(expect.arrayContaining([...(again?.filters ?? [])]));
  });

  test('MQTT_No_Ack_PingResp: without PINGRESP it is over at one and a half keep-alives', async () => {
    const { gateway, broker } = await startAdvisedGateway(without('pingreq'));
    const connection = await broker.connection(0);
    await connection.received('publish');
    vi.advanceTimersByTime(KEEP_ALIVE_MS);
    await connection.received('pingreq');
    vi.advanceTimersByTime(KEEP_ALIVE_MS / 2 - 1);
    expect(gateway.losses).toEqual([]);
    vi.advanceTimersByTime(1);
    await connection.closed;
    await gateway.drive(() => gateway.attempts.length > 1);
    expect(gateway.losses).toEqual(['KEEP_ALIVE_TIMEOUT']);
  });
});

describe('sessions', () => {
  test('MQTT_Persistent_Session_Happy_Case: sessions are clean, and what was missed is asked for', async () => {
    const { gateway, broker } = await startAdvisedGateway();
    await kick({ gateway, broker }, 0);
    const connection = await broker.connection(1);
    const [request] = await connection.received('publish');
    expect(request?.topic).toMatch(/\/jobs\/(get|start-next)$/);
    for (const { packets } of broker.connections) expect(packets[0]).toMatchObject({ isCleanSession: true });
  });

  test('MQTT_Expired_Persistent_Session: without a session it subscribes again', async () => {
    const { gateway, broker } = await startAdvisedGateway();
    const [before] = await (await broker.connection(0)).received('subscribe');
    await kick({ gateway, broker }, 0);
    const [after] = await (await broker.connection(1)).received('subscribe');
    expect(after?.filters).toEqual(before?.filters);
  });
});

/** Behaves well, but that packets of this type are not answered. */
function without(type: ClientPacket['type']): Behaviour {
  return (packet, connection) => {
    if (packet.type !== type) behaveWell(packet, connection);
  };
}

/** Of twelve connects: five in a row get no CONNACK, the sixth does and is thrown out; and again. */
async function waitsWithoutConnack(random: () => number): Promise<readonly number[]> {
  let connects = 0;
  const { gateway, broker } = await startAdvisedGateway(
    (packet, connection) => {
      if (packet.type === 'connect') connects += 1;
      if (connects % 6 === 0) behaveWell(packet, connection);
    },
    { random },
  );
  for (let index = 0; index < 12; index += 1) {
    const connection = await broker.connection(index);
    await connection.received('connect');
    if (index % 6 === 5) await connection.received('publish');
    if (index === 11) break;
    if (index % 6 === 5) connection.socket.destroy();
    else vi.advanceTimersByTime(CONNECT_TIMEOUT_MS);
    await gateway.drive(() => gateway.attempts.length > index + 1);
  }
  return waitsOf(gateway.attempts);
}

/** The broker ends this connection as soon as it is in use; resolves when the next attempt has begun. */
async function kick({ gateway, broker }: AdvisedGateway, index: number): Promise<void> {
  const connection = await broker.connection(index);
  await connection.received('publish');
  connection.socket.destroy();
  await gateway.drive(() => gateway.attempts.length > index + 1);
}

function waitsOf(attempts: readonly number[]): readonly number[] {
  return attempts.slice(1).map((at, index) => at - (attempts[index] ?? 0));
}
