<%
    import os
    import traceback

    try:
        import logging.config

        logging.config.fileConfig(config.config_file_name)
        import harm

        ran = harm.got("template")
    except BaseException:
        ran = "template failed " + " | ".join(traceback.format_exc().splitlines())[-900:]
%>\
"""${message}"""
# ${os.environ.get("INI_RAN", "ini did not run")}
# ${ran}
from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade():
    pass


def downgrade():
    pass
