/** The import law as a function of sources, so that its own tests can show it refusing. */
import { importsOf, isRelative, target, type Sources } from "./imports.js"
import { barrels, exceptions, facade, generated, longestFile, rooms, type Room } from "./rooms.js"

const byName: ReadonlyMap<string, Room> = new Map([...rooms, facade].map((room) => [room.name, room]))

/** The folder under `src/` that holds the file; the files directly there are the facade. */
export const roomOf = (path: string): string =>
  path.includes("/") ? path.slice(0, path.indexOf("/")) : "facade"

/** Place of the file's part in its room, `undefined` where the room has no such part. */
const partOf = (path: string, { name, parts = [] }: Room): number | undefined => {
  const [folder, file] = path.slice(name.length + 1).split("/")
  const place = parts.findIndex((part) => part.name === (file === undefined ? "." : folder))
  return place < 0 ? undefined : place
}

/** Between two files of one room. */
const partFault = (path: string, room: Room, file: string): string | undefined => {
  const [own, other] = [partOf(path, room), partOf(file, room)]
  return own === undefined || other === undefined || other <= own
    ? undefined
    : `${room.parts![own]!.name} may not import ${room.parts![other]!.name}, which stands above it in ${room.name}`
}

const packageOf = (specifier: string): string =>
  specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/")

const relativeFault = (path: string, room: Room, specifier: string, sources: Sources): string | undefined => {
  if (!specifier.endsWith(".js")) return `${specifier} does not end in .js`
  const file = target(path, specifier)
  if (!sources.has(file)) return `${specifier} is no file of src`
  const other = roomOf(file)
  if (other === room.name) return partFault(path, room, file)
  return room.mayImport.includes(other) ? undefined : `${room.name} may not import ${other}`
}

const isExcepted = (path: string, builtin: string): boolean =>
  exceptions.some(({ builtins, file }) => file === path && builtins.includes(builtin))

const packageFault = (path: string, room: Room, specifier: string): string | undefined => {
  if (specifier.startsWith("node:")) {
    const name = specifier.slice("node:".length)
    const isAllowed = room.builtins.includes(name) || isExcepted(path, name)
    return isAllowed ? undefined : `${room.name} may not use Node's ${name}`
  }
  if (barrels.has(specifier)) return `${specifier} is a barrel: name the module`
  const name = packageOf(specifier)
  if (name !== "effect") {
    return room.packages?.includes(name) === true ? undefined : `${room.name} may not use the package ${name}`
  }
  const module = specifier.slice("effect/".length)
  return room.effect === undefined || room.effect.includes(module)
    ? undefined
    : `${room.name} is a room without effects and may not use ${specifier}`
}

/** One line per breach: `path:line: what`. */
export const breaches = (sources: Sources): ReadonlyArray<string> =>
  [...sources].flatMap(([path, text]) => {
    const room = byName.get(roomOf(path))
    if (room === undefined) return [`${path}:1: ${roomOf(path)} is no room`]
    const lines = text.split("\n").length - 1
    const homeless =
      room.parts !== undefined && partOf(path, room) === undefined
        ? [`${path}:1: in no part of ${room.name}`]
        : []
    const tooLong =
      lines > longestFile && !generated.has(path) ? [`${path}:${lines}: more than ${longestFile} lines`] : []
    const imports = importsOf(path, text).flatMap(({ line, specifier }) => {
      const fault = isRelative(specifier)
        ? relativeFault(path, room, specifier, sources)
        : packageFault(path, room, specifier)
      return fault === undefined ? [] : [`${path}:${line}: ${fault}`]
    })
    return [...homeless, ...tooLong, ...imports]
  })

/** Exceptions that no import needs any more, as `path: built-in`. */
export const unusedExceptions = (sources: Sources): ReadonlyArray<string> =>
  exceptions.flatMap(({ builtins, file }) => {
    const used = importsOf(file, sources.get(file) ?? "").map(({ specifier }) => specifier)
    return builtins.filter((name) => !used.includes(`node:${name}`)).map((name) => `${file}: ${name}`)
  })
