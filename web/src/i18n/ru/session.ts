export const session = {
  "session.title": "Вход",
  "session.lead": "Пульт управления миграциями Alembic",
  "session.email": "Почта",
  "session.password": "Пароль",
  "session.submit": "Войти",
  "session.expired": "Сеанс закончился. Войдите, и вы вернётесь на ту же страницу.",
  "session.wrong": "Нет учётной записи с такой почтой и паролем.",
  "session.wrongHint": "Пароль первого администратора был напечатан при первом запуске.",
} as const;
