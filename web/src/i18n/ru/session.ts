export const session = {
  "session.title": "Вход",
  "session.lead": "Пульт управления миграциями Alembic",
  "session.email": "Почта",
  "session.password": "Пароль",
  "session.submit": "Войти",
  "session.expired": "Сеанс закончился. На странице ничего не пропало: войдите, и можно продолжать.",
  "session.wrong": "Нет учётной записи с такой почтой и паролем.",
  "session.wrongHint": "Пароль первого администратора был напечатан при первом запуске.",
  "session.leave": "Покинуть страницу и войти под другим именем",
} as const;
