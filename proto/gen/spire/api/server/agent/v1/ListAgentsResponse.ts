// Original file: proto/spire/api/server/agent/v1/agent.proto

import type { Agent as _spire_api_types_Agent, Agent__Output as _spire_api_types_Agent__Output } from '../../../../../spire/api/types/Agent.ts';

export interface ListAgentsResponse {
  'agents'?: (_spire_api_types_Agent)[];
  'nextPageToken'?: (string);
}

export interface ListAgentsResponse__Output {
  'agents': (_spire_api_types_Agent__Output)[];
  'nextPageToken': (string);
}
