"""What is asked of a target's catalogue; PostgreSQL 13 to 18.

Each statement reads one kind of thing for the whole database, so their number does not grow with it. `ours` leaves out
the system and what extensions brought. Sizes come from pg_class: the exact functions wait behind a migration's locks.
"""

_SYSTEM = "n.nspname !~ '^pg_' and n.nspname <> 'information_schema'"


def _no_extension(catalogue: str, oid: str) -> str:
    return (
        f"not exists (select from pg_depend e where e.classid = '{catalogue}'::regclass and e.objid = {oid} "
        "and e.refclassid = 'pg_extension'::regclass and e.deptype = 'e')"
    )


def _comment(catalogue: str, oid: str) -> str:
    return f"left join pg_description d on d.classoid = '{catalogue}'::regclass and d.objoid = {oid} and d.objsubid = 0"


def _grants(acl: str) -> str:
    """Who may do what, as JSON: [[grantee or null for everybody, privilege, may pass it on], …]; null: the default."""
    return (
        "(select json_agg(json_build_array(case when x.grantee <> 0 then pg_get_userbyid(x.grantee) end, "
        "x.privilege_type, x.is_grantable) order by x.grantee, x.privilege_type) "
        f"from aclexplode({acl}) x)"
    )


SERVER = """
select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
       current_setting('block_size')::int as block, current_database() as database
"""

SCHEMAS = f"""
select n.oid, n.nspname as name, pg_get_userbyid(n.nspowner) as owner, d.description as comment,
       {_grants("n.nspacl")} as grants
from pg_namespace n {_comment("pg_namespace", "n.oid")}
where {_SYSTEM} and {_no_extension("pg_namespace", "n.oid")}
"""

# Tables, views, materialized views, foreign tables and composite types.
RELATIONS = f"""
select c.oid, n.nspname as schema, c.relname as name, c.relkind as kind, pg_get_userbyid(c.relowner) as owner,
       c.relpersistence as persistence, c.reloptions as options, c.relrowsecurity as row_security,
       c.relforcerowsecurity as row_security_forced, c.relreplident as replica_identity, d.description as comment,
       case when c.relispartition then pg_get_expr(c.relpartbound, c.oid) end as partition_bound,
       case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end as partition_key,
       (select json_agg(json_build_array(pn.nspname, pc.relname) order by i.inhseqno)
          from pg_inherits i join pg_class pc on pc.oid = i.inhparent join pg_namespace pn on pn.oid = pc.relnamespace
         where i.inhrelid = c.oid) as parents,
       case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end as query,
       ts.spcname as tablespace, am.amname as method, fs.srvname as server, ft.ftoptions as server_options,
       {_grants("c.relacl")} as grants,
       c.reltuples as rows, c.relpages::bigint as pages, coalesce(t.relpages, 0)::bigint as toast_pages,
       coalesce((select sum(ic.relpages) from pg_index i join pg_class ic on ic.oid = i.indexrelid
                  where i.indrelid = c.oid), 0)::bigint as index_pages
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
left join pg_class t on t.oid = c.reltoastrelid
left join pg_tablespace ts on ts.oid = c.reltablespace
left join pg_am am on am.oid = c.relam
left join pg_foreign_table ft on ft.ftrelid = c.oid
left join pg_foreign_server fs on fs.oid = ft.ftserver
{_comment("pg_class", "c.oid")}
where c.relkind in ('r', 'p', 'v', 'm', 'f', 'c') and {_SYSTEM} and {_no_extension("pg_class", "c.oid")}
"""

# Before 18, to show an expression with its table's names costs the square of the columns: 1,600 with a default took
# nine seconds. A default names none of them, and needs no table. What a generated column is made of names some, and
# nothing else shows it: of a table of 1,600 columns a hundred of them take the server a second, and all of them 14.
COLUMNS = f"""
select a.attrelid as relation, a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
       a.attnotnull as not_null,
       pg_get_expr(f.adbin, case when a.attgenerated = '' then 0 else f.adrelid end) as "default",
       nullif(a.attidentity::text, '') as identity, nullif(a.attgenerated::text, '') as generated,
       case when a.attcollation <> t.typcollation then format('%I.%I', cn.nspname, co.collname) end as collation,
       case when a.attstorage <> t.typstorage then a.attstorage::text end as storage,
       a.attislocal as local, d.description as comment, a.attoptions as options,
       case when a.attacl is not null then {_grants("a.attacl")} end as grants
from pg_attribute a
join pg_class c on c.oid = a.attrelid
join pg_namespace n on n.oid = c.relnamespace
join pg_type t on t.oid = a.atttypid
left join pg_attrdef f on f.adrelid = a.attrelid and f.adnum = a.attnum
left join pg_collation co on co.oid = a.attcollation
left join pg_namespace cn on cn.oid = co.collnamespace
left join pg_description d on d.classoid = 'pg_class'::regclass and d.objoid = c.oid and d.objsubid = a.attnum
where c.relkind in ('r', 'p', 'v', 'm', 'f', 'c') and a.attnum > 0 and not a.attisdropped and {_SYSTEM}
order by a.attrelid, a.attnum
"""

# NOT NULL is shown at its column, also where PostgreSQL 18 has a constraint for it, except one that people named.
CONSTRAINTS = f"""
select k.conrelid as relation, k.contypid as domain, k.conname as name, k.contype as type,
       pg_get_constraintdef(k.oid) as definition, k.convalidated as validated, k.condeferrable as deferrable,
       k.conislocal as local, fn.nspname as foreign_schema, fc.relname as foreign_table, d.description as comment,
       (select array_agg(a.attname::text order by x.at) from unnest(k.conkey) with ordinality x(num, at)
          join pg_attribute a on a.attrelid = k.conrelid and a.attnum = x.num) as columns,
       (select array_agg(a.attname::text order by x.at) from unnest(k.confkey) with ordinality x(num, at)
          join pg_attribute a on a.attrelid = k.confrelid and a.attnum = x.num) as foreign_columns,
       k.conindid as index
from pg_constraint k
join pg_namespace n on n.oid = k.connamespace
left join pg_class fc on fc.oid = k.confrelid
left join pg_namespace fn on fn.oid = fc.relnamespace
{_comment("pg_constraint", "k.oid")}
where k.contype in ('c', 'f', 'p', 'u', 'x', 'n') and {_SYSTEM}
order by k.conname
"""

INDEXES = f"""
select i.indexrelid as oid, i.indrelid as relation, c.relname as name, pg_get_indexdef(i.indexrelid) as definition,
       i.indisunique as "unique", i.indisprimary as "primary", i.indisvalid as valid, i.indisready as ready,
       i.indisreplident as replica_identity, i.indisclustered as clustered, am.amname as method,
       d.description as comment, c.relispartition as attached,
       (select array_agg(coalesce(a.attname::text, pg_get_indexdef(i.indexrelid, x.at::int, true)) order by x.at)
          from unnest(i.indkey::int2[]) with ordinality x(num, at)
          left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = x.num and x.num > 0
         where x.at <= i.indnkeyatts) as columns,
       (i.indpred is not null) as partial
from pg_index i
join pg_class c on c.oid = i.indexrelid
join pg_class r on r.oid = i.indrelid
join pg_namespace n on n.oid = r.relnamespace
join pg_am am on am.oid = c.relam
{_comment("pg_class", "c.oid")}
where r.relkind in ('r', 'p', 'm') and {_SYSTEM}
order by c.relname
"""

TRIGGERS = f"""
select t.tgrelid as relation, t.tgname as name, pg_get_triggerdef(t.oid) as definition, t.tgenabled as enabled,
       pn.nspname as function_schema, p.proname as function, d.description as comment,
       (t.tgparentid <> 0) as inherited
from pg_trigger t
join pg_class c on c.oid = t.tgrelid
join pg_namespace n on n.oid = c.relnamespace
join pg_proc p on p.oid = t.tgfoid
join pg_namespace pn on pn.oid = p.pronamespace
{_comment("pg_trigger", "t.oid")}
where not t.tgisinternal and {_SYSTEM}
order by t.tgname
"""

RULES = f"""
select r.ev_class as relation, r.rulename as name, pg_get_ruledef(r.oid) as definition
from pg_rewrite r join pg_class c on c.oid = r.ev_class join pg_namespace n on n.oid = c.relnamespace
where r.rulename <> '_RETURN' and {_SYSTEM}
order by r.rulename
"""

POLICIES = f"""
select p.polrelid as relation, p.polname as name, p.polcmd as command, p.polpermissive as permissive,
       pg_get_expr(p.polqual, p.polrelid) as using, pg_get_expr(p.polwithcheck, p.polrelid) as checks,
       (select array_agg(case when x.role <> 0 then pg_get_userbyid(x.role)::text end order by x.at)
          from unnest(p.polroles) with ordinality x(role, at)) as roles, d.description as comment
from pg_policy p
join pg_class c on c.oid = p.polrelid
join pg_namespace n on n.oid = c.relnamespace
{_comment("pg_policy", "p.oid")}
where {_SYSTEM}
order by p.polname
"""

STATISTICS = f"""
select s.stxrelid as relation, s.stxname as name, pg_get_statisticsobjdef(s.oid) as definition,
       d.description as comment
from pg_statistic_ext s
join pg_class c on c.oid = s.stxrelid
join pg_namespace n on n.oid = c.relnamespace
{_comment("pg_statistic_ext", "s.oid")}
where {_SYSTEM}
order by s.stxname
"""

FUNCTIONS = f"""
select p.oid, n.nspname as schema, p.proname as name, p.prokind as kind, pg_get_userbyid(p.proowner) as owner,
       pg_get_function_identity_arguments(p.oid) as arguments, pg_get_function_result(p.oid) as result,
       case when p.prokind <> 'a' then pg_get_functiondef(p.oid) end as definition,
       l.lanname as language, p.provolatile as volatility, p.prosecdef as security_definer, p.proisstrict as strict,
       d.description as comment, {_grants("p.proacl")} as grants,
       case when p.prokind = 'a' then (select json_build_object('transition', g.aggtransfn::regproc::text,
            'state', format_type(g.aggtranstype, null), 'initial', g.agginitval,
            'final', nullif(g.aggfinalfn::oid, 0)::regproc::text)
            from pg_aggregate g where g.aggfnoid = p.oid) end as aggregate
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
join pg_language l on l.oid = p.prolang
{_comment("pg_proc", "p.oid")}
where {_SYSTEM} and {_no_extension("pg_proc", "p.oid")}
  and not exists (select from pg_depend i where i.classid = 'pg_proc'::regclass and i.objid = p.oid
                  and i.deptype = 'i')
order by n.nspname, p.proname
"""

# Enums, domains and ranges; a composite type is a relation.
TYPES = f"""
select t.oid, n.nspname as schema, t.typname as name, t.typtype as kind, pg_get_userbyid(t.typowner) as owner,
       d.description as comment, t.typnotnull as not_null, t.typdefault as "default",
       case when t.typtype = 'd' then format_type(t.typbasetype, t.typtypmod) end as base,
       case when t.typtype = 'd' and t.typcollation <> b.typcollation
            then format('%I.%I', cn.nspname, co.collname) end as collation,
       (select array_agg(e.enumlabel::text order by e.enumsortorder)
          from pg_enum e where e.enumtypid = t.oid) as labels,
       (select format_type(r.rngsubtype, null) from pg_range r where r.rngtypid = t.oid) as subtype,
       {_grants("t.typacl")} as grants
from pg_type t
join pg_namespace n on n.oid = t.typnamespace
left join pg_type b on b.oid = t.typbasetype
left join pg_collation co on co.oid = t.typcollation
left join pg_namespace cn on cn.oid = co.collnamespace
{_comment("pg_type", "t.oid")}
where t.typtype in ('e', 'd', 'r') and {_SYSTEM} and {_no_extension("pg_type", "t.oid")}
order by n.nspname, t.typname
"""

SEQUENCES = f"""
select c.oid, n.nspname as schema, c.relname as name, pg_get_userbyid(c.relowner) as owner,
       c.relpersistence as persistence, d.description as comment, {_grants("c.relacl")} as grants,
       format_type(s.seqtypid, null) as type, s.seqstart as start, s.seqincrement as increment, s.seqmin as minimum,
       s.seqmax as maximum, s.seqcache as cache, s.seqcycle as cycle,
       o.refobjid as owner_relation, o.deptype as owned, a.attname as owner_column
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_sequence s on s.seqrelid = c.oid
left join pg_depend o on o.classid = 'pg_class'::regclass and o.objid = c.oid and o.refclassid = 'pg_class'::regclass
     and o.refobjsubid > 0 and o.deptype in ('a', 'i')
left join pg_attribute a on a.attrelid = o.refobjid and a.attnum = o.refobjsubid
{_comment("pg_class", "c.oid")}
where {_SYSTEM} and {_no_extension("pg_class", "c.oid")}
order by n.nspname, c.relname
"""

EXTENSIONS = """
select e.extname as name, e.extversion as version, n.nspname as schema, d.description as comment,
       v.default_version as offered,
       (select count(*) from pg_depend x where x.refclassid = 'pg_extension'::regclass and x.refobjid = e.oid
           and x.deptype = 'e') as members
from pg_extension e
join pg_namespace n on n.oid = e.extnamespace
left join pg_available_extensions v on v.name = e.extname
left join pg_description d on d.classoid = 'pg_extension'::regclass and d.objoid = e.oid
order by e.extname
"""

ROLES = """
select r.rolname as name, r.rolsuper as superuser, r.rolinherit as inherit, r.rolcreaterole as create_role,
       r.rolcreatedb as create_database, r.rolcanlogin as login, r.rolreplication as replication,
       r.rolbypassrls as bypass_row_security, nullif(r.rolconnlimit, -1) as connection_limit,
       shobj_description(r.oid, 'pg_authid') as comment,
       (select array_agg(g.rolname::text order by g.rolname) from pg_auth_members m join pg_roles g on g.oid = m.roleid
         where m.member = r.oid) as member_of
from pg_roles r
where r.rolname !~ '^pg_'
order by r.rolname
limit 5000
"""
