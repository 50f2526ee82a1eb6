-- reach.sql: what this role may do with the outbox; each column is one right that the relay needs.
SELECT has_schema_privilege('jobqueue', 'USAGE'),
    has_table_privilege('jobqueue.outbox', 'SELECT') AND has_table_privilege('jobqueue.outbox', 'UPDATE')
        AND has_table_privilege('jobqueue.outbox', 'DELETE'),
    has_table_privilege('jobqueue.rejected', 'SELECT') AND has_table_privilege('jobqueue.rejected', 'INSERT'),
    has_table_privilege('jobqueue.once_done', 'SELECT') AND has_table_privilege('jobqueue.once_done', 'DELETE')
