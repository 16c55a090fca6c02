// Original file: proto/spire/api/server/bundle/v1/bundle.proto

import type { Bundle as _spire_api_types_Bundle, Bundle__Output as _spire_api_types_Bundle__Output } from '../../../../../spire/api/types/Bundle.ts';
import type { BundleMask as _spire_api_types_BundleMask, BundleMask__Output as _spire_api_types_BundleMask__Output } from '../../../../../spire/api/types/BundleMask.ts';

export interface BatchUpdateFederatedBundleRequest {
  'bundle'?: (_spire_api_types_Bundle)[];
  'inputMask'?: (_spire_api_types_BundleMask | null);
  'outputMask'?: (_spire_api_types_BundleMask | null);
}

export interface BatchUpdateFederatedBundleRequest__Output {
  'bundle': (_spire_api_types_Bundle__Output)[];
  'inputMask': (_spire_api_types_BundleMask__Output | null);
  'outputMask': (_spire_api_types_BundleMask__Output | null);
}
