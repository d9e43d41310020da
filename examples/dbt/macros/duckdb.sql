{# What dbt_zendesk and fivetran_utils write in the SQL of other warehouses. #}

{# fivetran_utils writes timestampadd(), which DuckDB does not have. #}
{% macro duckdb__timestamp_add(datepart, interval, from_timestamp) %}
    {{ from_timestamp }} + (interval '1 {{ datepart }}') * ({{ interval }})
{% endmacro %}

{# The names are keys, which may hold a dot. #}
{% macro duckdb__json_parse(string, string_path) %}
    json_extract_string({{ string }}, '${% for name in string_path %}."{{ name }}"{% endfor %}')
{% endmacro %}

{# The package cuts at '\n', which for DuckDB are two characters. #}
{% macro duckdb__extract_support_role_changes(field) %}
    split_part(split_part({{ field }}, 'support role changed from ', 2), chr(10), 1)
{% endmacro %}

{# The package's partitions are those of BigQuery; dbt-duckdb 1.11 refuses them. #}
{% macro duckdb__get_partitioned_by(relation, temporary) %}
    {{ return(none) }}
{% endmacro %}

{# DuckDB leaves out what is null, and the package counts on null as the answer: without this,
   times of calendar hours are taken for business hours, and open tickets run into the future. #}
{% macro nulls_in_least_and_greatest() %}
    create or replace temp macro least(a, b) as
        case when a <= b then a when a > b then b end;
    create or replace temp macro greatest(a, b) as
        case when a >= b then a when a < b then b end;
{% endmacro %}
