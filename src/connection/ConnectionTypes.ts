/**
 * What a connection is made of, with `types` as they are when they are asked for: statements add some while it is open.
 *
 * The accessor stands on a prototype. One of its own would give each connection a hidden class of its own: kilobytes that live
 * until the next full collection, and code that has met several of them looks up every property by its name.
 */
import type { Registry } from "../types/Registry.js"

class ConnectionTypes {
  readonly #read: () => Registry

  constructor(read: () => Registry) {
    this.#read = read
  }

  get types(): Registry {
    return this.#read()
  }
}

/** An object with these members and `types`. A copy of it by its properties has no `types`. */
export const over = <C extends object>(read: () => Registry, members: C): C & { readonly types: Registry } =>
  Object.assign(new ConnectionTypes(read), members)
