/** A persistent first-in-first-out queue; adding and taking cost a constant amount on average. */
interface Cell<A> {
  readonly value: A
  readonly next: Cell<A> | undefined
}

export interface Queue<A> {
  readonly size: number
  readonly front: Cell<A> | undefined
  /** Newest first. */
  readonly back: Cell<A> | undefined
}

const none: Queue<never> = { size: 0, front: undefined, back: undefined }

export const empty = <A>(): Queue<A> => none

export const add = <A>(self: Queue<A>, value: A): Queue<A> =>
  self.front === undefined
    ? { size: 1, front: { value, next: undefined }, back: undefined }
    : { size: self.size + 1, front: self.front, back: { value, next: self.back } }

/** The oldest element, or `undefined`. */
export const peek = <A>(self: Queue<A>): A | undefined => self.front?.value

/** Without the oldest element. */
export const drop = <A>(self: Queue<A>): Queue<A> => {
  const front = self.front
  if (front === undefined || self.size === 1) return none
  if (front.next !== undefined) return { size: self.size - 1, front: front.next, back: self.back }
  let turned: Cell<A> | undefined
  for (let cell = self.back; cell !== undefined; cell = cell.next)
    turned = { value: cell.value, next: turned }
  return { size: self.size - 1, front: turned, back: undefined }
}

/** Oldest first. */
export const toArray = <A>(self: Queue<A>): Array<A> => {
  const values: Array<A> = []
  for (let cell = self.front; cell !== undefined; cell = cell.next) values.push(cell.value)
  const newest: Array<A> = []
  for (let cell = self.back; cell !== undefined; cell = cell.next) newest.push(cell.value)
  return values.concat(newest.reverse())
}
