/** The empty project into which the tarball is installed, as values. */

export interface Manifest {
  readonly name: string
  readonly exports: Readonly<Record<string, unknown>>
  readonly devDependencies: Readonly<Record<string, string>>
}

/** What `npm pack --json` prints for a tarball. */
export interface Packed {
  readonly filename: string
  readonly size: number
  readonly files: ReadonlyArray<{ readonly path: string }>
}

const belongs = /^(?:dist\/.+\.(?:js|d\.ts)|package\.json|README\.md|CHANGELOG\.md|LICENSE)$/

/** Files of a tarball that no user needs. */
export const foreignFiles = ({ files }: Packed): ReadonlyArray<string> =>
  files.map(({ path }) => path).filter((path) => !belongs.test(path))

/** How the reader's compiler is set. */
export const tsconfig = {
  compilerOptions: {
    target: "ES2022",
    module: "NodeNext",
    lib: ["ES2023"],
    types: ["node"],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    outDir: "out"
  },
  include: ["*.ts"]
}

/** A line of a page as it is run: where it names the package itself, the tarball is installed. */
export const withTarball = (line: string, { name }: Manifest, tarball: string): string =>
  line
    .split(" ")
    .map((word) => (word === name || word.startsWith(`${name}@`) ? `'${tarball}'` : word))
    .join(" ")

/** What a reader has besides: a compiler, which is installed last, for a package may not keep others from being installed. */
export const compilerLine = ({ devDependencies }: Manifest): string =>
  [
    "npm install --save-dev",
    ...["typescript", "@types/node"].map((name) => `'${name}@${devDependencies[name]}'`)
  ].join(" ")

/** The least TypeScript that the README promises, and the newest that there is. */
export const compilers = ["5.4", "latest"] as const

/** Whether a compiler's output has errors in our declarations, or in the project's own files. */
export const isOurs = (output: string): boolean => {
  const errors = output.split("\n").filter((line) => /\(\d+,\d+\): error |^error /.test(line))
  const isForeign = (line: string): boolean => /(?:^|\/)node_modules\/(?!effect-postgres\/)/.test(line)
  return errors.length === 0 || errors.some((line) => !isForeign(line))
}

/** A program that imports every public module and fails when one of them holds nothing. */
export const everyExport = ({ exports, name }: Manifest): string => {
  const paths = Object.keys(exports).filter((path) => path !== "./package.json")
  const modules = paths.map((path) => name + path.slice(1))
  return [
    ...modules.map((module, at) => `import * as m${at} from ${JSON.stringify(module)}`),
    `const modules: Record<string, object> = { ${modules.map((module, at) => `${JSON.stringify(module)}: m${at}`).join(", ")} }`,
    "const empty = Object.keys(modules).filter((name) => Object.keys(modules[name] ?? {}).length === 0)",
    `if (empty.length > 0) throw new Error("nothing in " + empty.join(", "))`,
    ""
  ].join("\n")
}
