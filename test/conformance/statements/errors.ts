/** Refusals, on both of the device's ways. */
import { CAPTURE, documented, inferred, PAGE, type Statement, switchedBy, unknown } from '../statement.ts';

export const MQTT_ERRORS: readonly Statement[] = [
  documented(
    'error/members',
    PAGE.errors,
    'A rejection has code, message, timestamp and clientToken; code is a string.',
  ),
  documented(
    'error/state-only-for',
    PAGE.errors,
    'executionState is there for InvalidStateTransition and VersionMismatch only.',
  ),
  documented('error/invalid-topic', PAGE.errors, 'A topic of the namespace that means no operation is InvalidTopic.'),
  switchedBy(
    'invalidTopic',
    unknown(
      'error/invalid-topic-where',
      CAPTURE.reading,
      'Where that rejection is published is not said. At the topic with `/rejected` behind it.',
    ),
  ),
  documented('error/invalid-json', PAGE.errors, 'A payload that is no UTF-8 JSON is InvalidJson.'),
  inferred('error/invalid-json-object', CAPTURE.thirdParty, 'So is JSON that is no object.'),
  documented(
    'error/invalid-request',
    PAGE.errors,
    'A missing or unallowed member is InvalidRequest, and the message says why.',
  ),
  documented(
    'error/invalid-transition',
    PAGE.errors,
    'An update not allowed from the current status is InvalidStateTransition, with executionState.',
  ),
  documented('error/not-found', PAGE.errors, 'An execution that does not exist is ResourceNotFound.'),
  documented('error/not-found-other-thing', PAGE.errors, 'So is one of another thing.'),
  inferred('error/not-found-number', CAPTURE.reading, 'So is an executionNumber that does not exist.'),
  documented(
    'error/version-mismatch',
    PAGE.errors,
    'Another version than expected is VersionMismatch, with executionState.',
  ),
  documented('error/internal', PAGE.errors, 'A fault of the service is InternalError.'),
  documented(
    'error/throttled',
    PAGE.errors,
    'Too many requests are RequestThrottled. Here they are when a fault asks for it.',
  ),
  documented('error/terminal-state', PAGE.errors, 'Describing what has ended is TerminalStateReached.'),
  documented(
    'error/update-terminal',
    PAGE.dataApi,
    'Updating what has ended is InvalidStateTransition, not TerminalStateReached.',
  ),
];

export const HTTP_ERRORS: readonly Statement[] = [
  documented('http-error/invalid-request', PAGE.dataApi, 'InvalidRequestException has HTTP status 400.'),
  documented('http-error/certificate', PAGE.dataApi, 'CertificateValidationException has HTTP status 400.'),
  documented('http-error/not-found', PAGE.dataApi, 'ResourceNotFoundException has HTTP status 404.'),
  documented(
    'http-error/invalid-transition',
    PAGE.dataApi,
    'InvalidStateTransitionException of an update has HTTP status 409.',
  ),
  documented('http-error/terminal', PAGE.dataApi, 'TerminalStateException of a describe has HTTP status 410.'),
  documented('http-error/throttled', PAGE.dataApi, 'ThrottlingException has HTTP status 429.'),
  documented('http-error/unavailable', PAGE.dataApi, 'ServiceUnavailableException has HTTP status 503.'),
  unknown(
    'http-error/version',
    CAPTURE.thirdParty,
    'How a version mismatch is told over HTTP is not said. InvalidStateTransitionException, 409.',
  ),
];
