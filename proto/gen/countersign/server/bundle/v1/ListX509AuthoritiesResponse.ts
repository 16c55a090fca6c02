// Original file: proto/countersign/server/bundle/v1/history.proto

import type { PublishedX509Authority as _countersign_server_bundle_v1_PublishedX509Authority, PublishedX509Authority__Output as _countersign_server_bundle_v1_PublishedX509Authority__Output } from '../../../../countersign/server/bundle/v1/PublishedX509Authority.ts';

export interface ListX509AuthoritiesResponse {
  'trustDomain'?: (string);
  'authorities'?: (_countersign_server_bundle_v1_PublishedX509Authority)[];
  'nextPageToken'?: (string);
}

export interface ListX509AuthoritiesResponse__Output {
  'trustDomain': (string);
  'authorities': (_countersign_server_bundle_v1_PublishedX509Authority__Output)[];
  'nextPageToken': (string);
}
