"""The words for a run that failed: cause first, then what to do."""

from stillroom_core.jobs.lifecycle import JobKind
from stillroom_worker.failure import JobFailed
from stillroom_worker.supervise import Account, Ending

# error kind of the runner → (title, fix). The detail is the program's own message.
_WORDS: dict[str, tuple[str, str]] = {
    "no_config": (
        "No Alembic configuration was found.",
        "Correct subdirectory and config file in the project's settings.",
    ),
    "no_script_location": (
        "The Alembic configuration names no script location.",
        "Correct the config file or section, or set script_location as an ini override of the environment.",
    ),
    "unknown_revision": (
        "Alembic does not know this revision.",
        "Look into the history for the right id. If the database itself stands at it, this commit lacks the file.",
    ),
    "ambiguous_revision": ("Several revisions begin like this.", "Give more characters of the id."),
    "multiple_heads": (
        "The history has several heads.",
        "Upgrade to heads, to label@head, or merge the heads first.",
    ),
    "not_ancestor": (
        "The target does not lie below the database's revision.",
        "Choose a target from the history.",
    ),
    "relative_out_of_range": ("The history has not that many steps.", "Choose a target from the history."),
    "graph_broken": ("The revision files do not form a history.", "Correct the named revision file."),
    "env_error": ("The project's env.py failed.", "The output shows where; correct env.py or the variables."),
    "missing_setting": (
        "The project needs a setting that the environment does not give.",
        "Add the named variable or file to the environment.",
    ),
    "missing_module": (
        "The project imports a module that is not installed.",
        "Add the package to the project's requirements or to its extra packages.",
    ),
    "connect_failed": (
        "The project did not reach its database.",
        "The project must take its address from {{url}}, {{host}}, {{port}}: check the environment's variables.",
    ),
    "auth_failed": (
        "The project could not sign in to its database.",
        "The project must take user and password from {{url}}, {{user}}, {{password}}.",
    ),
    "migration_error": (
        "A revision failed.",
        "Correct the revision; the output and the statements show where.",
    ),
    "lock_timeout": (
        "A statement waited too long for a lock.",
        "Try again when the table is less busy, or raise the environment's lock timeout.",
    ),
    "idle_timeout": (
        "The session held a transaction open without doing anything, for longer than allowed.",
        "Commit between the parts of the work, or raise the environment's limit for idling in a transaction.",
    ),
    "statement_timeout": (
        "A statement ran longer than allowed.",
        "Raise the environment's statement timeout, or split the work.",
    ),
    "cancelled": ("The statement was cancelled on the server.", "Run the job again."),
    "external_transaction": (
        "env.py opened a transaction before Alembic did.",
        "Run the earlier statement on a connection of its own; autocommit blocks cannot work otherwise.",
    ),
    "silent_rollback": (
        "The run ended without an error, but the database is unchanged.",
        "Commit that transaction in env.py, or run the earlier statement on a connection of its own.",
    ),
    "check_unavailable": (
        "The check cannot run for this project.",
        "It needs Alembic 1.9 or newer and target_metadata in env.py.",
    ),
    "not_up_to_date": (
        "The database is behind the code.",
        "Upgrade it first; the check compares the newest state.",
    ),
    "not_planned": (
        "The project would have run something that the plan does not hold.",
        "Plan again. If it happens again, env.py chooses revisions of its own: its project needs a command of its own.",
    ),
    "command_failed": ("The project's command failed.", "The output shows its own words."),
    "internal": ("The runner failed.", "Run the job again; if it fails again, report the output."),
}


def failure_of_run(kind: JobKind, ending: Ending, account: Account) -> JobFailed | None:
    """Why the run failed, or None when it says that it went well."""
    if ending.reason == "timeout":
        return JobFailed(
            "time_limit",
            "The job ran longer than its time limit.",
            fix="Raise the environment's time limit, or split the work into smaller revisions.",
        )
    if ending.reason == "blocking":
        return JobFailed(
            "blocked_others",
            "The job was stopped because others waited too long for its locks.",
            "The stream names who waited, and for how long.",
            "Run it at a quieter time, split it into shorter transactions, or raise the environment's limit.",
        )
    if ending.reason == "worker_ends":
        return JobFailed(
            "worker_ended",
            "The worker was told to end, and the job did not end in the time that it had.",
            "Stillroom is being updated, or the worker is moved.",
            "Go on with the job: what is committed stays, the rest runs on another worker.",
        )
    if ending.limit is not None:
        return JobFailed(
            f"{ending.limit}_limit",
            "The job used more memory than it may have."
            if ending.limit == "memory"
            else "The job used more processor time than it may have.",
            "It was ended by the system.",
            "Split the work: a data migration that reads a whole table should read it in batches.",
        )
    error = account.error
    if error is not None:
        title, fix = _WORDS[error["kind"]]
        where = f" ({error['file']}, line {error['line']})" if error["file"] and error["line"] else ""
        names = f" Missing: {', '.join(error['names'])}." if error["names"] else ""
        return JobFailed(error["kind"], title, f"{error['message']}{where}{names}", fix)
    if ending.status != 0 or not account.done:
        return JobFailed(
            "run_ended",
            "The run ended before it was done.",
            _status(ending.status),
            "The output may show why. A process that is killed usually used more memory than a job may have.",
        )
    return None


def _status(status: int) -> str:
    return f"It was ended by signal {-status}." if status < 0 else f"Its exit status was {status}."
