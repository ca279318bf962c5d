/** Counts bytes that are copied, and memory that is taken for bytes, so that no clock and no collector decides what a large value costs. */

export interface Cost {
  /** Bytes that were copied from one array to another. */
  readonly copied: number
  /** Bytes of the arrays that were made. */
  readonly taken: number
}

/** What `body` costs. */
export const costOf = (body: () => void): Cost => {
  let copied = 0
  let taken = 0
  const own = globalThis.Uint8Array
  const { copyWithin, set, slice } = own.prototype
  const { allocUnsafe, concat } = Buffer
  const { copy } = Buffer.prototype
  const CountingArray = new Proxy(own, {
    construct(target, parameters: ReadonlyArray<unknown>, made) {
      const array = Reflect.construct(target, parameters, made) as Uint8Array
      if (parameters[0] instanceof ArrayBuffer) return array
      taken += array.length
      if (typeof parameters[0] !== "number") copied += array.length
      return array
    }
  })
  own.prototype.set = function (this: Uint8Array, source: ArrayLike<number>, at?: number) {
    copied += source.length
    set.call(this, source, at)
  }
  own.prototype.slice = function (this: Uint8Array, start?: number, end?: number) {
    const part = slice.call(this, start, end)
    copied += part.length
    taken += part.length
    return part
  }
  own.prototype.copyWithin = function (this: Uint8Array, to: number, start: number, end?: number) {
    copied += (end ?? this.length) - start
    return copyWithin.call(this, to, start, end)
  }
  Buffer.prototype.copy = function (this: Buffer, ...parameters: Parameters<Buffer["copy"]>) {
    const count = copy.apply(this, parameters)
    copied += count
    return count
  }
  const countingConcat: typeof concat = (list, length) => {
    const joined = concat(list, length)
    copied += joined.length
    taken += joined.length
    return joined
  }
  const countingAllocate: typeof allocUnsafe = (size) => {
    taken += size
    return allocUnsafe(size)
  }
  Object.assign(Buffer, { concat: countingConcat, allocUnsafe: countingAllocate })
  globalThis.Uint8Array = CountingArray
  try {
    body()
  } finally {
    globalThis.Uint8Array = own
    Object.assign(own.prototype, { copyWithin, set, slice })
    Object.assign(Buffer, { concat, allocUnsafe })
    Buffer.prototype.copy = copy
  }
  return { copied, taken }
}

/** The stream in pieces of this size, as a socket gives it. */
export const piecesOf = (stream: Uint8Array, size: number): ReadonlyArray<Uint8Array> =>
  Array.from({ length: Math.ceil(stream.length / size) }, (_, index) =>
    stream.subarray(index * size, (index + 1) * size)
  )
