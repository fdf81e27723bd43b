"""WhatsApp through Meta's Cloud API: what comes in, what goes out, and the connector between the two."""
