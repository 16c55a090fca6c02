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
      'SID-12':
        'each trust domain has a signing authority, whose certificate is in that trust domain and without a path',
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
  // The Workload Endpoint. Reflection is not built yet.
  {
    source: 'SPIFFE Workload Endpoint, sections 2 to 6',
    texts: {
      'EP-1': 'the endpoint speaks gRPC on a Unix socket',
      'EP-2': 'a call without the security header, spelled exactly, is an invalid argument',
      'EP-3': 'the endpoint asks for no TLS',
      'EP-4': 'the address of an endpoint is unix:///path or tcp://IP:port, and nothing else',
      'EP-5': 'a workload proves nothing itself: it is told by what the kernel says of it',
      'EP-6': 'an endpoint that is not ready answers Unavailable',
      'EP-7': 'a caller without an identity gets PermissionDenied',
      'EP-8':
        'a method that is not known answers Unimplemented, and a client gives up on it and on InvalidArgument',
    },
  },
  // The Workload API, X.509 profile. JWT-SVIDs (WL-5, WL-12 to WL-14) are not built yet.
  {
    source: 'SPIFFE Workload API, sections 3 to 5',
    texts: {
      'WL-1': 'the service is SpiffeWorkloadAPI, in no package',
      'WL-2': 'the X.509 profile is served',
      'WL-3':
        'a stream answers at once, each message is the full state, and later ones come on change',
      'WL-4': 'a client takes an empty field for empty, and what is absent for withdrawn',
      'WL-6':
        'a peer is validated against the bundle of its own trust domain, and not trusted without one',
      'WL-7':
        'FetchX509SVID ends with PermissionDenied when there is no identity, also in the middle',
      'WL-8':
        'chain leaf first and bundle in DER, one after another, key in PKCS#8, federated bundles by the ID of their trust domain',
      'WL-9':
        'no two identities of one answer have the same hint, and a hint has 1024 bytes at most',
      'WL-10': 'the first identity is the default one',
      'WL-11':
        'FetchX509Bundles has the bundle of the own trust domain, and refuses whom none is for',
      'WL-15': 'X.509 authorities count for X509-SVIDs, JWT authorities for JWT-SVIDs only',
      'WL-16': 'a client keeps its stream open and connects again when it ends',
    },
  },
  // Where implementations went wrong. JWT-SVIDs (EDGE-11), SDS, federation and forced rotation (EDGE-20) are not built yet.
  {
    source: 'behaviour of SPIRE',
    texts: {
      'EDGE-1': 'methods are /SpiffeWorkloadAPI/..., without a package',
      'EDGE-2':
        'the security header is there once and is "true", is looked at before anything else, and health does without it',
      'EDGE-3':
        'the header comes before attestation: no identity is PermissionDenied, a failed attestation Unavailable',
      'EDGE-4':
        'a stream whose last identity goes ends with PermissionDenied; a new one works when it is back; nothing is sent twice',
      'EDGE-5':
        'selectors are those of the effective user and groups of the process that connected, and never of one that took its pid',
      'EDGE-6':
        'an entry matches when all its selectors are found, and one in common is not enough',
      'EDGE-7': 'identities come in the order of their entry ids',
      'EDGE-8':
        'of entries with one hint the oldest keeps it, then the one with the least id; a hint over 1024 bytes is refused',
      'EDGE-9': 'a chain leaves the root out, and the keys of bundles are spiffe://td',
      'EDGE-10': 'a workload sees the own bundle and those that its own entries federate with',
      'EDGE-12': 'a leaf with two URI names, without a path, that is a CA or may sign is refused',
      'EDGE-13':
        'sessions are not resumed, a client certificate is asked for and not required, each call looks at the serial number again',
      'EDGE-14':
        'a renewed agent SVID is pending until it is used; until then the old one counts, afterwards it does not',
      'EDGE-15': 'a banned agent stays banned and cannot attest, an evicted one may attest again',
      'EDGE-16':
        'a join token admits one of many, says when it is used or expired, and its alias goes with the agent',
      'EDGE-17':
        'aliases match the selectors of the agent, entries chain to any depth, and circles end',
      'EDGE-18':
        'a similar entry is AlreadyExists with the entry that is there; revisions rise; /spire is reserved for IDs, not for parents',
      'EDGE-19':
        'notBefore is 10 s back, an SVID ends with its CA, a CA is prepared at 1/2 and activated at 5/6, and keys outlive a restart',
    },
  },
  // Promises of our own.
  {
    source: 'bad input is told what, where and what to do',
    texts: {
      'BAD-1': 'a wrong flag is named with what was expected',
      'BAD-2': 'a wrong configuration is refused with file, line and column, unknown keys included',
      'BAD-3':
        'a wrong policy is refused with every problem, its file, line and column, what was expected and the fix',
      'BAD-4': 'a wrong request to the API has the status and the words of SPIRE',
      'BAD-5': 'a wrong message on a route is refused before anything reaches the upstream',
      'BAD-6':
        'what is too large, too deep, too slow or malformed is refused at a named limit and stalls nothing',
      'BAD-7': 'a process killed at any moment restarts with all that it acknowledged',
    },
  },
  {
    source: 'the first thread, end to end',
    texts: {
      'DONE-1':
        'the demo passes: open, closed, per agent and tool, impostor, side door, why, verify, tampered record',
      'DONE-2': 'the demo fails with a plain pass-through in the place of our proxy',
      'DONE-3': 'two uids get two identities',
      'DONE-4': 'kill -9 of the server during 500 entry creations loses none that was acknowledged',
      'DONE-5': '50 parallel attestations with one token give one success',
      'DONE-6':
        'SVIDs of 8 s under a CA of 60 s rotate under 100 requests a second without one failure or retry',
      'DONE-7': 'official SDK clients of both eras work against SDK servers of both eras',
      'DONE-8':
        'every case of the MCP corpus is refused as it says, and its honest twin reaches the upstream once',
      'DONE-9':
        'every case of the path corpus is refused as it says, and its honest twin reaches the upstream once',
      'DONE-10': 'every hard verdict of the SPIFFE corpora is right, each in under a second',
    },
  },
  {
    source: 'identity plane',
    texts: {
      'PLANE-1': 'an agent without a trust bundle refuses to start',
      'PLANE-2': 'an agent keeps its key and SVID across restarts, and renews',
      'PLANE-3': 'JWT and WIT methods of the Workload API answer Unimplemented',
      'PLANE-4': 'a ban seen with the watch open stops the agent from serving',
      'PLANE-5':
        'a method is served exactly when the authorization table has a row for it, and to whom the row names',
      'PLANE-6':
        'nothing is signed that was not linted, and a CSR gives the public key and nothing else',
      'PLANE-7': 'a CA that was prepared is published before it signs',
      'PLANE-8': 'what the store acknowledged outlives kill -9, and damage to it is noticed',
    },
  },
  {
    source: 'docs/proxy.md and docs/policy.md',
    texts: {
      'ACC-1': 'a call is denied unless a policy allows it',
      'ACC-2': 'policies mean the same in any order of documents and rules',
      'ACC-3': 'the inline tests of a policy run when it is applied, and a failing one refuses it',
      'ACC-4':
        'a change of policy reaches new calls and open streams, and the last good policies outlive the agent',
      'ACC-5': 'a tools/list shows the tools that the caller may call, and no others',
      'ACC-6': 'an Authorization header is forwarded or stripped as the route says',
      'ACC-7': 'a refusal carries a decision id, by which it can be explained',
      'ACC-8': 'an MCP method that is not known is refused',
      'ACC-9': 'an upstream that is not the app gets not one byte',
      'ACC-10': 'a proxy sends to the exact expected peer, and hears only peers with a good SVID',
      'ACC-11': 'one command denies everybody, and the next policy lets callers in again',
      'ACC-12': 'a connection never carries the requests of two identities',
      'ACC-13': 'no request starts on a connection whose SVID has expired or whose process is gone',
      'ACC-14': 'while the agent is away known callers go on and new ones are refused',
      'ACC-15': 'a rotation of SVIDs and authorities fails no request and repeats none',
      'ACC-16': 'an answer is passed on as it comes',
      'ACC-17': 'a stage of the data path that is left out does not compile',
    },
  },
  // Evasions of policy on MCP routes. Rows 25, 30, 36, 37, 39 to 41 and 43 onwards come later.
  {
    source: 'docs/proxy.md, evasions seen at gateways and servers of MCP',
    texts: {
      'MCP-1': 'a duplicate params.name is refused',
      'MCP-2': 'a duplicate params or method is refused',
      'MCP-3': 'a duplicate key is refused however it is escaped',
      'MCP-4': 'the decision is on the decoded tool name',
      'MCP-5': 'the decision is on the decoded method',
      'MCP-6': 'a batch is refused',
      'MCP-7': 'an encoded body is refused',
      'MCP-8': 'another charset than UTF-8 is refused',
      'MCP-9': 'a byte order mark is refused',
      'MCP-10': 'invalid UTF-8 is refused',
      'MCP-11': 'another media type, or two of them, is refused',
      'MCP-12': 'the media type may be written in any case',
      'MCP-13': 'what cannot be read as MCP is not passed on',
      'MCP-14': 'methods and tools are compared byte by byte',
      'MCP-15': '__proto__ is refused as a key',
      'MCP-16': 'a body is read whole, in however many pieces it comes',
      'MCP-17': 'a body over the limit is refused and never passed on in part',
      'MCP-18': 'a body deeper than the limit is refused',
      'MCP-19': 'anything behind the message is refused',
      'MCP-20': 'the route is matched exactly and its own path sent',
      'MCP-21': 'a path that is not in normal form is refused',
      'MCP-22': 'a method override is stripped',
      'MCP-23': 'ambiguous framing and malformed header lines are refused and close the connection',
      'MCP-24':
        '100-continue is answered by the proxy, upgrades and CONNECT are refused, trailers dropped',
      'MCP-26': 'Connection cannot take away the headers of MCP',
      'MCP-27': 'two Mcp-Name headers are refused',
      'MCP-28': 'a header that differs from the body is refused',
      'MCP-29':
        'a version that the route does not take, or that differs between header and body, is refused',
      'MCP-31': 'an encoded Mcp-Name is decoded before it is compared',
      'MCP-32': 'a request without an id is refused',
      'MCP-33': 'an id is a string or a safe integer',
      'MCP-34': 'a foreign Host or Origin is refused',
      'MCP-35': 'a session is good for the caller that obtained it, and for nobody else',
      'MCP-38': 'a filtered list is private to its caller',
      'MCP-42': 'identity headers are stripped and set from the verified peer',
    },
  },
  // Attacks on the attribution of local connections.
  {
    source: 'docs/local-peers.md, "Attacks"',
    texts: {
      'PEER-1': 'a client that sends and exits is refused',
      'PEER-2':
        'a process that takes the address and port of a reset connection is not taken for the first',
      'PEER-3': 'a process that gets the pid of another is not taken for it',
      'PEER-4': 'a program that is run in place after sending is not who sent',
      'PEER-5': 'nor where the descriptor was close-on-exec until just before',
      'PEER-6': 'nor where a child inherits the connection and runs the program',
      'PEER-7': 'a connection passed to a process of another user does not become its own',
      'PEER-8': 'honest clients are named, close-on-exec or not, half-closed or not',
      'PEER-9':
        'on a Unix socket the process that connected is pinned, and one that takes its pid is not taken for it',
      'PEER-10': 'where two users take turns on a port, the one that accepted is named',
      'PEER-11': 'where two programs share a port, the one that accepted is named',
      'PEER-12':
        'where one of several joins and leaves a shared port, the one that accepted is named',
      'PEER-13': 'a program that is replaced on a kept-alive connection loses the answer',
      'PEER-14': 'several holders of one connection have one identity, or none is given',
      'PEER-15': 'a proxy can ask about its own connections only',
      'PEER-16': 'a child that accepts for its parent is named, not the parent',
    },
  },
  // The record. Witnessed heads, inputs for simulation and retention are not built yet.
  {
    source: 'docs/record.md',
    texts: {
      'REC-1': 'the decision of a call is written before its first byte goes upstream',
      'REC-2':
        'an outcome follows; a decision without one is unknown; none fits a decision that denied, and none fits twice',
      'REC-3': 'a decision that counts as written survives kill -9',
      'REC-4': 'refusals before authentication become one summary per second, by address',
      'REC-5': 'every change of a record is found, and the first bad record is named',
      'REC-6': 'trust comes from the bundle history or a bundle, never from the record',
      'REC-7': 'a record stays intact across a rotation of the CA',
      'REC-8':
        'a writer that lost its end opens a chain that names it, and what was lost is counted',
      'REC-9':
        'a new SVID enters the chain with its certificates before it signs, and nothing is signed without a valid one',
      'REC-10': 'checkpoints follow while records come and when the chain is idle',
      'REC-11': 'a record is readable by its owner alone, and has one writer at a time',
      'REC-12': 'a decision names the policy, its revision and digest, and the rule with its line',
      'REC-13': 'whatever a call says, its record is one line and says exactly that',
      'REC-14':
        'every change on the server leaves who, through which door, before and after in its own commit',
      'REC-15':
        'every SVID leaves an intent before it is handed out, and its serial number is used once',
      'REC-16': 'an authority stays in the bundle history after it left the bundle',
      'REC-17': 'every source of a policy is kept by its digest',
      'REC-18':
        'a denial is explained by the nearest rule and the smallest change that would have allowed the call',
      'REC-19':
        'records that somebody without the key chained anew are found at the next checkpoint',
      'REC-20':
        'a call whose decision cannot be written is denied, and the record tells how many were lost',
      'REC-21': 'a decision is found by the id that its caller was told',
    },
  },
] as const satisfies readonly RequirementGroup[]
