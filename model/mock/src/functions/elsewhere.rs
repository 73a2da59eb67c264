//! What PostgreSQL 15 has and the mock has not: such a name is refused as unsupported, not as unknown.

use super::catalog::{
    BOOL, BYTEA, Entry, FLOAT4, FLOAT8, INT4, INT8, INTERVAL, JSON, Kind, NAME, NUMERIC, TEXT, TIMESTAMPTZ,
    refused,
};

/// Whether PostgreSQL has a function of this name.
pub(super) fn is_function(name: &str) -> bool {
    const PREFIXES: [&str; 9] = ["pg_", "has_", "ts_", "inet_", "xml", "txid_", "enum_", "range_", "lo_"];
    PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || FUNCTIONS.binary_search(&name).is_ok()
}

/// Whether PostgreSQL has an operator of this name.
pub(super) fn is_operator(symbol: &str) -> bool {
    const SYMBOLS: [&str; 31] = [
        "!!", "##", "&<", "&<|", "&>", "*<", "*<=", "*<>", "*=", "*>", "*>=", "-|-", "<->", "<<=", "<<|",
        "<^", ">>=", ">^", "?#", "?-", "?-|", "?||", "@-@", "@?", "@@", "@@@", "|&>", "|>>", "||/", "~=",
        "~<~",
    ];
    SYMBOLS.contains(&symbol)
}

/// Forms of operators and functions that stand beside those that the mock has: they take part in the choice.
pub(super) const ENTRIES: &[Entry] = &[
    refused("~~", &[BYTEA, BYTEA], BOOL),
    refused("!~~", &[BYTEA, BYTEA], BOOL),
    refused("like_escape", &[BYTEA, BYTEA], BYTEA),
    // Of ranges, and of several ranges.
    refused("<@", &[Kind::AnyElement, Kind::AnyRange], BOOL),
    refused("<@", &[Kind::AnyElement, Kind::AnyRange], BOOL),
    refused("@>", &[Kind::AnyRange, Kind::AnyElement], BOOL),
    refused("@>", &[Kind::AnyRange, Kind::AnyElement], BOOL),
    refused("gcd", &[NUMERIC, NUMERIC], NUMERIC),
    refused("lcm", &[NUMERIC, NUMERIC], NUMERIC),
    refused("substring", &[TEXT, TEXT], TEXT),
    refused("substring", &[TEXT, TEXT, TEXT], TEXT),
    refused("to_char", &[INT4, TEXT], TEXT),
    refused("to_char", &[INT8, TEXT], TEXT),
    refused("to_char", &[NUMERIC, TEXT], TEXT),
    refused("to_char", &[FLOAT4, TEXT], TEXT),
    refused("to_char", &[FLOAT8, TEXT], TEXT),
    refused("to_char", &[INTERVAL, TEXT], TEXT),
    refused("to_timestamp", &[TEXT, TEXT], TIMESTAMPTZ),
    refused("date_trunc", &[TEXT, TIMESTAMPTZ, TEXT], TIMESTAMPTZ),
    refused("make_timestamptz", &[INT4, INT4, INT4, INT4, INT4, FLOAT8, TEXT], TIMESTAMPTZ),
    refused("width_bucket", &[NUMERIC, NUMERIC, NUMERIC, INT4], INT4),
    refused("width_bucket", &[Kind::AnyCompatible, Kind::AnyCompatibleArray], INT4),
    refused("btrim", &[BYTEA, BYTEA], BYTEA),
    refused("ltrim", &[BYTEA, BYTEA], BYTEA),
    refused("rtrim", &[BYTEA, BYTEA], BYTEA),
    refused("overlay", &[BYTEA, BYTEA, INT4], BYTEA),
    refused("overlay", &[BYTEA, BYTEA, INT4, INT4], BYTEA),
    refused("position", &[BYTEA, BYTEA], INT4),
    refused("length", &[BYTEA, NAME], INT4),
    refused("regexp_replace", &[TEXT, TEXT, TEXT, INT4], TEXT),
    refused("regexp_replace", &[TEXT, TEXT, TEXT, INT4, INT4], TEXT),
    refused("regexp_replace", &[TEXT, TEXT, TEXT, INT4, INT4, TEXT], TEXT),
    refused("json_extract_path", &[JSON, TEXT], JSON).variadic(),
    refused("json_extract_path_text", &[JSON, TEXT], TEXT).variadic(),
];

/// Names of `pg_proc`, in order; without those that only operators and types call.
#[rustfmt::skip]
const FUNCTIONS: &[&str] = &[
    "abbrev", "acldefault", "aclexplode", "acos", "acosd", "acosh", "amvalidate", "area", "array_dims",
    "array_fill", "array_to_tsvector", "asin", "asind", "asinh", "atan", "atan2", "atan2d", "atand", "atanh",
    "broadcast", "cbrt", "center", "col_description", "convert", "convert_from", "convert_to", "corr", "cos",
    "cosd", "cosh", "cot", "cotd", "covar_pop", "covar_samp", "cume_dist", "current_database",
    "current_query", "current_schema", "current_schemas", "current_setting", "current_time", "current_user",
    "currtid2", "currval", "cursor_to_xml", "cursor_to_xmlschema", "database_to_xml",
    "database_to_xml_and_xmlschema", "database_to_xmlschema", "date_bin", "datemultirange", "degrees",
    "dense_rank", "dexp", "diagonal", "diameter", "dlog1", "dlog10", "dround", "dtrunc", "family",
    "first_value", "fmgr_c_validator", "fmgr_internal_validator", "fmgr_sql_validator", "format_type",
    "gen_random_uuid", "get_bit", "get_byte", "get_current_ts_config", "getdatabaseencoding", "getpgusername",
    "grouping", "height", "host", "hostmask", "int4inc", "int4multirange", "int8_sum", "int8multirange",
    "is_normalized", "isclosed", "isempty", "ishorizontal", "isopen", "isparallel", "isperp", "isvertical",
    "json_object", "json_populate_record", "json_populate_recordset", "json_strip_nulls", "json_to_record",
    "json_to_recordset", "json_to_tsvector", "jsonb_insert", "jsonb_object", "jsonb_path_exists",
    "jsonb_path_exists_tz", "jsonb_path_match", "jsonb_path_match_tz", "jsonb_path_query",
    "jsonb_path_query_array", "jsonb_path_query_array_tz", "jsonb_path_query_first",
    "jsonb_path_query_first_tz", "jsonb_path_query_tz", "jsonb_populate_record", "jsonb_populate_recordset",
    "jsonb_set_lax", "jsonb_to_record", "jsonb_to_recordset", "jsonb_to_tsvector", "lag", "last_value",
    "lastval", "lead", "like", "lo_close", "lo_creat", "lo_create", "lo_export", "lo_from_bytea", "lo_get",
    "lo_import", "lo_lseek", "lo_lseek64", "lo_open", "lo_put", "lo_tell", "lo_tell64", "lo_truncate",
    "lo_truncate64", "lo_unlink", "loread", "lower_inc", "lower_inf", "lowrite", "makeaclitem", "masklen",
    "min_scale", "mode", "mxid_age", "nameconcatoid", "netmask", "nextval", "normalize", "notlike", "npoints",
    "nth_value", "ntile", "numeric_div_trunc", "numeric_exp", "numeric_inc", "numeric_ln", "numeric_log",
    "numeric_sqrt", "nummultirange", "numnode", "obj_description", "oidvectortypes", "overlaps",
    "parse_ident", "pclose", "percent_rank", "percentile_cont", "percentile_disc", "phraseto_tsquery",
    "plainto_tsquery", "plpgsql_call_handler", "plpgsql_validator", "popen", "postgresql_fdw_validator",
    "query_to_xml", "query_to_xml_and_xmlschema", "query_to_xmlschema", "querytree", "radians", "radius",
    "random", "rank", "regexp_count", "regexp_instr", "regexp_like", "regexp_match", "regexp_matches",
    "regexp_split_to_array", "regexp_split_to_table", "regexp_substr", "regr_avgx", "regr_avgy", "regr_count",
    "regr_intercept", "regr_r2", "regr_slope", "regr_sxx", "regr_sxy", "regr_syy", "row", "row_number",
    "row_security_active", "row_to_json", "satisfies_hash_partition", "schema_to_xml",
    "schema_to_xml_and_xmlschema", "schema_to_xmlschema", "session_user", "set_bit", "set_byte", "set_config",
    "set_masklen", "setseed", "setval", "setweight", "sha224", "sha256", "sha384", "sha512", "shell_in",
    "shell_out", "shobj_description", "similar_escape", "similar_to_escape", "sin", "sind", "sinh", "slope",
    "string_to_table", "strip", "table_to_xml", "table_to_xml_and_xmlschema", "table_to_xmlschema", "tan",
    "tand", "tanh", "textlen", "timeofday", "to_ascii", "to_date", "to_number", "to_regclass",
    "to_regcollation", "to_regnamespace", "to_regoper", "to_regoperator", "to_regproc", "to_regprocedure",
    "to_regrole", "to_regtype", "to_tsquery", "to_tsvector", "trim_array", "tsmultirange", "tstzmultirange",
    "txid_current", "txid_current_if_assigned", "txid_current_snapshot", "txid_snapshot_xip",
    "txid_snapshot_xmax", "txid_snapshot_xmin", "txid_status", "txid_visible_in_snapshot", "unistr",
    "upper_inc", "upper_inf", "version", "websearch_to_tsquery", "width", "xpath", "xpath_exists",
];
