/** How messages get from the service to its things and back: over a broker, and faultless by itself. */
import type { JsonObject } from '../../agent/core/json.ts';
import type { Identity } from '../../local-cloud/identity/certificates.ts';
import type { DeviceRequest } from '../../local-cloud/jobs-service/device-request.ts';

export interface Wire {
  /** Where things connect. */
  readonly port: number;
  /** To whoever subscribed to its topic. */
  notify(message: WireMessage): void;
  close(): Promise<void>;
}

export interface WireMessage {
  readonly topic: string;
  readonly message: JsonObject;
}

export type SendAnswer = (answer: WireMessage) => void;

export interface WireOptions {
  /** The data folder of a local cloud, and its authority. */
  readonly dataDir: string;
  readonly authority: Identity;
  /** Which thing a certificate belongs to, by its SHA-256 fingerprint. */
  thingOf(fingerprint: string): string | undefined;
  onRequest(request: DeviceRequest, send: SendAnswer): void;
}
