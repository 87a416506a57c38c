/** Why a connection of MQTT 5 ends, in the words of its DISCONNECT. */

/** MQTT 5.0, 3.14.2.1; those that AWS IoT Core sends, and Packet too large. */
export const DISCONNECT_REASON = {
  malformedPacket: 0x81,
  protocolError: 0x82,
  notAuthorized: 0x87,
  serverShuttingDown: 0x8b,
  keepAliveTimeout: 0x8d,
  sessionTakenOver: 0x8e,
  topicAliasInvalid: 0x94,
  packetTooLarge: 0x95,
  quotaExceeded: 0x97,
  administrativeAction: 0x98,
  qosNotSupported: 0x9b,
  subscriptionIdentifiersNotSupported: 0xa1,
} as const;
