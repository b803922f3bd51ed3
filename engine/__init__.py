"""Everything that waits: messages in, the story of one ingest, the ports it works through, the service around it."""
