/** What the service says at its door, in Russian. */
export const safety = {
  "Too many requests.": "Слишком много запросов.",
  "At most {0} requests of this kind are taken in a minute.": "Таких запросов принимается не больше {0} в минуту.",
  "Wait as long as the header Retry-After says, and ask less often.": "Подождите столько, сколько говорит заголовок Retry-After, и спрашивайте реже.",
  "This request comes from a page of another site.": "Этот запрос пришёл со страницы другого сайта.",
  "Open Stillroom at its own address. If this is it, its operator has to set STILLROOM_PUBLIC_URL.":
    "Откройте Stillroom по его собственному адресу. Если это он и есть, оператор должен задать STILLROOM_PUBLIC_URL.",
};
