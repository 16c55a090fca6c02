/**
 * The rotation alarm: halfway between publishing a new authority and using it, names the agents
 * that are connected and have not said that they hold the new bundle. Rotation itself waits for
 * nobody.
 */

import type { Clock } from '../../../runtime/clock.ts'
import type { Deadlines } from '../../../runtime/deadlines.ts'
import type { Logger } from '../../../runtime/log.ts'
import type { LiveStreams } from './live-streams.ts'

export interface RotationAlarmDeps {
  readonly streams: LiveStreams
  readonly clock: Clock
  readonly deadlines: Deadlines
  /** Sequence number of the own bundle. */
  readonly bundleSequence: () => bigint
  readonly log: Logger
}

/** Most agents named in one alarm. */
const mostNamed = 20

/** Arms the alarm for an authority that was published now and is to be used from `activateAt` on. */
export function armRotationAlarm(deps: RotationAlarmDeps, activateAt: Date): void {
  const now = deps.clock.now().getTime()
  const half = new Date(now + (activateAt.getTime() - now) / 2)
  deps.deadlines.at(half, () => {
    const sequence = deps.bundleSequence()
    const behind = [...deps.streams]
      .filter(({ acknowledgedBundle }) => acknowledgedBundle < sequence)
      .map(({ agentId }) => agentId)
    if (behind.length === 0) return
    deps.log.warn(
      { agentIds: behind.slice(0, mostNamed), count: behind.length, activateAt },
      'Agents have not taken over the new bundle, and will not trust what is signed next',
    )
  })
}
