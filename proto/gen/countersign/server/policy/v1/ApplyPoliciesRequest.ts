// Original file: proto/countersign/server/policy/v1/policy.proto


export interface _countersign_server_policy_v1_ApplyPoliciesRequest_File {
  'name'?: (string);
  'source'?: (string);
}

export interface _countersign_server_policy_v1_ApplyPoliciesRequest_File__Output {
  'name': (string);
  'source': (string);
}

export interface ApplyPoliciesRequest {
  'files'?: (_countersign_server_policy_v1_ApplyPoliciesRequest_File)[];
  'dryRun'?: (boolean);
}

export interface ApplyPoliciesRequest__Output {
  'files': (_countersign_server_policy_v1_ApplyPoliciesRequest_File__Output)[];
  'dryRun': (boolean);
}
