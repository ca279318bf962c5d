/**
 * State machines as tables. A state lists what may come next; the compiler demands an entry for each and refuses
 * others. Targets are data, so the documentation prints every table as a diagram. What a table does not name is a
 * protocol error.
 */

/** One arrow: the next state and what is passed to the owner of the machine. */
export interface Arrow<S extends string, E extends string> {
  readonly to: S
  readonly emit: E
}

/**
 * A table over `Expects`, which maps each state to the names of what may arrive in it (or, with the prefix
 * `send `, to the moves that are ours). `Ends` are the states that nothing leaves; `Next` stands for the next step of the
 * exchange's script.
 */
export type TransitionTable<
  Expects extends { readonly [S in keyof Expects]: string },
  E extends string,
  Ends extends string = "Next" | "Done"
> = {
  readonly [S in keyof Expects]: {
    readonly [M in Expects[S]]: Arrow<Extract<keyof Expects, string> | Ends, E>
  }
}

/** What each action is taken for: one kind of message, or several. */
type ActionMessages = { readonly [action: string]: { readonly _tag: string } }

/** The actions that a message of this name may have. */
type ActionFor<Messages extends ActionMessages, M extends string> = {
  [A in keyof Messages]: M extends Messages[A]["_tag"] ? A : never
}[keyof Messages] &
  string

/** A table whose every arrow has an action that is for the arrow's own message. */
export type HandledTable<
  Expects extends { readonly [S in keyof Expects]: string },
  Messages extends ActionMessages,
  Ends extends string
> = {
  readonly [S in keyof Expects]: {
    readonly [M in Expects[S]]: Arrow<Extract<keyof Expects, string> | Ends, ActionFor<Messages, M>>
  }
}

/** A handler for every action, each typed by its message. */
export type Handlers<Messages, R> = { readonly [A in keyof Messages]: (message: Messages[A]) => R }

/**
 * Calls the handler of an arrow of a `HandledTable`. The table has tied the action to the name of its message, and the arrow was found by
 * that name.
 */
export const handle = <Messages extends ActionMessages, R>(
  handlers: Handlers<Messages, R>,
  action: keyof Messages,
  message: { readonly _tag: string }
): R => handlers[action](message as Messages[keyof Messages])

/** A table whose types have been forgotten, as the compiler of machines and the documentation read it. */
export type AnyTable = { readonly [state: string]: { readonly [message: string]: Arrow<string, string> } }

/** An arrow. */
export const to = <const S extends string, const E extends string = "none">(
  state: S,
  emit?: E
): Arrow<S, E> => ({ to: state, emit: emit ?? ("none" as E) })

/** Reads a table: the arrow for what arrives in a state, by name; `undefined`: it is not allowed there. */
export const step =
  <S extends string, E extends string>(table: {
    readonly [state: string]: { readonly [message: string]: Arrow<S, E> }
  }) =>
  (state: S, message: string): Arrow<S, E> | undefined =>
    table[state]?.[message]
