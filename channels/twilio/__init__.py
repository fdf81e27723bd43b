"""WhatsApp (or SMS) through Twilio, for shops whose number is there: what comes in, what goes out, the connector."""
