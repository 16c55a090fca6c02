// Original file: proto/countersign/server/bundle/v1/history.proto


export interface ListX509AuthoritiesRequest {
  'pageSize'?: (number);
  'pageToken'?: (string);
}

export interface ListX509AuthoritiesRequest__Output {
  'pageSize': (number);
  'pageToken': (string);
}
