/** What is seen of a link from outside: whether bytes come, whether bytes have left since, and whether we have the brake on. */
import type { Link, LinkHandlers } from "../../net/Transport.js"

export class Pulse {
  /** Grows with every chunk that has come, and whenever the socket takes bytes again. */
  heard = 0
  /** Whether bytes have left since a chunk came last: they may not have arrived. */
  isUnanswered = false
  /** Whether we have the brake on: then silence is our own doing. */
  isBraked = false
  /** Leaves the socket alone, beside the brake and whether that is on or not, until it is called with false. */
  rest: (on: boolean) => void = () => {}
}

/** The same link, and its pulse in `pulse`. */
export const watched = (link: Link, pulse: Pulse): Link => {
  let isResting = false
  pulse.rest = (on) => {
    isResting = on
    if (on) link.pause()
    else if (!pulse.isBraked) link.resume()
  }
  return {
    address: link.address,
    listen: (handlers: LinkHandlers) =>
      link.listen({
        onData: (chunk) => {
          pulse.heard++
          pulse.isUnanswered = false
          handlers.onData(chunk)
        },
        onEnd: handlers.onEnd,
        onDrain: () => {
          pulse.heard++
          handlers.onDrain()
        }
      }),
    pause: () => {
      pulse.isBraked = true
      link.pause()
    },
    resume: () => {
      pulse.isBraked = false
      if (!isResting) link.resume()
    },
    write: (bytes) => {
      pulse.isUnanswered = true
      return link.write(bytes)
    },
    end: () => link.end(),
    destroy: () => link.destroy()
  }
}
