/** Either side of a result, or a failing test. */
import * as Either from "effect/Either"

export const right = <A, E>(either: Either.Either<A, E>): A => Either.getOrThrow(either)

export const left = <A, E>(either: Either.Either<A, E>): E => Either.getOrThrow(Either.flip(either))
