// Original file: proto/countersign/server/policy/v1/policy.proto


export interface DeletePolicyRequest {
  'app'?: (string);
  'name'?: (string);
}

export interface DeletePolicyRequest__Output {
  'app': (string);
  'name': (string);
}
