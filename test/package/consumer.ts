/** The empty project into which the tarball is installed, as values. */

export interface Manifest {
  readonly name: string
  readonly exports: Readonly<Record<string, unknown>>
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
  readonly devDependencies: Readonly<Record<string, string>>
}

/** What `npm pack --json` tells of a tarball. */
export interface Packed {
  readonly filename: string
  readonly size: number
  readonly files: ReadonlyArray<{ readonly path: string }>
}

const belongs = /^(?:(?:dist|src)\/.+\.(?:js|ts|map)|package\.json|README\.md|CHANGELOG\.md|LICENSE)$/

/** Files of a tarball that no user needs. */
export const foreignFiles = ({ files }: Packed): ReadonlyArray<string> =>
  files.map(({ path }) => path).filter((path) => !belongs.test(path))

export const consumer = {
  manifest: { name: "consumer", version: "1.0.0", private: true, type: "module" },
  tsconfig: {
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
}

/** What to install beside the tarball: the peers that must be there, and a compiler. */
export const installed = (manifest: Manifest): ReadonlyArray<string> => {
  const isNeeded = (name: string) => manifest.peerDependenciesMeta?.[name]?.optional !== true
  const peers = Object.entries(manifest.peerDependencies).filter(([name]) => isNeeded(name))
  const tools = Object.entries(manifest.devDependencies).filter(([name]) =>
    ["typescript", "@types/node"].includes(name)
  )
  return [...peers, ...tools].map(([name, range]) => `${name}@${range}`)
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
