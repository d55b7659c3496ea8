"""What is asked of a target's catalogue about masks; PostgreSQL 13 to 18.

$1 to $4: the masks' schemas, tables, columns and kinds, as patterns of ILIKE. $5: functions of the system that read no
table, besides the immutable ones. $6: extensions that read none. Below 16384 is what the system itself brought.
"""

_OWN = """
masks as (
    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[])
        as m(schema_name, table_name, column_name, kind)
), own as (
    select a.attrelid as relation, a.attname as name, m.kind
    from pg_attribute a
    join pg_class c on c.oid = a.attrelid
    join pg_namespace n on n.oid = c.relnamespace
    join masks m on n.nspname ilike m.schema_name and c.relname ilike m.table_name and a.attname ilike m.column_name
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and a.attnum > 0 and not a.attisdropped
      and c.oid >= 16384 and n.nspname !~ '^pg_toast'
)
"""

# Partitions and their table, and tables that inherit, have the same rows.
_KIN = """
kin as (
    select inhparent as one, inhrelid as other from pg_inherits union all select inhrelid, inhparent from pg_inherits
)
"""

ANY = f"with {_OWN} select exists (select from own)"

COLUMNS_OF = f"""
with recursive {_OWN}, {_KIN}, family as (
    select c.oid as relation from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = $5 and c.relname = $6
    union
    select kin.other from kin join family on family.relation = kin.one
)
select distinct own.name, own.kind from own join family using (relation)
"""

LOCKED = "select distinct relation from pg_locks where pid = pg_backend_pid() and locktype = 'relation' and granted"

# What may read a table without naming it. Casts, operators and the functions of types that the system brought do not,
# nor do those that make values of people's own ranges.
_FUNCTIONS = """
unsafe as (
    select p.oid, p.proname from pg_proc p
    where case when p.oid < 16384
        then p.provolatile <> 'i' and p.proname <> all($5)
            and not exists (select from pg_cast x where x.castfunc = p.oid)
            and not exists (select from pg_operator x where x.oprcode = p.oid)
            and not exists (select from pg_type x where p.oid in
                (x.typinput, x.typoutput, x.typreceive, x.typsend, x.typmodin, x.typmodout, x.typanalyze))
        else not (p.prolang = 12 and p.prosrc ~ '^(multi)?range_constructor[0-3]$') and not exists (
            select from pg_depend e join pg_extension x on x.oid = e.refobjid
            where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.refclassid = 'pg_extension'::regclass
              and e.deptype = 'e' and x.extname = any($6))
        end
)
"""

_CALLED = "regexp_matches({0}::text, ':(?:funcid|aggfnoid|winfnoid|opfuncid) ([0-9]+)', 'g')"

# Views are followed by what PostgreSQL noted for DROP … CASCADE; a materialized view holds what it once read. $7: the
# tables that are locked, $8: tables of the system in which no value of another table stands.
TOUCHED = f"""
with recursive {_OWN}, {_KIN}, {_FUNCTIONS}, leads as (
    select one as source, other as relation from kin
    union all
    select d.refobjid, w.ev_class from pg_depend d join pg_rewrite w on w.oid = d.objid
    where d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid <> w.ev_class
), tainted as (
    select relation from own
    union
    select w.ev_class from pg_rewrite w, lateral {_CALLED.format("w.ev_action")} as called
    where w.ev_class >= 16384 and called[1]::oid in (select oid from unsafe)
    union
    select e.objid from pg_depend e join pg_extension x on x.oid = e.refobjid
    where e.classid = 'pg_class'::regclass and e.refclassid = 'pg_extension'::regclass and e.deptype = 'e'
      and x.extname <> all($6)
), reached as (
    select relation from tainted
    union
    select leads.relation from leads join reached on reached.relation = leads.source
)
select coalesce(format('%I.%I', n.nspname, c.relname), l.relation::text) as name
from unnest($7::oid[]) as l(relation)
left join pg_class c on c.oid = l.relation
left join pg_namespace n on n.oid = c.relnamespace
where c.oid is null or n.nspname ~ '^pg_toast' or c.oid in (select relation from reached)
   or (c.oid < 16384 and n.nspname <> 'information_schema' and c.relname <> all($8) and c.relkind not in ('i', 'I'))
limit 1
"""

# $1 and $2 here are $5 and $6 of the others.
UNSAFE = f"""
with {_FUNCTIONS.replace("$5", "$1").replace("$6", "$2")}
select coalesce((select array_agg(distinct proname::text) from unsafe), '{{}}') as functions,
       coalesce((select array_agg(distinct oprname::text) from pg_operator
                  where oid >= 16384 and oprcode in (select oid from unsafe)), '{{}}') as operators,
       coalesce((select castfunc::regproc::text from pg_cast where castfunc in (select oid from unsafe) limit 1),
                (select k.contypid::regtype::text from pg_constraint k, lateral {_CALLED.format("k.conbin")} as called
                  where k.contypid <> 0 and k.conbin is not null
                    and called[1]::oid in (select oid from unsafe) limit 1)) as implicit
"""
