import js from "@eslint/js";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

const FEATURES = ["session", "projects", "setups", "drafts", "environments", "migrations", "jobs", "databases", "findings"];

/** What a layer may not import, with the reason a person reads in the editor. */
const forbid = (...patterns) => ({
  "no-restricted-imports": ["error", { patterns }],
});

const noApp = { group: ["@/app/*", "@/app/**"], message: "app composes features; nothing below it may import it." };
const noFeatures = { group: ["@/features/*", "@/features/**"], message: "This layer knows no noun." };

export default tseslint.config(
  { ignores: ["e2e/oidc-provider.mjs", "dist", "node_modules", "src/api/schema.gen.ts", "test-results", "playwright-report", "public"] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ["eslint.config.js"] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    plugins: { "react-hooks": reactHooks },
    rules: {
      "react-hooks/rules-of-hooks": "error",
      "react-hooks/exhaustive-deps": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: { attributes: false } }],
      "@typescript-eslint/consistent-type-imports": "error",
      "max-lines": ["error", { max: 400, skipBlankLines: true, skipComments: true }],
    },
  },
  { files: ["eslint.config.js"], extends: [tseslint.configs.disableTypeChecked] },
  { files: ["src/ui/**"], rules: forbid(noApp, noFeatures, { group: ["@/api/*"], message: "ui knows no noun." }) },
  { files: ["src/api/**", "src/i18n/**"], rules: forbid(noApp, noFeatures) },
  ...FEATURES.map((feature) => ({
    files: [`src/features/${feature}/**`],
    rules: forbid(noApp, {
      group: FEATURES.filter((other) => other !== feature).flatMap((other) => [
        `@/features/${other}`,
        `@/features/${other}/**`,
        `../${other}/**`,
        `**/features/${other}/**`,
      ]),
      message: "Features never import each other; compose them in app.",
    }),
  })),
  { files: ["**/*.test.{ts,tsx}", "e2e/**"], rules: { "@typescript-eslint/no-non-null-assertion": "off" } },
);
