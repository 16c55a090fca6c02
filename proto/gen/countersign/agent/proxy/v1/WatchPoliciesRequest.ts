// Original file: proto/countersign/agent/proxy/v1/proxy.proto


export interface WatchPoliciesRequest {
  'apps'?: (string)[];
}

export interface WatchPoliciesRequest__Output {
  'apps': (string)[];
}
