/**
 * What a connection may do: AWS IoT Core's limits, its reserved topics, and the policies of the client's certificate.
 *
 * Sources: AWS IoT Developer Guide, "AWS IoT Core policy actions", "Thing policy variables", "Retained message policy
 * examples", "MQTT"; AWS General Reference, "AWS IoT Core endpoints and quotas". A change of a policy takes effect at once
 * here, and after 6 to 8 minutes there.
 */
import type { X509Certificate } from 'node:crypto';
import { ACCOUNT_ID, REGION } from '../jobs-service/state.ts';
import type { PolicyDocument, PolicyVariables } from '../policy/evaluate-policy.ts';
import { evaluatePolicies, parsePolicyDocument } from '../policy/evaluate-policy.ts';
import type { Principal } from '../registry/principal-of.ts';
import { certificateVariables } from './certificate-variables.ts';
import { topicMeaning, topicViolation } from './topics.ts';

const MAX_PAYLOAD_BYTES = 128 * 1024;
const MAX_CLIENT_ID_BYTES = 128;
const ARN = `arn:aws:iot:${REGION}:${ACCOUNT_ID}`;
/** Parsed documents kept, before they are forgotten and parsed again. */
const MAX_PARSED = 1000;

/** MQTT 5 reason codes of refusals (MQTT 5.0, 2.4; AWS's guide, "MQTT reason codes"). */
export const REASON = {
  clientIdNotValid: 0x85,
  notAuthorized: 0x87,
  topicFilterInvalid: 0x8f,
  topicNameInvalid: 0x90,
  quotaExceeded: 0x97,
  qosNotSupported: 0x9b,
  sharedSubscriptionsNotSupported: 0x9e,
} as const;

export interface Refusal {
  /** For the log. */
  readonly reason: string;
  /** MQTT 5 reason code. */
  readonly code: number;
}

/** Who is at the other end of a TLS connection. */
export interface Peer {
  readonly certificate: X509Certificate;
  /** SHA-256 over the certificate's DER form, as lower-case hex. */
  readonly fingerprint: string;
  readonly address: string;
  /** The host name the client asked for (SNI). */
  readonly serverName: string | undefined;
}

export interface ConnectRequest {
  /** Whether the session is to outlive the connection. */
  readonly isPersistent: boolean;
  readonly will: { readonly qos: number } | undefined;
}

export interface PublishRequest {
  readonly topic: string;
  readonly qos: number;
  readonly retain: boolean;
  readonly payload: { readonly length: number };
}

/** One connection's; every call asks anew what holds now. */
export interface Permissions {
  connect(request: ConnectRequest): Refusal | null;
  publish(request: PublishRequest): Refusal | null;
  subscribe(filter: string): Refusal | null;
  /** Whether a message on this topic is delivered. */
  receives(topic: string): boolean;
  /** Whether the certificate is still ACTIVE. */
  isActive(): boolean;
  /** The thing that policy variables are about; else the only thing of the certificate. */
  thingName(): string | undefined;
}

export interface PermissionSources {
  /** Of the certificate with this fingerprint; counting the policies of that thing's groups only. */
  principalOf(fingerprint: string, thingName: string): Principal | undefined;
  attributesOf(thingName: string): Readonly<Record<string, string>>;
}

/** Makes the permissions of a client id behind a certificate. */
export type PermissionsOf = (peer: Peer, clientId: string) => Permissions;

export function createPermissions(sources: PermissionSources): PermissionsOf {
  const parsed = new Map<string, PolicyDocument>();
  const parse = (text: string): PolicyDocument => {
    const known = parsed.get(text);
    if (known) return known;
    if (parsed.size >= MAX_PARSED) parsed.clear();
    const document = parsePolicyDocument(text);
    parsed.set(text, document);
    return document;
  };
  return (peer, clientId) => {
    const ofConnection: PolicyVariables = {
      ...certificateVariables(peer.certificate, peer.fingerprint),
      'iot:ClientId': clientId,
      'iot:DomainName': peer.serverName,
      'aws:SourceIp': peer.address,
    };
    const standing = () => standingOf(sources, peer.fingerprint, clientId);
    const allows = (action: string, resource: string, more?: PolicyVariables): boolean => {
      const { principal, thingName } = standing();
      if (principal?.certificate.status !== 'ACTIVE') return false;
      const variables = { ...ofConnection, ...thingVariables(sources, thingName), ...more };
      const documents = principal.policyDocuments.map(parse);
      return evaluatePolicies(documents, { action, resource: `${ARN}:${resource}`, variables }) === 'allowed';
    };
    return {
      connect: (request) => connectRefusal(clientId, request, allows),
      publish: (request) => publishRefusal(request, allows),
      subscribe: (filter) => subscribeRefusal(filter, allows),
      receives: (topic) => allows('iot:Receive', `topic/${topic}`),
      isActive: () => standing().principal?.certificate.status === 'ACTIVE',
      thingName: () => {
        const { principal, thingName } = standing();
        return thingName ?? (principal?.things.length === 1 ? principal.things[0] : undefined);
      },
    };
  };
}

type Allows = (action: string, resource: string, more?: PolicyVariables) => boolean;

interface Standing {
  readonly principal: Principal | undefined;
  /** What `iot:Connection.Thing.ThingName` stands for. */
  readonly thingName: string | undefined;
}

/**
 * "Thing policy variables": a certificate that is attached to several things, or could be, acts for the thing whose name
 * is the client id; one that is attached exclusively acts for its thing, whatever the client id.
 */
function standingOf(sources: PermissionSources, fingerprint: string, clientId: string): Standing {
  const principal = sources.principalOf(fingerprint, clientId);
  const [only] = principal?.things ?? [];
  if (principal?.certificate.isExclusive && only !== undefined && only !== clientId) {
    return { principal: sources.principalOf(fingerprint, only), thingName: only };
  }
  return { principal, thingName: principal?.things.includes(clientId) ? clientId : undefined };
}

function thingVariables(sources: PermissionSources, thingName: string | undefined): PolicyVariables {
  if (thingName === undefined) return { 'iot:Connection.Thing.IsAttached': 'false' };
  const attributes = Object.entries(sources.attributesOf(thingName)).map(
    ([name, value]) => [`iot:Connection.Thing.Attributes[${name}]`, value] as const,
  );
  return {
    'iot:Connection.Thing.IsAttached': 'true',
    'iot:Connection.Thing.ThingName': thingName,
    ...Object.fromEntries(attributes),
  };
}

function connectRefusal(clientId: string, { isPersistent, will }: ConnectRequest, allows: Allows): Refusal | null {
  if (clientId === '') return { reason: 'a client id is needed', code: REASON.clientIdNotValid };
  if (Buffer.byteLength(clientId) > MAX_CLIENT_ID_BYTES) {
    return { reason: `the client id has more than ${MAX_CLIENT_ID_BYTES} bytes`, code: REASON.clientIdNotValid };
  }
  if (will?.qos === 2) return { reason: 'QoS 2 is not supported', code: REASON.qosNotSupported };
  // Developer Guide, "Using connectAttributes".
  const attributes = [...(isPersistent ? ['PersistentConnect'] : []), ...(will ? ['LastWill'] : [])];
  if (allows('iot:Connect', `client/${clientId}`, { 'iot:ConnectAttributes': attributes })) return null;
  return { reason: 'no policy allows iot:Connect with this client id', code: REASON.notAuthorized };
}

function publishRefusal({ topic, qos, retain, payload }: PublishRequest, allows: Allows): Refusal | null {
  if (qos === 2) return { reason: 'QoS 2 is not supported', code: REASON.qosNotSupported };
  if (payload.length > MAX_PAYLOAD_BYTES) {
    return { reason: 'the payload is larger than 128 KiB', code: REASON.quotaExceeded };
  }
  const violation = topicViolation(topic);
  if (violation) return { reason: violation, code: REASON.topicNameInvalid };
  const { kind } = topicMeaning(topic);
  if (kind === 'reserved') return { reason: 'the topic is reserved', code: REASON.topicNameInvalid };
  if (!allows('iot:Publish', `topic/${topic}`)) {
    return { reason: 'no policy allows iot:Publish', code: REASON.notAuthorized };
  }
  // What is not kept (`broker.ts`) needs no permission to be kept.
  if (retain && kind === 'ordinary' && !allows('iot:RetainPublish', `topic/${topic}`)) {
    return { reason: 'no policy allows iot:RetainPublish', code: REASON.notAuthorized };
  }
  return null;
}

function subscribeRefusal(filter: string, allows: Allows): Refusal | null {
  const violation = topicViolation(filter);
  if (violation) return { reason: violation, code: REASON.topicFilterInvalid };
  if (filter.startsWith('$share/')) {
    return { reason: 'shared subscriptions are not supported', code: REASON.sharedSubscriptionsNotSupported };
  }
  // The broker library tells about itself there.
  if (filter.startsWith('$') && !filter.startsWith('$aws/')) {
    return { reason: 'the topic is reserved', code: REASON.topicFilterInvalid };
  }
  if (allows('iot:Subscribe', `topicfilter/${filter}`)) return null;
  return { reason: 'no policy allows iot:Subscribe', code: REASON.notAuthorized };
}
