"""The Singer face: ``tap-zendesk-source`` writes SCHEMA, RECORD and STATE lines to stdout.

The same catalogue, paging, positions, lanes and shapes as for dlt, and no import of dlt. Lines are
written without an SDK: one page fills several streams, and a state is a position of our own.

Source: https://hub.meltano.com/singer/spec
"""
