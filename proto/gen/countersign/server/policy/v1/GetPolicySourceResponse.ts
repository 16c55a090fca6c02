// Original file: proto/countersign/server/policy/v1/policy.proto


export interface GetPolicySourceResponse {
  'source'?: (string);
}

export interface GetPolicySourceResponse__Output {
  'source': (string);
}
