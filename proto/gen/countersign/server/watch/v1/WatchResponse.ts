// Original file: proto/countersign/server/watch/v1/watch.proto

import type { Entry as _spire_api_types_Entry, Entry__Output as _spire_api_types_Entry__Output } from '../../../../spire/api/types/Entry.ts';
import type { Bundle as _spire_api_types_Bundle, Bundle__Output as _spire_api_types_Bundle__Output } from '../../../../spire/api/types/Bundle.ts';
import type { AppPolicies as _countersign_server_watch_v1_AppPolicies, AppPolicies__Output as _countersign_server_watch_v1_AppPolicies__Output } from '../../../../countersign/server/watch/v1/AppPolicies.ts';
import type { Long } from '@grpc/proto-loader';

export interface WatchResponse {
  'revision'?: (number | string | Long);
  'reset'?: (boolean);
  'more'?: (boolean);
  'entries'?: (_spire_api_types_Entry)[];
  'deletedEntryIds'?: (string)[];
  'bundles'?: (_spire_api_types_Bundle)[];
  'deletedBundles'?: (string)[];
  'policies'?: (_countersign_server_watch_v1_AppPolicies)[];
}

export interface WatchResponse__Output {
  'revision': (string);
  'reset': (boolean);
  'more': (boolean);
  'entries': (_spire_api_types_Entry__Output)[];
  'deletedEntryIds': (string)[];
  'bundles': (_spire_api_types_Bundle__Output)[];
  'deletedBundles': (string)[];
  'policies': (_countersign_server_watch_v1_AppPolicies__Output)[];
}
