// Original file: proto/spire/api/types/entry.proto


export interface EntryMask {
  'spiffeId'?: (boolean);
  'parentId'?: (boolean);
  'selectors'?: (boolean);
  'x509SvidTtl'?: (boolean);
  'federatesWith'?: (boolean);
  'admin'?: (boolean);
  'downstream'?: (boolean);
  'expiresAt'?: (boolean);
  'dnsNames'?: (boolean);
  'revisionNumber'?: (boolean);
  'storeSvid'?: (boolean);
  'jwtSvidTtl'?: (boolean);
  'hint'?: (boolean);
  'createdAt'?: (boolean);
  'additionalAttributes'?: (boolean);
}

export interface EntryMask__Output {
  'spiffeId': (boolean);
  'parentId': (boolean);
  'selectors': (boolean);
  'x509SvidTtl': (boolean);
  'federatesWith': (boolean);
  'admin': (boolean);
  'downstream': (boolean);
  'expiresAt': (boolean);
  'dnsNames': (boolean);
  'revisionNumber': (boolean);
  'storeSvid': (boolean);
  'jwtSvidTtl': (boolean);
  'hint': (boolean);
  'createdAt': (boolean);
  'additionalAttributes': (boolean);
}
