import { expect, test } from "vitest";
import { bodyOf, databaseBodyOf, fromUrl, NEW_DATABASE, NEW_ENVIRONMENT } from "./values";

test("a pasted URL fills the fields, whatever driver it names", () => {
  expect(fromUrl("postgresql+asyncpg://shop:p%40ss@db.example.org:6432/shop_dev?sslmode=require")).toEqual({
    host: "db.example.org", port: "6432", database: "shop_dev", username: "shop", password: "p@ss", sslmode: "require",
  });
  expect(fromUrl("postgres://u@h/d")).toMatchObject({ port: "5432", password: "" });
  expect(fromUrl("mysql://u@h/d")).toBeNull();
});

test("a stored secret is kept when its value is not typed again", () => {
  const secret = { name: "TOKEN", value: null, secret: true, stored: true };
  expect(bodyOf({ ...NEW_ENVIRONMENT, name: "dev", variables: [secret] }).variables).toEqual([
    { name: "TOKEN", value: null, secret: true },
  ]);
  expect(bodyOf({ ...NEW_ENVIRONMENT, name: "dev", variables: [{ ...secret, value: "new" }] }).variables[0]?.value).toBe("new");
});

test("empty rows are not sent and times have the API's units", () => {
  const body = bodyOf({ ...NEW_ENVIRONMENT, name: "QA 1", lockTimeout: "2,5", variables: [{ name: " ", value: "", secret: false, stored: false }] });
  expect(body).toMatchObject({ slug: "qa-1", lock_timeout_ms: 2500, time_limit_s: 3600, variables: [] });
});

test("a database without a name takes that of the database", () => {
  expect(databaseBodyOf({ ...NEW_DATABASE, database: "shop", host: "h", username: "u" }).name).toBe("shop");
});
