"""The advice desk: cases that outlive a conversation, the outbox that reports them, and what the owners work with."""
