"""`make report`: a page for the shop's owners about how the assistant is used."""
