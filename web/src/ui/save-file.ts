/** Gives the reader a file that the page has made. */
export function saveFile(name: string, content: Blob): void {
  const address = URL.createObjectURL(content);
  const link = Object.assign(document.createElement("a"), { href: address, download: name });
  link.click();
  // The browser reads it after the click; a file that is never read must not stay in memory.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
