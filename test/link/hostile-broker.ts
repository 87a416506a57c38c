/**
 * A broker that sends right, mutated, unasked and broken packets by the hundred to whoever connects, and in between
 * behaves well for as long as it is told to.
 */
import type { JsonObject } from '../../agent/core/json.ts';
import { encodeMessage } from '../../local-cloud/jobs-service/encode-message.ts';
import type { RunningService } from '../../local-cloud/running-service.ts';
import type { Random } from '../power/random.ts';
import { connack, publish, suback } from './mqtt-packets.ts';
import { brokenPacket, mutateBytes, mutateJson, mutateText, unaskedPacket } from './mutations.ts';
import { type BrokerConnection, behaveWell, type PacketOf } from './scripted-broker.ts';

export interface HostileBroker {
  /** Takes a packet of the gateway. */
  take(packet: Parameters<typeof behaveWell>[0], connection: BrokerConnection): void;
  /** To the gateway that is connected, as a well-behaved broker would. */
  notify(topic: string, message: JsonObject): void;
  /** Packets that gateways took in, at the least: of a connection that ended only the first of the last batch counts. */
  packets: number;
  readonly isHostile: boolean;
  /** From now on, also on the connection there is. */
  beginHostilities(): void;
  /** From now on it behaves well; the connection there is ends. */
  makePeace(): void;
}

export interface HostileBrokerOptions {
  readonly thingName: string;
  readonly random: Random;
  /** What answers requests; may be another one each time. */
  readonly service: () => RunningService;
  readonly onProgress: () => void;
}

/** Packets between two signs of life. */
const BATCH = 16;
/** On one connection. */
const MAX_BATCHES = 24;
/** Its PUBACK says that what came before it was taken in. */
const SIGN_OF_LIFE_ID = 0xffff;
/** How long a gateway may take to close a connection, or to give a sign of life, before we hang up. */
const PATIENCE_MS = 25;

export function createHostileBroker(options: HostileBrokerOptions): HostileBroker {
  const { thingName, random, service } = options;
  const seeds = seedPackets(thingName);
  let current: BrokerConnection | undefined;
  const batches = new WeakMap<BrokerConnection, number>();
  /** Batches without a sign of life yet, with the end of our patience. */
  const underWay = new Map<BrokerConnection, NodeJS.Timeout>();
  let isHostile = false;

  function hangUpLater(connection: BrokerConnection): void {
    const timer = setTimeout(() => connection.socket.destroy(), PATIENCE_MS);
    connection.socket.once('close', () => clearTimeout(timer));
  }

  function sendBroken(connection: BrokerConnection): void {
    broker.packets += 1;
    connection.send(brokenPacket(random.pick(seeds), random));
    if (random.below(2) === 0) connection.socket.end();
    else hangUpLater(connection);
  }

  function attack(connection: BrokerConnection): void {
    const count = batches.get(connection) ?? 0;
    batches.set(connection, count + 1);
    if (!isHostile || !connection.isOpen) return;
    if (count >= MAX_BATCHES) connection.socket.end();
    else if (random.below(6) === 0) sendBroken(connection);
    else sendBatch(connection);
  }

  function sendBatch(connection: BrokerConnection): void {
    const packets = Array.from({ length: BATCH - 1 }, () => tolerablePacket(random.pick(seeds), thingName, random));
    const topic = `$aws/things/${thingName}/jobs/notify`;
    connection.send(Buffer.concat([...packets, publish(topic, '{}', { qos: 1, packetId: SIGN_OF_LIFE_ID })]));
    const patience = setTimeout(() => connection.socket.destroy(), 20 * PATIENCE_MS);
    underWay.set(connection, patience);
  }

  /** Whether a batch was; it no longer is. */
  function isUnderWay(connection: BrokerConnection): boolean {
    clearTimeout(underWay.get(connection));
    return underWay.delete(connection);
  }

  function greet(connection: BrokerConnection): void {
    current = connection;
    connection.socket.once('close', () => {
      broker.packets += Number(isUnderWay(connection));
      options.onProgress();
    });
    if (isHostile && random.below(8) === 0) sendBroken(connection);
    else connection.send(connack());
  }

  /** Right, wrong, or not at all. */
  function answer({ topic, payload }: PacketOf<'publish'>, connection: BrokerConnection): void {
    service().device({ thingName, topic, payload }, (given) => {
      const answered = isHostile ? hostileAnswer(given.message, random) : encodeMessage(given.message);
      if (answered === undefined) return;
      connection.send(publish(given.topic, answered));
      broker.packets += Number(isHostile);
    });
  }

  const broker: HostileBroker = {
    packets: 0,
    get isHostile() {
      return isHostile;
    },
    beginHostilities() {
      isHostile = true;
      if (current !== undefined) attack(current);
    },
    makePeace() {
      isHostile = false;
      current?.socket.destroy();
    },
    take(packet, connection) {
      if (packet.type === 'connect') return greet(connection);
      if (packet.type === 'publish') return answer(packet, connection);
      if (packet.type === 'subscribe' && isHostile) {
        if (random.below(16) === 0) return sendBroken(connection);
        behaveWell(packet, connection);
        return attack(connection);
      }
      if (packet.type === 'acknowledgement' && packet.packetId === SIGN_OF_LIFE_ID) {
        broker.packets += isUnderWay(connection) ? BATCH : 0;
        options.onProgress();
        return attack(connection);
      }
      behaveWell(packet, connection);
    },
    notify(topic, message) {
      current?.send(publish(topic, encodeMessage(message), { qos: 1, packetId: 1 }));
    },
  };
  return broker;
}

function hostileAnswer(message: JsonObject, random: Random): string | Buffer | undefined {
  switch (random.below(4)) {
    case 0:
      return encodeMessage(message);
    case 1:
      return mutateText(message, random);
    case 2: {
      const { clientToken = '' } = message; // with it, it is an answer whatever else it says
      return JSON.stringify({ ...(mutateJson(message, random) as JsonObject), clientToken });
    }
    default:
      return undefined;
  }
}

/** What an agent gets in its everyday life, to be made wrong. */
function seedPackets(thingName: string): readonly [Buffer, ...Buffer[]] {
  const messages = seedMessages(thingName).map(({ topic, message }) => publish(topic, JSON.stringify(message)));
  return [connack(), suback(1, [0, 0, 0, 0, 1, 1]), ...messages];
}

interface SeedMessage {
  readonly topic: string;
  readonly message: JsonObject;
}

function seedMessages(thingName: string): readonly [SeedMessage, ...SeedMessage[]] {
  const jobs = `$aws/things/${thingName}/jobs`;
  const times = { queuedAt: 1_700_000_000, lastUpdatedAt: 1_700_000_001, executionNumber: 1, versionNumber: 1 };
  const summary = { jobId: 'seed', ...times };
  const execution = { ...summary, status: 'QUEUED', jobDocument: { operation: 'work', parameters: { a: [1, 'b'] } } };
  const envelope = { clientToken: 'token-000001', timestamp: 1_700_000_002 };
  const state = { status: 'IN_PROGRESS', statusDetails: { done: 'half' }, versionNumber: 2 };
  return [
    { topic: `${jobs}/notify`, message: { timestamp: 1_700_000_002, jobs: { QUEUED: [summary] } } },
    { topic: `${jobs}/notify-next`, message: { timestamp: 1_700_000_002, execution } },
    { topic: `${jobs}/get/accepted`, message: { ...envelope, inProgressJobs: [], queuedJobs: [summary] } },
    { topic: `${jobs}/start-next/accepted`, message: { ...envelope, execution: { ...execution, ...state } } },
    { topic: `${jobs}/seed/get/accepted`, message: { ...envelope, execution } },
    { topic: `${jobs}/seed/update/accepted`, message: { ...envelope, executionState: state } },
    {
      topic: `${jobs}/seed/update/rejected`,
      message: { ...envelope, code: 'VersionMismatch', message: 'no', executionState: state },
    },
  ];
}

/** Right as MQTT; of what it says nothing need be right. */
function tolerablePacket(seed: Buffer, thingName: string, random: Random): Buffer {
  if (random.below(5) === 0) return unaskedPacket(random);
  const { topic, message } = random.pick(seedMessages(thingName));
  const qos = random.below(2) as 0 | 1;
  const flags = { qos, packetId: 1 + random.below(0xfffe), isRetained: random.below(8) === 0 };
  if (random.below(16) === 0) return publish(topic, mutateBytes(seed, random), flags);
  return publish(topic, mutateText(message, random), flags);
}
