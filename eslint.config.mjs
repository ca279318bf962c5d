import prettier from "eslint-config-prettier"
import tseslint from "typescript-eslint"

const hostClock = ["setTimeout", "setInterval", "setImmediate"].map((name) => ({
  name,
  message: "Time comes from Effect's Clock."
}))

/** What `src` may not do: host time and randomness, barrels of effect, loose types. */
export default tseslint.config(
  { ignores: ["dist", "node_modules", "test/bench/peers", ".stryker-tmp"] },
  ...tseslint.configs.recommended,
  {
    rules: {
      "@typescript-eslint/no-empty-object-type": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/consistent-type-imports": "error",
      "require-yield": "off"
    }
  },
  {
    files: ["src/**/*.ts"],
    rules: {
      "no-restricted-globals": ["error", ...hostClock],
      "no-restricted-properties": [
        "error",
        { object: "Date", property: "now", message: "Time comes from Effect's Clock." },
        { object: "Math", property: "random", message: "Randomness comes from the host room." },
        { object: "performance", property: "now", message: "Time comes from Effect's Clock." }
      ],
      "no-restricted-syntax": [
        "error",
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: "Time comes from Effect's Clock."
        },
        { selector: "NewExpression[callee.name='Function']", message: "No code is generated at run time." },
        {
          selector:
            "AssignmentExpression[left.type='MemberExpression'][right.type=/FunctionExpression$/], " +
            "PropertyDefinition[static=false][value.type=/FunctionExpression$/]",
          message:
            "Give the function a name and assign the name: V8 allocates what is written into a property among the old objects, with all that it holds."
        }
      ],
      "no-eval": "error",
      "no-console": "error",
      "no-restricted-imports": [
        "error",
        {
          paths: [
            "effect",
            "@effect/platform",
            "@effect/platform-node",
            "@effect/sql",
            "@effect/experimental"
          ].map((name) => ({
            name,
            message: "Import the module, for example effect/Effect: the barrel costs start-up time."
          }))
        }
      ],
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/ban-ts-comment": "error"
    }
  },
  {
    // A turn of the event loop is no time.
    files: ["src/host/EventLoop.ts"],
    rules: { "no-restricted-globals": "off" }
  },
  prettier
)
