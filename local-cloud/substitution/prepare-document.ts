/** CreateJob's members around the document: its role for pre-signed URLs, its packages, and the plan of its placeholders. */
import type { JsonObject } from '../../agent/core/json.ts';
import { isJsonObject } from '../../agent/core/json.ts';
import { ControlError } from '../jobs-service/control-error.ts';
import type { JobsState } from '../jobs-service/state.ts';
import { type DestinationPackage, readDestinationPackages } from '../packages/destination-packages.ts';
import type { DocumentDelivery } from './delivered-document.ts';
import { planDocument } from './document-plan.ts';

export interface PresignedUrlConfig {
  readonly roleArn?: string;
  /** 60 to 3600. */
  readonly expiresInSec?: number;
}

/** The part of a job that says how its document reaches devices. */
export interface PreparedDocument {
  /** Where the document was read from at creation; what DescribeJob shows. */
  readonly documentSource: string | undefined;
  readonly destinationPackages: readonly DestinationPackage[];
  /** Undefined where the document has no placeholder: it goes out as it was written. */
  readonly delivery: DocumentDelivery | undefined;
  presignedUrlConfig: PresignedUrlConfig | undefined;
}

/**
 * @param input checked by AWS's model
 * @param documentText a JSON object; parameters of a template are in their places already
 * @throws ControlError
 */
export function prepareDocument(state: JobsState, input: JsonObject, documentText: string): PreparedDocument {
  const presignedUrlConfig = readPresignedUrlConfig(input);
  const arns = Array.isArray(input.destinationPackageVersions) ? input.destinationPackageVersions : [];
  const destinationPackages = readDestinationPackages(
    state.packages,
    arns.filter((arn): arn is string => typeof arn === 'string'),
  );
  const plan = planDocument(documentText, {
    rules: state.substitutionRules,
    catalog: state.packages,
    destinationPackages,
    hasRole: presignedUrlConfig?.roleArn !== undefined,
  });
  const documentSource = typeof input.documentSource === 'string' ? input.documentSource : undefined;
  const delivery = plan && { ...plan, presign: state.presign };
  return { documentSource, destinationPackages, delivery, presignedUrlConfig };
}

/** @param input of CreateJob, CreateJobTemplate or UpdateJob, checked by AWS's model */
export function readPresignedUrlConfig(input: JsonObject): PresignedUrlConfig | undefined {
  const config = input.presignedUrlConfig;
  if (!isJsonObject(config)) return undefined;
  const { roleArn, expiresInSec } = config;
  return {
    ...(typeof roleArn === 'string' && { roleArn }),
    ...(typeof expiresInSec === 'number' && { expiresInSec }),
  };
}

/** What signs where nothing serves files: rules without a cloud around them. */
export function presignNothing(): never {
  throw new ControlError('InvalidRequestException', 'job-cloud runs without an artifact store');
}
