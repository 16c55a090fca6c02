// Original file: proto/countersign/server/policy/v1/policy.proto


export interface ApplyPoliciesRequest {
  'source'?: (string);
  'fileName'?: (string);
  'dryRun'?: (boolean);
}

export interface ApplyPoliciesRequest__Output {
  'source': (string);
  'fileName': (string);
  'dryRun': (boolean);
}
