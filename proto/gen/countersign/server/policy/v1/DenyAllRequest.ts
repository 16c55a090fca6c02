// Original file: proto/countersign/server/policy/v1/policy.proto


export interface DenyAllRequest {
  'app'?: (string);
}

export interface DenyAllRequest__Output {
  'app': (string);
}
