// Original file: proto/countersign/agent/proxy/v1/proxy.proto

import type { Policy as _countersign_types_Policy, Policy__Output as _countersign_types_Policy__Output } from '../../../../countersign/types/Policy.ts';

export interface _countersign_agent_proxy_v1_WatchPoliciesResponse_AppPolicies {
  'app'?: (string);
  'policies'?: (_countersign_types_Policy)[];
}

export interface _countersign_agent_proxy_v1_WatchPoliciesResponse_AppPolicies__Output {
  'app': (string);
  'policies': (_countersign_types_Policy__Output)[];
}

export interface WatchPoliciesResponse {
  'apps'?: (_countersign_agent_proxy_v1_WatchPoliciesResponse_AppPolicies)[];
}

export interface WatchPoliciesResponse__Output {
  'apps': (_countersign_agent_proxy_v1_WatchPoliciesResponse_AppPolicies__Output)[];
}
