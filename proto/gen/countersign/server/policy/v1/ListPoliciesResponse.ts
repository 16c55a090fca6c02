// Original file: proto/countersign/server/policy/v1/policy.proto

import type { Policy as _countersign_types_Policy, Policy__Output as _countersign_types_Policy__Output } from '../../../../countersign/types/Policy.ts';

export interface ListPoliciesResponse {
  'policies'?: (_countersign_types_Policy)[];
  'nextPageToken'?: (string);
}

export interface ListPoliciesResponse__Output {
  'policies': (_countersign_types_Policy__Output)[];
  'nextPageToken': (string);
}
