"""What is asked about a database's health; PostgreSQL 13 to 18.

Nothing here takes a lock on a table of people's: sizes are those of pg_class, like everywhere. What the database's user
may not see (other users' sessions, replicas) is null.
"""

# Counters since the last reset; who asks twice has rates.
COUNTERS = """
select extract(epoch from clock_timestamp())::float8 as at,
       s.xact_commit::bigint as commits, s.xact_rollback::bigint as rollbacks,
       s.blks_hit::bigint as hits, s.blks_read::bigint as reads, s.deadlocks::bigint as deadlocks,
       s.temp_bytes::bigint as temporary_bytes, s.numbackends as connections,
       age(d.datfrozenxid)::bigint as frozen_age,
       current_setting('autovacuum_freeze_max_age')::bigint as freeze_at,
       current_setting('max_connections')::int as most_connections,
       current_setting('autovacuum') = 'on' as autovacuum,
       extract(epoch from clock_timestamp() - pg_postmaster_start_time())::float8 as up_s,
       pg_is_in_recovery() as replica,
       case when pg_is_in_recovery()
            then extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())::float8 end as behind_s
from pg_database d join pg_stat_database s on s.datid = d.oid
where d.datname = current_database()
"""

SESSIONS = """
select coalesce(state, 'hidden') as state, count(*)::int as count,
       count(*) filter (where wait_event_type = 'Lock')::int as waiting,
       max(extract(epoch from clock_timestamp() - xact_start))::float8 as oldest_s
from pg_stat_activity
where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
group by 1 order by 2 desc
"""

REPLICAS = """
select application_name as name, state, extract(epoch from replay_lag)::float8 as lag_s,
       case when not pg_is_in_recovery()
            then pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint end as lag_bytes
from pg_stat_replication order by replay_lag desc nulls last limit 20
"""

# A slot that nobody reads keeps WAL until the disk is full.
SLOTS = """
select slot_name as name, active, case when not pg_is_in_recovery()
       then pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint end as kept_bytes
from pg_replication_slots order by 3 desc nulls last limit 20
"""

VACUUMS = """
select n.nspname as schema, c.relname as table, p.phase,
       p.heap_blks_scanned::bigint as done, p.heap_blks_total::bigint as total
from pg_stat_progress_vacuum p join pg_class c on c.oid = p.relid join pg_namespace n on n.oid = c.relnamespace
where p.datname = current_database() limit 20
"""

# What the top of the page asks every ten seconds, in one statement.
LISTED = {"sessions": SESSIONS, "replicas": REPLICAS, "slots": SLOTS, "vacuums": VACUUMS}
LIVE = (
    "select c.*, "
    + ", ".join(
        f"(select coalesce(json_agg(x), '[]') from ({statement}) x) as {name}" for name, statement in LISTED.items()
    )
    + f" from ({COUNTERS}) c"
)

SIZE = "select pg_database_size(current_database())::bigint"

# The expected size of a table's rows by pg_stats: rows of the usual width, with their headers, in full pages.
_TABLES = """
with tables as (
    select c.oid, n.nspname as schema, c.relname as table, c.reltuples::float8 as rows,
           (c.relpages::bigint + coalesce(t.relpages, 0)) * b.size as bytes,
           c.relpages::bigint * b.size as heap_bytes, b.size as block,
           coalesce((select sum(i.relpages) from pg_index x join pg_class i on i.oid = x.indexrelid
                      where x.indrelid = c.oid), 0)::bigint * b.size as index_bytes,
           age(c.relfrozenxid)::bigint as frozen_age
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    left join pg_class t on t.oid = c.reltoastrelid
    cross join (select current_setting('block_size')::bigint as size) b
    where c.relkind in ('r', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
)
"""

LARGEST = _TABLES + 'select schema, "table", bytes + index_bytes as bytes from tables order by 3 desc, 1, 2 limit 20'

TABLES = (
    _TABLES
    + """
, chosen as (
    (select * from tables order by bytes + index_bytes desc limit 50)
    union
    (select t.* from tables t join pg_stat_user_tables s on s.relid = t.oid order by s.n_dead_tup desc limit 50)
)
select t.schema, t."table", t.rows, t.bytes, t.index_bytes, t.frozen_age,
       s.n_live_tup::bigint as live, s.n_dead_tup::bigint as dead, s.n_mod_since_analyze::bigint as changed,
       s.seq_scan::bigint as whole_scans, s.idx_scan::bigint as index_scans,
       extract(epoch from greatest(s.last_vacuum, s.last_autovacuum))::float8 as vacuumed_at,
       extract(epoch from greatest(s.last_analyze, s.last_autoanalyze))::float8 as analyzed_at,
       case when t.rows > 0 and w.width is not null then greatest(0, t.heap_bytes - ceil(
           t.rows * (w.width + 28) / (t.block - 24)) * t.block)::bigint end as bloat_bytes
from chosen t
left join pg_stat_user_tables s on s.relid = t.oid
left join lateral (
    select sum((1 - p.null_frac) * p.avg_width)::float8 as width from pg_stats p
    where p.schemaname = t.schema and p.tablename = t."table"
) w on true
order by t.bytes + t.index_bytes desc, t.schema, t."table"
"""
)

UNUSED_INDEXES = """
select n.nspname as schema, r.relname as table, c.relname as index,
       c.relpages::bigint * current_setting('block_size')::bigint as bytes
from pg_stat_user_indexes s
join pg_index i on i.indexrelid = s.indexrelid
join pg_class c on c.oid = s.indexrelid
join pg_class r on r.oid = i.indrelid
join pg_namespace n on n.oid = r.relnamespace
where s.idx_scan = 0 and not i.indisunique and not i.indisprimary and i.indisvalid
  and not exists (select from pg_constraint k where k.conindid = i.indexrelid)
order by 4 desc, 1, 3 limit 100
"""

# Alike in everything that an index is made of; of each such group all but the oldest.
DUPLICATE_INDEXES = """
select n.nspname as schema, r.relname as table, c.relname as index, f.relname as like,
       c.relpages::bigint * current_setting('block_size')::bigint as bytes
from (
    select indexrelid, indrelid, first_value(indexrelid) over (
        partition by indrelid, indkey::text, indclass::text, indcollation::text, indoption::text,
                     coalesce(pg_get_expr(indexprs, indrelid), ''), coalesce(pg_get_expr(indpred, indrelid), ''),
                     indnkeyatts
        order by indisprimary desc, indisunique desc, indexrelid) as first
    from pg_index where indisvalid
) i
join pg_class c on c.oid = i.indexrelid
join pg_class f on f.oid = i.first and f.relam = c.relam
join pg_class r on r.oid = i.indrelid
join pg_namespace n on n.oid = r.relnamespace
where i.indexrelid <> i.first and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and not c.relispartition
order by 5 desc, 1, 3 limit 100
"""

# No index begins with the columns of the key, in whatever order: deleting a row above reads the whole table below.
UNINDEXED_KEYS = """
select n.nspname as schema, r.relname as table, k.conname as name, fr.relname as references,
       (select array_agg(a.attname::text order by x.at) from unnest(k.conkey) with ordinality x(num, at)
          join pg_attribute a on a.attrelid = k.conrelid and a.attnum = x.num) as columns,
       r.reltuples::float8 as rows
from pg_constraint k
join pg_class r on r.oid = k.conrelid
join pg_class fr on fr.oid = k.confrelid
join pg_namespace n on n.oid = r.relnamespace
where k.contype = 'f' and k.conparentid = 0 and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and not exists (
      select from pg_index i where i.indrelid = k.conrelid and i.indisvalid and i.indpred is null
      and (select array_agg(x.num order by x.num) from unnest(i.indkey::int2[]) with ordinality x(num, at)
            where x.at <= cardinality(k.conkey))
          = (select array_agg(y order by y) from unnest(k.conkey) y)
  )
order by r.reltuples desc, 1, 2, 3 limit 100
"""

HAS_STATEMENTS = """
select exists (select from pg_extension where extname = 'pg_stat_statements') as installed,
       (select n.nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace
         where e.extname = 'pg_stat_statements') as schema,
       exists (select from pg_available_extensions where name = 'pg_stat_statements') as available
"""


def top_statements(place: str) -> str:
    """The statements that took most time; `place` is the view's name, quoted."""
    return f"""
select queryid::text as id, left(query, 2000) as query, calls::bigint, total_exec_time::float8 as total_ms,
       mean_exec_time::float8 as mean_ms, rows::bigint,
       shared_blks_hit::bigint as hits, shared_blks_read::bigint as reads
from {place} where dbid = (select oid from pg_database where datname = current_database())
order by total_exec_time desc limit 20
"""
