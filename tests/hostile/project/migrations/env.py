import logging.config
import os

from alembic import context
from sqlalchemy import create_engine

try:
    logging.config.fileConfig(context.config.config_file_name)
except Exception as error:
    print("the ini's code:", error)
logging.config.dictConfig({"version": 1})

engine = create_engine(os.environ["DATABASE_URL"])
with engine.connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
