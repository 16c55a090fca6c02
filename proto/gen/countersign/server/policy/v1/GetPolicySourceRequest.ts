// Original file: proto/countersign/server/policy/v1/policy.proto


export interface GetPolicySourceRequest {
  'digest'?: (string);
}

export interface GetPolicySourceRequest__Output {
  'digest': (string);
}
