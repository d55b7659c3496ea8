/** Words that the service puts into its sentences. */
export const nouns: Readonly<Record<string, string>> = {
  project: "проект",
  environment: "окружение",
  database: "база",
  organization: "организация",
  job: "задание",
  plan: "план",
  revision: "ревизия",
  commit: "коммит",
  file: "файл",
  member: "участник",
  group: "группа",
  invitation: "приглашение",
  "sign-in": "вход",
  page: "страница",
  cached: "из кэша",
  built: "собрано",
};
