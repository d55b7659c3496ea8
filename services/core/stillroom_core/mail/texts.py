"""The letters, in every language that the pages have."""

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stillroom_core.happenings.kinds import Told


class Letter(StrEnum):
    """The kinds of letter."""

    VERIFY = "verify"
    RESET = "reset"
    NO_ACCOUNT = "no_account"
    ALREADY = "already"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of a letter
    SECOND_FACTOR_OFF = "second_factor_off"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    INVITATION = "invitation"
    APPROVAL_ASKED = "approval_asked"
    HAPPENED = "happened"
    WEBHOOK_DISABLED = "webhook_disabled"


_EN = {
    Letter.VERIFY: (
        "Confirm your e-mail address",
        "Hello {name},\n\nthis address was given to open an account at {host}. Confirm it here:\n\n{link}\n\n"
        "The link works for two days. If it was not you, do nothing: without it the account stays closed.\n",
    ),
    Letter.RESET: (
        "Set a new password",
        "Hello {name},\n\nsomebody asked for a new password for your account at {host}. Set it here:\n\n{link}\n\n"
        "The link works for one hour and once. If it was not you, do nothing: your password stays as it is.\n",
    ),
    Letter.NO_ACCOUNT: (
        "There is no account with this address",
        "Hello,\n\nsomebody asked for a new password at {host} for this address, which has no account there. "
        "You may have used another address.\n\nIf it was not you, do nothing.\n",
    ),
    Letter.ALREADY: (
        "You have an account already",
        "Hello {name},\n\nsomebody tried to open an account at {host} with this address, which has one already. "
        "Sign in, or set a new password:\n\n{link}\n\nIf it was not you, do nothing.\n",
    ),
    Letter.PASSWORD_CHANGED: (
        "Your password was changed",
        "Hello {name},\n\nthe password of your account at {host} was changed, and every other sign-in was ended.\n\n"
        "If it was not you, set a new one at once:\n\n{link}\n",
    ),
    Letter.SECOND_FACTOR_OFF: (
        "The second factor was switched off",
        "Hello {name},\n\nsigning in to your account at {host} needs no second factor any more.\n\n"
        "If it was not you, set a new password at once:\n\n{link}\n",
    ),
    Letter.PASSKEY_ADDED: (
        "A passkey was added",
        "Hello {name},\n\nthe passkey {passkey} was added to your account at {host} and signs in to it.\n\n"
        "If it was not you, set a new password at once and remove the passkey in your account:\n\n{link}\n",
    ),
    Letter.PASSKEY_REMOVED: (
        "A passkey was removed",
        "Hello {name},\n\nthe passkey {passkey} of your account at {host} was removed, and does not sign in "
        "any more.\n\nIf it was not you, set a new password at once:\n\n{link}\n",
    ),
    Letter.INVITATION: (
        "{inviter} invites you to {organization}",
        "Hello,\n\n{inviter} invites you to the organization {organization} at {host}. Accept here:\n\n{link}\n\n"
        "The link works for seven days. If you do not know them, do nothing.\n",
    ),
    Letter.APPROVAL_ASKED: (
        "{asker} asks for an approval: {what}",
        "Hello {name},\n\n{asker} asks for an approval: {what}.\n\nLook at the plan and decide here:\n\n{link}\n",
    ),
    Letter.HAPPENED: (
        "{what}",
        "Hello {name},\n\n{what}.\n{facts}\n\nSee it here:\n\n{link}\n\n"
        "What you are told of is chosen in your account, under Notifications.\n",
    ),
    Letter.WEBHOOK_DISABLED: (
        "The webhook {webhook} of {organization} was switched off",
        "Hello {name},\n\nnothing has got through to the webhook {webhook} ({host}) of {organization} for a long time, "
        "so it was switched off. Look at its last deliveries, and switch it on again once it answers:\n\n{link}\n",
    ),
}

_RU = {
    Letter.VERIFY: (
        "Подтвердите адрес почты",
        "Здравствуйте, {name}!\n\nЭтот адрес указали, открывая учётную запись на {host}. Подтвердите его:\n\n{link}\n\n"
        "Ссылка действует два дня. Если это были не вы, ничего не делайте: без неё запись останется закрытой.\n",
    ),
    Letter.RESET: (
        "Новый пароль",
        "Здравствуйте, {name}!\n\nКто-то запросил новый пароль для вашей учётной записи на {host}. "
        "Задайте его здесь:\n\n{link}\n\n"
        "Ссылка действует один час и один раз. Если это были не вы, ничего не делайте: пароль останется прежним.\n",
    ),
    Letter.NO_ACCOUNT: (
        "С этим адресом нет учётной записи",
        "Здравствуйте!\n\nКто-то запросил новый пароль на {host} для этого адреса, но учётной записи с ним нет. "
        "Возможно, вы указывали другой адрес.\n\nЕсли это были не вы, ничего не делайте.\n",
    ),
    Letter.ALREADY: (
        "У вас уже есть учётная запись",
        "Здравствуйте, {name}!\n\nКто-то открывал учётную запись на {host} с этим адресом, но она уже есть. "
        "Войдите или задайте новый пароль:\n\n{link}\n\nЕсли это были не вы, ничего не делайте.\n",
    ),
    Letter.PASSWORD_CHANGED: (
        "Пароль изменён",
        "Здравствуйте, {name}!\n\nПароль вашей учётной записи на {host} изменён, остальные входы завершены.\n\n"
        "Если это были не вы, сразу задайте новый:\n\n{link}\n",
    ),
    Letter.SECOND_FACTOR_OFF: (
        "Второй фактор выключен",
        "Здравствуйте, {name}!\n\nДля входа в вашу учётную запись на {host} второй фактор больше не нужен.\n\n"
        "Если это были не вы, сразу задайте новый пароль:\n\n{link}\n",
    ),
    Letter.PASSKEY_ADDED: (
        "Добавлен ключ доступа",
        "Здравствуйте, {name}!\n\nВ вашу учётную запись на {host} добавлен ключ доступа {passkey}: "
        "теперь с ним можно войти.\n\n"
        "Если это были не вы, сразу задайте новый пароль и удалите ключ в своей учётной записи:\n\n{link}\n",
    ),
    Letter.PASSKEY_REMOVED: (
        "Удалён ключ доступа",
        "Здравствуйте, {name}!\n\nИз вашей учётной записи на {host} удалён ключ доступа {passkey}: "
        "войти с ним больше нельзя.\n\n"
        "Если это были не вы, сразу задайте новый пароль:\n\n{link}\n",
    ),
    Letter.INVITATION: (
        "{inviter} приглашает вас в {organization}",
        "Здравствуйте!\n\n{inviter} приглашает вас в организацию {organization} на {host}. Принять:\n\n{link}\n\n"
        "Ссылка действует семь дней. Если вы не знаете отправителя, ничего не делайте.\n",
    ),
    Letter.APPROVAL_ASKED: (
        "{asker} просит согласования: {what}",
        "Здравствуйте, {name}!\n\n{asker} просит согласования: {what}.\n\nПосмотрите план и решите здесь:\n\n{link}\n",
    ),
    Letter.HAPPENED: (
        "{what}",
        "Здравствуйте, {name}!\n\n{what}.\n{facts}\n\nПодробности:\n\n{link}\n\n"
        "О чём сообщать, выбирают в учётной записи, в разделе «Уведомления».\n",
    ),
    Letter.WEBHOOK_DISABLED: (
        "Вебхук {webhook} организации {organization} выключен",
        "Здравствуйте, {name}!\n\nДо вебхука {webhook} ({host}) организации {organization} долго ничего не доходило, "
        "поэтому он выключен. Посмотрите последние отправки и включите его, когда он снова отвечает:\n\n{link}\n",
    ),
}

TEXTS = {"en": _EN, "ru": _RU}


# What happened, for a subject; the place follows.
_HAPPENED = {
    "en": {
        "job.succeeded": "Job {number} is done ({kind})",
        "job.failed": "Job {number} failed ({kind})",
        "job.cancelled": "Job {number} was cancelled ({kind})",
        "job.lost": "Job {number} was lost ({kind})",
        "database.moved": "A database was moved from elsewhere",
        "database.unreachable": "A database cannot be reached",
        "database.reachable": "A database can be reached again",
        "database.certificate_expiring": "The client certificate of a database ends soon",
        "project.fetch_failed": "A project cannot be fetched",
        "rule.refused": "A new commit was not brought to a database",
    },
    "ru": {
        "job.succeeded": "Задание {number} выполнено ({kind})",
        "job.failed": "Задание {number} не выполнено ({kind})",
        "job.cancelled": "Задание {number} отменено ({kind})",
        "job.lost": "Задание {number} потеряно ({kind})",
        "database.moved": "Базу изменили не через Stillroom",
        "database.unreachable": "База недоступна",
        "database.reachable": "База снова доступна",
        "database.certificate_expiring": "Клиентский сертификат базы скоро истечёт",
        "project.fetch_failed": "Проект не удаётся получить",
        "rule.refused": "Новый коммит не применён к базе",
    },
}
_STANDS = {"en": "The database stands at {heads}", "ru": "База стоит на {heads}"}


def happened(told: "Told", locale: str | None) -> tuple[str, str]:
    """What happened, with its place, and the facts in a line; in the person's language."""
    language = locale if locale in _HAPPENED else "en"
    job = told.place.job
    values = {"number": job.number, "kind": f"{job.kind} {job.revision or ''}".strip()} if job else {}
    what = _HAPPENED[language][told.happening].format(**values)
    heads = job.heads_after if job else told.data.get("heads")
    facts = _STANDS[language].format(heads=", ".join(heads) or "base") + "." if heads is not None else ""
    return f"{what}: {' / '.join(told.place.names)}", facts


def words_of(letter: Letter, locale: str | None, values: dict[str, str]) -> tuple[str, str]:
    """Subject and text; what people chose as their names cannot begin a new header or line."""
    plain = {name: " ".join(value.split()) for name, value in values.items()}
    subject, text = TEXTS.get(locale or "en", _EN)[letter]
    return subject.format_map(plain)[:300], text.format_map(plain)
