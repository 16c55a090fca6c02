/** An entry as SPIRE's commands print it, and the status of one item of a batch. */

import type { Entry__Output } from '../../../../proto/gen/spire/api/types/Entry.ts'
import type { Status__Output } from '../../../../proto/gen/spire/api/types/Status.ts'
import { grpcCodeName } from '../../../../runtime/grpc/peer-status.ts'
import { goTime, shown } from '../../output.ts'
import { idText } from '../identifiers.ts'

export function entryText(entry: Entry__Output): string {
  const line = (label: string, value: string): string => `${label.padEnd(24)}: ${shown(value)}\n`
  const ttl = (seconds: number): string => (seconds === 0 ? 'default' : String(seconds))
  const flag = (label: string, set: boolean | undefined): string => (set ? line(label, 'true') : '')
  const more = entry.additionalAttributes
  return [
    line('Entry ID', entry.id === '' ? '(none)' : entry.id),
    line('SPIFFE ID', idText(entry.spiffeId)),
    line('Parent ID', idText(entry.parentId)),
    line('Revision', entry.revisionNumber),
    flag('Downstream', entry.downstream),
    line('X509-SVID TTL', ttl(entry.x509SvidTtl)),
    line('JWT-SVID TTL', ttl(entry.jwtSvidTtl)),
    entry.expiresAt === '0' ? '' : line('Expiration time', goTime(entry.expiresAt)),
    ...entry.selectors.map(({ type, value }) => line('Selector', `${type}:${value}`)),
    ...entry.federatesWith.map((name) => line('FederatesWith', name)),
    ...entry.dnsNames.map((name) => line('DNS name', name)),
    flag('Admin', entry.admin),
    flag('StoreSvid', entry.storeSvid),
    entry.hint === '' ? '' : line('Hint', entry.hint),
    flag('DisableX509SvidPrefetch', more?.disableX509SvidPrefetch),
    flag('JwtSvidIncludeJti', more?.jwtSvidIncludeJti),
    '\n',
  ].join('')
}

/** `(code: NotFound, msg: "entry not found")` */
export function statusText(status: Status__Output | null): string {
  const { code, message } = status ?? { code: 2, message: '' }
  return `(code: ${grpcCodeName(code)}, msg: ${JSON.stringify(message)})`
}
