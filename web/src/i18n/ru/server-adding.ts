/** What the service says while a project is added. */
export const adding: Readonly<Record<string, string>> = {
  "Check that the user may read pg_catalog; poolers that hide it cannot be used.": "Проверьте, что пользователь может читать pg_catalog; пулеры, которые его прячут, не подойдут.",
  "Choose the branch that has the migrations; a project that is built in another way is added by hand.": "Выберите ветку, где лежат миграции; проект, устроенный иначе, добавляют вручную.",
  "Looked for alembic.ini, pyproject.toml and folders with env.py and versions in {0} ({1}).": "Искали alembic.ini, pyproject.toml и папки с env.py и versions в {0} ({1}).",
  "Name the branch or tag to migrate from.": "Укажите ветку или тег, с которых мигрировать.",
  "Open the project; its settings are where it is changed now.": "Откройте проект: теперь он меняется в своих настройках.",
  "The database answered, but its catalogue could not be read.": "База ответила, но её каталог прочитать не удалось.",
  "The repository has no default branch": "У репозитория нет основной ветки",
  "The repository was not read yet.": "Репозиторий ещё не прочитан.",
  "The server does not say which branch its HEAD is; an empty repository has none.": "Сервер не говорит, на какую ветку указывает HEAD; у пустого репозитория её нет.",
  "This commit holds no Alembic project.": "В этом коммите нет проекта Alembic.",
  "This project was added already.": "Этот проект уже добавлен.",
  "Wait until it was, or correct its address.": "Подождите, пока его прочитают, или исправьте адрес.",
};
