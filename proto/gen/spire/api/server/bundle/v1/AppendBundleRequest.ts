// Original file: proto/spire/api/server/bundle/v1/bundle.proto

import type { X509Certificate as _spire_api_types_X509Certificate, X509Certificate__Output as _spire_api_types_X509Certificate__Output } from '../../../../../spire/api/types/X509Certificate.ts';
import type { JWTKey as _spire_api_types_JWTKey, JWTKey__Output as _spire_api_types_JWTKey__Output } from '../../../../../spire/api/types/JWTKey.ts';
import type { BundleMask as _spire_api_types_BundleMask, BundleMask__Output as _spire_api_types_BundleMask__Output } from '../../../../../spire/api/types/BundleMask.ts';
import type { WITKey as _spire_api_types_WITKey, WITKey__Output as _spire_api_types_WITKey__Output } from '../../../../../spire/api/types/WITKey.ts';

export interface AppendBundleRequest {
  'x509Authorities'?: (_spire_api_types_X509Certificate)[];
  'jwtAuthorities'?: (_spire_api_types_JWTKey)[];
  'outputMask'?: (_spire_api_types_BundleMask | null);
  'witAuthorities'?: (_spire_api_types_WITKey)[];
}

export interface AppendBundleRequest__Output {
  'x509Authorities': (_spire_api_types_X509Certificate__Output)[];
  'jwtAuthorities': (_spire_api_types_JWTKey__Output)[];
  'outputMask': (_spire_api_types_BundleMask__Output | null);
  'witAuthorities': (_spire_api_types_WITKey__Output)[];
}
