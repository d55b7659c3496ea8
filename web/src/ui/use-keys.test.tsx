import { render } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { useKeys } from "./use-keys";

test("a key of a sequence is not also a key of its own, whoever listens", async () => {
  const pressed: string[] = [];
  function List() {
    useKeys({ j: () => pressed.push("row"), Enter: () => pressed.push("open") });
    return null;
  }
  function Frame() {
    useKeys({ "g j": () => pressed.push("jobs") });
    return <List />;
  }
  render(<Frame />);
  await userEvent.keyboard("jgjj{Enter}");
  expect(pressed).toEqual(["row", "jobs", "row", "open"]);
});

test("nobody hears what is typed, held with Ctrl, or meant for a dialog", async () => {
  const pressed: string[] = [];
  function Page({ covered }: { covered: boolean }) {
    useKeys({ j: () => pressed.push("j") });
    return covered ? <div role="dialog" /> : <input />;
  }
  const { container, rerender } = render(<Page covered={false} />);
  await userEvent.type(container.querySelector("input")!, "j");
  await userEvent.click(document.body);
  await userEvent.keyboard("{Control>}j{/Control}");
  rerender(<Page covered />);
  await userEvent.keyboard("j");
  expect(pressed).toEqual([]);
});
