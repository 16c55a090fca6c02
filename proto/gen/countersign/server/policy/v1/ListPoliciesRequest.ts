// Original file: proto/countersign/server/policy/v1/policy.proto


export interface ListPoliciesRequest {
  'app'?: (string);
  'pageSize'?: (number);
  'pageToken'?: (string);
}

export interface ListPoliciesRequest__Output {
  'app': (string);
  'pageSize': (number);
  'pageToken': (string);
}
