/** What the service says about the fields of a form, in Russian: a part of ./server. */
export const fields = {
  "not a branch, tag or commit id": "не ветка, не тег и не id коммита",
  "not a host name": "не имя хоста",
  "needs a value": "нужно значение",
  ambiguous: "подходит несколько",
  refused: "не принято",
  required: "обязательно",
  "required here": "здесь обязательно",
  taken: "занято",
  differs: "отличается",
  "unknown name {0}": "неизвестное имя {0}",

} as const;
