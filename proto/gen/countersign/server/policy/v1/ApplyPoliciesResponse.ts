// Original file: proto/countersign/server/policy/v1/policy.proto

import type { Policy as _countersign_types_Policy, Policy__Output as _countersign_types_Policy__Output } from '../../../../countersign/types/Policy.ts';

// Original file: proto/countersign/server/policy/v1/policy.proto

export const _countersign_server_policy_v1_ApplyPoliciesResponse_Result_Change = {
  UNCHANGED: 'UNCHANGED',
  CREATED: 'CREATED',
  UPDATED: 'UPDATED',
} as const;

export type _countersign_server_policy_v1_ApplyPoliciesResponse_Result_Change =
  | 'UNCHANGED'
  | 0
  | 'CREATED'
  | 1
  | 'UPDATED'
  | 2

export type _countersign_server_policy_v1_ApplyPoliciesResponse_Result_Change__Output = typeof _countersign_server_policy_v1_ApplyPoliciesResponse_Result_Change[keyof typeof _countersign_server_policy_v1_ApplyPoliciesResponse_Result_Change]

export interface _countersign_server_policy_v1_ApplyPoliciesResponse_Result {
  'policy'?: (_countersign_types_Policy | null);
  'change'?: (_countersign_server_policy_v1_ApplyPoliciesResponse_Result_Change);
  'testsPassed'?: (number);
}

export interface _countersign_server_policy_v1_ApplyPoliciesResponse_Result__Output {
  'policy': (_countersign_types_Policy__Output | null);
  'change': (_countersign_server_policy_v1_ApplyPoliciesResponse_Result_Change__Output);
  'testsPassed': (number);
}

export interface ApplyPoliciesResponse {
  'results'?: (_countersign_server_policy_v1_ApplyPoliciesResponse_Result)[];
}

export interface ApplyPoliciesResponse__Output {
  'results': (_countersign_server_policy_v1_ApplyPoliciesResponse_Result__Output)[];
}
