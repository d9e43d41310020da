{# What dbt_zendesk 1.7.0 calls and fivetran_utils 0.4.10, the newest tag, does not have yet. #}

{% macro union_connections(connection_dictionary, single_source_name, single_table_name) %}
    select *, cast('' as varchar) as _dbt_source_relation
    from {{ source(single_source_name, single_table_name) }}
{% endmacro %}

{% macro apply_source_relation(package_name=none) %}
    , cast('' as varchar) as source_relation
{% endmacro %}

{% macro partition_by_source_relation(package_name=none, has_other_partitions='yes', alias=none) %}
{% endmacro %}
