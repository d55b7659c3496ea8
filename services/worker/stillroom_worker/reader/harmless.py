"""What cannot show a value of a table that a statement does not name: short lists, so that what is new is refused."""

# Of the system's functions that are not immutable: clocks, formats, JSON, catalogues, sizes.
FUNCTIONS = frozenset(
    """
    age array_sample array_shuffle array_to_json array_to_string bernoulli clock_timestamp col_description concat
    concat_ws convert convert_from convert_to current_database current_schema current_schemas current_setting
    current_user date_add date_part date_subtract date_trunc enum_first enum_last enum_range extract format format_type
    gen_random_uuid generate_series get_current_ts_config getdatabaseencoding has_any_column_privilege
    has_column_privilege has_database_privilege has_function_privilege has_schema_privilege has_sequence_privilege
    has_table_privilege has_type_privilege inet_client_addr inet_client_port inet_server_addr inet_server_port json_agg
    json_agg_strict json_build_array json_build_object json_object_agg json_object_agg_strict json_object_agg_unique
    json_object_agg_unique_strict json_populate_record json_populate_recordset json_to_record json_to_recordset
    json_to_tsvector jsonb_agg jsonb_agg_strict jsonb_build_array jsonb_build_object jsonb_path_exists_tz
    jsonb_path_match_tz jsonb_path_query_array_tz jsonb_path_query_first_tz jsonb_path_query_tz jsonb_populate_record
    jsonb_populate_recordset jsonb_to_record jsonb_to_recordset jsonb_to_tsvector length make_timestamptz now
    obj_description overlaps pg_backend_pid pg_client_encoding pg_column_size pg_database_size pg_encoding_to_char
    pg_get_constraintdef pg_get_expr pg_get_functiondef pg_get_indexdef pg_get_userbyid pg_get_viewdef pg_has_role
    pg_indexes_size pg_is_in_recovery pg_postmaster_start_time pg_relation_size pg_sleep pg_table_is_visible
    pg_table_size pg_total_relation_size pg_typeof phraseto_tsquery plainto_tsquery quote_literal quote_nullable random
    random_normal row_to_json session_user shobj_description statement_timestamp system timeofday timestamptz timezone
    to_char to_date to_json to_jsonb to_number to_regclass to_regnamespace to_regproc to_regprocedure to_regrole
    to_regtype to_timestamp to_tsquery to_tsvector transaction_timestamp ts_headline txid_current uuidv4 uuidv7 version
    websearch_to_tsquery
    """.split()  # noqa: SIM905
)

# Tables and views of the system: what there is, and how often it is used; no statistics of values, no statements of
# others, no large objects, no passwords.
RELATIONS = frozenset(
    """
    pg_am pg_attrdef pg_attribute pg_auth_members pg_available_extensions pg_cast pg_class pg_collation pg_constraint
    pg_database pg_depend pg_description pg_enum pg_event_trigger pg_extension pg_index pg_indexes pg_inherits
    pg_language pg_locks pg_matviews pg_namespace pg_opclass pg_operator pg_opfamily pg_partitioned_table pg_policies
    pg_policy pg_proc pg_publication pg_publication_tables pg_range pg_rewrite pg_rules pg_sequence pg_sequences
    pg_settings pg_stat_all_indexes pg_stat_all_tables pg_stat_database pg_stat_sys_indexes pg_stat_sys_tables
    pg_stat_user_functions pg_stat_user_indexes pg_stat_user_tables pg_statio_all_indexes pg_statio_all_tables
    pg_statio_user_indexes pg_statio_user_tables pg_statistic_ext pg_tables pg_tablespace pg_timezone_abbrevs
    pg_timezone_names pg_trigger pg_type pg_views
    """.split()  # noqa: SIM905
)

# Extensions whose functions work on what they are given.
EXTENSIONS = frozenset(
    """
    bloom btree_gin btree_gist citext cube dict_int dict_xsyn earthdistance fuzzystrmatch hstore intarray isn ltree
    pg_trgm pgcrypto plpgsql seg tcn tsm_system_rows tsm_system_time unaccent uuid-ossp vector
    """.split()  # noqa: SIM905
)
