/**
 * What this project has to do, by id: the MUSTs of the SPIFFE documents that are built, what other
 * implementations got wrong, and what we promise ourselves.
 *
 * A test cites ids at the end of its title: `test('upper case is refused [SID-5]', ...)`, several
 * with blanks between. `requirements.test.ts` holds titles and table against each other, so an id
 * enters the table together with its first test.
 */

/** Ids that come from one place. */
export interface RequirementGroup {
  /** Document and section. */
  readonly source: string
  /** What each id demands, in one line. */
  readonly texts: Readonly<Record<string, string>>
}

export const requirements = [
  // SPIFFE IDs.
  {
    source: 'SPIFFE-ID, sections 2.1 to 2.4',
    texts: {
      'SID-1': 'the scheme is spiffe, in lower case',
      'SID-2': 'the trust domain is not empty',
      'SID-3': 'an ID has neither query nor fragment',
      'SID-4': 'an ID has neither user information nor port',
      'SID-5':
        'a trust domain consists of lower-case letters, digits, dots, dashes and underscores',
      'SID-6': 'nothing is percent-encoded',
      'SID-7':
        'a trust domain that looks like an IPv4 address or a DNS name is a name like any other',
      'SID-8': 'a path has no empty and no dot segments',
      'SID-9': 'a path does not end with a slash',
      'SID-10':
        'a path segment consists of letters, digits, dots, dashes and underscores, and its case counts',
      'SID-11': 'IDs of up to 2048 bytes are read, trust domains of up to 255',
    },
  },
  {
    source: 'SPIFFE-ID, sections 3 and 4',
    texts: {
      'SID-13': 'the SPIFFE ID and the public key of an SVID are in its signed part',
    },
  },
  // X509-SVIDs.
  {
    source: 'X509-SVID, sections 2 to 5',
    texts: {
      'X5-1':
        'an SVID has exactly one URI name; a certificate with several is refused, names of other kinds are not',
      'X5-2': 'the ID of a leaf has a path; a leaf without one is refused',
      'X5-3': 'the subject alternative names are critical where the subject is empty',
      'X5-4':
        'a signing certificate is a CA that may sign certificates, and its SPIFFE ID, if any, has no path',
      'X5-5': 'a signing certificate does not authenticate anybody',
      'X5-6': 'a leaf is no CA, and its key usage is present and critical',
      'X5-7': 'a leaf has digitalSignature and neither keyCertSign nor cRLSign',
      'X5-8': 'an extended key usage names both serverAuth and clientAuth',
      'X5-9':
        'a chain is validated by RFC 5280 against the bundle of the trust domain of its own leaf',
      'X5-10':
        'a validator checks CA flag, keyCertSign, cRLSign, scheme, path and the single URI name',
    },
  },
  {
    source: 'X509-SVID, section 6',
    texts: {
      'X5-11':
        'an X.509 authority is written with its use, without key id and with exactly one certificate',
      'X5-12':
        'an X.509 authority without certificate is ignored, and so is every certificate but the first',
    },
  },
  // Bundle documents. Bundle maps (BN-7) are not built yet.
  {
    source: 'SPIFFE Trust Domain and Bundle, section 4',
    texts: {
      'BN-1': 'a reader asks for no parameter that the standard does not define',
      'BN-2': 'the sequence number has 64 bits and rises with every change of the content',
      'BN-3': 'the refresh hint is a whole number of seconds',
      'BN-4':
        'the list of keys is present, and an empty one makes every SVID of the trust domain invalid',
      'BN-5':
        'a key of unknown type, of unknown use or without use is ignored, and nothing else is',
      'BN-6': 'a writer writes no parameter that the standard does not define',
    },
  },
  // The Workload API, X.509 profile. JWT-SVIDs (WL-12 to WL-14) are not built yet.
  {
    source: 'SPIFFE Workload API, sections 3 to 5',
    texts: {
      'WL-6':
        'a peer is validated against the bundle of its own trust domain, and not trusted without one',
      'WL-9':
        'no two identities of one answer have the same hint, and a hint has 1024 bytes at most',
      'WL-15': 'X.509 authorities count for X509-SVIDs, JWT authorities for JWT-SVIDs only',
    },
  },
  // Where implementations went wrong. JWT-SVIDs (EDGE-11), SDS, federation and forced rotation (EDGE-20) are not built yet.
  {
    source: 'behaviour of SPIRE',
    texts: {
      'EDGE-6':
        'an entry matches when all its selectors are found, and one in common is not enough',
      'EDGE-8':
        'of entries with one hint the oldest keeps it, then the one with the least id; a hint over 1024 bytes is refused',
      'EDGE-12': 'a leaf with two URI names, without a path, that is a CA or may sign is refused',
      'EDGE-17':
        'aliases match the selectors of the agent, entries chain to any depth, and circles end',
      'EDGE-18':
        'a similar entry is AlreadyExists with the entry that is there; revisions rise; /spire is reserved for IDs, not for parents',
    },
  },
  // Promises of this project: bad input.
  {
    source: 'bad input',
    texts: {
      'BAD-1': 'a wrong flag is named with what was expected',
      'BAD-4': 'a wrong request to the API has the status and the words of SPIRE',
      'BAD-6':
        'what is too large, too deep, too slow or malformed is refused at a named limit and stalls nothing',
    },
  },
  // Promises of this project: done means.
  {
    source: 'done means',
    texts: {
      'DONE-10': 'every hard verdict of the SPIFFE corpora is right, each in under a second',
    },
  },
  {
    source: 'identity plane',
    texts: {
      'PLANE-6':
        'nothing is signed that was not linted, and a CSR gives the public key and nothing else',
    },
  },
] as const satisfies readonly RequirementGroup[]
