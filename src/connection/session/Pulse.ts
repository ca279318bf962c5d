/** What is seen of a link from outside, whether bytes come and whether bytes have left since; and its brake. */
import type { Link } from "../../net/Transport.js"

export class Pulse {
  /** Grows with every chunk that has come, and whenever the socket takes bytes again. */
  heard = 0
  /** Whether bytes have left since a chunk came last: they may not have arrived. */
  isUnanswered = false
  /** Whether we have the brake on: then silence is our own doing. */
  isBraked = false
  private isResting = false

  constructor(private readonly link: Link) {}

  /** Stops reading from the socket, or goes on. */
  brake(on: boolean): void {
    this.isBraked = on
    if (on) this.link.pause()
    else if (!this.isResting) this.link.resume()
  }

  /** Leaves the socket alone, beside the brake and whether that is on or not, until it is called with false. */
  rest(on: boolean): void {
    this.isResting = on
    if (on) this.link.pause()
    else if (!this.isBraked) this.link.resume()
  }
}
