/** The `iot` service's operations on things, thing groups, certificates, policies, tags and the account. */
import type { ControlOperations } from '../jobs-service/control-request.ts';
import { describeEndpoint, describeEventConfigurations, updateEventConfigurations } from './account-settings.ts';
import {
  deleteCertificate,
  describeCertificate,
  listCertificates,
  registerCertificateWithoutCa,
  updateCertificate,
} from './certificates.ts';
import {
  addThingToThingGroup,
  listThingGroupsForThing,
  listThingsInThingGroup,
  removeThingFromThingGroup,
} from './group-members.ts';
import { createPolicy, deletePolicy, getPolicy, listPolicies } from './policies.ts';
import { attachPolicy, detachPolicy, listAttachedPolicies, listTargetsForPolicy } from './policy-attachments.ts';
import { attachThingPrincipal, detachThingPrincipal, listPrincipalThings, listThingPrincipals } from './principals.ts';
import { listTagsForResource, tagResource, untagResource } from './tags.ts';
import {
  createThingGroup,
  deleteThingGroup,
  describeThingGroup,
  listThingGroups,
  updateThingGroup,
} from './thing-groups.ts';
import { createThing, deleteThing, describeThing, listThings, updateThing } from './things.ts';

export const REGISTRY_OPERATIONS = {
  CreateThing: createThing,
  DescribeThing: describeThing,
  ListThings: listThings,
  UpdateThing: updateThing,
  DeleteThing: deleteThing,
  CreateThingGroup: createThingGroup,
  DescribeThingGroup: describeThingGroup,
  ListThingGroups: listThingGroups,
  UpdateThingGroup: updateThingGroup,
  DeleteThingGroup: deleteThingGroup,
  AddThingToThingGroup: addThingToThingGroup,
  RemoveThingFromThingGroup: removeThingFromThingGroup,
  ListThingsInThingGroup: listThingsInThingGroup,
  ListThingGroupsForThing: listThingGroupsForThing,
  RegisterCertificateWithoutCA: registerCertificateWithoutCa,
  DescribeCertificate: describeCertificate,
  ListCertificates: listCertificates,
  UpdateCertificate: updateCertificate,
  DeleteCertificate: deleteCertificate,
  AttachThingPrincipal: attachThingPrincipal,
  DetachThingPrincipal: detachThingPrincipal,
  ListThingPrincipals: listThingPrincipals,
  ListPrincipalThings: listPrincipalThings,
  CreatePolicy: createPolicy,
  GetPolicy: getPolicy,
  ListPolicies: listPolicies,
  DeletePolicy: deletePolicy,
  AttachPolicy: attachPolicy,
  DetachPolicy: detachPolicy,
  ListAttachedPolicies: listAttachedPolicies,
  ListTargetsForPolicy: listTargetsForPolicy,
  TagResource: tagResource,
  UntagResource: untagResource,
  ListTagsForResource: listTagsForResource,
  DescribeEndpoint: describeEndpoint,
  UpdateEventConfigurations: updateEventConfigurations,
  DescribeEventConfigurations: describeEventConfigurations,
} as const satisfies ControlOperations;
