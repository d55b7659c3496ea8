/** Of webhooks: a part of server.ts. */
export const ofWebhooks = {
  "An organization has at most {0} webhooks.": "В организации может быть не больше {0} вебхуков.",
  "Remove one that is not needed any more.": "Удалите тот, что больше не нужен.",
  "This address is not one that can be asked.": "По такому адресу нельзя обратиться.",
  "Enter an address like https://hooks.example.com/stillroom.": "Введите адрес вида https://hooks.example.com/stillroom.",
  "This address is not reached from here.": "К этому адресу отсюда не обращаются.",
  "Enter an https address of the public internet on port 443 or 8443; for a private one the operator lists its network in the settings.":
    "Введите адрес https в публичном интернете, порт 443 или 8443; для частного адреса оператор указывает его сеть в настройках.",
  "This webhook is switched off.": "Этот вебхук выключен.",
  "Switch it on first.": "Сначала включите его.",
  "not an address": "не адрес",
  "not an http address": "не адрес http",
  "without a name, a password and a #": "без имени, пароля и #",
  "This is not signed with the secret of the project's hook.": "Подпись не от секрета хука этого проекта.",
  "Check the address and the secret in the settings of the git host, and those of the project.": "Проверьте адрес и секрет в настройках git-хостинга и проекта.",
} as const;
