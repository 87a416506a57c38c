/** The pure rules with a presigner whose URLs say what was asked of it, and one device that receives documents. */
import type { JsonObject } from '../../../agent/core/json.ts';
import type { ControlOperationName } from '../../../local-cloud/api-model/model.ts';
import { handleControlRequest } from '../../../local-cloud/jobs-service/control-request.ts';
import { handleDeviceRequest } from '../../../local-cloud/jobs-service/device-request.ts';
import { encodeMessage } from '../../../local-cloud/jobs-service/encode-message.ts';
import { emptyJobsState, type JobsState, registerThing } from '../../../local-cloud/jobs-service/state.ts';
import type { SubstitutionRules } from '../../../local-cloud/substitution/document-plan.ts';

export const ROLE = { roleArn: 'arn:aws:iam::123456789012:role/downloads' };
const START_MS = 1_700_000_000_000;

export interface DocumentHarness {
  readonly state: JobsState;
  control(operation: ControlOperationName, input: JsonObject): JsonObject;
  /** CreateJob for gw-1 with a role for pre-signed URLs. */
  createJob(document: string | JsonObject, members?: JsonObject, jobId?: string): void;
  /** What the device gets for this operation: the text of the whole message. */
  device(operation: string, body?: JsonObject): string;
  /** The document that DescribeJobExecution gives the device. */
  received(jobId?: string): unknown;
  /** Texts of the notify-next messages since the last call. */
  notifiedNext(): readonly string[];
  /** CreatePackage, CreatePackageVersion and PUBLISH. */
  publish(packageName: string, versionName: string, members?: JsonObject): void;
  advance(seconds: number): void;
}

export function startDocuments(substitutionRules?: SubstitutionRules): DocumentHarness {
  const state = emptyJobsState({
    presign: ({ method, bucket, key, versionId, expiresInSec, nowMs }) =>
      `https://store/${bucket}/${key}?${method}&at=${(nowMs - START_MS) / 1000}&for=${expiresInSec}${versionId ? `&v=${versionId}` : ''}`,
    ...(substitutionRules && { substitutionRules }),
  });
  registerThing(state, 'gw-1');
  let nowMs = START_MS;
  let heard: string[] = [];
  const hear = (notifications: readonly { topic: string; message: JsonObject }[]) => {
    const next = notifications.filter(({ topic }) => topic.endsWith('/notify-next'));
    heard.push(...next.map(({ message }) => encodeMessage(message)));
  };
  const harness: DocumentHarness = {
    state,
    control: (operation, input) => {
      const { answer, notifications } = handleControlRequest(state, { operation, input }, nowMs);
      hear(notifications);
      return answer;
    },
    createJob: (document, members = {}, jobId = 'a') => {
      harness.control('CreateJob', {
        jobId,
        targets: ['arn:aws:iot:us-east-1:123456789012:thing/gw-1'],
        document: typeof document === 'string' ? document : JSON.stringify(document),
        presignedUrlConfig: ROLE,
        ...members,
      });
    },
    device: (operation, body = {}) => {
      const topic = `$aws/things/gw-1/jobs/${operation}`;
      const payload = Buffer.from(JSON.stringify(body));
      const { answer, notifications } = handleDeviceRequest(state, { thingName: 'gw-1', topic, payload }, nowMs);
      hear(notifications);
      return encodeMessage(answer.message);
    },
    received: (jobId = 'a') => JSON.parse(harness.device(`${jobId}/get`)).execution.jobDocument,
    notifiedNext: () => {
      const messages = heard;
      heard = [];
      return messages;
    },
    publish: (packageName, versionName, members = {}) => {
      if (!state.packages.packages.has(packageName)) harness.control('CreatePackage', { packageName });
      harness.control('CreatePackageVersion', { packageName, versionName, ...members });
      harness.control('UpdatePackageVersion', { packageName, versionName, action: 'PUBLISH' });
    },
    advance: (seconds) => {
      nowMs += seconds * 1000;
    },
  };
  return harness;
}
